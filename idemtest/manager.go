package idemtest

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// Manager is an [idem.Manager] with the values that a test controls.
type Manager struct {
	*idem.Manager
	// Clock is the clock of the Manager.
	Clock *Clock
}

// Option changes a default of [New]. The functions of this package whose names begin with With
// return Options. New ends the test if an option was given nil, and if an Option is the zero
// value.
type Option struct{ apply func(*config) error }

type config struct {
	schemas *schema.Registry
	store   storage.Storage
	options []idem.Option
}

// WithSchemas sets the identity schemas. The default is [DefaultSchema] alone.
func WithSchemas(schemas *schema.Registry) Option {
	return Option{func(c *config) error {
		if schemas == nil {
			return errors.New("WithSchemas: the schema registry is nil")
		}
		c.schemas = schemas
		return nil
	}}
}

// WithStorage sets the store, for a test that needs the real one. The caller must close it. The
// default is a new store of package storage/memory.
func WithStorage(store storage.Storage) Option {
	return Option{func(c *config) error {
		if store == nil {
			return errors.New("WithStorage: the store is nil")
		}
		c.store = store
		return nil
	}}
}

// WithOptions sets options of the Manager. They override the clock, the ids, the hasher, the
// random numbers and the logger that New sets. WithOptions can be given more than once.
func WithOptions(options ...idem.Option) Option {
	return Option{func(c *config) error {
		c.options = append(c.options, options...)
		return nil
	}}
}

// New returns a Manager for the test t. It ends the test at once if it cannot create the
// Manager.
//
// Without options, the Manager checks traits against [DefaultSchema] and keeps identities in
// memory. Its clock begins at [Start]. Its ids are [ID] 1, 2, 3 and so on. It hashes with
// [Hasher]. It draws the same random numbers in every test. It logs only faults, to the test's
// log.
func New(t testing.TB, options ...Option) *Manager {
	t.Helper()
	var c config
	for _, option := range options {
		if option.apply == nil {
			t.Fatalf("idemtest.New: an option is the zero Option: make one with a function of this package")
		}
		if err := option.apply(&c); err != nil {
			t.Fatalf("idemtest.New: %v", err)
		}
	}
	if c.schemas == nil {
		c.schemas = defaultSchemas(t)
	}
	if c.store == nil {
		c.store = memory.New()
	}
	clock := newClock()
	manager, err := idem.New(c.store, c.schemas, append([]idem.Option{
		idem.WithClock(clock.Now), idem.WithIDs(counter()), idem.WithHasher(Hasher()), idem.WithRandom(newRandom()),
		idem.WithLogger(slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))),
	}, c.options...)...)
	if err != nil {
		t.Fatalf("idemtest.New: %v", err)
	}
	return &Manager{Manager: manager, Clock: clock}
}

// Server serves the admin API on a port of this machine, without access control, until the test
// ends. Use it to test a client. To test how an application mounts and guards the handler, call
// [httpapi.New] with the Manager instead.
func (m *Manager) Server(t testing.TB, options ...httpapi.Option) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	handler := httpapi.New(m.Manager, httpapi.AllowAll, append([]httpapi.Option{httpapi.WithBaseURL(url)}, options...)...)
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(func() {
		handler.EndStreams() // of changes, which Close would wait for
		server.Close()
	})
	return server
}

// ID returns the n-th id that a Manager of [New] issues, counted from 1:
// 00000000-0000-7000-8000-000000000001 and so on. Identities and their addresses share one
// sequence. An identity takes its id before its addresses do.
func ID(n int) uuid.UUID {
	id := uuid.UUID{6: 0x70, 8: 0x80} // version 7, variant of RFC 9562
	for at := len(id) - 1; n > 0; at, n = at-1, n>>8 {
		id[at] = byte(n)
	}
	return id
}

func counter() func() uuid.UUID {
	var (
		mu   sync.Mutex
		last int
	)
	return func() uuid.UUID {
		mu.Lock()
		defer mu.Unlock()
		last++
		return ID(last)
	}
}
