// Command move copies everything that idem keeps in a file of SQLite into a PostgreSQL
// database: identities with their ids, revisions, times and credentials, and the change
// feed with its numbers, so that readers of the feed go on where they were.
//
//	go run ./move -from identities.db -to postgres://user:password@host/name
//
// Stop the application first. An interrupted move can be run again: it goes on. In the end
// it compares both, identity by identity and change by change. Records, which are small
// values that expire, are not copied: codes that are on their way must be asked for again,
// and counters of failures begin at zero.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"reflect"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/sqlite"
)

func main() {
	from := flag.String("from", "", "the file of SQLite to copy")
	to := flag.String("to", "", "the URL of the PostgreSQL database to copy into")
	schema := flag.String("schema", "", "the schema for the tables, if not that of the search path")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *from, *to, *schema, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, from, to, schema string, progress io.Writer) (err error) {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("-from: %w", err) // sqlite.Open would create it
	}
	source, err := sqlite.Open(ctx, from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	pool, err := pgxpool.New(ctx, to)
	if err != nil {
		return errors.New("-to: the URL cannot be read") // the error would show the password
	}
	defer pool.Close()
	var options []postgres.Option
	if schema != "" {
		options = append(options, postgres.WithSchema(schema))
	}
	target, err := postgres.NewPgx(ctx, pool, options...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return move(ctx, source, target, progress)
}

// pageSize is how many identities or changes are copied at once.
const pageSize = 500

func move(ctx context.Context, source storage.Storage, target *postgres.Store, progress io.Writer) error {
	before, err := source.LastChange(ctx)
	if err != nil {
		return err
	}
	if err := moveIdentities(ctx, source, target, progress); err != nil {
		return err
	}
	if err := moveChanges(ctx, source, target, progress); err != nil {
		return err
	}
	identities, err := compareIdentities(ctx, source, target)
	if err != nil {
		return err
	}
	changes, err := compareChanges(ctx, source, target)
	if err != nil {
		return err
	}
	after, err := source.LastChange(ctx)
	if err != nil {
		return err
	}
	if after != before {
		return errors.New("the source was changed during the move: stop the application, empty the target, and move again")
	}
	fmt.Fprintf(progress, "%d identities and %d changes are there, and equal\n", identities, changes)
	return nil
}

func moveIdentities(ctx context.Context, source storage.Storage, target *postgres.Store, progress io.Writer) error {
	seen, fresh := 0, 0
	for q := (storage.Query{Limit: pageSize, MaxBytes: 16 << 20}); ; {
		page, err := source.List(ctx, q)
		if err != nil {
			return err
		}
		restored, err := target.Restore(ctx, page.Identities)
		seen, fresh = seen+len(page.Identities), fresh+restored
		fmt.Fprintf(progress, "identities: %d, of which %d were not there yet\n", seen, fresh)
		if err != nil {
			return err
		}
		if q.After = page.Next; q.After.ID == uuid.Nil {
			return nil
		}
	}
}

func moveChanges(ctx context.Context, source storage.Storage, target *postgres.Store, progress io.Writer) error {
	// From where an earlier run has stopped.
	after, err := target.LastChange(ctx)
	if err != nil {
		return err
	}
	for {
		changes, err := source.Changes(ctx, storage.ChangeQuery{After: after, Limit: pageSize})
		if err != nil {
			return fmt.Errorf("the change feed after %d: %w", after, err)
		}
		if len(changes) == 0 {
			return nil
		}
		if err := target.RestoreChanges(ctx, changes); err != nil {
			return err
		}
		after = changes[len(changes)-1].Sequence
		fmt.Fprintf(progress, "changes: up to number %d\n", after)
	}
}

// compareIdentities requires that both stores have the same identities, and returns how
// many.
func compareIdentities(ctx context.Context, a, b storage.Storage) (count int, err error) {
	for q := (storage.Query{Limit: pageSize, MaxBytes: 16 << 20}); ; {
		one, err := a.List(ctx, q)
		if err != nil {
			return 0, err
		}
		two, err := b.List(ctx, q)
		if err != nil {
			return 0, err
		}
		if len(one.Identities) != len(two.Identities) || one.Next.ID != two.Next.ID {
			return 0, fmt.Errorf("the identities after %s differ in number: the target has others than those that were moved", q.After.ID)
		}
		for n, i := range one.Identities {
			if there := two.Identities[n]; there.ID != i.ID || there.Revision != i.Revision || !there.Equal(i) {
				return 0, fmt.Errorf("identity %s differs", i.ID)
			}
		}
		count += len(one.Identities)
		if q.After = one.Next; q.After.ID == uuid.Nil {
			return count, nil
		}
	}
}

// compareChanges requires that both stores have the same feed, and returns how many changes
// it has.
func compareChanges(ctx context.Context, a, b storage.Storage) (count int, err error) {
	for after := int64(0); ; {
		one, err := a.Changes(ctx, storage.ChangeQuery{After: after, Limit: pageSize})
		if err != nil {
			return 0, err
		}
		two, err := b.Changes(ctx, storage.ChangeQuery{After: after, Limit: pageSize})
		if err != nil {
			return 0, err
		}
		if !reflect.DeepEqual(one, two) {
			return 0, fmt.Errorf("the changes after number %d differ", after)
		}
		if len(one) == 0 {
			return count, nil
		}
		count, after = count+len(one), one[len(one)-1].Sequence
	}
}
