package idem

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

// Patch is a change to part of an identity. Make one with [JSONPatch] or
// [MergePatch]. It prints as a placeholder.
type Patch struct{ patch wire.Patch }

// JSONPatch returns a patch by operations: a JSON array after RFC 6902 of add, remove, replace, move, copy and test. add
// and replace create what is missing in their path.
func JSONPatch(document []byte) Patch { return Patch{wire.JSONPatch(document)} }

// MergePatch returns a patch by example: a JSON object after RFC 7396.
func MergePatch(document []byte) Patch { return Patch{wire.MergePatch(document)} }

// Format implements [fmt.Formatter] with a placeholder: a patch may set a password.
func (p Patch) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (p Patch) LogValue() slog.Value { return slog.StringValue(p.placeholder()) }

func (p Patch) placeholder() string { return fmt.Sprintf("[patch of %d bytes]", p.patch.Size()) }

// ErrTestFailed says that a test operation of a patch found another value.
var ErrTestFailed = wire.ErrTestFailed

// PatchIdentity changes part of the identity id and returns the identity as it is
// then. The patch works on the identity as GET answers it over HTTP, with the config
// of every credential but without schema_url. It may change traits, state, schema_id,
// metadata_public, metadata_admin, external_id, organization_id, the verified and
// status of addresses, and the config of credentials, which is checked like an
// imported one; whatever else it changes is refused.
//
// It is one atomic step, applied to the identity as it is when it commits: patches to
// different fields at the same time all survive. With preconditions it happens only
// if they all hold.
//
// Errors: KindInvalid for a patch that cannot be applied, names what is not there,
// changes what is protected, or leaves an identity that is not valid; KindNotFound;
// KindConflict for a failed test ([ErrTestFailed]) and as in an update;
// KindPrecondition; KindVetoed.
func (m *Manager) PatchIdentity(ctx context.Context, id uuid.UUID, p Patch, preconditions ...Precondition) (*identity.Identity, error) {
	return write(ctx, m, "patch identity", id, func(ctx context.Context) (*identity.Identity, error) {
		return m.patchIdentity(ctx, id, p, preconditions)
	})
}

func (m *Manager) patchIdentity(ctx context.Context, id uuid.UUID, p Patch, preconditions []Precondition) (*identity.Identity, error) {
	if err := p.patch.Check(); err != nil {
		return nil, err
	}
	return m.edit(ctx, id, func(current *identity.Identity) (identity.Edit, error) {
		return wire.ResolvePatch(current, p.patch)
	}, preconditions)
}
