package idem

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// PrepareCreate does the slow part of a create in advance: it checks a plain password
// by the policy and hashes it, within the limit of [WithHashingLimit]. It returns c
// with the hash instead of the password. Use it before a create within a transaction of
// the application, because the transaction holds the database's lock until it ends:
//
//	prepared, err := manager.PrepareCreate(ctx, c)
//	tx, err := db.BeginTx(ctx, nil)
//	created, err := manager.WithStorage(store.WithTx(tx)).CreateIdentity(ctx, prepared)
//
// Nothing is hashed if anything is wrong with c. CreateIdentity checks everything else
// again.
//
// Errors: KindInvalid with everything that is wrong with c.
func (m *Manager) PrepareCreate(ctx context.Context, c identity.Create) (identity.Create, error) {
	return run(ctx, m, "prepare create", uuid.Nil, func(ctx context.Context) (identity.Create, error) {
		hasher := &rememberingHasher{Hasher: m.hasher}
		if _, err := m.createFacts(ctx, m.Schemas(), c, hasher); err != nil {
			return identity.Create{}, err
		}
		c.Credentials = hasher.hashed(c.Credentials)
		return c, nil
	})
}

// PrepareUpdate is PrepareCreate for an update of the identity id. PrepareUpdate reads the
// identity only for its schema, if u names none; the update applies to the identity as it
// is at the commit.
//
// Errors: KindInvalid with everything that is wrong with u; KindNotFound.
func (m *Manager) PrepareUpdate(ctx context.Context, id uuid.UUID, u identity.Update) (identity.Update, error) {
	return run(ctx, m, "prepare update", id, func(ctx context.Context) (identity.Update, error) {
		hasher := &rememberingHasher{Hasher: m.hasher}
		in := input{
			schemas: m.Schemas(), hasher: hasher,
			schemaID: u.SchemaID, traits: u.Traits, credentials: u.Credentials, checked: u.Check(),
		}
		if u.SchemaID == "" || m.refersToStored(in) {
			current, err := m.storage.Get(ctx, id)
			if err != nil {
				return identity.Update{}, m.invalidFirst(err, in)
			}
			in.schemaID, in.stored = cmp.Or(u.SchemaID, current.SchemaID), current.Credentials
		}
		if _, err := m.facts(ctx, in); err != nil {
			return identity.Update{}, err
		}
		u.Credentials = hasher.hashed(u.Credentials)
		return u, nil
	})
}

// hashed returns imported with the hash that h remembers in the place of a plain
// password, and leaves imported as it is.
func (h *rememberingHasher) hashed(imported *credentials.Import) *credentials.Import {
	if imported == nil || imported.Password == nil || imported.Password.Password == "" {
		return imported
	}
	prepared := *imported
	prepared.Password = &credentials.ImportPassword{HashedPassword: h.hash}
	return &prepared
}
