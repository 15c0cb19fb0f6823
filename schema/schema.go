package schema

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/idemkit/idem/internal/strictjson"
)

// The limits of a schema document. A document beyond them is refused by [Parse].
const (
	MaxSchemaBytes  = 1 << 20 // size
	MaxSchemaDepth  = 100     // levels of nesting
	MaxSchemaValues = 50_000  // JSON values of any kind
)

// Schema is a compiled identity schema. It is immutable and safe for concurrent use.
type Schema struct {
	id       string
	source   *source
	warnings []Warning
	outside  []string          // the references that lead to other schemas
	patterns map[string]string // expressions as the document has them, by what they were translated to
	root     *node
	nodes    []*node        // by their index
	branches *branchEngines // of alternatives, to explain them
	numbers  bool           // whether a keyword compares numbers
	engine   *engine        // nil while references to other schemas are not linked
	plan     *plan          // where the extension applies; nil when it applies nowhere
	cost     cost           // what a validation can cost at most, per value of the traits
}

// Parse reads an identity schema: a JSON Schema document of draft-07 whose properties.traits describes the
// traits of an identity, with the extension keyword "ory.sh/kratos" where a trait is an identifier or an
// address. id names the schema in a [Registry] and in an identity's schema_id.
//
// Parse reads the document strictly and checks the type of every keyword. It refuses a schema that cannot be
// validated in bounded time. The error wraps a [*violation.Error] with pointers into the document. Parse reads
// nothing except document, and keeps a copy of it.
//
// A schema that refers to other schemas can be used once a [Registry] has linked it with them.
func Parse(id string, document []byte) (*Schema, error) {
	src, err := read(id, document)
	if err != nil {
		return nil, err
	}
	return compile(src, nil)
}

// ID returns the id given to [Parse].
func (s *Schema) ID() string { return s.id }

// Document returns a copy of the bytes given to [Parse]. The copy is the caller's.
func (s *Schema) Document() json.RawMessage { return slices.Clone(s.source.bytes) }

// Warnings returns the probable mistakes in the document that are allowed, in the order of pointers. The slice
// is the caller's.
func (s *Schema) Warnings() []Warning { return slices.Clone(s.warnings) }

// source is a document as it was read: what its nodes are built from, and rebuilt from when it is linked.
type source struct {
	id    string
	bytes []byte
	tree  any    // as strictjson.Decode gives it; never written to
	base  string // the URI in the root's $id, without a fragment; may be empty
}

// read decodes document.
func read(id string, document []byte) (*source, error) {
	if id == "" {
		return nil, refuse("", "", "", "a schema needs an id")
	}
	if len(document) > MaxSchemaBytes {
		return nil, refuse(id, "", "json", "the document is larger than 1 MiB")
	}
	tree, err := strictjson.Decode(document, strictjson.Limits{Depth: MaxSchemaDepth, Values: MaxSchemaValues})
	if err != nil {
		return nil, parseError(id, err)
	}
	src := &source{id: id, bytes: slices.Clone(document), tree: tree}
	if root, ok := tree.(map[string]any); ok {
		uri, _ := root["$id"].(string)
		src.base, _, _ = strings.Cut(uri, "#")
	}
	return src, nil
}
