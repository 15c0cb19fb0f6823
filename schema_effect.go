package idem

import (
	"context"
	"errors"
	"hash/maphash"
	"iter"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// SchemaEffect is what a candidate schema would change about one identity.
type SchemaEffect struct {
	ID uuid.UUID
	// Violations say what is wrong with the identity's traits, without their values. If there are any,
	// [Manager.Rederive] would not change the identity, so the other fields are empty.
	Violations []violation.Violation
	// Gained and Lost are the identifiers and addresses that the identity would gain and lose, as
	// [storage.Claims] lists them. They hold personal data.
	Gained, Lost []storage.Claim
	// Clashes are those of Gained that another identity has too, or would gain.
	Clashes []SchemaClash
}

// SchemaClash is an identifier or address that two identities would have.
type SchemaClash struct {
	Claim storage.Claim
	// With is the other identity: the one that already has the claim, or one with a lower id that would also
	// gain it.
	With uuid.UUID
}

// maxClashClaims bounds the gained claims that CheckSchema remembers at once, in about 20 MiB.
const maxClashClaims = 1 << 18

// CheckSchema reports what would change for the identities of the schema id if candidate took its place and
// [Manager.Rederive] ran: traits that candidate refuses, identifiers and addresses that are gained and lost, and clashes
// between identities. It yields an effect for each identity that would change, in the order of ids. It changes nothing
// itself. candidate may refer to the schemas that are registered.
//
// It reads all identities, page by page, in constant memory. If more than 262,144 identifiers and addresses are gained,
// it reads all identities again for each further 262,144, and yields an identity again if it finds another clash.
//
// The iterator ends after an error: that of a candidate that cannot be linked (KindInvalid), of ctx, or of the store.
func (m *Manager) CheckSchema(ctx context.Context, id string, candidate *schema.Schema) iter.Seq2[SchemaEffect, error] {
	return m.CheckSchemaOf(ctx, Query{}, id, candidate)
}

// CheckSchemaOf is [Manager.CheckSchema] for those identities of the schema that the filters of q select, as if
// [Manager.Rederive] ran for them alone. q.Sort, q.Offset and q.PageToken must not be set, since effects are in the order
// of ids; the other fields of q have no effect. An invalid q is one more error of KindInvalid.
func (m *Manager) CheckSchemaOf(ctx context.Context, q Query, id string, candidate *schema.Schema) iter.Seq2[SchemaEffect, error] {
	const op = "check schema"
	return func(yield func(SchemaEffect, error) bool) {
		_ = runError(ctx, m, op, uuid.Nil, func(ctx context.Context) error {
			filter, err := q.walkFilter(id)
			if err != nil {
				err = m.wrap(ctx, op, uuid.Nil, err)
				yield(SchemaEffect{}, err)
				return err
			}
			linked, err := m.Schemas().With(candidate)
			if err != nil {
				err = m.wrap(ctx, op, uuid.Nil, violation.New("/schema_id", "", err.Error()))
				yield(SchemaEffect{}, err)
				return err
			}
			candidate, _ := linked.Get(candidate.ID())
			check := &schemaCheck{manager: m, filter: filter, candidate: candidate, limit: m.clashClaims, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
			err = check.run(ctx, yield)
			if err != nil {
				err = m.wrap(ctx, op, uuid.Nil, err)
				yield(SchemaEffect{}, err)
			}
			return err
		})
	}
}

// schemaCheck is one call of CheckSchema.
type schemaCheck struct {
	manager   *Manager
	filter    storage.Filter
	candidate *schema.Schema

	limit int
	seeds [2]maphash.Seed
	// gainer is which identity would gain a claim, of those that this walk remembers. Claims are told apart by two hashes.
	gainer map[[2]uint64]uuid.UUID
}

// run walks the identities. Each walk remembers the claims of some of them, as many as fit, and holds those of all that
// come later against them; the next walk goes on where this one could remember no more. So every pair meets once.
func (c *schemaCheck) run(ctx context.Context, yield func(SchemaEffect, error) bool) error {
	after, first := uuid.Nil, true
	for {
		c.gainer = make(map[[2]uint64]uuid.UUID)
		next, more, err := c.walk(ctx, after, first, yield)
		if err != nil || !more {
			return err
		}
		after, first = next, false
	}
}

// walk yields the effects on the identities after an id. If it could not remember all that they gain, more is true and
// next is the last identity whose claims it remembers.
func (c *schemaCheck) walk(ctx context.Context, after uuid.UUID, first bool, yield func(SchemaEffect, error) bool) (next uuid.UUID, more bool, err error) {
	next = after
	err = c.manager.walk(ctx, c.filter, after, func(i *identity.Identity) error {
		effect, err := c.effect(ctx, i, first)
		if err != nil {
			return err
		}
		if more = more || len(c.gainer)+len(effect.Gained) > c.limit && len(c.gainer) > 0; !more {
			for _, claim := range effect.Gained {
				c.gainer[c.key(claim)] = i.ID
			}
			next = i.ID
		}
		if !first {
			effect = SchemaEffect{ID: effect.ID, Clashes: effect.Clashes}
		}
		if effect.Violations == nil && effect.Gained == nil && effect.Lost == nil && effect.Clashes == nil {
			return nil
		}
		if !yield(effect, nil) {
			return errStopped
		}
		return nil
	})
	if errors.Is(err, errStopped) {
		return next, false, nil
	}
	return next, more, err
}

func (c *schemaCheck) key(claim storage.Claim) [2]uint64 {
	return [2]uint64{maphash.Comparable(c.seeds[0], claim), maphash.Comparable(c.seeds[1], claim)}
}

// effect works out what would change for i. Owners are looked up in the first walk alone.
func (c *schemaCheck) effect(ctx context.Context, i *identity.Identity, owners bool) (SchemaEffect, error) {
	effect := SchemaEffect{ID: i.ID}
	derived, err := c.candidate.Validate(i.Traits)
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		effect.Violations = invalid.Violations
		return effect, nil
	}
	if err != nil {
		return effect, err
	}
	effect.Gained, effect.Lost = storage.ChangedClaims(i, i.Rederived(identity.Facts{
		Now: i.UpdatedAt, NewID: func(int) uuid.UUID { return uuid.Nil }, SchemaID: i.SchemaID, Derived: derived,
	}))
	for _, claim := range effect.Gained {
		if with, clashes := c.gainer[c.key(claim)]; clashes {
			effect.Clashes = append(effect.Clashes, SchemaClash{Claim: claim, With: with})
			continue
		}
		if !owners {
			continue
		}
		owner, err := c.manager.storage.Find(ctx, claim)
		switch {
		case errors.Is(err, storage.ErrNotFound):
		case err != nil:
			return effect, err
		case owner.ID != i.ID && c.keeps(owner, claim):
			effect.Clashes = append(effect.Clashes, SchemaClash{Claim: claim, With: owner.ID})
		}
	}
	return effect, nil
}

// keeps reports whether i, which has claim, would still have it.
func (c *schemaCheck) keeps(i *identity.Identity, claim storage.Claim) bool {
	if !c.filter.Matches(i) {
		return true
	}
	derived, err := c.candidate.Validate(i.Traits)
	if err != nil {
		return true
	}
	_, lost := storage.ChangedClaims(i, i.Rederived(identity.Facts{
		Now: i.UpdatedAt, NewID: func(int) uuid.UUID { return uuid.Nil }, SchemaID: i.SchemaID, Derived: derived,
	}))
	for _, l := range lost {
		if l == claim {
			return false
		}
	}
	return true
}

// walkFilter is the filter of q for a walk over the identities of a schema, in the order of ids. An empty schemaID is
// every schema.
func (q Query) walkFilter(schemaID string) (storage.Filter, error) {
	filter, err := q.filter()
	switch {
	case err != nil:
		return filter, err
	case len(q.Sort) > 0:
		return filter, violation.New("/sort", "", "must not be set: the results are in the order of ids")
	case q.PageToken != "":
		return filter, violation.New("/page_token", "", "must not be set: it belongs to a list")
	case q.Offset != 0:
		return filter, violation.New("/offset", "", "must not be set")
	case schemaID != "":
		filter.Where = query.And(query.Eq("/schema_id", schemaID), filter.Where)
	}
	return filter, place("/filter", filter.Where.Err())
}

// walk calls visit for every identity that matches, in the order of ids, from the one after an id on. The error is
// that of visit, of the store, or of ctx.
func (m *Manager) walk(ctx context.Context, filter storage.Filter, after uuid.UUID, visit func(i *identity.Identity) error) error {
	q := storage.Query{Filter: filter, After: query.Position{ID: after}, Limit: storage.DefaultLimit}
	for {
		page, err := run(ctx, m, "list identities", uuid.Nil, func(ctx context.Context) (storage.Page, error) {
			return m.storage.List(ctx, q)
		})
		if err != nil {
			return err
		}
		for _, i := range page.Identities {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := visit(i); err != nil {
				return err
			}
		}
		if page.Next.ID == uuid.Nil {
			return nil
		}
		q.After = page.Next
	}
}
