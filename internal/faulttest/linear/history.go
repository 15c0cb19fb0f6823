//go:build unix

package faulttest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
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

// TestLinearizable has many goroutines create, read, find, update, patch and delete a
// few identities that contend for identifiers and external ids, and checks that there
// is an order of all these operations, each at a moment between its call and its
// answer, in which every answer, every refusal included, is the one that a single
// thread would have got.
//
// The long form is
//
//	go test ./internal/faulttest -run TestLinearizable$ -operations 100000 -timeout 60m
func TestLinearizable(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Run("through a manager", func(t *testing.T) {
				requireLinearizable(t, managers(t, open(t)))
			})
			// Only a store lets the id of a deleted identity be used again.
			t.Run("through the store, with ids that come back", func(t *testing.T) {
				requireLinearizable(t, bareStores(open(t)))
			})
		})
	}
}

// TestLinearizableFindsBrokenStores holds the check itself to stores that are not.
func TestLinearizableFindsBrokenStores(t *testing.T) {
	for name, broken := range map[string]func(storage.Storage) storage.Storage{
		"reads are stale":              func(s storage.Storage) storage.Storage { return &staleStore{Storage: s} },
		"finds are stale":              func(s storage.Storage) storage.Storage { return &staleFindStore{Storage: s} },
		"updates are lost":             func(s storage.Storage) storage.Storage { return losingStore{s} },
		"creates come early":           func(s storage.Storage) storage.Storage { return earlyStore{s} },
		"refused updates leave traces": func(s storage.Storage) storage.Storage { return leakyStore{s} },
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				operations, err := history(t, managers(t, []storage.Storage{broken(memory.New())}), 600)
				if err != nil {
					return // a call came to what no call may
				}
				if result, _ := check(t, operations); result == porcupine.Illegal {
					return
				}
			}
			t.Fatal("five histories of a broken store passed")
		})
	}
}

func requireLinearizable(t *testing.T, s subject) {
	t.Helper()
	operations, err := history(t, s, *operations)
	require.NoError(t, err)
	began := time.Now()
	result, seen := check(t, operations)
	require.Equal(t, porcupine.Ok, result)
	t.Logf("%d operations, of which %v; checked in %s", len(operations), seen, time.Since(began).Round(time.Millisecond))
}

// check returns whether the history is linearizable, and how often each kind of call
// succeeded and was refused.
func check(t *testing.T, history []porcupine.Operation) (porcupine.CheckResult, map[string]int) {
	t.Helper()
	seen := map[string]int{}
	for _, o := range history {
		outcome := string(o.Input.(call).Kind)
		if refusal := o.Output.(answer).Refusal; refusal != "" {
			outcome += ": " + refusal
		}
		seen[outcome]++
	}
	return porcupine.CheckOperationsTimeout(model, history, 5*time.Minute), seen
}

// subject is something that calls can be made to; worker says who calls.
type subject interface {
	do(ctx context.Context, worker int, c call) (answer, error)
	// ids are those that creates of a group choose from; none if they cannot.
	ids(group int) []uuid.UUID
}

const (
	workers = 8
	// hotGroups is how many groups are in use at a time, and groupOperations about how
	// many operations each sees before the next has its turn.
	hotGroups       = 3
	groupOperations = 600
)

// history makes so many operations, on many goroutines, and returns them with the
// times of their calls and answers. The error is what no call may come to.
func history(t *testing.T, s subject, count int) ([]porcupine.Operation, error) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var (
		running   sync.WaitGroup
		began     = time.Now()
		histories [workers][]porcupine.Operation
		errs      [workers]error
		known     = &knownIDs{ids: map[int][]uuid.UUID{}}
	)
	for worker := range workers {
		running.Go(func() {
			w := caller{
				random: rand.New(rand.NewPCG(seed, uint64(worker))), name: fmt.Sprint(worker),
				known: known, revisions: map[uuid.UUID]int64{}, subject: s,
			}
			for n := range count / workers {
				first := n * workers / (groupOperations * hotGroups) * hotGroups
				c := w.next(first + w.random.IntN(hotGroups))
				called := time.Since(began)
				a, err := s.do(t.Context(), worker, c)
				answered := time.Since(began)
				if err != nil {
					errs[worker] = fmt.Errorf("%s: %w", c.Kind, err)
					return
				}
				w.learn(c, a)
				histories[worker] = append(histories[worker], porcupine.Operation{
					ClientId: worker, Input: c, Call: called.Nanoseconds(), Output: a, Return: answered.Nanoseconds(),
				})
			}
		})
	}
	running.Wait()
	var all []porcupine.Operation
	for _, h := range histories {
		all = append(all, h...)
	}
	return all, errors.Join(errs[:]...)
}

