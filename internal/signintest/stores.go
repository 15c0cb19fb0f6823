// Package signintest tests package signin on any store. Package signin runs it on the stores that need no server, and the
// module of PostgreSQL's tests on that one.
package signintest

import (
	"database/sql"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
)

// Stores are what the tests run on, by name. Each of its methods that begin with Test is one test.
type Stores map[string]Store

// Store is a store that the tests run on.
type Store struct {
	// Open opens an empty store. The test closes it.
	Open func(t testing.TB) storage.Storage
	// InDatabase opens an empty store in the database of an application, and returns that database and what WithTx of the
	// store returns. Nil for a store that has none.
	InDatabase func(t testing.TB) (db *sql.DB, store storage.Storage, within func(*sql.Tx) storage.Storage)
	// Place makes an empty database that several processes can open, and returns a name of it for OpenPlace. Both are nil for a
	// store that one process alone can have.
	Place     func(t testing.TB) string
	OpenPlace func(t testing.TB, place string) storage.Storage
}

// Run runs all tests.
func (stores Stores) Run(t *testing.T) {
	all := reflect.ValueOf(stores)
	for n := range all.NumMethod() {
		name := all.Type().Method(n).Name
		if test, ok := all.Method(n).Interface().(func(*testing.T)); ok && strings.HasPrefix(name, "Test") {
			t.Run(strings.TrimPrefix(name, "Test"), test)
		}
	}
}

// each runs a test on every store.
func (stores Stores) each(t *testing.T, test func(t *testing.T, o *office)) {
	for name, s := range stores {
		t.Run(name, func(t *testing.T) {
			store := s.Open(t)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			test(t, newOffice(t, store))
		})
	}
}
