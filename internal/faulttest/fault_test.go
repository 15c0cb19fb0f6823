//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// faults are tried at every step of every operation.
var faults = []fault{
	{name: "fails", err: codeIOError},
	{name: "fails after it took effect", err: codeIOError, after: true},
	{name: "fails and cannot be rolled back", err: codeIOError, andRollback: true},
	{name: "fails for lack of space", err: codeFull},
	{name: "fails for a lock", err: codeBusy},
	{name: "fails for a reason that nobody knows", err: errStrange},
	{name: "loses the connection", err: driver.ErrBadConn, cut: true},
	{name: "loses the connection after it took effect", err: driver.ErrBadConn, cut: true, after: true},
	{name: "is the last that works", err: codeIOError, after: true, lasting: true},
	{name: "and all that follow lose their connections", err: driver.ErrBadConn, cut: true, lasting: true},
	{name: "comes late", late: 2 * time.Millisecond},
}

// part is one thing that an operation was to do, and what it said of it.
type part struct {
	err error
	// happened tells from what the database holds whether it was done. It must not have
	// been done by half: that is for happened to report.
	happened func(found map[uuid.UUID]version) (bool, error)
}

// operation is one call, made on identities of its own: those with the numbers n.
type operation struct {
	name string
	do   func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part
}

var writing = []operation{
	{"create", func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []part {
		token := fmt.Sprintf("created %d", n)
		_, err := m.CreateIdentity(ctx, version{Email: fmt.Sprintf("created-%d@example.com", n), External: token, Trail: []string{token}}.create())
		return []part{{err, created(token)}}
	}},
	{"import", func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []part {
		var (
			creates []identity.Create
			parts   []part
		)
		for k := range 3 {
			token := fmt.Sprintf("imported %d %d", n, k)
			creates = append(creates, version{Email: fmt.Sprintf("imported-%d-%d@example.com", n, k), Trail: []string{token}}.create())
			parts = append(parts, part{happened: created(token)})
		}
		results, _ := m.CreateIdentities(ctx, creates)
		for k, result := range results {
			parts[k].err = result.Err
		}
		return parts
	}},
	{"update", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		v := before(n).next("updated")
		_, err := m.UpdateIdentity(ctx, id, v.update())
		return []part{{err, changed(id, before(n), v)}}
	}},
	{"update of claims", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		v := before(n).next("updated")
		v.Email, v.External = fmt.Sprintf("moved-%d@example.com", n), fmt.Sprintf("moved %d", n)
		_, err := m.UpdateIdentity(ctx, id, v.update(), idem.IfRevision(1))
		return []part{{err, changed(id, before(n), v)}}
	}},
	{"patch", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		_, err := m.PatchIdentity(ctx, id, patchTo("patched"))
		return []part{{err, changed(id, before(n), before(n).next("patched"))}}
	}},
	{"delete", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		err := m.DeleteIdentity(ctx, id)
		return []part{{err, func(found map[uuid.UUID]version) (bool, error) {
			_, there := found[id]
			return !there, nil
		}}}
	}},
}

var reading = []operation{
	{"get", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		found, err := m.GetIdentity(ctx, id)
		return []part{read(err, id, n, found)}
	}},
	{"find", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		found, err := m.FindByIdentifier(ctx, credentials.TypePassword, before(n).Email)
		return []part{read(err, id, n, found)}
	}},
	{"list", func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []part {
		page, err := m.ListIdentities(ctx, idem.Query{IDs: []uuid.UUID{id}})
		for _, i := range page.Identities {
			if i.ID == id {
				return []part{read(err, id, n, i)}
			}
		}
		return []part{read(err, id, n, nil)}
	}},
}

// before is the version of the n-th identity that an operation begins with.
func before(n int) version {
	return version{Revision: 1, Email: fmt.Sprintf("before-%d@example.com", n), External: fmt.Sprintf("before %d", n), Trail: []string{fmt.Sprintf("before %d", n)}}
}

// read is the part of an operation that changes nothing: it returns what is there, or
// an error.
func read(err error, id uuid.UUID, n int, found *identity.Identity) part {
	return part{err, func(map[uuid.UUID]version) (bool, error) {
		if err != nil {
			return false, nil
		}
		if found == nil {
			return false, errors.New("nothing was found, without an error")
		}
		v, err := versionOf(found)
		if err == nil && !v.same(before(n)) {
			err = fmt.Errorf("%s was read as it never was", id)
		}
		return true, err
	}}
}

func created(token string) func(map[uuid.UUID]version) (bool, error) {
	return func(found map[uuid.UUID]version) (bool, error) {
		for _, v := range found {
			if v.Trail[0] == token {
				return true, nil
			}
		}
		return false, nil
	}
}

func changed(id uuid.UUID, from, to version) func(map[uuid.UUID]version) (bool, error) {
	return func(found map[uuid.UUID]version) (bool, error) {
		switch v := found[id]; {
		case v.same(from):
			return false, nil
		case v.same(to):
			return true, nil
		default:
			return false, fmt.Errorf("%s is neither what it was nor what it was to be: %+v", id, v)
		}
	}
}

