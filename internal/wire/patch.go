package wire

import (
	"context"
	"slices"
	"strconv"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire/jsonpatch"
	"github.com/idemkit/idem/violation"
)

// ErrTestFailed is wrapped by the error of a patch with a test operation that found another value.
var ErrTestFailed = jsonpatch.ErrTestFailed

// Patch is a change to part of an identity: a JSON Patch or a JSON Merge Patch. It is immutable.
type Patch struct{ patch *jsonpatch.Patch }

// JSONPatch reads document, a JSON array of operations (RFC 6902). The error is a [*violation.Error] with pointers into
// the patch.
func JSONPatch(document []byte) (Patch, error) {
	p, err := jsonpatch.Parse(document)
	if err != nil {
		return Patch{}, err
	}
	for n, o := range p.Operations() {
		if err := checkSecrets(o, "/"+strconv.Itoa(n)); err != nil {
			return Patch{}, err
		}
	}
	return Patch{p}, nil
}

// MergePatch reads document, a JSON object (RFC 7396). The error is a [*violation.Error] with pointers into the patch.
func MergePatch(document []byte) (Patch, error) {
	p, err := jsonpatch.ParseMerge(document)
	return Patch{p}, err
}

// checkSecrets refuses an operation that reads a secret to put it, or what a comparison tells about it, elsewhere: a hash
// that was copied into the metadata would be in every answer, and a test would tell it bit by bit.
func checkSecrets(o jsonpatch.Operation, at string) error {
	var source jsonpatch.Pointer
	switch o.Op {
	case "test":
		source, at = o.Path, at+"/path"
	case "copy", "move":
		source, at = o.From, at+"/from"
	default:
		return nil
	}
	if len(source) > 0 && source[0] != "credentials" {
		return nil
	}
	if len(source) >= 3 && len(o.Path) >= 3 && slices.Equal(source[:3], o.Path[:3]) && source[2] == "config" && hasNoSecret(credentials.Type(source[1])) {
		return nil
	}
	return violation.New(at, "", "leads to credentials: an operation may read them only within the config of one oidc or saml credential")
}

// hasNoSecret reports whether the config of a credential is no secret.
func hasNoSecret(t credentials.Type) bool {
	return t == credentials.TypeOIDC || t == credentials.TypeSAML
}

// ResolvePatch applies patch to current, written with the config of every credential but without schema_url, and returns
// the edit that it comes to. What the patch left alone is neither decoded nor compared: it is current's own. current
// stays as it is.
//
// Errors: a [*violation.Error] for a patch that cannot be applied or changes what a patch must not change, with pointers
// into the patch or the identity; one that wraps [ErrTestFailed]; the error of ctx.
func ResolvePatch(ctx context.Context, current *identity.Identity, patch Patch) (identity.Edit, error) {
	text := View{Configs: credentials.Types(), HideSchemaURL: true}.Append(nil, current)
	document := jsonpatch.Open(text)
	if err := document.Apply(ctx, patch.patch); err != nil {
		return identity.Edit{}, err
	}
	r := resolution{current: current, edit: identity.Edit{
		Update: identity.Update{
			SchemaID: current.SchemaID, State: current.State, Traits: current.Traits, ExternalID: current.ExternalID,
			MetadataPublic: current.MetadataPublic, MetadataAdmin: current.MetadataAdmin,
		},
		OrganizationID: current.OrganizationID,
	}}
	r.resolve(document.Root())
	return r.edit, violation.Join(r.errs...)
}
