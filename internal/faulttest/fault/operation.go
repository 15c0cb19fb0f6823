package fault

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
)

// Found is what a database holds.
type Found struct {
	Accounts map[uuid.UUID]account.Version
	observer *idem.Manager
}

// Everything returns what the database of a manager holds.
func Everything(t *testing.T, observer *idem.Manager) Found {
	t.Helper()
	found := Found{map[uuid.UUID]account.Version{}, observer}
	for i, err := range observer.Identities(t.Context(), idem.Query{}) {
		require.NoError(t, err)
		found.Accounts[i.ID], err = account.VersionOf(i)
		require.NoError(t, err)
	}
	return found
}

// record returns the value of a record, empty if there is none.
func (f Found) record(key storage.RecordKey) (value string, err error) {
	err = f.observer.UpdateRecord(context.Background(), key, func(current *storage.Record) (*storage.Record, error) {
		value = ""
		if current != nil {
			value = string(current.Value)
		}
		return current, nil
	})
	return value, err
}

// Part is one thing that an operation was to do, and the error that it returned for it.
type Part struct {
	Err error
	// Happened tells from what the database holds whether it was done. It must not have
	// been done by half: that is for Happened to report.
	Happened func(found Found) (bool, error)
}

// Operation is one call, made on an account and a record of its own: those with the numbers
// n.
type Operation struct {
	Name string
	Do   func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part
	// kept says that the record is there before.
	kept bool
}

// Begin makes what the operation is made on, and returns the id of the account.
func (o Operation) Begin(ctx context.Context, m *idem.Manager, n int) (uuid.UUID, error) {
	i, err := m.CreateIdentity(ctx, account.Before(n).Create())
	if err != nil {
		return uuid.Nil, err
	}
	if !o.kept {
		return i.ID, nil
	}
	return i.ID, writeRecord(ctx, m, n, i.ID, "kept")
}

func recordKey(n int) (key storage.RecordKey) {
	copy(key[:], fmt.Sprint("record ", n))
	return key
}

func writeRecord(ctx context.Context, m *idem.Manager, n int, owner uuid.UUID, value string) error {
	return m.UpdateRecord(ctx, recordKey(n), func(*storage.Record) (*storage.Record, error) {
		return &storage.Record{Identity: owner, Value: []byte(value), Expires: account.Noon.AddDate(50, 0, 0)}, nil
	})
}

// recorded requires a record to be what it was, or what it was to be.
func recorded(n int, from, to string) func(Found) (bool, error) {
	return func(found Found) (bool, error) {
		switch value, err := found.record(recordKey(n)); {
		case err != nil:
			return false, err
		case value == from:
			return false, nil
		case value == to:
			return true, nil
		default:
			return false, fmt.Errorf("record %d is neither %q nor %q: %q", n, from, to, value)
		}
	}
}

// Writing are the operations that change something.
var Writing = []Operation{
	{Name: "create", Do: func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []Part {
		token := fmt.Sprintf("created %d", n)
		_, err := m.CreateIdentity(ctx, account.Version{Email: fmt.Sprintf("created-%d@example.com", n), External: token, Trail: []string{token}}.Create())
		return []Part{{err, created(token)}}
	}},
	{Name: "import", Do: func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []Part {
		var (
			creates []identity.Create
			parts   []Part
		)
		for k := range 3 {
			token := fmt.Sprintf("imported %d %d", n, k)
			creates = append(creates, account.Version{Email: fmt.Sprintf("imported-%d-%d@example.com", n, k), Trail: []string{token}}.Create())
			parts = append(parts, Part{Happened: created(token)})
		}
		results, _ := m.CreateIdentities(ctx, creates)
		for k, result := range results {
			parts[k].Err = result.Err
		}
		return parts
	}},
	{Name: "update", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		v := account.Before(n).Next("updated")
		_, err := m.UpdateIdentity(ctx, id, v.Update())
		return []Part{{err, changed(id, account.Before(n), v)}}
	}},
	{Name: "update of claims", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		v := account.Before(n).Next("updated")
		v.Email, v.External = fmt.Sprintf("moved-%d@example.com", n), fmt.Sprintf("moved %d", n)
		_, err := m.UpdateIdentity(ctx, id, v.Update(), idem.IfRevision(1))
		return []Part{{err, changed(id, account.Before(n), v)}}
	}},
	{Name: "patch", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		_, err := m.PatchIdentity(ctx, id, account.PatchTo("patched"))
		return []Part{{err, changed(id, account.Before(n), account.Before(n).Next("patched"))}}
	}},
	{Name: "delete", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		err := m.DeleteIdentity(ctx, id)
		return []Part{{err, func(found Found) (bool, error) {
			_, there := found.Accounts[id]
			return !there, nil
		}}}
	}},
	{Name: "write of a record", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		return []Part{{writeRecord(ctx, m, n, id, "written"), recorded(n, "", "written")}}
	}},
	{Name: "update of a record", kept: true, Do: func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []Part {
		return []Part{{writeRecord(ctx, m, n, uuid.Nil, "updated"), recorded(n, "kept", "updated")}}
	}},
	{Name: "taking of a record", kept: true, Do: func(ctx context.Context, m *idem.Manager, _ uuid.UUID, n int) []Part {
		err := m.UpdateRecord(ctx, recordKey(n), func(*storage.Record) (*storage.Record, error) { return nil, nil })
		return []Part{{err, recorded(n, "kept", "")}}
	}},
}

// Reading are the operations that change nothing.
var Reading = []Operation{
	{Name: "get", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		found, err := m.GetIdentity(ctx, id)
		return []Part{read(err, id, n, found)}
	}},
	{Name: "find", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		found, err := m.FindByIdentifier(ctx, credentials.TypePassword, account.Before(n).Email)
		return []Part{read(err, id, n, found)}
	}},
	{Name: "list", Do: func(ctx context.Context, m *idem.Manager, id uuid.UUID, n int) []Part {
		page, err := m.ListIdentities(ctx, idem.Query{IDs: []uuid.UUID{id}})
		for _, i := range page.Identities {
			if i.ID == id {
				return []Part{read(err, id, n, i)}
			}
		}
		return []Part{read(err, id, n, nil)}
	}},
}

// read is the part of an operation that changes nothing: it returns what is there, or
// an error.
func read(err error, id uuid.UUID, n int, found *identity.Identity) Part {
	return Part{err, func(Found) (bool, error) {
		if err != nil {
			return false, nil
		}
		if found == nil {
			return false, errors.New("nothing was found, without an error")
		}
		v, err := account.VersionOf(found)
		if err == nil && !v.Same(account.Before(n)) {
			err = fmt.Errorf("%s was read as it never was", id)
		}
		return true, err
	}}
}

func created(token string) func(Found) (bool, error) {
	return func(found Found) (bool, error) {
		for _, v := range found.Accounts {
			if v.Trail[0] == token {
				return true, nil
			}
		}
		return false, nil
	}
}

func changed(id uuid.UUID, from, to account.Version) func(Found) (bool, error) {
	return func(found Found) (bool, error) {
		switch v := found.Accounts[id]; {
		case v.Same(from):
			return false, nil
		case v.Same(to):
			return true, nil
		default:
			return false, fmt.Errorf("%s is neither what it was nor what it was to be: %+v", id, v)
		}
	}
}