// TestFaults has each fault come at each step of each operation: the caller is told,
// with an error of the contract; what is there is all of the change or nothing, and
// only where the outcome is said to be unknown may it be either; and when the fault is
// over the store goes on.
func TestFaults(t *testing.T) {
	for _, o := range append(writing, reading...) {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			s := &script{}
			path := databasePath(t)
			manager, err := newManager(newStore(t, faultyDatabase(t, path, s)))
			require.NoError(t, err)
			observer, err := newManager(newStore(t, openDatabase(t, path, "_busy_timeout=1000&_synchronous=OFF")))
			require.NoError(t, err)
			// To the first step, the second, and so on until the operation is over first.
			steps := 0
			for came := true; came; steps++ {
				came = false
				for k, f := range faults {
					came = tryFault(t, manager, observer, s, o, f, steps, steps*len(faults)+k) || came
				}
			}
			require.Greater(t, steps, 2, "the faults never came")
			t.Logf("%d faults at each of %d steps", len(faults), steps-1)
			e := evidenceOf(t, path, observer)
			require.Empty(t, append(auditClaims(t.Context(), e), auditFeed(t.Context(), e)...))
		})
	}
}

// tryFault has the fault come at one step of the operation, made on the n-th identity,
// and reports whether the operation got that far.
func tryFault(t *testing.T, manager, observer *idem.Manager, s *script, o operation, f fault, at, n int) bool {
	t.Helper()
	i, err := manager.CreateIdentity(t.Context(), before(n).create())
	require.NoError(t, err, "the store did not go on")
	s.arm(f, at)
	parts := o.do(t.Context(), manager, i.ID, n)
	step := s.disarm()
	where := fmt.Sprintf("step %d, %q, %s", at, step, f.name)

	found := everything(t, observer)
	for _, p := range parts {
		happened, err := p.happened(found)
		require.NoError(t, err, where)
		switch {
		case p.err == nil:
			require.True(t, happened, "%s: it did not happen, and the caller was told it did", where)
		case errors.Is(p.err, storage.ErrOutcomeUnknown):
			require.Equal(t, "commit", step, "%s: %v", where, p.err)
		default:
			require.False(t, happened, "%s: it happened, and the caller was told it did not: %v", where, p.err)
		}
		requireTyped(t, p.err, f, where)
	}
	for id := range found {
		require.NoError(t, observer.DeleteIdentity(t.Context(), id))
	}
	return step != ""
}

// requireTyped checks that an error of an operation is one that a caller can act on.
func requireTyped(t *testing.T, err error, f fault, at string) {
	t.Helper()
	if err == nil {
		return
	}
	require.NotNil(t, f.err, "%s: a delay is no fault", at)
	var e *idem.Error
	require.ErrorAs(t, err, &e, at)
	switch {
	case errors.Is(err, storage.ErrOutcomeUnknown):
		require.Equal(t, idem.KindInternal, e.Kind, at)
	case errors.Is(f.err, errStrange):
		require.ErrorIs(t, err, errStrange, at)
	default:
		require.ErrorIs(t, err, storage.ErrUnavailable, at)
		require.Equal(t, idem.KindUnavailable, e.Kind, at)
	}
}

// TestFaultsOfMigration does the same to the opening of a database: each step of the
// migration is made whole or not at all, and the next opening succeeds.
func TestFaultsOfMigration(t *testing.T) {
	for _, f := range faults {
		if f.err != codeIOError && !f.cut {
			continue // these differ in what callers are told, which is above
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				s := &script{}
				path := databasePath(t)
				db := faultyDatabase(t, path, s)
				s.arm(f, n)
				store, err := sqlitedb.New(t.Context(), db)
				step := s.disarm()
				at := fmt.Sprintf("at step %d, %q", n, step)
				if err == nil {
					require.NoError(t, store.Close(), at)
				} else if f.err != errStrange {
					require.True(t, errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrOutcomeUnknown), "%s: %v", at, err)
				}
				requireWholeSteps(t, openDatabase(t, path, ""), at)

				manager, err := newManager(newStore(t, db))
				require.NoError(t, err, at)
				_, err = manager.CreateIdentity(t.Context(), before(0).create())
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

// everything is what the database holds.
func everything(t *testing.T, manager *idem.Manager) map[uuid.UUID]version {
	t.Helper()
	found := map[uuid.UUID]version{}
	for i, err := range manager.Identities(t.Context(), idem.Query{}) {
		require.NoError(t, err)
		v, err := versionOf(i)
		require.NoError(t, err)
		found[i.ID] = v
	}
	return found
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

// same reports whether v and o are the same version, of whichever id.
func (v version) same(o version) bool {
	v.ID, o.ID = uuid.Nil, uuid.Nil
	return string(encode(v)) == string(encode(o))
}

// scriptedFaults makes a store fail as storagetest asks for.
type scriptedFaults struct {
	*script
	fault fault
}

func (f scriptedFaults) Arm(n int)    { f.arm(f.fault, n) }
func (f scriptedFaults) Disarm() bool { return f.disarm() != "" }

// TestContractUnderFaults runs the part of the contract that is about faults.
func TestContractUnderFaults(t *testing.T) {
	for _, f := range faults {
		if f.lasting || f.err != codeIOError && !f.cut {
			continue // the others differ in what callers are told, which is above
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			storagetest.RunFaults(t, func(t *testing.T) (storage.Storage, storagetest.Faults) {
				s := &script{}
				return newStore(t, faultyDatabase(t, databasePath(t), s)), scriptedFaults{s, f}
			}, false)
		})
	}
}
