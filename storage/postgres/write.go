package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/document"
)

// attempts is how often an update or a delete is worked out beside the others, before it
// is worked out with the row locked, where it cannot lose.
const attempts = 2

// write is a create, an update or a delete that is worked out: all JSON work is done.
type write struct {
	change storage.Change // its entry in the feed
	// token is what the identity has after the write, and what the feed has. It proves that
	// the write happened.
	token int64
	// previous is the token of the identity that the write was worked out from. The revision
	// alone would not tell whether that is still there: where an identity was deleted and
	// another created with its id, revisions begin again.
	previous       int64
	document       []byte
	organization   uuid.UUID // the nil id for none
	added, removed []storage.Claim
	// before is what is replaced, which indexes have rows of up to the number indexed, and
	// after is what replaces it.
	before, after *identity.Identity
	indexed       int64
	rows          *indexRows // nil until prepare

	// lost is why the answer of a batch with the write is missing, nil if it is not.
	lost error
}

func newToken() int64 { return rand.Int64() }

// newCreate prepares a create for the caller whose context is ctx.
func newCreate(ctx context.Context, i *identity.Identity) *write {
	return &write{
		change: storage.NewChange(ctx, nil, i, i.UpdatedAt), token: newToken(),
		document: document.Append(nil, i), organization: i.OrganizationID.UUID, added: storage.Claims(i),
		after: i,
	}
}

// newUpdate prepares an update for the caller whose context is ctx.
func newUpdate(ctx context.Context, current stored, next *identity.Identity) *write {
	w := &write{
		change: storage.NewChange(ctx, current.identity, next, next.UpdatedAt), token: newToken(), previous: current.token,
		document: document.Append(nil, next), organization: next.OrganizationID.UUID,
		before: current.identity, after: next, indexed: current.indexed,
	}
	w.added, w.removed = storage.ChangedClaims(current.identity, next)
	return w
}

// newRemoval checks a delete and prepares it for the caller whose context is ctx.
func newRemoval(ctx context.Context, current stored, at time.Time, check func(current *identity.Identity) error) (*write, error) {
	w := &write{
		change: storage.NewChange(ctx, current.identity, nil, at), token: newToken(), previous: current.token,
		removed: storage.Claims(current.identity),
		before:  current.identity, indexed: current.indexed,
	}
	if check == nil {
		return w, nil
	}
	return w, check(current.identity) // last, since it may edit what it is given
}

// fieldSeparator does not occur in the name of a field.
const fieldSeparator = ","

// entry are the arguments that all statements of a write have: those of its pending entry.
func (w *write) entry() []any {
	return []any{
		w.token, w.change.IdentityID.String(), w.change.Revision, string(w.change.Operation), storage.UnixMicro(w.change.Time),
		strings.Join(w.change.Fields, fieldSeparator), []byte(w.change.Actor),
	}
}

// statement returns the statement of the write by itself, which must be prepared. It changes
// one row if the write happens, and none if it may not.
func (w *write) statement(s *statements) (form form, args []any) {
	args = w.entry()
	version, greatest := w.rows.set.Version, w.rows.set.Greatest()
	if w.change.Operation == storage.OperationDelete {
		return s.remove, append(append(append(args, w.previous), claimArrays(w.removed)...), version, w.indexed)
	}
	args = append(args, idOrNil(w.organization), w.document)
	switch {
	case w.change.Operation == storage.OperationCreate:
		return s.create, append(append(args, claimArrays(w.added)...), version, greatest)
	case !w.changesClaims():
		return s.update, append(args, w.previous, version, greatest, w.indexed)
	}
	args = append(append(append(args, w.previous), claimArrays(w.removed)...), claimArrays(w.added)...)
	return s.updateClaims, append(args, version, greatest, w.indexed)
}

// changesClaims reports whether an update releases or takes claims.
func (w *write) changesClaims() bool {
	return w.change.Operation == storage.OperationUpdate && len(w.added)+len(w.removed) > 0
}

