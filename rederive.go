package idem

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// RederiveQuery says which identities [Manager.Rederive] brings up to date.
type RederiveQuery struct {
	// SchemaID selects the identities of one schema. Empty selects those of every schema.
	SchemaID string
	// Query selects among them by its filters. Its Sort, Offset and PageToken must not be set, since results are in
	// the order of ids; its other fields have no effect.
	Query Query
	// After skips the identities up to and including this id, in the order of ids. To resume, set it to the ID of the
	// last result.
	After uuid.UUID
}

// Rederived is the result of [Manager.Rederive] for one identity.
type Rederived struct {
	ID uuid.UUID
	// Changed reports whether the identity was written.
	Changed bool
	// Gained and Lost are the identifiers and addresses that the identity gained and lost, as [storage.Claims] lists
	// them. They hold personal data.
	Gained, Lost []storage.Claim
	// Err, an [*Error], says why the identity was not changed: KindInvalid if the schema refuses its traits or is not
	// registered, KindConflict if another identity has an identifier or address that it would gain
	// ([*storage.ConflictError] says which), KindVetoed. It is nil on success.
	Err error
}

// Rederive brings identities up to date with their schemas as they are registered now, and with the rules by which idem
// normalises: identifiers and addresses become exactly those that the traits give. Call it after [Manager.SetSchemas],
// which changes no identity, and after an update of idem whose notes ask for it. [Manager.CheckSchema] reports in
// advance what Rederive will do.
//
// It yields a result for each identity that q selects, in the order of ids. Each identity is changed in an atomic step
// of its own, which is recorded in the feed; an identity that is up to date is not written. An identity that cannot be
// brought up to date is not changed. If two identities would gain the same identifier or address, the one with the lower
// id gets it, and the other is reported. An identifier or address that one identity loses can be gained by another in
// the next run. A verified address that stays, in any spelling that normalises alike, stays verified.
//
// Rederive can be stopped at any time and resumed after the last result. The iterator ends after an error: that of an
// invalid Query (KindInvalid), of ctx, or of the store. The result that comes with the error has the ID of the last identity before it.
func (m *Manager) Rederive(ctx context.Context, q RederiveQuery) iter.Seq2[Rederived, error] {
	const op = "rederive identities"
	return func(yield func(Rederived, error) bool) {
		_ = runError(ctx, m, op, uuid.Nil, func(ctx context.Context) error {
			last, err := m.rederive(ctx, q, yield)
			if err != nil {
				err = m.wrap(ctx, op, uuid.Nil, err)
				yield(Rederived{ID: last}, err)
			}
			return err
		})
	}
}

// rederiveBatch is how many identities are brought up to date at once. Each waits for the store to make it durable, which
// takes no longer for many.
const rederiveBatch = 32

