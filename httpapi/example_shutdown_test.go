package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/sqlite"
)

// serveUntil is the whole life of a service: it ends in the reverse order of its beginning.
// The server stops taking requests and lets those under way finish; only then the store
// is closed, which writes what the last of them have changed.
func serveUntil(ctx context.Context, listener net.Listener, path string, schemas *schema.Registry) (err error) {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	manager, err := idem.New(store, schemas)
	if err != nil {
		return err
	}

	// AllowAll is right only where the listener is out of everybody's reach.
	handler := httpapi.New(manager, httpapi.AllowAll)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(handler.EndStreams) // of changes: they do not end by themselves
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(grace)
}

// In a program ctx is that of signal.NotifyContext, and ends with SIGTERM.
func Example_shutdown() {
	folder, err := os.MkdirTemp("", "idem-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- serveUntil(ctx, listener, filepath.Join(folder, "identities.db"), newExampleManager().Schemas())
	}()

	answer, err := http.Get("http://" + listener.Addr().String() + "/admin/identities")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Status, answer.Body.Close())
	interrupt()
	fmt.Println("ended:", <-ended)
	_, err = os.Stat(filepath.Join(folder, "identities.db-wal"))
	fmt.Println("all is in the one file:", errors.Is(err, os.ErrNotExist))
	// Output:
	// 200 OK <nil>
	// ended: <nil>
	// all is in the one file: true
}
