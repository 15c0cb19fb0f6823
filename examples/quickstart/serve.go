package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
)

// serve serves the console and the admin API until ctx ends, and prints where they are.
func serve(ctx context.Context, manager *idem.Manager, i *identity.Identity, address string) error {
	if err := seed(ctx, manager); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	// AllowAll is right here only because the address is this machine's own.
	api := httpapi.New(manager, httpapi.AllowAll, httpapi.WithBaseURL(url))
	admin := console.New(manager, httpapi.AllowAll, console.WithActor(func(*http.Request) string { return "you" }))
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("/console/", http.StripPrefix("/console", admin))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(api.EndStreams)
	server.RegisterOnShutdown(admin.EndStreams)
	fmt.Printf(`
Serving until you press Ctrl-C. The console, with a few people more:

  %s/console/

The admin API:

  curl -i -X PUT %s/admin/identities/%s \
    -H 'Content-Type: application/json' -H 'If-Match: "%d"' \
    -d '{"schema_id":"person","state":"active","traits":{"email":"ada@example.com","name":"Ada King"}}'
`, url, url, i.ID, i.Revision)

	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