// knownIDs are the last ids that were created in each group.
type knownIDs struct {
	mu  sync.Mutex
	ids map[int][]uuid.UUID
}

func (k *knownIDs) add(group int, id uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids := append(k.ids[group], id)
	k.ids[group] = ids[max(0, len(ids)-emails-1):]
}

func (k *knownIDs) remove(group int, id uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids[group] = slices.DeleteFunc(k.ids[group], func(known uuid.UUID) bool { return known == id })
}

func (k *knownIDs) pick(group int, random *rand.Rand) uuid.UUID {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ids[group]) == 0 {
		return uuid.UUID{15: 1} // nobody's
	}
	return k.ids[group][random.IntN(len(k.ids[group]))]
}

// caller decides what one goroutine calls.
type caller struct {
	subject   subject
	random    *rand.Rand
	name      string
	count     int
	known     *knownIDs
	revisions map[uuid.UUID]int64
}

func (w *caller) next(group int) call {
	w.count++
	c := call{
		Group: group, ID: w.known.pick(group, w.random), Token: fmt.Sprintf("%s.%d", w.name, w.count),
		Email: w.random.IntN(emails), External: w.random.IntN(3),
	}
	switch roll := w.random.IntN(100); {
	case roll < 12:
		c.Kind, c.ID = callCreate, uuid.Nil
		if ids := w.subject.ids(group); ids != nil {
			c.ID = ids[w.random.IntN(len(ids))]
		}
	case roll < 27:
		c.Kind = callGet
	case roll < 37:
		c.Kind = callFindIdentifier
	case roll < 47:
		c.Kind = callFindExternal
		c.External = 1 + w.random.IntN(2)
	case roll < 72:
		c.Kind = callUpdate
	case roll < 92:
		c.Kind = callPatch
	default:
		c.Kind = callDelete
	}
	if writes := c.Kind == callUpdate || c.Kind == callPatch || c.Kind == callDelete; writes && w.random.IntN(3) == 0 {
		c.IfRevision = w.revisions[c.ID]
	}
	return c
}

func (w *caller) learn(c call, a answer) {
	// Some of the deleted stay known, for what is not there is asked for too.
	if c.Kind == callDelete && a.Refusal == "" && w.random.IntN(4) > 0 {
		w.known.remove(c.Group, c.ID)
	}
	if a.row.Revision == 0 {
		return
	}
	w.revisions[a.row.ID] = a.row.Revision
	if c.Kind == callCreate {
		w.known.add(c.Group, a.row.ID)
	}
}

// version is what the call writes.
func (c call) version() version {
	v := version{Email: fmt.Sprintf("%d-%d@example.com", c.Group, c.Email), Trail: []string{c.Token}}
	if c.External > 0 {
		v.External = fmt.Sprintf("%d-%d", c.Group, c.External)
	}
	return v
}

// answerOf turns what a call returned into an answer, or into an error that no call
// may come to.
func answerOf(i *identity.Identity, err error) (answer, error) {
	var conflict *storage.ConflictError
	switch {
	case errors.As(err, &conflict):
		return answer{Refusal: string(conflict.Kind)}, nil
	case errors.Is(err, storage.ErrNotFound):
		return answer{Refusal: refusalNotFound}, nil
	case errors.Is(err, storage.ErrRevision):
		return answer{Refusal: refusalRevision}, nil
	case err != nil || i == nil:
		return answer{}, err
	}
	v, err := versionOf(i)
	if err != nil {
		return answer{}, err
	}
	r := row{ID: i.ID, Revision: i.Revision}
	if _, err := fmt.Sscanf(v.Email, "%d-%d@", new(int), &r.Email); err != nil {
		return answer{}, err
	}
	if v.External != "" {
		if _, err := fmt.Sscanf(v.External, "%d-%d", new(int), &r.External); err != nil {
			return answer{}, err
		}
	}
	for _, token := range v.Trail {
		r.Trail = chain(r.Trail, token)
	}
	return answer{row: r}, nil
}

