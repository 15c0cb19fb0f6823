package otelidem

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// Manager has the methods of [idem.Manager], and tells of their calls. Make one with
// [Telemetry.Manager].
type Manager struct {
	manager    *idem.Manager
	operations *managerOperations
}

// Format implements [fmt.Formatter] as the Manager within does: with a placeholder.
func (m *Manager) Format(f fmt.State, verb rune) { m.manager.Format(f, verb) }

// LogValue implements [slog.LogValuer] as the Manager within does: with a placeholder.
func (m *Manager) LogValue() slog.Value { return m.manager.LogValue() }

type managerOperations struct {
	create, update, patch, deleteIdentity, deleteCredential, importMany *operation
	get, findByExternalID, findByIdentifier, list, count                *operation
	verifyPassword, checkSchema                                         *operation
	readChanges, listChanges, lastChange, pruneChanges                  *operation
	updateRecord, pruneRecords                                          *operation
}

// newManagerOperations names the operations as [idem.Error] does in its Op.
func newManagerOperations(make func(name string) *operation) managerOperations {
	return managerOperations{
		create:           make("create identity"),
		update:           make("update identity"),
		patch:            make("patch identity"),
		deleteIdentity:   make("delete identity"),
		deleteCredential: make("delete credential"),
		importMany:       make("create identities"),
		get:              make("get identity"),
		findByExternalID: make("find identity by external id"),
		findByIdentifier: make("find identity by identifier"),
		list:             make("list identities"),
		count:            make("count identities"),
		verifyPassword:   make("verify password"),
		checkSchema:      make("check schema"),
		readChanges:      make("read changes"),
		listChanges:      make("list changes"),
		lastChange:       make("read last change"),
		pruneChanges:     make("prune changes"),
		updateRecord:     make("update record"),
		pruneRecords:     make("prune records"),
	}
}

// Unwrap returns the Manager that does the work, as package httpapi takes it.
func (m *Manager) Unwrap() *idem.Manager { return m.manager }

// WithStorage is [idem.Manager.WithStorage]. It does not wrap store.
func (m *Manager) WithStorage(store storage.Storage) *Manager {
	return &Manager{manager: m.manager.WithStorage(store), operations: m.operations}
}

// Logger is [idem.Manager.Logger].
func (m *Manager) Logger() *slog.Logger { return m.manager.Logger() }

// Schemas is [idem.Manager.Schemas].
func (m *Manager) Schemas() *schema.Registry { return m.manager.Schemas() }

// SetSchemas is [idem.Manager.SetSchemas].
func (m *Manager) SetSchemas(schemas *schema.Registry) error { return m.manager.SetSchemas(schemas) }

// CreateIdentity is [idem.Manager.CreateIdentity].
func (m *Manager) CreateIdentity(ctx context.Context, create identity.Create) (*identity.Identity, error) {
	return observe(ctx, m.operations.create, func(ctx context.Context, c *call) (*identity.Identity, error) {
		return c.found(m.manager.CreateIdentity(ctx, create))
	})
}

// UpdateIdentity is [idem.Manager.UpdateIdentity].
func (m *Manager) UpdateIdentity(ctx context.Context, id uuid.UUID, u identity.Update, preconditions ...idem.Precondition) (*identity.Identity, error) {
	return observe(ctx, m.operations.update, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(id)
		return m.manager.UpdateIdentity(ctx, id, u, preconditions...)
	})
}

// PatchIdentity is [idem.Manager.PatchIdentity].
func (m *Manager) PatchIdentity(ctx context.Context, id uuid.UUID, p idem.Patch, preconditions ...idem.Precondition) (*identity.Identity, error) {
	return observe(ctx, m.operations.patch, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(id)
		return m.manager.PatchIdentity(ctx, id, p, preconditions...)
	})
}

// DeleteIdentity is [idem.Manager.DeleteIdentity].
func (m *Manager) DeleteIdentity(ctx context.Context, id uuid.UUID, preconditions ...idem.Precondition) error {
	return observeError(ctx, m.operations.deleteIdentity, func(ctx context.Context, c *call) error {
		c.identity(id)
		return m.manager.DeleteIdentity(ctx, id, preconditions...)
	})
}

// DeleteCredential is [idem.Manager.DeleteCredential].
func (m *Manager) DeleteCredential(ctx context.Context, id uuid.UUID, t credentials.Type, identifier string, preconditions ...idem.Precondition) error {
	return observeError(ctx, m.operations.deleteCredential, func(ctx context.Context, c *call) error {
		c.identity(id)
		c.credential(t)
		return m.manager.DeleteCredential(ctx, id, t, identifier, preconditions...)
	})
}

// CreateIdentities is [idem.Manager.CreateIdentities]. Its span tells how many identities
// were refused; it has an error, the first, only where that is a fault or the caller left.
func (m *Manager) CreateIdentities(ctx context.Context, creates []identity.Create) (results []idem.CreateResult, err error) {
	// What became of each is in results.
	_ = observeError(ctx, m.operations.importMany, func(ctx context.Context, c *call) error {
		c.span.SetAttributes(keySize.Int(len(creates)))
		results, err = m.manager.CreateIdentities(ctx, creates)
		errs := make([]error, len(results))
		for n, r := range results {
			errs[n] = r.Err
		}
		return c.imported(errs)
	})
	return results, err
}

