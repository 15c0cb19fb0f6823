package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
)

// serveAPI serves the admin API until ctx ends, and prints a command to try.
func serveAPI(ctx context.Context, manager *idem.Manager, i *identity.Identity, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	// AllowAll is right here only because the address is this machine's own.
	handler := httpapi.New(manager, httpapi.AllowAll, httpapi.WithBaseURL(url))
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	server.RegisterOnShutdown(handler.EndStreams)
	fmt.Printf(`
Serving the admin API until you press Ctrl-C. Try:

  curl -i -X PUT %s/admin/identities/%s \
    -H 'Content-Type: application/json' -H 'If-Match: "%d"' \
    -d '{"schema_id":"person","state":"active","traits":{"email":"ada@example.com","name":"Ada King"}}'
`, url, i.ID, i.Revision)

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
