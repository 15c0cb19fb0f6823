package otelidem_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/otelidem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// An application gives its own exporter to the provider, and registers that with
// otel.SetTracerProvider, where Observer finds it.
func Example() {
	ctx := context.Background()
	exporter := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	defer provider.Shutdown(ctx)

	observe, err := otelidem.Observer(otelidem.WithTracerProvider(provider))
	if err != nil {
		log.Fatal(err)
	}
	parsed, err := schema.Parse("person", []byte(person))
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.NewRegistry(parsed)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas, idem.WithObserver(observe))
	if err != nil {
		log.Fatal(err)
	}

	for range 2 { // the second finds the address taken
		_, _ = manager.CreateIdentity(ctx, identity.Create{Traits: json.RawMessage(`{"email":"ada@example.com"}`)})
	}
	for _, span := range exporter.GetSpans() {
		fmt.Print(span.Name)
		for _, a := range span.Attributes {
			if a.Key == "error.type" {
				fmt.Print(": ", a.Value.AsString())
			}
		}
		fmt.Println()
	}
	// Output:
	// create identity
	// create identity: conflict
}
