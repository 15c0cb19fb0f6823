package idem

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
	"github.com/idemkit/idem/violation"
)

// Patch is a change to part of an identity. Make one with [JSONPatch] or [MergePatch]; the zero Patch is refused. It prints
// as a placeholder. It is safe for concurrent use as long as nobody modifies the document it was made of.
type Patch struct {
	parse    func(document []byte) (wire.Patch, error)
	document []byte
}

// JSONPatch returns a patch by operations: a JSON array after RFC 6902 of add, remove, replace, move, copy and test. add
// and replace create what is missing in their path. An operation must not read credentials, except within the links of
// one oidc or saml credential.
func JSONPatch(document []byte) Patch { return Patch{wire.JSONPatch, document} }

// MergePatch returns a patch by example: a JSON object after RFC 7396.
func MergePatch(document []byte) Patch { return Patch{wire.MergePatch, document} }

// Format implements [fmt.Formatter] with a placeholder: a patch may set a password.
func (p Patch) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (p Patch) LogValue() slog.Value { return slog.StringValue(p.placeholder()) }

func (p Patch) placeholder() string { return fmt.Sprintf("[patch of %d bytes]", len(p.document)) }

// ErrTestFailed says that a test operation of a patch found another value.
var ErrTestFailed = wire.ErrTestFailed

// PatchIdentity changes part of the identity id and returns the identity as it is then. The patch works on the identity as
// GET answers it over HTTP, with the config of every credential but without schema_url. It may change:
//
//   - traits, state, schema_id, metadata_public, metadata_admin, external_id and organization_id;
//   - whether an address is verified: verified, status and verified_at. Which addresses there are follows from the traits;
//   - the config of credentials, which is checked like an imported one.
//
// Everything else may be sent as it is, and is refused otherwise. Traits that the patch leaves alone are not validated.
//
// The patch is one atomic step, applied to the identity as it is when the step commits: patches to different fields at the
// same time all survive, and no number of other changes keeps it from happening. Its work is bounded by the size of the
// patch and of the identity, and ends with ctx. With preconditions it happens only if they all hold.
//
// Errors: KindInvalid for a patch that cannot be applied, names what is not there, changes what is protected, reads what
// is secret, or leaves an identity that is not valid; KindNotFound; KindConflict for a failed test ([ErrTestFailed]) and as
// in an update; KindPrecondition; KindVetoed.
func (m *Manager) PatchIdentity(ctx context.Context, id uuid.UUID, p Patch, preconditions ...Precondition) (*identity.Identity, error) {
	return write(ctx, m, "patch identity", id, func(ctx context.Context) (*identity.Identity, error) {
		return m.patchIdentity(ctx, id, p, preconditions)
	})
}

func (m *Manager) patchIdentity(ctx context.Context, id uuid.UUID, p Patch, preconditions []Precondition) (*identity.Identity, error) {
	if p.parse == nil {
		return nil, violation.New("", "", "the patch is empty")
	}
	patch, err := p.parse(p.document)
	if err != nil {
		return nil, err
	}
	return m.edit(ctx, id, func(current *identity.Identity) (identity.Edit, error) {
		return wire.ResolvePatch(ctx, current, patch)
	}, preconditions)
}
