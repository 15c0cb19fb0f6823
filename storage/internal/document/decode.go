package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/strictjson"
)

// Decode returns the identity that document holds, with the given id and
// revision. It shares no memory with document. An error means that the document
// is damaged or was written by a newer release; it shows nothing of its content.
//
// A name that is not known is one that a newer release wrote and that this one can do
// without: it is passed over.
func Decode(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
	return decode(newIdentity(), id, revision, bytes.Clone(document), true) // one copy, of which all parts are pieces
}

// DecodeWithoutCredentials is Decode for a caller that does not need the credentials, which are most of the work. Damage
// to their JSON is still found.
func DecodeWithoutCredentials(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
	return decode(newIdentity(), id, revision, bytes.Clone(document), false)
}

// newIdentity returns an identity in one piece of memory with room for its addresses: most people have at most an e-mail
// address and a phone number.
func newIdentity() *identity.Identity {
	var room struct {
		identity   identity.Identity
		verifiable [2]identity.VerifiableAddress
		recovery   [2]identity.RecoveryAddress
	}
	room.identity.VerifiableAddresses, room.identity.RecoveryAddresses = room.verifiable[:0], room.recovery[:0]
	return &room.identity
}

// Lend returns a function that is [Decode], or [DecodeWithoutCredentials], for a caller that needs an identity for a moment.
// It decodes each document into the same identity, which is valid until the function is called again or the document
// changes, and must not be modified. Its strings stay as they are, so that a Clone is a whole copy.
func Lend(withCredentials bool) func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
	i := newIdentity()
	if withCredentials {
		return func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
			return decode(i, id, revision, bytes.Clone(document), true)
		}
	}
	// The few strings outside the credentials are copied, instead of the document: it is larger than the answer.
	schemaID := ""
	return func(id uuid.UUID, revision int64, document []byte) (*identity.Identity, error) {
		if _, err := decode(i, id, revision, document, false); err != nil {
			return nil, err
		}
		if i.SchemaID != schemaID {
			schemaID = strings.Clone(i.SchemaID)
		}
		i.SchemaID = schemaID
		keepStrings(i)
		return i, nil
	}
}

// keepStrings copies the strings of i, which has no credentials, into one piece of memory, except for those that are no
// pieces of the document.
func keepStrings(i *identity.Identity) {
	size := len(i.ExternalID)
	for _, a := range i.VerifiableAddresses {
		size += len(a.Value)
	}
	for _, a := range i.RecoveryAddresses {
		size += len(a.Value)
	}
	var kept strings.Builder
	kept.Grow(size)
	keep := func(s *string) {
		start := kept.Len()
		kept.WriteString(*s)
		*s = kept.String()[start:]
	}
	keep(&i.ExternalID)
	for n := range i.VerifiableAddresses {
		keep(&i.VerifiableAddresses[n].Value)
	}
	for n := range i.RecoveryAddresses {
		keep(&i.RecoveryAddresses[n].Value)
	}
}

