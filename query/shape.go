package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/idemkit/idem/credentials"
)

// shape is what is known of a part of an identity before there is one.
type shape struct {
	form    form
	members []member // of a record
	element *shape   // of a list or a set
}

type member struct {
	name  string
	shape *shape
}

type form int

const (
	formText       form = iota // a string
	formID                     // a UUID in its text form
	formTime                   // an instant
	formBool                   //
	formNumber                 //
	formIdentifier             // a string that is compared in its normalised form
	formJSON                   // any value, known only when it is seen
	formRecord                 // an object with known members
	formList                   // a list of records
	formSet                    // a list whose order means nothing
)

var (
	text       = &shape{form: formText}
	id         = &shape{form: formID}
	instant    = &shape{form: formTime}
	boolean    = &shape{form: formBool}
	number     = &shape{form: formNumber}
	identifier = &shape{form: formIdentifier}
	anyJSON    = &shape{form: formJSON}
)

func list(of *shape) *shape           { return &shape{form: formList, element: of} }
func set(of *shape) *shape            { return &shape{form: formSet, element: of} }
func record(members ...member) *shape { return &shape{form: formRecord, members: members} }

// identityShape is the identity as an administrator sees it, without the configs of its credentials. An expression or
// an order cannot name what is not here, so it cannot reveal a secret.
var identityShape = record(
	member{"id", id},
	member{"external_id", text},
	member{"schema_id", text},
	member{"state", text},
	member{"created_at", instant},
	member{"updated_at", instant},
	member{"state_changed_at", instant},
	member{"organization_id", id},
	member{"traits", anyJSON},
	member{"metadata_public", anyJSON},
	member{"metadata_admin", anyJSON},
	member{"credentials", credentialsShape()},
	member{"identifiers", set(identifier)},
	member{"verifiable_addresses", list(record(
		member{"id", id}, member{"value", identifier}, member{"verified", boolean}, member{"via", text}, member{"status", text},
		member{"verified_at", instant}, member{"created_at", instant}, member{"updated_at", instant}))},
	member{"recovery_addresses", list(record(
		member{"id", id}, member{"value", identifier}, member{"via", text}, member{"created_at", instant}, member{"updated_at", instant}))},
)

func credentialsShape() *shape {
	one := record(member{"type", text}, member{"identifiers", set(identifier)}, member{"version", number},
		member{"created_at", instant}, member{"updated_at", instant})
	all := record()
	for _, t := range credentials.Types() {
		all.members = append(all.members, member{string(t), one})
	}
	return all
}

// resolve follows path from s. The shape of a list that path ends at is that of its elements: a comparison
// with a list is one with its elements.
func (s *shape) resolve(path []token) (*shape, string) {
	if len(path) == 0 && s == identityShape {
		return nil, "the empty pointer is the whole identity: must name an attribute, such as state or traits.name"
	}
	for n := 0; n < len(path); n++ {
		t := path[n]
		switch s.form {
		case formJSON:
			return s, ""
		case formList:
			s = s.element
			if t.index < 0 {
				n--
			}
		case formRecord:
			next := s.member(t.name)
			if next == nil {
				return nil, s.unknown(path[:n], t.name)
			}
			s = next
		default:
			return nil, fmt.Sprintf("%s has no attributes: must not go on with %q", describe(path[:n]), t.name)
		}
	}
	if s.element != nil {
		s = s.element
	}
	return s, ""
}

func (s *shape) member(name string) *shape {
	for _, m := range s.members {
		if m.name == name {
			return m.shape
		}
	}
	return nil
}

func (s *shape) unknown(parent []token, name string) string {
	if name == "config" {
		return "a credential's config holds secrets, and cannot be searched or sorted by"
	}
	names := make([]string, len(s.members))
	for n, m := range s.members {
		names[n] = m.name
	}
	where := ""
	if len(parent) > 0 {
		where = " of " + describe(parent)
	}
	at := slices.IndexFunc(names, func(known string) bool { return strings.EqualFold(known, name) })
	if at >= 0 {
		return fmt.Sprintf("unknown attribute %q%s: must be %q, letter for letter", name, where, names[at])
	}
	return fmt.Sprintf("unknown attribute %q%s: must be one of %s", name, where, strings.Join(names, ", "))
}

func describe(path []token) string {
	if len(path) == 0 {
		return "the element"
	}
	if text, ok := dotted(path); ok {
		return text
	}
	return quote(formatPointer(path))
}
