// Command fromkratos copies the identities of an Ory Kratos into an SQLite database of
// idem, through Kratos's admin API. Ids, times, addresses and credentials stay what
// they are; what cannot come along is said by name. It reads from Kratos and changes
// nothing there, and it can be run again: what is there already is left alone.
//
//	go run ./fromkratos -kratos http://127.0.0.1:4434 -schemas schemas -database identities.db
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
)

func main() {
	url := flag.String("kratos", "http://127.0.0.1:4434", "the `URL` of Kratos's admin API; a token for it is read from KRATOS_TOKEN, if that is set")
	types := flag.String("credentials", "password,oidc,totp,lookup_secret,webauthn,passkey", "the types of credentials to take along; leave out what your Kratos does not know yet, add saml if it has it")
	folder := flag.String("schemas", "schemas", "the `folder` of the identity schemas, each in a file named after its id, such as default.schema.json")
	database := flag.String("database", "identities.db", "the `file` to copy into")
	flag.Parse()
	log.SetFlags(0)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	from := &kratos{
		url: strings.TrimRight(*url, "/"), token: os.Getenv("KRATOS_TOKEN"), types: strings.Split(*types, ","),
		client: &http.Client{Timeout: time.Minute},
	}
	if err := run(ctx, os.Stdout, from, *folder, *database); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, from *kratos, folder, database string) (err error) {
	schemas, err := schema.FromFS(os.DirFS(folder))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	// The change feed will say who created them.
	result, err := move(idem.ContextWithActor(ctx, "fromkratos"), from, schemas, store)
	result.print(out)
	if err == nil && len(result.refused) > 0 {
		err = errors.New("not every identity could be copied whole")
	}
	return err
}

// result is what became of the identities.
type result struct {
	moved, there int
	refused      []refusal
}

// refusal is an identity that was not copied, and why.
type refusal struct{ id, reason string }

func (r result) print(out io.Writer) {
	fmt.Fprintf(out, "copied: %d, there already: %d, refused: %d\n", r.moved, r.there, len(r.refused))
	for _, refused := range r.refused {
		fmt.Fprintf(out, "%s: %s\n", refused.id, strings.ReplaceAll(refused.reason, "\n", "; "))
	}
}

// move copies page by page. An identity is copied whole or not at all, and one that is
// refused stops no other.
func move(ctx context.Context, from *kratos, schemas *schema.Registry, to storage.Storage) (result, error) {
	var r result
	for page, err := range from.pages(ctx) {
		if err != nil {
			return r, err
		}
		identities, refused := convertAll(ctx, schemas, from.types, page)
		r.refused = append(r.refused, refused...)
		_, errs := to.CreateMany(ctx, identities)
		for n, err := range errs {
			var conflict *storage.ConflictError
			switch {
			case err == nil:
				r.moved++
			case errors.As(err, &conflict) && conflict.Kind == storage.ClaimKindID:
				r.there++
			case conflict != nil:
				r.refused = append(r.refused, refusal{identities[n].ID.String(), err.Error()})
			default:
				return r, err
			}
		}
	}
	return r, nil
}
