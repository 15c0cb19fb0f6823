package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// faultyStore is a store whose every method runs fail first.
type faultyStore struct {
	storage.Storage
	fail func() error
}

func (s *faultyStore) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Storage.Create(ctx, i)
}

func (s *faultyStore) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	created, errs := make([]*identity.Identity, len(identities)), make([]error, len(identities))
	for n, i := range identities {
		created[n], errs[n] = s.Create(ctx, i)
	}
	return created, errs
}

func (s *faultyStore) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	if err := s.fail(); err != nil {
		return storage.Page{}, err
	}
	return s.Storage.List(ctx, q)
}

func (s *faultyStore) Count(ctx context.Context, filter storage.Filter) (int, error) {
	if err := s.fail(); err != nil {
		return 0, err
	}
	return s.Storage.Count(ctx, filter)
}

func (s *faultyStore) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Storage.Changes(ctx, q)
}

func (s *faultyStore) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Storage.Get(ctx, id)
}

func (s *faultyStore) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Storage.Find(ctx, claim)
}

func (s *faultyStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	if err := s.fail(); err != nil {
		return nil, err
	}
	return s.Storage.Update(ctx, id, change)
}

func (s *faultyStore) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(*identity.Identity) error) error {
	if err := s.fail(); err != nil {
		return err
	}
	return s.Storage.Delete(ctx, id, at, check)
}

// onFaultyStores runs a test on both stores, with a switch for faults and what is
// logged.
func onFaultyStores(t *testing.T, test func(t *testing.T, f *fixture, store *faultyStore, log *bytes.Buffer)) {
	for name, open := range map[string]func(t *testing.T) (storage.Storage, error){
		"memory": func(*testing.T) (storage.Storage, error) { return memory.New(), nil },
		"sqlite": func(t *testing.T) (storage.Storage, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inner, err := open(t)
			require.NoError(t, err)
			store := &faultyStore{Storage: inner, fail: func() error { return nil }}
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			test(t, newFixture(t, name, store, idem.WithLogger(logger)), store, &log)
		})
	}
}

// errDriver is like the error of a database: it contains addresses, paths and stored values.
var errDriver = errors.New("pq: duplicate key (email)=(bob@private.example) at 10.0.0.7:5432, file /var/lib/db")

func TestFaultsTellNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		fail   func() error
		status int
		id     string
		logged string
	}{
		{"an error of the driver", func() error { return errDriver }, 500, "internal_error", "10.0.0.7"},
		{"a wrapped error of the driver", func() error { return fmt.Errorf("sqlite: update: %w", errDriver) }, 500, "internal_error", "10.0.0.7"},
		{"an unknown outcome", func() error { return fmt.Errorf("%w: %w", storage.ErrOutcomeUnknown, errDriver) }, 500, "internal_error", "10.0.0.7"},
		{"a conflict of unknown outcome", func() error { return errors.Join(storage.ErrOutcomeUnknown, storage.ErrConflict, errDriver) }, 500, "internal_error", "10.0.0.7"},
		{"a panic", func() error { panic(errDriver) }, 500, "internal_error", "panicked"},
		{"unavailable", func() error { return fmt.Errorf("%w: %w", storage.ErrUnavailable, errDriver) }, 503, "unavailable", "10.0.0.7"},
		{"closed", func() error { return fmt.Errorf("%w: %w", storage.ErrClosed, errDriver) }, 503, "unavailable", "10.0.0.7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onFaultyStores(t, func(t *testing.T, f *fixture, store *faultyStore, log *bytes.Buffer) {
				id := f.create(t, fullCreate).ID
				before := f.whole(t, id)
				for _, request := range []struct{ method, path, body string }{
					{"PUT", identityPath(id), fullUpdate},
					{"PUT", identityPath(id), `{}`},
					{"POST", "/admin/identities", `{}`},
					{"GET", identityPath(id), ""},
					{"GET", "/admin/identities/by/external/crm%2F4711", ""},
					{"DELETE", identityPath(id), ""},
					{"GET", "/admin/identities", ""},
					{"GET", "/admin/identities?page=1", ""},
					{"GET", changesPath, ""},
					{"GET", identityChangesPath(id), ""},
				} {
					log.Reset()
					store.fail = c.fail
					r := f.do(t, request.method, request.path, request.body)
					store.fail = func() error { return nil }
					requireRefusal(t, refusal{status: c.status, id: c.id}, r)
					require.Empty(t, r.error(t).Reason)
					require.NotContains(t, string(r.body), "pq")
					require.NotContains(t, string(r.body), "private")
					require.Contains(t, log.String(), "level=ERROR")
					require.Contains(t, log.String(), c.logged, "the cause must be logged")
				}
				if c.logged != "panicked" {
					store.fail = c.fail
					batch := f.do(t, http.MethodPatch, "/admin/identities", `{"identities":[{"create":{}}]}`)
					store.fail = func() error { return nil }
					requireStatus(t, http.StatusOK, batch)
					require.Contains(t, string(batch.body), fmt.Sprintf(`"code":%d`, c.status))
					require.NotContains(t, string(batch.body), "private")
				}
				after := f.whole(t, id)
				require.Equal(t, string(before.body), string(after.body))
				require.Equal(t, before.etag(), after.etag())
			})
		})
	}
}

func TestAPanicIsLoggedWithoutItsValue(t *testing.T) {
	onFaultyStores(t, func(t *testing.T, f *fixture, store *faultyStore, log *bytes.Buffer) {
		store.fail = func() error { panic(errDriver) }
		require.Equal(t, http.StatusInternalServerError, f.get(t, absentID).status)
		require.NotContains(t, log.String(), "private.example")

		var own bytes.Buffer
		log.Reset()
		f.handler = httpapi.New(f.manager, func(*http.Request) error { panic(errDriver) }, httpapi.WithLogger(slog.New(slog.NewTextHandler(&own, nil))))
		require.Equal(t, http.StatusForbidden, f.get(t, absentID).status)
		require.Contains(t, own.String(), "authorize panicked")
		require.NotContains(t, own.String(), "private.example")
		require.Empty(t, log.String())
	})
}

func TestACallerWhoHasGoneAway(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		handler := f.handler
		f.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r.WithContext(ctx)) })
		requireRefusal(t, refusal{status: 503, id: "canceled"}, f.put(t, id, fullUpdate))
		f.handler = handler
		require.Equal(t, revisionTag(id, 1), f.get(t, id).etag())
	})
}

func TestNoSecretIsLogged(t *testing.T) {
	onFaultyStores(t, func(t *testing.T, f *fixture, store *faultyStore, log *bytes.Buffer) {
		id := f.create(t, fullCreate).ID
		const body = `{"traits":{"email":"ada@example.org"},"credentials":{"password":{"config":{"password":"hunter2"}},"totp":{"config":{"totp_url":"otpauth://totp/x?secret=KRSXG5CTMVRXEZLU"}}}}`
		f.update(t, id, body)
		f.put(t, id, `{"traits":{"email":"hunter2"}}`)
		f.put(t, id, `{"credentials":{"password":{"config":{"hashed_password":"hunter2"}}}}`)
		store.fail = func() error { return errors.New("disk full") }
		require.Equal(t, http.StatusInternalServerError, f.put(t, id, body).status)
		require.Contains(t, log.String(), "disk full")
		require.Contains(t, log.String(), id)
		for _, secret := range []string{"hunter2", "KRSXG5", "$2a$", "ada@", "allmine"} {
			require.NotContains(t, log.String(), secret)
		}
	})
}
