package wire

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire/jsonpatch"
	"github.com/idemkit/idem/violation"
)

// resolution works out what a patched document changes of an identity.
type resolution struct {
	current *identity.Identity
	edit    identity.Edit
	errs    []error
}

func (r *resolution) fail(pointer, keyword, message string) {
	r.errs = append(r.errs, violation.New(pointer, keyword, message))
}

func (r *resolution) protected(pointer string) {
	r.fail(pointer, "readOnly", "cannot be changed by a patch")
}

// fields are those of the document that a patch works on.
var fields = []string{
	"id", "external_id", "schema_id", "state", "state_changed_at", "traits", "verifiable_addresses", "recovery_addresses",
	"metadata_public", "metadata_admin", "credentials", "created_at", "updated_at", "organization_id",
}

// resolve looks at every field that the patch changed, and at none else.
func (r *resolution) resolve(root jsonpatch.Value) {
	if root.Kind() != '{' {
		r.fail("", "type", "must be a JSON object")
		return
	}
	if !root.Changed() {
		return
	}
	for _, name := range fields {
		if v := root.Member(name); v.Changed() || !v.Exists() {
			r.field(name, v)
		}
	}
	for name, v := range root.Members() {
		switch {
		case !v.Changed() || slices.Contains(fields, name):
		case name == "region":
			if text, ok := v.String(); !ok || !isRegion(text) {
				r.fail("/region", "pattern", regionRule)
			}
		case name == "schema_url":
			r.schemaURL(v)
		default:
			r.fail("/"+escapeToken(name), "additionalProperties", "is not a field that a patch can set")
		}
	}
}

// field takes over a field that the patch changed or removed, or that the document never had.
func (r *resolution) field(name string, v jsonpatch.Value) {
	pointer := "/" + name
	switch name {
	case "id":
		if id, ok := readID(v); !ok || id != r.current.ID {
			r.protected(pointer)
		}
	case "state_changed_at":
		r.keepsTime(pointer, v, r.current.StateChangedAt)
	case "created_at":
		r.keepsTime(pointer, v, r.current.CreatedAt)
	case "updated_at":
		r.keepsTime(pointer, v, r.current.UpdatedAt)
	case "external_id":
		r.edit.ExternalID = r.text(pointer, v)
	case "schema_id":
		r.schemaID(pointer, v)
	case "state":
		r.edit.State = identity.State(r.text(pointer, v))
		if r.edit.State == "" {
			r.fail(pointer, "enum", `must be "active" or "inactive"`)
		}
	case "traits":
		r.traits(pointer, v)
	case "metadata_public":
		r.edit.MetadataPublic = kept(r.current.MetadataPublic, v)
	case "metadata_admin":
		r.edit.MetadataAdmin = kept(r.current.MetadataAdmin, v)
	case "organization_id":
		r.organization(pointer, v)
	case "verifiable_addresses":
		r.verifiableAddresses(v)
	case "recovery_addresses":
		r.recoveryAddresses(v)
	case "credentials":
		r.credentials(v)
	}
}

// schemaURL accepts the URL of the schema before or after the patch, whatever it begins with: clients send back what they
// were answered. It is not in the document, since only the route knows how it begins.
func (r *resolution) schemaURL(v jsonpatch.Value) {
	url, _ := v.String()
	if !strings.HasSuffix(url, SchemaURL("", r.current.SchemaID)) && !strings.HasSuffix(url, SchemaURL("", r.edit.SchemaID)) {
		r.protected("/schema_url")
	}
}

// text reads a string. A null and a missing one are empty.
func (r *resolution) text(pointer string, v jsonpatch.Value) string {
	text, ok := v.String()
	if !ok && v.Exists() && v.Kind() != 'n' {
		r.fail(pointer, "type", "must be a string")
	}
	return text
}

// readID reads an id in any spelling that [ParseID] reads, as an update does.
func readID(v jsonpatch.Value) (id uuid.UUID, ok bool) {
	text, _ := v.String()
	return ParseID(text)
}

func (r *resolution) keepsTime(pointer string, v jsonpatch.Value, was time.Time) {
	if !sameTime(v, was) {
		r.protected(pointer)
	}
}

// sameTime reports whether v is the time was.
func sameTime(v jsonpatch.Value, was time.Time) bool {
	text, ok := v.String()
	if !ok {
		return false
	}
	t, err := time.Parse(time.RFC3339, text)
	return err == nil && t.Equal(was)
}

func (r *resolution) schemaID(pointer string, v jsonpatch.Value) {
	r.edit.SchemaID = r.text(pointer, v)
	if r.edit.SchemaID == "" {
		r.fail(pointer, "minLength", "must name a schema")
	}
}

func (r *resolution) traits(pointer string, v jsonpatch.Value) {
	if !v.Exists() {
		r.edit.Traits = nil
		return
	}
	text := v.Text()
	if jsonpatch.Equal(string(r.current.Traits), text) {
		return
	}
	r.edit.Traits = json.RawMessage(text)
}

// kept returns the metadata that v is: was, byte for byte, if it is the same JSON value.
func kept(was json.RawMessage, v jsonpatch.Value) json.RawMessage {
	if !v.Exists() {
		return nil
	}
	text := v.Text()
	if len(was) > 0 && jsonpatch.Equal(string(was), text) {
		return was
	}
	return json.RawMessage(text)
}

func (r *resolution) organization(pointer string, v jsonpatch.Value) {
	if !v.Exists() || v.Kind() == 'n' {
		r.edit.OrganizationID = uuid.NullUUID{}
		return
	}
	id, ok := readID(v)
	if !ok {
		r.fail(pointer, "format", "must be a UUID or null")
		return
	}
	r.edit.OrganizationID = uuid.NullUUID{UUID: id, Valid: true}
}
