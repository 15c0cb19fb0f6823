package wire

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/internal/strictjson"
)

// View says what of an identity is written. Safe for concurrent use.
type View struct {
	// BaseURL is what schema_url begins with, without a slash at the end.
	BaseURL string
	// HideSchemaURL leaves schema_url out.
	HideSchemaURL bool
	// HideCredentials leaves the credentials out.
	HideCredentials bool
	// Configs are the types of credentials whose config, the secret part, is
	// written too.
	Configs []credentials.Type
}

// SchemaURL returns the URL under which the schema id is served.
func SchemaURL(baseURL, id string) string { return string(appendSchemaPath([]byte(baseURL), id)) }

// appendSchemaPath appends what follows the base URL in [SchemaURL]. No byte of it is escaped in JSON.
func appendSchemaPath(dst []byte, id string) []byte {
	return base64.RawURLEncoding.AppendEncode(append(dst, "/schemas/"...), []byte(id))
}

// Append appends i to dst as a JSON object, its fields in the order of the wire
// contract, and returns the extended buffer. Traits and metadata are written byte
// for byte as they are.
func (v View) Append(dst []byte, i *identity.Identity) []byte {
	w := jsonwriter.New(slices.Grow(dst, v.size(i)))
	w.BeginObject()
	w.UUIDMember("id", i.ID)
	if i.ExternalID != "" {
		w.StringMember("external_id", i.ExternalID)
	}
	if len(i.Credentials) > 0 && !v.HideCredentials {
		w.Name("credentials")
		v.writeCredentials(w, i.Credentials)
	}
	w.StringMember("schema_id", i.SchemaID)
	if !v.HideSchemaURL {
		var url [256]byte // longer ones move to the heap
		w.Name("schema_url")
		w.Raw(v.appendSchemaURL(url[:0], i.SchemaID))
	}
	w.StringMember("state", string(i.State))
	writeTime(w, "state_changed_at", i.StateChangedAt)
	w.Name("traits")
	w.Raw(i.Traits)
	writeVerifiableAddresses(w, i.VerifiableAddresses)
	writeRecoveryAddresses(w, i.RecoveryAddresses)
	writeMetadata(w, "metadata_public", i.MetadataPublic)
	writeMetadata(w, "metadata_admin", i.MetadataAdmin)
	writeTime(w, "created_at", i.CreatedAt)
	writeTime(w, "updated_at", i.UpdatedAt)
	w.Name("organization_id")
	if i.OrganizationID.Valid {
		w.UUID(i.OrganizationID.UUID)
	} else {
		w.Null()
	}
	w.EndObject()
	return w.Bytes()
}

// appendSchemaURL appends [SchemaURL] as a JSON string.
func (v View) appendSchemaURL(dst []byte, id string) []byte {
	dst = strictjson.AppendString(dst, v.BaseURL)
	return append(appendSchemaPath(dst[:len(dst)-1], id), '"')
}

// size is about what i takes, so that the buffer seldom grows more than once.
func (v View) size(i *identity.Identity) int {
	return len(i.Traits) + len(i.MetadataPublic) + len(i.MetadataAdmin) + len(v.BaseURL) + 512 +
		256*(len(i.VerifiableAddresses)+len(i.RecoveryAddresses)+len(i.Credentials))
}

func writeMetadata(w *jsonwriter.Writer, name string, value []byte) {
	w.Name(name)
	if len(value) == 0 {
		w.Null()
	} else {
		w.Raw(value)
	}
}

func writeTime(w *jsonwriter.Writer, name string, t time.Time) {
	w.Name(name)
	w.Time(t)
}

func writeVerifiableAddresses(w *jsonwriter.Writer, addresses []identity.VerifiableAddress) {
	jsonwriter.ObjectsMember(w, "verifiable_addresses", addresses, func(a identity.VerifiableAddress) {
		w.UUIDMember("id", a.ID)
		w.StringMember("value", a.Value)
		w.BoolMember("verified", a.Verified)
		w.StringMember("via", a.Via)
		w.StringMember("status", string(a.Status))
		if !a.VerifiedAt.IsZero() {
			writeTime(w, "verified_at", a.VerifiedAt)
		}
		writeTime(w, "created_at", a.CreatedAt)
		writeTime(w, "updated_at", a.UpdatedAt)
	})
}

func writeRecoveryAddresses(w *jsonwriter.Writer, addresses []identity.RecoveryAddress) {
	jsonwriter.ObjectsMember(w, "recovery_addresses", addresses, func(a identity.RecoveryAddress) {
		w.UUIDMember("id", a.ID)
		w.StringMember("value", a.Value)
		w.StringMember("via", a.Via)
		writeTime(w, "created_at", a.CreatedAt)
		writeTime(w, "updated_at", a.UpdatedAt)
	})
}

func (v View) writeCredentials(w *jsonwriter.Writer, set credentials.Set) {
	w.BeginObject()
	for t, c := range set.Sorted() {
		w.Name(string(t))
		w.BeginObject()
		w.StringMember("type", string(t))
		w.Name("identifiers")
		w.Strings(c.Identifiers)
		if slices.Contains(v.Configs, t) && !c.Config.IsZero() {
			w.Name("config")
			writeConfig(w, t, c.Config)
		}
		w.Name("version")
		w.Int(int64(c.Version))
		writeTime(w, "created_at", c.CreatedAt)
		writeTime(w, "updated_at", c.UpdatedAt)
		w.EndObject()
	}
	w.EndObject()
}
