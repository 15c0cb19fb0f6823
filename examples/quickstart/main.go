// Command quickstart is idem in one program: it keeps identities in SQLite, or in
// PostgreSQL with -database, creates one, updates it in every way, and shows what changed.
// With -serve it then serves the console and the identity admin API on this machine.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

//go:embed person.schema.json
var personSchema []byte

func main() {
	serving := flag.Bool("serve", false, "serve the console and the admin API after the tour, until interrupted")
	database := flag.String("database", "", "the URL of a PostgreSQL database, such as postgres://user:password@host/name; each run begins with a new schema "+schemaName)
	address := flag.String("address", "127.0.0.1:4434", "the address to serve on")
	flag.Parse()
	log.SetFlags(0)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *database, *serving, *address); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, database string, serving bool, address string) (err error) {
	person, err := schema.Parse("person", personSchema)
	if err != nil {
		return err
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		return err
	}
	store, closeStore, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	manager, err := idem.New(store, schemas)
	if err != nil {
		return err
	}

	updated, err := tour(ctx, manager)
	if err != nil || !serving {
		return err
	}
	return serve(ctx, manager, updated, address)
}

// tour creates an identity, updates it, and prints it before and after.
func tour(ctx context.Context, manager *idem.Manager) (*identity.Identity, error) {
	created, err := manager.CreateIdentity(ctx, identity.Create{
		Traits:         json.RawMessage(`{"email":"ada@example.com","name":"Ada"}`),
		MetadataPublic: json.RawMessage(`{"plan":"free"}`),
	})
	if err != nil {
		return nil, err
	}
	updated, err := manager.UpdateIdentity(ctx, created.ID, identity.Update{
		State:  identity.StateInactive,
		Traits: json.RawMessage(`{"email":"ada@lovelace.example","name":"Ada Lovelace"}`),
		Credentials: &credentials.Import{
			Password: &credentials.ImportPassword{Password: "analytical engine"},
			OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{
				{Provider: "google", Subject: "1815-12-10"},
			}},
		},
		MetadataPublic: json.RawMessage(`{"plan":"pro"}`),
		MetadataAdmin:  json.RawMessage(`{"note":"moved to her own domain"}`),
	}, idem.IfRevision(created.Revision))
	if err != nil {
		return nil, err
	}
	// What is kept is what counts: read it again.
	stored, err := manager.GetIdentity(ctx, updated.ID)
	if err != nil {
		return nil, err
	}

	before, after := describe(created), describe(stored)
	fmt.Println("An identity, as it was created:")
	printFields(before)
	fmt.Println("\nThe same identity after one update, read back from the database:")
	printFields(after)
	fmt.Println("\nWhat the update changed:")
	for n, field := range after {
		if was := before[n]; was.value != field.value {
			fmt.Printf("  %-21s %s\n  %-21s   -> %s\n", field.name, was.value, "", field.value)
		}
	}
	if _, err := manager.FindByIdentifier(ctx, credentials.TypePassword, "ada@example.com"); !errors.Is(err, storage.ErrNotFound) {
		return nil, fmt.Errorf("the old email should find nobody, but: %v", err)
	}
	found, err := manager.FindByIdentifier(ctx, credentials.TypePassword, "Ada@Lovelace.EXAMPLE")
	if err != nil {
		return nil, err
	}
	fmt.Printf("\nHer old email finds nobody any more. \"Ada@Lovelace.EXAMPLE\" finds %s.\n", found.ID)
	return stored, nil
}
