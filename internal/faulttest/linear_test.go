//go:build unix

package faulttest_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/faulttest/linear"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

var operations = flag.Int("operations", 600, "how many operations a history for the check of linearizability has")

// stores are those that come with idem, in the ways that they are used: each as the
// handles on one and the same state.
var stores = map[string]func(t *testing.T) []storage.Storage{
	"memory": func(*testing.T) []storage.Storage { return []storage.Storage{memory.New()} },
	"sqlite": func(t *testing.T) []storage.Storage {
		return []storage.Storage{openStore(t, databasePath(t))}
	},
	"sqlite, two handles on one file": func(t *testing.T) []storage.Storage {
		path := databasePath(t)
		return []storage.Storage{openStore(t, path), openStore(t, path)}
	},
	"sqlite, one connection of an application": func(t *testing.T) []storage.Storage {
		db := openDatabase(t, databasePath(t), "_busy_timeout=5000&_journal_mode=WAL")
		db.SetMaxOpenConns(1)
		return []storage.Storage{newStore(t, db)}
	},
}

// TestLinearizable checks that there is an order of all operations of concurrent callers
// in which each answer is the one that a single thread would have got; see package linear.
//
// The long form is
//
//	go test ./internal/faulttest -run TestLinearizable$ -operations 100000 -timeout 60m
func TestLinearizable(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Run("through a manager", func(t *testing.T) { linear.Require(t, managers(t, open(t)), *operations) })
			t.Run("through the store, with ids that come back", func(t *testing.T) {
				linear.Require(t, linear.Stores(open(t)), *operations)
			})
		})
	}
}

// TestLinearizableFindsBrokenStores holds the check itself to stores that are not.
func TestLinearizableFindsBrokenStores(t *testing.T) {
	for name, broken := range linear.Broken {
		t.Run(name, func(t *testing.T) {
			linear.RequireFound(t, func() linear.Subject { return managers(t, []storage.Storage{broken(memory.New())}) })
		})
	}
}

func managers(t *testing.T, handles []storage.Storage) linear.Subject {
	t.Helper()
	s, err := linear.Managers(handles)
	require.NoError(t, err)
	return s
}

func openStore(t *testing.T, path string) *sqlitedb.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
