package schema

import (
	"fmt"
	"net/url"
	"strings"
)

// library holds the documents that the schemas of a registry may refer to.
type library struct {
	byID  map[string]*source   // by the id they are registered under
	byURI map[string][]*source // by the $id of their root; copies of a schema often share it
}

func newLibrary(sources ...*source) *library {
	l := &library{byID: make(map[string]*source), byURI: make(map[string][]*source)}
	for _, src := range sources {
		l.byID[src.id] = src
		if src.base != "" {
			l.byURI[src.base] = append(l.byURI[src.base], src)
		}
	}
	return l
}

// reference reads a schema object with a $ref.
func (r *reader) reference(n *node, object map[string]any, value any) error {
	text, ok := value.(string)
	if !ok {
		return r.fault(n, "$ref", "must be a string")
	}
	for keyword := range object {
		switch keyword {
		case "$ref", "$id", "$schema", "$comment", "title", "description", "default", "examples", "definitions", "readOnly", "writeOnly":
		default:
			r.warn(n, keyword, "has no effect beside $ref, which draft-07 takes alone: put both into an allOf")
		}
	}
	r.pending = append(r.pending, reference{n, text})
	return nil
}

// resolve reads the schema that a $ref leads to. Three forms lead somewhere:
//
//	"#", "#/definitions/email"            within the same document
//	"address", "address#/definitions/zip" the schema registered under the id "address"
//	"https://example.com/address.json#…"  the one schema whose root has this $id; a relative reference is
//	                                      completed by the $id of the document it stands in, if it has one
//
// Nothing is ever fetched.
func (r *reader) resolve(ref reference) error {
	src, fragment, err := r.document(ref)
	if err != nil || src == nil {
		return err
	}
	pointer, err := url.PathUnescape(fragment)
	if err != nil || (pointer != "" && pointer[0] != '/') {
		return r.fault(ref.from, "$ref", "what follows # must be a JSON pointer, such as #/definitions/email")
	}
	value, ok := lookup(src.tree, pointer)
	if !ok {
		return r.fault(ref.from, "$ref", fmt.Sprintf("leads nowhere: %s has no %s", describe(src, ref.from.source), pointer))
	}
	ref.from.ref, err = r.node(src, normalPointer(pointer), value)
	return err
}

func describe(src, from *source) string {
	if src == from {
		return "the document"
	}
	return fmt.Sprintf("schema %q", src.id)
}

// normalPointer spells a pointer as the reader does, so that a node is found again by any spelling.
func normalPointer(pointer string) string {
	tokens := strings.Split(pointer, "/")
	for i, token := range tokens {
		tokens[i] = escape(unescape(token))
	}
	return strings.Join(tokens, "/")
}

// document finds the document that ref leads to. It is nil, without an error, when other documents are not
// known yet.
func (r *reader) document(ref reference) (*source, string, error) {
	own := ref.from.source
	address, fragment, _ := strings.Cut(ref.text, "#")
	if address == "" || address == own.base || address == own.id {
		return own, fragment, nil
	}
	uri := address
	if base, err := url.Parse(own.base); err == nil && own.base != "" {
		if relative, err := url.Parse(address); err == nil {
			uri = base.ResolveReference(relative).String()
		}
	}
	if uri == own.base {
		return own, fragment, nil
	}
	if r.library == nil {
		r.outside = append(r.outside, ref.text)
		return nil, "", nil
	}
	if src, ok := r.library.byID[address]; ok {
		return src, fragment, nil
	}
	switch found := r.library.byURI[uri]; len(found) {
	case 0:
		return nil, "", r.fault(ref.from, "$ref", fmt.Sprintf("%q is no registered schema: it must be #/…, or the id or $id of a schema in the same registry; nothing is fetched", ref.text))
	case 1:
		return found[0], fragment, nil
	default:
		return nil, "", r.fault(ref.from, "$ref", fmt.Sprintf("%q is the $id of several schemas: refer to %q or another of them by the id it is registered under", uri, found[0].id))
	}
}
