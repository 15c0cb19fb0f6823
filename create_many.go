package idem

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// CreateResult is the result of one create of [Manager.CreateIdentities]. Exactly one
// of its fields is set.
type CreateResult struct {
	Identity *identity.Identity
	// Err is an [*Error], as CreateIdentity would return it.
	Err error
}

// createChunk is how many identities are checked before they are stored, and so how
// much of an import is in memory twice.
const createChunk = 1000

// CreateIdentities creates many identities, each on its own: if one fails, the others
// are still created. If two of them clash, the earlier one is created and the later one
// fails. Passwords are hashed in parallel, within the limit of [WithHashingLimit], and
// the store can commit many creates together.
//
// The results have the length and order of creates. The error is that of ctx, if it
// ended before all creates were done. Some identities may then have been created; the
// results say what happened to each.
func (m *Manager) CreateIdentities(ctx context.Context, creates []identity.Create) ([]CreateResult, error) {
	return run(ctx, m, "create identities", uuid.Nil, func(ctx context.Context) ([]CreateResult, error) {
		// All items are held against the schemas of one moment.
		schemas, results := m.Schemas(), make([]CreateResult, len(creates))
		for start := 0; start < len(creates); start += createChunk {
			end := min(start+createChunk, len(creates))
			m.createChunk(ctx, schemas, creates[start:end], results[start:end])
		}
		return results, ctx.Err()
	})
}

func (m *Manager) createChunk(ctx context.Context, schemas *schema.Registry, creates []identity.Create, results []CreateResult) {
	facts, errs := m.factsOfAll(ctx, schemas, creates)
	var (
		identities []*identity.Identity
		positions  []int
	)
	for n, c := range creates {
		if errs[n] != nil {
			continue
		}
		created := c.Apply(m.newID(), facts[n])
		if errs[n] = identity.CheckBounds(nil, created); errs[n] != nil {
			continue
		}
		if errs[n] = m.askCreate(ctx, created); errs[n] == nil {
			identities = append(identities, created)
			positions = append(positions, n)
		}
	}
	created, createErrs := m.storage.CreateMany(ctx, identities)
	for k, n := range positions {
		results[n].Identity = created[k]
		errs[n] = locate(createErrs[k], facts[n].Derived, creates[n].Credentials)
	}
	const op = "create identity"
	for n, err := range errs {
		id := about(uuid.Nil, results[n].Identity)
		if results[n].Err = m.wrap(ctx, op, id, err); err == nil {
			m.logChange(ctx, op, id)
		}
	}
}

// factsOfAll works out the facts of all creates, as many at once as there are
// processors. A hook of the application that panics or ends its goroutine does so to the
// caller, as it does in a create.
func (m *Manager) factsOfAll(ctx context.Context, schemas *schema.Registry, creates []identity.Create) ([]identity.Facts, []error) {
	facts, errs := make([]identity.Facts, len(creates)), make([]error, len(creates))
	var next atomic.Int64
	parallel(min(runtime.GOMAXPROCS(0), len(creates)), func(int) {
		for n := int(next.Add(1)) - 1; n < len(creates); n = int(next.Add(1)) - 1 {
			facts[n], errs[n] = m.createFacts(ctx, schemas, creates[n], m.hasher)
		}
	})
	return facts, errs
}