func (m *Manager) rederive(ctx context.Context, q RederiveQuery, yield func(Rederived, error) bool) (last uuid.UUID, err error) {
	schemas, last := m.Schemas(), q.After
	filter, err := q.Query.walkFilter(q.SchemaID)
	if err != nil {
		return last, err
	}
	var batch []*identity.Identity
	flush := func() error {
		results, err := m.rederiveAll(ctx, schemas, batch)
		batch = batch[:0]
		for _, result := range results {
			if !yield(result, nil) {
				return errStopped
			}
			last = result.ID
		}
		return err
	}
	err = m.walk(ctx, filter, q.After, func(i *identity.Identity) error {
		if batch = append(batch, i); len(batch) < rederiveBatch {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if errors.Is(err, errStopped) {
		err = nil
	}
	return last, err
}

// rederiveAll brings identities up to date, in parallel, and returns the results in their order, up to the first that
// ended with an error of the store or of ctx.
func (m *Manager) rederiveAll(ctx context.Context, schemas *schema.Registry, identities []*identity.Identity) ([]Rederived, error) {
	results, errs := make([]Rederived, len(identities)), make([]error, len(identities))
	facts := make([]identity.Facts, len(identities))
	// In parallel are those that gain nothing that an earlier one gains: of two, the earlier gets it.
	var apart, after []int
	gained := make(map[storage.Claim]bool)
	for n, i := range identities {
		results[n] = Rederived{ID: i.ID}
		derived, err := m.rederiveFacts(schemas, i)
		if err != nil {
			results[n].Err, errs[n] = m.settle(ctx, i.ID, err)
			continue
		}
		next := i.Rederived(derived)
		if next.Equal(i) {
			continue
		}
		facts[n] = derived
		order := &apart
		added, _ := storage.ChangedClaims(i, next)
		for _, claim := range added {
			if gained[claim] {
				order = &after
			}
			gained[claim] = true
		}
		*order = append(*order, n)
	}
	parallel(len(apart), func(k int) {
		n := apart[k]
		results[n], errs[n] = m.rederiveOne(ctx, schemas, identities[n], facts[n])
	})
	for _, n := range after {
		results[n], errs[n] = m.rederiveOne(ctx, schemas, identities[n], facts[n])
	}
	// What one has lost by now another may gain.
	for _, n := range slices.Sorted(slices.Values(append(apart, after...))) {
		if errs[n] == nil && errors.Is(results[n].Err, storage.ErrConflict) {
			results[n], errs[n] = m.rederiveOne(ctx, schemas, identities[n], facts[n])
		}
	}
	kept := results[:0]
	for n, err := range errs {
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return kept, err
		}
		if err == nil {
			kept = append(kept, results[n]) // one that was deleted meanwhile has none
		}
	}
	return kept, nil
}

// rederiveOne is the step of one identity, of whose traits facts were made. The error ends the whole call, but for [storage.ErrNotFound].
func (m *Manager) rederiveOne(ctx context.Context, schemas *schema.Registry, i *identity.Identity, facts identity.Facts) (Rederived, error) {
	result, before := Rederived{ID: i.ID}, i
	updated, err := write(ctx, m, "rederive identity", i.ID, func(ctx context.Context) (*identity.Identity, error) {
		for {
			updated, err := m.change(ctx, i.ID, nil, func(current *identity.Identity) (*identity.Identity, error) {
				if current.SchemaID != before.SchemaID || !bytes.Equal(current.Traits, before.Traits) {
					return nil, errTraitsMoved
				}
				before = current.Clone()
				return current.Rederived(facts), nil
			})
			if !errors.Is(err, errTraitsMoved) {
				return updated, locate(err, facts.Derived, nil)
			}
			if before, err = m.storage.Get(ctx, i.ID); err != nil {
				return nil, err
			}
			if facts, err = m.rederiveFacts(schemas, before); err != nil {
				return nil, err
			}
		}
	})
	if err != nil {
		result.Err, err = m.settle(ctx, i.ID, err)
		return result, err
	}
	result.Changed = updated.Revision != before.Revision
	result.Gained, result.Lost = storage.ChangedClaims(before, updated)
	return result, nil
}

// rederiveFacts works out what the traits of i give.
func (m *Manager) rederiveFacts(schemas *schema.Registry, i *identity.Identity) (identity.Facts, error) {
	derived, err := input{schemas: schemas, schemaID: i.SchemaID, traits: i.Traits}.derive()
	if err != nil {
		return identity.Facts{}, err
	}
	return identity.Facts{SchemaID: i.SchemaID, Derived: derived, NewID: memoize(m.newID), Now: m.now()}, nil
}

// settle tells an error that concerns one identity alone from one that ends the call.
func (m *Manager) settle(ctx context.Context, id uuid.UUID, err error) (own, end error) {
	switch KindOf(err) {
	case KindInvalid, KindConflict, KindVetoed:
		return m.wrap(ctx, "rederive identity", id, err), nil
	}
	return nil, err
}

// parallel calls work for 0 to n-1, each on a goroutine of its own, and returns when all have ended. A panic of one, or a
// call of runtime.Goexit, is the caller's.
func parallel(n int, work func(k int)) {
	var (
		running  sync.WaitGroup
		mu       sync.Mutex
		panicked any
		exited   bool
	)
	for k := range n {
		running.Go(func() {
			returned := false
			defer func() {
				p := recover()
				mu.Lock()
				defer mu.Unlock()
				if p != nil {
					panicked = p
				} else if !returned {
					exited = true
				}
			}()
			work(k)
			returned = true
		})
	}
	running.Wait()
	switch {
	case panicked != nil:
		panic(panicked)
	case exited:
		runtime.Goexit()
	}
}