func idOrNil(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

// Create implements [storage.Storage].
func (s *Store) Create(ctx context.Context, i *identity.Identity) (*identity.Identity, error) {
	created := storage.ApplyCreate(i)
	return orNil(created, s.write(ctx, newCreate(ctx, created)))
}

// CreateMany implements [storage.Storage].
func (s *Store) CreateMany(ctx context.Context, identities []*identity.Identity) ([]*identity.Identity, []error) {
	created := make([]*identity.Identity, len(identities))
	writes := make([]*write, len(identities))
	for n, i := range identities {
		created[n] = storage.ApplyCreate(i)
		writes[n] = newCreate(ctx, created[n])
	}
	errs := s.createAll(ctx, writes)
	for n, err := range errs {
		if err != nil {
			created[n] = nil
		}
	}
	return created, errs
}

// createAll makes creates, all at once but for those that clash with an earlier one: these
// come afterwards, in their order.
func (s *Store) createAll(ctx context.Context, writes []*write) []error {
	var (
		errs          = make([]error, len(writes))
		first         []*write
		places, later []int
		taken         = map[storage.Claim]bool{}
	)
	for n, w := range writes {
		keys := append(slices.Clone(w.added), storage.Claim{Kind: storage.ClaimKindID, Value: w.change.IdentityID.String()})
		if slices.ContainsFunc(keys, func(key storage.Claim) bool { return taken[key] }) {
			later = append(later, n)
		} else {
			first, places = append(first, w), append(places, n)
		}
		for _, key := range keys {
			taken[key] = true
		}
	}
	for n, err := range s.writeAll(ctx, first) {
		errs[places[n]] = err
	}
	for _, n := range later {
		errs[n] = s.write(ctx, writes[n])
	}
	return errs
}

// Update implements [storage.Storage].
func (s *Store) Update(ctx context.Context, id uuid.UUID,
	change func(current *identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {

	for range attempts {
		current, err := s.getStored(ctx, id)
		if err != nil {
			return nil, err
		}
		next, err := storage.ApplyUpdateShared(ctx, s, current.identity, change)
		if err != nil || next == current.identity {
			return next, err
		}
		if err := s.write(ctx, newUpdate(ctx, current, next)); !errors.Is(err, errMoved) {
			return orNil(next, err)
		}
	}
	var next *identity.Identity
	err := s.writeLocked(ctx, id, updating(ctx, s, change, &next))
	return orNil(next, err)
}

// updating returns what works an update out. It sets next.
func updating(ctx context.Context, store storage.Storage, change func(current *identity.Identity) (*identity.Identity, error),
	next **identity.Identity) func(current stored) (*write, error) {

	return func(current stored) (w *write, err error) {
		*next, err = storage.ApplyUpdateShared(ctx, store, current.identity, change)
		if err != nil || *next == current.identity {
			return nil, err
		}
		return newUpdate(ctx, current, *next), nil
	}
}

// Delete implements [storage.Storage].
func (s *Store) Delete(ctx context.Context, id uuid.UUID, at time.Time, check func(current *identity.Identity) error) error {
	for range attempts {
		current, err := s.getStored(ctx, id)
		if err != nil {
			return err
		}
		w, err := newRemoval(ctx, current, at, check)
		if err != nil {
			return err
		}
		if err := s.write(ctx, w); !errors.Is(err, errMoved) {
			return err
		}
	}
	return s.writeLocked(ctx, id, func(current stored) (*write, error) { return newRemoval(ctx, current, at, check) })
}

func orNil(i *identity.Identity, err error) (*identity.Identity, error) {
	if err != nil {
		return nil, err
	}
	return i, nil
}

// write makes one write. It returns errMoved if the identity has moved on, a conflict, or
// what a caller is told.
func (s *Store) write(ctx context.Context, w *write) error { return s.writeAll(ctx, []*write{w})[0] }

// writeAll makes writes that do not clash with each other. Those that must be made by
// themselves are made one after the other, so that the feed has them in their order.
func (s *Store) writeAll(ctx context.Context, writes []*write) []error {
	s.using.RLock() // so that Close waits
	defer s.using.RUnlock()
	errs := s.commits.Do(ctx, writes...)
	for n, err := range errs {
		if errors.Is(err, errAlone) {
			errs[n] = s.alone(writes[n])
		}
	}
	return errs
}
