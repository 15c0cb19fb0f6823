// Package restoring has what stores that take over the data of another store have in common.
package restoring

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// VerifyIdentities requires that a store has identities as they are given. Errors: one that
// wraps [storage.ErrConflict] and names the first identity that it does not have, or has
// with other content; those of the store.
func VerifyIdentities(ctx context.Context, store storage.Storage, identities []*identity.Identity) error {
	wanted := make([]uuid.UUID, len(identities))
	for n, i := range identities {
		wanted[n] = i.ID
	}
	there := make(map[uuid.UUID]*identity.Identity, len(identities))
	for q := (storage.Query{Filter: storage.Filter{IDs: wanted}, Limit: len(wanted)}); len(wanted) > 0; {
		page, err := store.List(ctx, q)
		if err != nil {
			return err
		}
		for _, i := range page.Identities {
			there[i.ID] = i
		}
		if q.After = page.Next; q.After.ID == uuid.Nil {
			break
		}
	}
	for _, i := range identities {
		switch found := there[i.ID]; {
		case found == nil:
			return fmt.Errorf("identity %s claims what another one has: %w", i.ID, storage.ErrConflict)
		case found.Revision != i.Revision || !found.Equal(i):
			return fmt.Errorf("identity %s is there already and differs: %w", i.ID, storage.ErrConflict)
		}
	}
	return nil
}

// errGap says that changes cannot be restored because earlier ones are missing.
var errGap = errors.New("changes must be restored in order and without gaps")

// CheckChanges requires that changes continue a feed whose newest change has the number last,
// 0 if there is none. An empty feed may begin anywhere. Changes that are there already may
// be among them.
func CheckChanges(last int64, changes []storage.Change) error {
	for n, c := range changes {
		if n == 0 && last > 0 && c.Sequence > last+1 || n > 0 && c.Sequence != changes[n-1].Sequence+1 {
			return errGap
		}
	}
	return nil
}