// managerSubject makes the calls to managers over the handles on one state, each
// worker to one of them.
type managerSubject []*idem.Manager

func managers(t *testing.T, handles []storage.Storage) managerSubject {
	t.Helper()
	var s managerSubject
	for _, handle := range handles {
		m, err := newManager(handle)
		require.NoError(t, err)
		s = append(s, m)
	}
	return s
}

func (s managerSubject) ids(int) []uuid.UUID { return nil }

func (s managerSubject) do(ctx context.Context, worker int, c call) (answer, error) {
	m := s[worker%len(s)]
	var preconditions []idem.Precondition
	if c.IfRevision != 0 {
		preconditions = append(preconditions, idem.IfRevision(c.IfRevision))
	}
	v := c.version()
	switch c.Kind {
	case callCreate:
		// An import of one is a create by another way.
		if worker%2 == 0 {
			results, _ := m.CreateIdentities(ctx, []identity.Create{v.create()})
			return answerOf(results[0].Identity, results[0].Err)
		}
		return answerOf(m.CreateIdentity(ctx, v.create()))
	case callGet:
		return answerOf(m.GetIdentity(ctx, c.ID))
	case callFindIdentifier:
		return answerOf(m.FindByIdentifier(ctx, credentials.TypePassword, v.Email))
	case callFindExternal:
		return answerOf(m.FindByExternalID(ctx, v.External))
	case callUpdate:
		return answerOf(m.UpdateIdentity(ctx, c.ID, v.update(), preconditions...))
	case callPatch:
		return answerOf(m.PatchIdentity(ctx, c.ID, patchTo(c.Token), preconditions...))
	case callDelete:
		return answerOf(nil, m.DeleteIdentity(ctx, c.ID, preconditions...))
	}
	return answer{}, fmt.Errorf("no such call: %q", c.Kind)
}

// storeSubject makes the calls to the handles themselves.
type storeSubject []storage.Storage

func bareStores(handles []storage.Storage) storeSubject { return handles }

// ids are so few that those of deleted identities come back.
func (s storeSubject) ids(group int) []uuid.UUID {
	return []uuid.UUID{{0: 1, 14: byte(group >> 8), 15: byte(group)}, {0: 2, 14: byte(group >> 8), 15: byte(group)}}
}

func (s storeSubject) do(ctx context.Context, worker int, c call) (answer, error) {
	store := s[worker%len(s)]
	check := func(current *identity.Identity) error {
		if c.IfRevision != 0 && c.IfRevision != current.Revision {
			return storage.ErrRevision
		}
		return nil
	}
	switch c.Kind {
	case callCreate:
		return answerOf(store.Create(ctx, c.version().identity(c.ID)))
	case callGet:
		return answerOf(store.Get(ctx, c.ID))
	case callFindIdentifier:
		return answerOf(store.Find(ctx, storage.IdentifierClaim(credentials.TypePassword, c.version().Email)))
	case callFindExternal:
		return answerOf(store.Find(ctx, storage.ExternalIDClaim(c.version().External)))
	case callUpdate, callPatch:
		return answerOf(store.Update(ctx, c.ID, func(current *identity.Identity) (*identity.Identity, error) {
			if err := check(current); err != nil {
				return nil, err
			}
			if c.Kind == callUpdate {
				return c.version().identity(c.ID), nil
			}
			v, err := versionOf(current)
			if err != nil {
				return nil, err
			}
			return v.next(c.Token).identity(c.ID), nil
		}))
	case callDelete:
		return answerOf(nil, store.Delete(ctx, c.ID, noon, check))
	}
	return answer{}, fmt.Errorf("no such call: %q", c.Kind)
}

// noon is when all of it happens, where nobody asks a clock.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// identity is a version as a store is given it.
func (v version) identity(id uuid.UUID) *identity.Identity {
	return &identity.Identity{
		ID: id, SchemaID: "account", ExternalID: v.External, State: identity.StateActive, StateChangedAt: noon,
		Traits: v.traits(), MetadataPublic: v.public(), MetadataAdmin: v.admin(),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{v.Email}, CreatedAt: noon, UpdatedAt: noon,
		}},
		CreatedAt: noon, UpdatedAt: noon,
	}
}

func openStore(t *testing.T, path string) *sqlitedb.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}
