package idem

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// Manager holds the use cases. Make one with [New] and share it: all methods are
// safe for concurrent use, and every error they return is an [*Error].
type Manager struct {
	storage storage.Storage
	// schemas is shared with the Managers that WithStorage returns.
	schemas *atomic.Pointer[schema.Registry]
	config
}

// New returns a Manager that keeps identities in store and checks their traits against
// schemas. The caller owns the store, and must close it when the Manager is no longer
// used. New fails if store or schemas is nil, or if an option is invalid.
func New(store storage.Storage, schemas *schema.Registry, options ...Option) (*Manager, error) {
	if store == nil {
		return nil, errors.New("idem: the store is nil")
	}
	if schemas == nil {
		return nil, errors.New("idem: the schema registry is nil")
	}
	c, err := newConfig(options)
	if err != nil {
		return nil, err
	}
	m := &Manager{storage: store, schemas: new(atomic.Pointer[schema.Registry]), config: c}
	m.schemas.Store(schemas)
	return m, nil
}

// WithStorage returns a copy of m that uses store. The two share the schemas, also
// those that are set later, and the limit on hashing. It is cheap enough to be called
// for a single transaction:
//
//	within := manager.WithStorage(store.WithTx(tx))
//
// It panics if store is nil.
func (m *Manager) WithStorage(store storage.Storage) *Manager {
	if store == nil {
		panic("idem: WithStorage: the store is nil")
	}
	other := *m
	other.storage = store
	return &other
}

// newUUIDv7 cannot fail: the system's source of randomness either works or ends
// the process.
func newUUIDv7() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Logger returns the logger of the Manager.
func (m *Manager) Logger() *slog.Logger { return m.logger }

// Now returns the time by the Manager's clock, as identities keep it: in UTC and whole
// microseconds.
func (m *Manager) Now() time.Time { return m.now() }

// now is the time as identities keep it: whole microseconds in UTC.
func (m *Manager) now() time.Time { return m.clock().UTC().Truncate(time.Microsecond) }
