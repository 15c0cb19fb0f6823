// Command move copies everything that idem keeps from a file of SQLite into a PostgreSQL
// database, or from there into a file: identities with their ids, revisions, times and
// credentials, the change feed with its numbers, so that readers of the feed go on where
// they were, and records, which are codes on their way and counters of failures.
//
//	go run ./move -from identities.db -to postgres://user:password@host/name
//	go run ./move -from postgres://user:password@host/name -to identities.db
//
// Stop the application first. An interrupted move can be run again: it goes on. In the end
// it compares both, identity by identity, change by change and record by record.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"os"
	"os/signal"
	"reflect"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

func main() {
	from := flag.String("from", "", "the file of SQLite, or the URL of the PostgreSQL database, to copy")
	to := flag.String("to", "", "the file or the URL to copy into; a file that does not exist is created")
	schema := flag.String("schema", "", "the schema of the tables in PostgreSQL, if not that of the search path")
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *from, *to, *schema, os.Stderr); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, from, to, schema string, progress io.Writer) (err error) {
	if from == "" || to == "" {
		return errors.New("-from and -to must be given")
	}
	if !isPostgres(from) {
		if _, err := os.Stat(from); err != nil {
			return fmt.Errorf("-from: %w", err) // it would be created
		}
	}
	if isPostgres(from) == isPostgres(to) {
		return errors.New("one of -from and -to must be the URL of a PostgreSQL database, the other a file of SQLite")
	}
	source, err := open(ctx, from, schema)
	if err != nil {
		return fmt.Errorf("-from: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := open(ctx, to, schema)
	if err != nil {
		return fmt.Errorf("-to: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return move(ctx, source, target, progress)
}

// pageSize is how many identities, changes or records are copied at once.
const pageSize = 500

func move(ctx context.Context, source, target store, progress io.Writer) error {
	before, err := source.LastChange(ctx)
	if err != nil {
		return err
	}
	for _, part := range []func(ctx context.Context, source, target store, progress io.Writer) error{moveIdentities, moveChanges, moveRecords} {
		if err := part(ctx, source, target, progress); err != nil {
			return err
		}
	}
	identities, err := compareIdentities(ctx, source, target)
	if err != nil {
		return err
	}
	changes, err := compareChanges(ctx, source, target)
	if err != nil {
		return err
	}
	records, err := compareRecords(ctx, source, target)
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
	fmt.Fprintf(progress, "%d identities, %d changes and %d records are there, and equal\n", identities, changes, records)
	return nil
}

func moveIdentities(ctx context.Context, source, target store, progress io.Writer) error {
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

func moveChanges(ctx context.Context, source, target store, progress io.Writer) error {
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

func moveRecords(ctx context.Context, source, target store, progress io.Writer) error {
	seen, fresh := 0, 0
	for page, err := range pagesOfRecords(ctx, source) {
		if err != nil {
			return err
		}
		restored, err := target.RestoreRecords(ctx, page)
		seen, fresh = seen+len(page), fresh+restored
		fmt.Fprintf(progress, "records: %d, of which %d were not there yet\n", seen, fresh)
		if err != nil {
			return err
		}
	}
	return nil
}

// pagesOfRecords yields the records of a store. It ends after an error.
func pagesOfRecords(ctx context.Context, of store) iter.Seq2[[]storage.Record, error] {
	return func(yield func([]storage.Record, error) bool) {
		for after := (*storage.RecordKey)(nil); ; {
			page, err := of.Records(ctx, after, pageSize)
			if err == nil && len(page) == 0 || !yield(page, err) || err != nil {
				return
			}
			after = &page[len(page)-1].Key
		}
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

// compareRecords requires that both stores have the same records, and returns how many.
func compareRecords(ctx context.Context, a, b store) (count int, err error) {
	next, stop := iter.Pull2(pagesOfRecords(ctx, b))
	defer stop()
	for one, err := range pagesOfRecords(ctx, a) {
		if err != nil {
			return 0, err
		}
		two, err, _ := next()
		if err != nil {
			return 0, err
		}
		if !slices.EqualFunc(one, two, func(a, b storage.Record) bool { return a.Equal(&b) }) {
			return 0, fmt.Errorf("the records after the first %d differ", count)
		}
		count += len(one)
	}
	two, err, _ := next()
	if err == nil && len(two) > 0 {
		err = errors.New("the target has records that the source does not have")
	}
	return count, err
}