// decode reads document into i, and returns i, whose raw values and most of whose strings are pieces of document. It uses
// the memory of the lists of i.
func decode(i *identity.Identity, id uuid.UUID, revision int64, document []byte, withCredentials bool) (*identity.Identity, error) {
	verifiable, recovery := i.VerifiableAddresses[:0], i.RecoveryAddresses[:0]
	*i = identity.Identity{ID: id, Revision: revision, State: identity.StateActive}
	reader := strictjson.NewReader(document)
	r := &reader
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "s":
			i.SchemaID = r.String()
		case "t":
			i.Traits = r.Raw()
		case "st":
			i.State = known(identity.State(r.String()), states)
		case "sa":
			i.StateChangedAt = readTime(r)
		case "ca":
			i.CreatedAt = readTime(r)
		case "ua":
			i.UpdatedAt = readTime(r)
		case "x":
			i.ExternalID = r.String()
		case "mp":
			i.MetadataPublic = readMetadata(r)
		case "ma":
			i.MetadataAdmin = readMetadata(r)
		case "o":
			i.OrganizationID = uuid.NullUUID{UUID: parseID(r, r.String()), Valid: true}
		case "e":
			i.SignInEpoch = r.Int()
		case "v":
			verifiable = slices.Grow(verifiable, 2)
			for e := r.Array(); e.Next(); {
				verifiable = append(verifiable, identity.VerifiableAddress{Status: identity.AddressPending})
				readVerifiableAddress(r, &verifiable[len(verifiable)-1])
				i.VerifiableAddresses = verifiable
			}
		case "r":
			recovery = slices.Grow(recovery, 2)
			for e := r.Array(); e.Next(); {
				recovery = append(recovery, identity.RecoveryAddress{})
				readRecoveryAddress(r, &recovery[len(recovery)-1])
				i.RecoveryAddresses = recovery
			}
		case "c":
			if withCredentials {
				i.Credentials = readCredentials(r)
			} else {
				r.Skip()
			}
		default:
			r.Skip()
		}
	}
	// There are always traits; what lacks them is JSON, and no document of an identity.
	if !r.Done() || !bytes.HasPrefix(i.Traits, []byte("{")) {
		return nil, fmt.Errorf("the stored document of identity %s cannot be read", id)
	}
	return i, nil
}

func readVerifiableAddress(r *strictjson.Reader, a *identity.VerifiableAddress) {
	id := ""
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "i":
			id = r.String()
		case "v":
			a.Value = r.String()
		case "y":
			a.Via = known(r.String(), vias)
		case "ok":
			a.Verified = r.Bool()
		case "st":
			a.Status = known(identity.AddressStatus(r.String()), statuses)
		case "va":
			a.VerifiedAt = readTime(r)
		case "ca":
			a.CreatedAt = readTime(r)
		case "ua":
			a.UpdatedAt = readTime(r)
		default:
			r.Skip()
		}
	}
	a.ID = parseID(r, id) // there always is one
}

func readRecoveryAddress(r *strictjson.Reader, a *identity.RecoveryAddress) {
	id := ""
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "i":
			id = r.String()
		case "v":
			a.Value = r.String()
		case "y":
			a.Via = known(r.String(), vias)
		case "ca":
			a.CreatedAt = readTime(r)
		case "ua":
			a.UpdatedAt = readTime(r)
		default:
			r.Skip()
		}
	}
	a.ID = parseID(r, id)
}

// The values that a string mostly has. No piece of the document is kept for one.
var (
	states   = []identity.State{identity.StateActive, identity.StateInactive}
	statuses = []identity.AddressStatus{identity.AddressPending, identity.AddressSent, identity.AddressCompleted}
	vias     = []string{identity.ViaEmail, identity.ViaSMS}
)

// known returns text, which is a piece of a document, as a string that is none.
func known[S ~string](text S, values []S) S {
	if n := slices.Index(values, text); n >= 0 {
		return values[n]
	}
	return S(strings.Clone(string(text)))
}

func readTime(r *strictjson.Reader) time.Time { return time.UnixMicro(r.Int()).UTC() }

// parseID returns the id that text stands for, which r has read. Ids are written in one way: in lower case, with dashes.
func parseID(r *strictjson.Reader, text string) uuid.UUID {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || hasUpper(text) {
		r.Fail()
	}
	return id
}

// hasUpper reports whether text, an id, has a letter in upper case. Of all bytes of an id only those lack the bit.
func hasUpper(text string) bool {
	const lower = 'a' - 'A'
	common := byte(lower)
	for n := range len(text) {
		common &= text[n]
	}
	return common == 0
}

// readMetadata reads metadata. Older releases wrote a null where there is none.
func readMetadata(r *strictjson.Reader) json.RawMessage {
	if value := r.Raw(); string(value) != "null" {
		return value
	}
	return nil
}
