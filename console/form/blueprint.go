package form

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/idemkit/idem/schema"
)

// Prefix is the beginning of the name of every field, and of the pointers of violations.
const Prefix = "/traits"

// Blueprint is a schema as forms are made from it. It is immutable and safe for concurrent use.
type Blueprint struct {
	documents documents
	traits    property // that traits are of the whole document
}

// document is a schema document.
type document struct {
	id   string // that it is registered under
	base string // the $id of its root, without a fragment; may be empty
	root *value
}

type documents []*document

// node is a subschema and the document that it stands in.
type node struct {
	document *document
	value    *value
}

// New returns the blueprint of the schema with that id. References in it may lead to other schemas of the registry. It
// fails if schemas has no schema with that id.
func New(schemas *schema.Registry, id string) (*Blueprint, error) {
	b := &Blueprint{}
	var own *document
	for _, s := range schemas.All() {
		root, err := parse(s.Document())
		if err != nil {
			return nil, fmt.Errorf("form: schema %q: %w", s.ID(), err)
		}
		d := &document{id: s.ID(), root: root}
		if uri := root.member("$id"); uri != nil {
			d.base, _, _ = strings.Cut(uri.text, "#")
		}
		b.documents = append(b.documents, d)
		if d.id == id {
			own = d
		}
	}
	if own == nil {
		return nil, fmt.Errorf("form: there is no schema %q", id)
	}
	reading := b.documents.reading()
	whole := reading.shape([]node{{own, own.root}})
	b.traits = *whole.property("traits")
	return b, nil
}

// follow returns the subschema that the reference text, which stands in d, leads to. It follows the rules of
// package schema, which has accepted the reference.
func (all documents) follow(d *document, text string) (node, bool) {
	address, fragment, _ := strings.Cut(text, "#")
	target := all.find(d, address)
	if target == nil {
		return node{}, false
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return node{}, false
	}
	at := target.root
	for _, token := range strings.Split(pointer, "/")[1:] {
		if at = at.child(unescaper.Replace(token)); at == nil {
			return node{}, false
		}
	}
	return node{target, at}, true
}

func (all documents) find(d *document, address string) *document {
	uri := address
	if base, err := url.Parse(d.base); err == nil && d.base != "" {
		if relative, err := url.Parse(address); err == nil {
			uri = base.ResolveReference(relative).String()
		}
	}
	if address == "" || address == d.id || uri == d.base {
		return d
	}
	for _, other := range all {
		if other.id == address {
			return other
		}
	}
	for _, other := range all {
		if other.base != "" && other.base == uri {
			return other
		}
	}
	return nil
}

// child returns the member or element that a token of a pointer names, nil if there is none.
func (v *value) child(token string) *value {
	if v.kind == kindArray {
		for n := range v.members {
			if token == fmt.Sprint(n) {
				return v.members[n].value
			}
		}
		return nil
	}
	return v.member(token)
}
