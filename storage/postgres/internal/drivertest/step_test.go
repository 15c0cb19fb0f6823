package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/fault"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// stepFaults come at every step of every operation. After an error of the server a statement
// has had no effect and its transaction is aborted. Whether a statement whose connection was
// lost has had its effect is not known.
var stepFaults = []fault.Fault{
	{Name: "fails", Err: serverError("58030")},
	{Name: "fails, and the rollback loses the connection", Err: serverError("58030"), AndRollback: true},
	{Name: "fails for lack of space", Err: serverError("53100")},
	{Name: "fails for a lock", Err: serverError("55P03")},
	{Name: "is cancelled", Err: serverError("57014")},
	{Name: "is refused by a standby", Err: serverError("25006")},
	{Name: "loses to another transaction", Err: serverError("40001")},
	{Name: "is in a deadlock", Err: serverError("40P01")},
	{Name: "fails for a reason that nobody knows", Err: fault.ErrStrange},
	{Name: "loses the connection", Err: driver.ErrBadConn, Cut: true},
	{Name: "loses the connection after it took effect", Err: driver.ErrBadConn, Cut: true, After: true},
	{Name: "is answered by a shutdown after it took effect", Err: serverError("57P01"), Cut: true, After: true},
	{Name: "is the last that works", Err: driver.ErrBadConn, Cut: true, After: true, Lasting: true},
	{Name: "and all that follow lose their connections", Err: driver.ErrBadConn, Cut: true, Lasting: true},
	{Name: "comes late", Late: 2 * time.Millisecond},
}

// serverError is an error of the server with a SQLSTATE.
func serverError(state string) error {
	return &pgconn.PgError{Severity: "ERROR", Code: state, Message: "injected"}
}

// passes reports whether the store gets over a fault by another try.
func passes(f fault.Fault) bool {
	var answer *pgconn.PgError
	lost := errors.As(f.Err, &answer) && (answer.Code == "40001" || answer.Code == "40P01")
	return !f.Lasting && (f.Cut || lost || f.Err == fault.ErrStrange)
}

func openFaulty(t *testing.T, address string, s *fault.Script) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	require.NoError(t, err)
	db := sql.OpenDB(&fault.Connector{
		Connector: stdlib.GetConnector(*config), Script: s,
		Cut: func(conn driver.Conn) { _ = conn.Close() },
		Abort: func(conn driver.Conn) {
			_, _ = conn.(driver.ExecerContext).ExecContext(context.Background(), `SELECT 1/0`, nil)
		},
	})
	db.SetMaxOpenConns(poolSize)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// TestFaults has each fault come at each step of each operation, in the ordinary and in the
// portable form; see package fault.
func TestFaults(t *testing.T) {
	database := newQuickDatabase(t, server(t))
	for _, form := range []struct {
		name       string
		operations []fault.Operation
		options    []postgres.Option
	}{
		{"ordinary", slices.Concat(fault.Writing, fault.Reading), nil},
		{"portable", fault.Writing, []postgres.Option{postgres.WithPortableSQL()}}, // reads are the same
	} {
		for _, o := range form.operations {
			t.Run(form.name+"/"+o.Name, func(t *testing.T) {
				t.Parallel()
				address, s := newSchema(t, database), &fault.Script{}
				open := func(db *sql.DB, options ...postgres.Option) (*idem.Manager, *postgres.Store) {
					store, err := postgres.New(t.Context(), db, slices.Concat(form.options, options)...)
					require.NoError(t, err)
					t.Cleanup(func() { require.NoError(t, store.Close()) })
					manager, err := account.NewManager(store)
					require.NoError(t, err)
					return manager, store
				}
				db := openFaulty(t, address, s)
				patient, _ := open(db)
				// For faults that last, whose outcome the store cannot find out however long it tries.
				impatient, _ := open(db, postgres.WithResolve(50*time.Millisecond))
				observer, store := open(openSQL(t, "pgx", address))
				trial := fault.Trial{
					Observer: observer, Script: s,
					MayBeUnknown: func(o fault.Operation, f fault.Fault, step string) bool {
						// Who has deleted a record cannot be found out. A row is fetched after it is deleted.
						return f.Cut && (f.Lasting || o.Name == "taking of a record" && (f.After || step == "next"))
					},
					Check: func(t *testing.T, err *idem.Error, f fault.Fault, where string) {
						require.False(t, passes(f), "%s: another try would do: %v", where, err)
						require.ErrorIs(t, err, storage.ErrUnavailable, where)
						require.Equal(t, idem.KindUnavailable, err.Kind, where)
					},
				}
				trial.Manager = patient
				trial.Run(t, o, slices.DeleteFunc(slices.Clone(stepFaults), func(f fault.Fault) bool { return f.Lasting }))
				trial.Manager = impatient
				trial.Run(t, o, slices.DeleteFunc(slices.Clone(stepFaults), func(f fault.Fault) bool { return !f.Lasting }))
				auditFeed(t, store, nil)
			})
		}
	}
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
	database := newQuickDatabase(t, server(t))
	for _, f := range stepFaults {
		if f.Name != "fails" && f.Name != "loses the connection" {
			continue // the others differ in what callers are told, which is above
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			s := &fault.Script{}
			db := openFaulty(t, database, s)
			storagetest.RunFaults(t, func(t *testing.T) (storage.Storage, storagetest.Faults) {
				store, err := postgres.New(t.Context(), db, postgres.WithSchema(schemaName()))
				require.NoError(t, err)
				return store, scriptedFaults{s, f}
			}, passes(f))
		})
	}
}