// GetIdentity is [idem.Manager.GetIdentity].
func (m *Manager) GetIdentity(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	return observe(ctx, m.operations.get, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.identity(id)
		return m.manager.GetIdentity(ctx, id)
	})
}

// FindByExternalID is [idem.Manager.FindByExternalID].
func (m *Manager) FindByExternalID(ctx context.Context, externalID string) (*identity.Identity, error) {
	return observe(ctx, m.operations.findByExternalID, func(ctx context.Context, c *call) (*identity.Identity, error) {
		return c.found(m.manager.FindByExternalID(ctx, externalID))
	})
}

// FindByIdentifier is [idem.Manager.FindByIdentifier].
func (m *Manager) FindByIdentifier(ctx context.Context, t credentials.Type, identifier string) (*identity.Identity, error) {
	return observe(ctx, m.operations.findByIdentifier, func(ctx context.Context, c *call) (*identity.Identity, error) {
		c.credential(t)
		return c.found(m.manager.FindByIdentifier(ctx, t, identifier))
	})
}

// VerifyPassword is [idem.Manager.VerifyPassword].
func (m *Manager) VerifyPassword(ctx context.Context, identifier, password string) (*identity.Identity, error) {
	return observe(ctx, m.operations.verifyPassword, func(ctx context.Context, c *call) (*identity.Identity, error) {
		return c.found(m.manager.VerifyPassword(ctx, identifier, password))
	})
}

// ListIdentities is [idem.Manager.ListIdentities].
func (m *Manager) ListIdentities(ctx context.Context, q idem.Query) (idem.Page, error) {
	return observe(ctx, m.operations.list, func(ctx context.Context, _ *call) (idem.Page, error) {
		return m.manager.ListIdentities(ctx, q)
	})
}

// CountIdentities is [idem.Manager.CountIdentities].
func (m *Manager) CountIdentities(ctx context.Context, q idem.Query) (int, error) {
	return observe(ctx, m.operations.count, func(ctx context.Context, _ *call) (int, error) {
		return m.manager.CountIdentities(ctx, q)
	})
}

// Identities is [idem.Manager.Identities]. See [Manager.Changes] for its span.
func (m *Manager) Identities(ctx context.Context, q idem.Query) iter.Seq2[*identity.Identity, error] {
	return observeEach(ctx, m.operations.list, func(ctx context.Context) iter.Seq2[*identity.Identity, error] {
		return m.manager.Identities(ctx, q)
	})
}

// CheckSchema is [idem.Manager.CheckSchema]. See [Manager.Changes] for its span.
func (m *Manager) CheckSchema(ctx context.Context, id string, candidate *schema.Schema) iter.Seq2[idem.SchemaMismatch, error] {
	return observeEach(ctx, m.operations.checkSchema, func(ctx context.Context) iter.Seq2[idem.SchemaMismatch, error] {
		return m.manager.CheckSchema(ctx, id, candidate)
	})
}

// Changes is [idem.Manager.Changes]. An iterator has one span from the beginning of the
// loop to its end, and no measurement: the time is the loop's too.
func (m *Manager) Changes(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	return observeEach(ctx, m.operations.readChanges, func(ctx context.Context) iter.Seq2[storage.Change, error] {
		return m.manager.Changes(ctx, q)
	})
}

// Watch is [idem.Manager.Watch]. It has no span, since it may go on for ever.
func (m *Manager) Watch(ctx context.Context, q storage.ChangeQuery) iter.Seq2[storage.Change, error] {
	return m.manager.Watch(ctx, q)
}

// ListChanges is [idem.Manager.ListChanges].
func (m *Manager) ListChanges(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	return observe(ctx, m.operations.listChanges, func(ctx context.Context, c *call) ([]storage.Change, error) {
		c.identity(q.IdentityID)
		return m.manager.ListChanges(ctx, q)
	})
}

// LastChange is [idem.Manager.LastChange].
func (m *Manager) LastChange(ctx context.Context) (int64, error) {
	return observe(ctx, m.operations.lastChange, func(ctx context.Context, _ *call) (int64, error) {
		return m.manager.LastChange(ctx)
	})
}

// PruneChanges is [idem.Manager.PruneChanges].
func (m *Manager) PruneChanges(ctx context.Context, keep storage.Retention) (int, error) {
	return observe(ctx, m.operations.pruneChanges, func(ctx context.Context, _ *call) (int, error) {
		return m.manager.PruneChanges(ctx, keep)
	})
}

// UpdateRecord is [idem.Manager.UpdateRecord].
func (m *Manager) UpdateRecord(ctx context.Context, key storage.RecordKey, change func(current *storage.Record) (*storage.Record, error)) error {
	return observeError(ctx, m.operations.updateRecord, func(ctx context.Context, _ *call) error {
		return m.manager.UpdateRecord(ctx, key, change)
	})
}

// PruneRecords is [idem.Manager.PruneRecords].
func (m *Manager) PruneRecords(ctx context.Context) (int, error) {
	return observe(ctx, m.operations.pruneRecords, func(ctx context.Context, _ *call) (int, error) {
		return m.manager.PruneRecords(ctx)
	})
}
