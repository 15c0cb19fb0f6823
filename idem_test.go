package idem_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// noon is when every test begins.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

//go:embed testdata/person.schema.json
var personSchema []byte

//go:embed testdata/customer.schema.json
var customerSchema []byte

// world is a manager whose time and ids are known.
type world struct {
	*idem.Manager
	store storage.Storage
	mu    sync.Mutex
	time  time.Time
	ids   int
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

// advance moves the clock on, by a second unless there is reason for more.
func (w *world) advance() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(time.Second)
	return w.time
}

func (w *world) newID() uuid.UUID {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return fixedID(w.ids)
}

func fixedID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n))
}

// onBothStores runs a test on the stores that come with idem.
func onBothStores(t *testing.T, test func(t *testing.T, w *world)) {
	for name, open := range map[string]func(t *testing.T) storage.Storage{
		"memory": func(*testing.T) storage.Storage { return memory.New() },
		"sqlite": func(t *testing.T) storage.Storage {
			store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
			require.NoError(t, err)
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			test(t, newWorld(t, store))
		})
	}
}

func newWorld(t testing.TB, store storage.Storage, options ...idem.Option) *world {
	t.Helper()
	person, err := schema.Parse("person", personSchema)
	require.NoError(t, err)
	customer, err := schema.Parse("customer", customerSchema)
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person, customer)
	require.NoError(t, err)
	hasher := newWorldHasher(t)

	w := &world{store: store, time: noon}
	w.Manager, err = idem.New(store, schemas, append([]idem.Option{
		idem.WithClock(w.now), idem.WithIDs(w.newID), idem.WithHasher(hasher),
		idem.WithLogger(slog.New(slog.DiscardHandler)),
	}, options...)...)
	require.NoError(t, err)
	return w
}

// newWorldHasher returns a cheap hasher.
func newWorldHasher(t testing.TB) passwordhash.Hasher {
	t.Helper()
	hasher, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	return hasher
}

func raw(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}

// create makes an identity that must succeed.
func (w *world) create(t testing.TB, c identity.Create) *identity.Identity {
	t.Helper()
	created, err := w.CreateIdentity(t.Context(), c)
	require.NoError(t, err)
	return created
}

// update makes an update that must succeed, a second later.
func (w *world) update(t testing.TB, id uuid.UUID, u identity.Update) *identity.Identity {
	t.Helper()
	w.advance()
	updated, err := w.UpdateIdentity(t.Context(), id, u)
	require.NoError(t, err)
	return updated
}

// requireKind checks that err is an *idem.Error of the kind.
func requireKind(t testing.TB, err error, kind idem.Kind) *idem.Error {
	t.Helper()
	var e *idem.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind.String(), e.Kind.String(), "%v", err)
	return e
}

// requireUnchanged checks that the identity is, to the last field, as it was.
func (w *world) requireUnchanged(t testing.TB, before *identity.Identity) {
	t.Helper()
	after, err := w.GetIdentity(t.Context(), before.ID)
	require.NoError(t, err)
	require.Equal(t, before.Revision, after.Revision)
	require.True(t, before.Equal(after), "the identity has changed")
}
