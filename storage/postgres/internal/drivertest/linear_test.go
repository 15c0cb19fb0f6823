package drivertest_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/faulttest/linear"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
)

var operations = flag.Int("operations", 600, "how many operations a history for the check of linearizability has")

// TestLinearizable checks that there is an order of all operations of concurrent callers, on
// two stores of one database, in which each answer is the one that a single thread would
// have got; see package linear.
//
// The long form is: go test -run TestLinearizable -operations 100000 -timeout 60m
func TestLinearizable(t *testing.T) {
	for name, options := range map[string][]postgres.Option{"ordinary": nil, "portable": {postgres.WithPortableSQL()}} {
		open := func(t *testing.T) []storage.Storage {
			return openStores(t, newSchema(t, newQuickDatabase(t, server(t))), options...)
		}
		t.Run(name, func(t *testing.T) {
			t.Run("through managers", func(t *testing.T) {
				managers, err := linear.Managers(open(t))
				require.NoError(t, err)
				linear.Require(t, managers, *operations)
			})
			t.Run("through the stores, with ids that come back", func(t *testing.T) {
				linear.Require(t, linear.Stores(open(t)), *operations)
			})
		})
	}
}
