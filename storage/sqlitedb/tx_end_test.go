package sqlitedb_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// TestTransactionOutlivesACancelledCall cancels calls at every moment there is: SQLite,
// interrupted in a write, would end the whole transaction, and what the application does
// after that would be committed by itself.
func TestTransactionOutlivesACancelledCall(t *testing.T) {
	db, store := applicationStore(t)
	var people []*identity.Identity
	for n := range 1000 {
		people = append(people, person(n))
	}
	_, errs := store.CreateMany(t.Context(), people)
	require.NoError(t, errors.Join(errs...))
	cancelled := 0
	for range 100 {
		tx, err := db.Begin()
		require.NoError(t, err)
		order(t, tx, people[0])
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(1500))*time.Microsecond)
		within := store.WithTx(tx)
		if _, err = within.Changes(ctx, storage.ChangeQuery{}); err == nil {
			_, err = within.PruneChanges(ctx, storage.Retention{Newest: 1})
		}
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			cancelled++
		}
		order(t, tx, people[0])
		require.NoError(t, tx.Rollback())
		require.Equal(t, 0, orders(t, db), "it is rolled back as one")
	}
	require.Positive(t, cancelled)
}

// TestTransactionThatTheDatabaseEnds has the disk fill up within a call: where SQLite
// ends the transaction nothing more can be done in it.
func TestTransactionThatTheDatabaseEnds(t *testing.T) {
	db, store := applicationStore(t)
	db.SetMaxOpenConns(1)
	_, err := db.Exec(`PRAGMA max_page_count = 30`)
	require.NoError(t, err)
	big := person(1)
	big.MetadataAdmin = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	for _, fill := range []func(within storage.Storage) error{
		func(within storage.Storage) error { _, err := within.Create(t.Context(), big); return err },
		func(within storage.Storage) error {
			small, err := within.Create(t.Context(), person(2))
			require.NoError(t, err)
			_, err = within.Update(t.Context(), small.ID, func(current *identity.Identity) (*identity.Identity, error) {
				current.MetadataAdmin = big.MetadataAdmin
				return current, nil
			})
			return err
		},
	} {
		tx, err := db.Begin()
		require.NoError(t, err)
		order(t, tx, big)
		err = fill(store.WithTx(tx))
		require.ErrorIs(t, err, storage.ErrUnavailable)
		_, err = tx.Exec(`INSERT INTO orders (customer) VALUES ('after')`)
		if err == nil {
			require.NoError(t, tx.Rollback(), "a transaction that takes more is still one")
		} else {
			require.ErrorIs(t, err, sql.ErrTxDone)
		}
		require.Equal(t, 0, orders(t, db))
	}
}
