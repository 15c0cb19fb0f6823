// Package document turns an identity into the one JSON document that a database
// row holds, and back.
//
// The names are short and defaults are left out, so that an ordinary identity
// stays under half a database page. Times are microseconds since 1970 in UTC. The
// id and the revision are not in the document: they are columns, where the
// database can compare them.
//
// A name, once released, keeps its meaning. A new field must read as its zero
// value in a document that lacks it; anything else needs a migration.
package document

import (
	"slices"
	"time"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
)

// Append appends i's document to dst and returns the extended buffer.
func Append(dst []byte, i *identity.Identity) []byte {
	w := jsonwriter.New(slices.Grow(dst, size(i)))
	w.BeginObject()
	w.StringMember("s", i.SchemaID)
	w.Name("t")
	w.Raw(i.Traits)
	if i.State != identity.StateActive {
		w.StringMember("st", string(i.State))
	}
	writeTime(w, "sa", i.StateChangedAt)
	writeTime(w, "ca", i.CreatedAt)
	writeTime(w, "ua", i.UpdatedAt)
	if i.ExternalID != "" {
		w.StringMember("x", i.ExternalID)
	}
	if i.MetadataPublic != nil {
		w.Name("mp")
		w.Raw(i.MetadataPublic)
	}
	if i.MetadataAdmin != nil {
		w.Name("ma")
		w.Raw(i.MetadataAdmin)
	}
	if i.OrganizationID.Valid {
		w.UUIDMember("o", i.OrganizationID.UUID)
	}
	if i.SignInEpoch != 0 {
		w.Name("e")
		w.Int(i.SignInEpoch)
	}
	writeVerifiableAddresses(w, i.VerifiableAddresses)
	writeRecoveryAddresses(w, i.RecoveryAddresses)
	writeCredentials(w, i.Credentials)
	w.EndObject()
	return w.Bytes()
}

// size is about what i takes, so that the buffer seldom grows more than once.
func size(i *identity.Identity) int {
	return len(i.Traits) + len(i.MetadataPublic) + len(i.MetadataAdmin) + 256 +
		192*(len(i.VerifiableAddresses)+len(i.RecoveryAddresses)+len(i.Credentials))
}

func writeTime(w *jsonwriter.Writer, name string, t time.Time) {
	w.Name(name)
	w.Int(t.UnixMicro())
}

func writeVerifiableAddresses(w *jsonwriter.Writer, addresses []identity.VerifiableAddress) {
	jsonwriter.ObjectsMember(w, "v", addresses, func(a identity.VerifiableAddress) {
		w.UUIDMember("i", a.ID)
		w.StringMember("v", a.Value)
		w.StringMember("y", a.Via)
		if a.Verified {
			w.BoolMember("ok", true)
		}
		if a.Status != identity.AddressPending {
			w.StringMember("st", string(a.Status))
		}
		if !a.VerifiedAt.IsZero() {
			writeTime(w, "va", a.VerifiedAt)
		}
		writeTime(w, "ca", a.CreatedAt)
		writeTime(w, "ua", a.UpdatedAt)
	})
}

func writeRecoveryAddresses(w *jsonwriter.Writer, addresses []identity.RecoveryAddress) {
	jsonwriter.ObjectsMember(w, "r", addresses, func(a identity.RecoveryAddress) {
		w.UUIDMember("i", a.ID)
		w.StringMember("v", a.Value)
		w.StringMember("y", a.Via)
		writeTime(w, "ca", a.CreatedAt)
		writeTime(w, "ua", a.UpdatedAt)
	})
}
