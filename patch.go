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
// as a placeholder. It is safe for concurrent use as long as the document it was made of is not modified.
type Patch struct {
	parse    func(document []byte) (wire.Patch, error)
	document []byte
}

// JSONPatch returns a patch of operations. document is a JSON array by RFC 6902 of add, remove, replace, move, copy and
// test operations. add and replace create the missing parts of their path. An operation must not read credentials,
// except within the links of one oidc or saml credential.
func JSONPatch(document []byte) Patch { return Patch{wire.JSONPatch, document} }

// MergePatch returns a merge patch. document is a JSON object by RFC 7396.
func MergePatch(document []byte) Patch { return Patch{wire.MergePatch, document} }

// Format implements [fmt.Formatter] with a placeholder: a patch may set a password.
func (p Patch) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (p Patch) LogValue() slog.Value { return slog.StringValue(p.placeholder()) }

func (p Patch) placeholder() string { return fmt.Sprintf("[patch of %d bytes]", len(p.document)) }

// ErrTestFailed is the error of a patch whose test operation found another value.
var ErrTestFailed = wire.ErrTestFailed

// PatchIdentity changes part of the identity id and returns the changed identity. The patch applies to the JSON that GET
// returns over HTTP, with the config of every credential and without schema_url. It may change:
//
//   - traits, state, schema_id, metadata_public, metadata_admin, external_id and organization_id;
//   - whether an address is verified: verified, status and verified_at. The addresses themselves are derived from the
//     traits;
//   - the config of credentials, which is checked like an imported one.
//
// All other fields may be sent unchanged; a change of one is refused. Traits that the patch does not change are not
// validated.
//
// The patch is one atomic step, applied to the identity as it is when the step commits: concurrent patches to different
// fields all take effect, and a patch succeeds however many other changes happen meanwhile. The work is bounded by the
// sizes of the patch and the identity, and stops when ctx ends. With preconditions the patch is applied only if they all
// hold.
//
// Errors: KindInvalid for a patch that cannot be applied, names a missing value, changes a protected field, reads a secret,
// or results in an invalid identity; KindNotFound; KindConflict for a failed test ([ErrTestFailed]) and as in an update;
// KindPrecondition; KindVetoed.
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
