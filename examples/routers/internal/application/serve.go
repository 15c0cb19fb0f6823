package application

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
)

// Greeting is what the application itself answers with, at "/".
const Greeting = "This is the application. The identity admin API is under /auth.\n"

// Greet is a handler of the application's own.
func Greet(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(Greeting)) }

// Main serves what newRouter makes, on this machine, until the program is
// interrupted. It is the whole of a program that is built on net/http.
func Main(newRouter func(*Application) http.Handler) {
	MainOn(func(ctx context.Context, a *Application, listener net.Listener) error {
		server := &http.Server{Handler: newRouter(a), ReadHeaderTimeout: 5 * time.Second}
		stopped := make(chan error, 1)
		go func() {
			<-ctx.Done()
			grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			err := server.Shutdown(grace)
			if errors.Is(err, context.DeadlineExceeded) {
				err = server.Close() // on streams of changes, which have no end of their own
			}
			stopped <- err
		}()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return <-stopped
	})
}

// MainOn is Main for a router with a server of its own: serve serves on listener until
// ctx ends.
func MainOn(serve func(ctx context.Context, a *Application, listener net.Listener) error) {
	address := flag.String("address", "127.0.0.1:4434", "the address to serve on")
	database := flag.String("database", "", "the URL of a PostgreSQL database to keep identities in; without it they are gone when the program ends")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *address, *database, serve); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address, database string, serve func(context.Context, *Application, net.Listener) error) (err error) {
	store, closeStore, err := Open(ctx, database, "idem_routers")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	a, err := New(store)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	fmt.Printf(`Serving until you press Ctrl-C. Try, with the session of an administrator, of a reader, and with none:

  curl -i %[1]s/auth/admin/identities -b %[2]s=%[3]s -H 'Content-Type: application/json' -d '{"traits":{"email":"ada@example.com"}}'
  curl -i %[1]s/auth/admin/identities -b %[2]s=%[4]s
  curl -i %[1]s/auth/admin/identities
`, url, SessionCookie, AdminToken, ReaderToken)
	return serve(ctx, a, listener)
}
