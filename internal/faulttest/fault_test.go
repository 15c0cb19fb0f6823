//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/fault"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// faults are tried at every step of every operation.
var faults = []fault.Fault{
	{Name: "fails", Err: codeIOError},
	{Name: "fails after it took effect", Err: codeIOError, After: true},
	{Name: "fails and cannot be rolled back", Err: codeIOError, AndRollback: true},
	{Name: "fails for lack of space", Err: codeFull},
	{Name: "fails for a lock", Err: codeBusy},
	{Name: "fails for a reason that nobody knows", Err: fault.ErrStrange},
	{Name: "loses the connection", Err: driver.ErrBadConn, Cut: true},
	{Name: "loses the connection after it took effect", Err: driver.ErrBadConn, Cut: true, After: true},
	{Name: "is the last that works", Err: codeIOError, After: true, Lasting: true},
	{Name: "and all that follow lose their connections", Err: driver.ErrBadConn, Cut: true, Lasting: true},
	{Name: "comes late", Late: 2 * time.Millisecond},
}

// TestFaults has each fault come at each step of each operation.
func TestFaults(t *testing.T) {
	for _, o := range slices.Concat(fault.Writing, fault.Reading) {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			s := &fault.Script{}
			path := databasePath(t)
			manager, err := account.NewManager(newStore(t, faultyDatabase(t, path, s)))
			require.NoError(t, err)
			observer, err := account.NewManager(newStore(t, openDatabase(t, path, "_busy_timeout=1000&_synchronous=OFF")))
			require.NoError(t, err)
			trial := fault.Trial{
				Manager: manager, Observer: observer, Script: s, Check: requireTyped,
				MayBeUnknown: func(_ fault.Operation, _ fault.Fault, step string) bool { return step == "commit" },
			}
			trial.Run(t, o, faults)
			e := evidenceOf(t, path, observer)
			require.Empty(t, append(auditClaims(t.Context(), e), auditFeed(t.Context(), e)...))
		})
	}
}

// requireTyped checks that an error of an operation is one that a caller can act on.
func requireTyped(t *testing.T, err *idem.Error, f fault.Fault, where string) {
	t.Helper()
	if errors.Is(f.Err, fault.ErrStrange) {
		require.ErrorIs(t, err, fault.ErrStrange, where)
		return
	}
	require.ErrorIs(t, err, storage.ErrUnavailable, where)
	require.Equal(t, idem.KindUnavailable, err.Kind, where)
}

// faultyDatabase opens the database at path through a driver that follows the script.
func faultyDatabase(t *testing.T, path string, s *fault.Script) *sql.DB {
	t.Helper()
	plain := connector{openDatabase(t, path, "").Driver(), "file:" + path + "?_busy_timeout=1000&_journal_mode=WAL&_synchronous=OFF"}
	db := sql.OpenDB(&fault.Connector{Connector: plain, Script: s, Cut: func(conn driver.Conn) {
		// What was not committed is gone with the connection. The rest is freed when it
		// is closed, after its statements.
		_, _ = conn.(driver.ExecerContext).ExecContext(context.Background(), "ROLLBACK", nil)
	}})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// connector opens connections with a data source name.
type connector struct {
	driver driver.Driver
	name   string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.name) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// resultCode is an error with one of SQLite's result codes.
type resultCode int

func (c resultCode) Error() string { return "an injected error" }
func (c resultCode) Code() int     { return int(c) }

const (
	codeBusy    = resultCode(5)
	codeIOError = resultCode(10)
	codeFull    = resultCode(13)
)

// TestFaultsOfMigration does the same to the opening of a database: each step of the
// migration is made whole or not at all, and the next opening succeeds.
func TestFaultsOfMigration(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	for _, f := range faults {
		if f.Err != codeIOError && !f.Cut {
			continue // these differ in what callers are told, which is above
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				s := &fault.Script{}
				path := databasePath(t)
				db := faultyDatabase(t, path, s)
				s.Arm(f, n)
				store, err := sqlitedb.New(t.Context(), db)
				step := s.Disarm()
				at := fmt.Sprintf("at step %d, %q", n, step)
				if err == nil {
					require.NoError(t, store.Close(), at)
				} else if f.Err != fault.ErrStrange {
					require.True(t, errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrOutcomeUnknown), "%s: %v", at, err)
				}
				requireWholeSteps(t, openDatabase(t, path, ""), at)

				manager, err := account.NewManager(newStore(t, db))
				require.NoError(t, err, at)
				_, err = manager.CreateIdentity(t.Context(), account.Before(0).Create())
				require.NoError(t, err, at)
				if step == "" {
					require.Greater(t, n, 1, "the fault never came")
					return
				}
			}
		})
	}
}

// requireWholeSteps requires the tables of each step that is recorded as made, and no
// others.
func requireWholeSteps(t *testing.T, db *sql.DB, at string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE name LIKE 'idem_%'`)
	require.NoError(t, err)
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		there[name] = true
	}
	require.NoError(t, rows.Err())
	version := 0
	if there["idem_migrations"] {
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT coalesce(max(version), 0) FROM idem_migrations`).Scan(&version))
		require.Positive(t, version, "%s: a table was left behind", at)
	}
	for n, names := range [][]string{
		{"idem_identities", "idem_identifiers", "idem_identities_organization"}, {"idem_changes", "idem_changes_deletes"},
		{"idem_records", "idem_anonymous"}, {"idem_changes_milestones"},
	} {
		for _, name := range names {
			require.Equal(t, n < version, there[name], "%s: %s at version %d", at, name, version)
		}
	}
}

func evidenceOf(t *testing.T, path string, manager *idem.Manager) *evidence {
	t.Helper()
	e := &evidence{path: path, store: openStore(t, path), manager: manager}
	for i, err := range manager.Identities(t.Context(), idem.Query{}) {
		require.NoError(t, err)
		e.identities = append(e.identities, i)
	}
	return e
}

// scriptedFaults makes a store fail as storagetest asks for.
type scriptedFaults struct {
	script *fault.Script
	fault  fault.Fault
}

func (f scriptedFaults) Arm(n int)    { f.script.Arm(f.fault, n) }
func (f scriptedFaults) Disarm() bool { return f.script.Disarm() != "" }

// TestContractUnderFaults runs the part of the contract that is about faults.
func TestContractUnderFaults(t *testing.T) {
	for _, f := range faults {
		if f.Lasting || f.Err != codeIOError && !f.Cut {
			continue // the others differ in what callers are told, which is above
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			storagetest.RunFaults(t, func(t *testing.T) (storage.Storage, storagetest.Faults) {
				s := &fault.Script{}
				return newStore(t, faultyDatabase(t, databasePath(t), s)), scriptedFaults{s, f}
			}, false)
		})
	}
}
