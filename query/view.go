package query

import (
	"context"
	"encoding/json"
	"sync"
	"time"
	"unsafe"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// kind is the type of a value.
type kind uint8

const (
	kindAbsent kind = iota // nothing, null
	kindObject
	kindBool
	kindNumber
	kindTime
	kindString
	kindList
)

// view is an identity that is being looked at, and the memory for doing so. JSON is read when a path leads
// into it.
type view struct {
	identity *identity.Identity
	tapes    [3]tape
	read     [3]bool
	folded   []byte
	foldedOf string // the text that folded was made of
	found    []bool // the words of a search

	ctx  context.Context
	work int   // since ctx was looked at
	err  error // of ctx; then v has stopped
}

// workBetween is how much work is done, in values and bytes of text, before the context is looked at again: some
// tenths of a millisecond.
const workBetween = 1 << 16

// spend counts work, and reports whether v has stopped because its context has ended.
func (v *view) spend(work int) (stopped bool) {
	if v.work += work; v.work >= workBetween && v.err == nil {
		v.work, v.err = 0, v.ctx.Err()
	}
	return v.err != nil
}

// The JSON documents of an identity.
const (
	traits = iota
	metadataPublic
	metadataAdmin
)

// views keeps the memory of views for the next identity. It is safe for concurrent use.
type views struct{ pool sync.Pool }

func (p *views) open(ctx context.Context, i *identity.Identity) *view {
	v, _ := p.pool.Get().(*view)
	if v == nil {
		v = &view{}
	}
	v.ctx, v.identity = ctx, i
	return v
}

// maxKept bounds what is kept, in entries of a tape and bytes of a text.
const maxKept = 1 << 14

// close ends the use of v, which then holds nothing of its identity.
func (p *views) close(v *view) {
	v.identity, v.read = nil, [3]bool{}
	v.ctx, v.work, v.err = nil, 0, nil
	clear(v.found)
	for n := range v.tapes {
		t := &v.tapes[n]
		t.text = ""
		clear(t.unescaped)
		if cap(t.values) > maxKept {
			t.values = nil
		}
	}
	v.folded, v.foldedOf = v.folded[:0], ""
	if cap(v.folded) > maxKept {
		v.folded = nil
	}
	p.pool.Put(v)
}

// fold makes v.folded of text. Where many terms look at one long text it is folded once: that takes far longer than to see
// that it is the same.
func (v *view) fold(text string) {
	if text != v.foldedOf {
		v.folded, v.foldedOf = appendFold(v.folded[:0], text), text
	}
}

func (v *view) json(document int, raw json.RawMessage) node {
	t := &v.tapes[document]
	if !v.read[document] {
		// The bytes are the identity's, which nobody changes while it is matched, and no string of them is
		// kept afterwards.
		t.read(unsafe.String(unsafe.SliceData(raw), len(raw)))
		v.read[document] = true
	}
	if len(t.values) == 0 {
		return node{}
	}
	return node{place: placeJSON, kind: t.values[0].kind, tape: t}
}

// node is a value within an identity.
type node struct {
	place place
	kind  kind
	exact bool   // an identifier of a type that is compared as it is
	at    int32  // the entry of the tape; the element of the list
	text  string // of a string or number outside the JSON documents; a credential's type; "true" or "false"
	time  time.Time
	tape  *tape
	view  *view
}

// place is the part of the identity that a node is, where that decides what is in it.
type place uint8

const (
	placeScalar place = iota
	placeJSON
	placeIdentity
	placeCredentials
	placeCredential
	placeIdentifiers // of the credential type text, or of all
	placeVerifiableAddresses
	placeVerifiableAddress
	placeRecoveryAddresses
	placeRecoveryAddress
)

func (v *view) root() node { return node{place: placeIdentity, kind: kindObject, view: v} }

func (v *view) list(p place, length int) node {
	if length == 0 {
		return node{}
	}
	return node{place: p, kind: kindList, view: v}
}

func textNode(s string) node { return node{kind: kindString, text: s} }

func optionalText(s string) node {
	if s == "" {
		return node{}
	}
	return textNode(s)
}

func timeNode(t time.Time) node {
	if t.IsZero() {
		return node{}
	}
	return node{kind: kindTime, time: t}
}

func boolNode(b bool) node {
	if b {
		return node{kind: kindBool, text: "true"}
	}
	return node{kind: kindBool, text: "false"}
}

// member returns what the object n has under a name.
func (n node) member(v *view, name string) node {
	switch n.place {
	case placeJSON:
		if at, ok := n.tape.member(v, n.at, name); ok {
			return n.entry(at)
		}
	case placeIdentity:
		return n.view.member(name)
	case placeCredentials:
		if _, ok := n.view.identity.Credentials[credentials.Type(name)]; ok {
			return node{place: placeCredential, kind: kindObject, text: name, view: n.view}
		}
	case placeCredential:
		return n.credentialMember(name)
	case placeVerifiableAddress:
		return verifiableMember(&n.view.identity.VerifiableAddresses[n.at], name)
	case placeRecoveryAddress:
		return recoveryMember(&n.view.identity.RecoveryAddresses[n.at], name)
	}
	return node{}
}

func (v *view) member(name string) node {
	i := v.identity
	switch name {
	case "id":
		return textNode(i.ID.String())
	case "external_id":
		return optionalText(i.ExternalID)
	case "schema_id":
		return textNode(i.SchemaID)
	case "state":
		return textNode(string(i.State))
	case "created_at":
		return timeNode(i.CreatedAt)
	case "updated_at":
		return timeNode(i.UpdatedAt)
	case "state_changed_at":
		return timeNode(i.StateChangedAt)
	case "organization_id":
		if i.OrganizationID.Valid {
			return textNode(i.OrganizationID.UUID.String())
		}
	case "traits":
		return v.json(traits, i.Traits)
	case "metadata_public":
		return v.json(metadataPublic, i.MetadataPublic)
	case "metadata_admin":
		return v.json(metadataAdmin, i.MetadataAdmin)
	case "credentials":
		if len(i.Credentials) > 0 {
			return node{place: placeCredentials, kind: kindObject, view: v}
		}
	case "identifiers":
		return v.list(placeIdentifiers, len(i.Credentials))
	case "verifiable_addresses":
		return v.list(placeVerifiableAddresses, len(i.VerifiableAddresses))
	case "recovery_addresses":
		return v.list(placeRecoveryAddresses, len(i.RecoveryAddresses))
	}
	return node{}
}

func (n node) credentialMember(name string) node {
	c := n.view.identity.Credentials[credentials.Type(n.text)]
	switch name {
	case "type":
		return textNode(n.text)
	case "identifiers":
		if len(c.Identifiers) > 0 {
			return node{place: placeIdentifiers, kind: kindList, text: n.text, view: n.view}
		}
	case "version":
		return numberNode(c.Version)
	case "created_at":
		return timeNode(c.CreatedAt)
	case "updated_at":
		return timeNode(c.UpdatedAt)
	}
	return node{}
}

func verifiableMember(a *identity.VerifiableAddress, name string) node {
	switch name {
	case "id":
		return textNode(a.ID.String())
	case "value":
		return textNode(a.Value)
	case "verified":
		return boolNode(a.Verified)
	case "via":
		return textNode(a.Via)
	case "status":
		return textNode(string(a.Status))
	case "verified_at":
		return timeNode(a.VerifiedAt)
	case "created_at":
		return timeNode(a.CreatedAt)
	case "updated_at":
		return timeNode(a.UpdatedAt)
	}
	return node{}
}

func recoveryMember(a *identity.RecoveryAddress, name string) node {
	switch name {
	case "id":
		return textNode(a.ID.String())
	case "value":
		return textNode(a.Value)
	case "via":
		return textNode(a.Via)
	case "created_at":
		return timeNode(a.CreatedAt)
	case "updated_at":
		return timeNode(a.UpdatedAt)
	}
	return node{}
}

// entry returns the value at an entry of n's tape.
func (n node) entry(at int32) node {
	return node{place: placeJSON, kind: n.tape.values[at].kind, at: at, tape: n.tape}
}

// elements calls visit for the elements of the list n until it returns true, and reports whether it did, and
// how many elements it was called for.
func (n node) elements(visit func(node) bool) (stopped bool, count int) {
	switch n.place {
	case placeJSON:
		end := n.tape.values[n.at].next
		for at := n.at + 1; at < end; at = n.tape.values[at].next {
			count++
			if visit(n.entry(at)) {
				return true, count
			}
		}
	case placeVerifiableAddresses:
		return n.records(placeVerifiableAddress, len(n.view.identity.VerifiableAddresses), visit)
	case placeRecoveryAddresses:
		return n.records(placeRecoveryAddress, len(n.view.identity.RecoveryAddresses), visit)
	case placeIdentifiers:
		for t, c := range n.view.identity.Credentials {
			if n.text != "" && n.text != string(t) {
				continue
			}
			for _, identifier := range c.Identifiers {
				count++
				if visit(node{kind: kindString, text: identifier, exact: !t.IdentifiersFromTraits()}) {
					return true, count
				}
			}
		}
	}
	return false, count
}

func (n node) records(p place, length int, visit func(node) bool) (stopped bool, count int) {
	for at := range length {
		if visit(node{place: p, kind: kindObject, at: int32(at), view: n.view}) {
			return true, at + 1
		}
	}
	return false, length
}

// element returns the element with that index.
func (n node) element(index int) (found node) {
	n.elements(func(e node) bool {
		index--
		if index < 0 {
			found = e
		}
		return index < 0
	})
	return found
}

// some follows path from n, calls visit for the values that it leads to until visit returns true, and reports
// whether it did. A path through a list leads through its elements, and a list at its end stands for its
// elements. Where the path finds nothing, null or an empty list, visit gets an absent node. Once v has stopped, some
// returns true without a visit.
func (n node) some(v *view, path []token, visit func(node) bool) bool {
	for {
		if v.spend(1) {
			return true
		}
		switch {
		case n.kind == kindList:
			if len(path) > 0 && path[0].index >= 0 {
				n, path = n.element(path[0].index), path[1:]
				continue
			}
			stopped, count := n.elements(func(e node) bool { return e.some(v, path, visit) })
			if count == 0 {
				return visit(node{})
			}
			return stopped
		case len(path) == 0:
			return visit(n)
		case n.kind == kindObject:
			n, path = n.member(v, path[0].name), path[1:]
		default:
			return visit(node{})
		}
	}
}

// string returns the text of a string, a number or a boolean.
func (n node) string() string {
	switch {
	case n.place != placeJSON:
		return n.text
	case n.kind == kindString:
		return n.tape.string(n.at)
	}
	return n.tape.raw(n.at)
}
