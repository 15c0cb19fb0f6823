package console

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/schema"
)

// attribute is something that people can be filtered and sorted by.
type attribute struct {
	Pointer string // see package query
	Name    string // as a filter writes it
	Label   string
	kind    form.Kind // of a trait; empty for others
	boolean bool
}

// ownAttributes are those that everybody has.
var ownAttributes = []string{
	"/identifiers", "/external_id", "/state", "/schema_id", "/created_at", "/updated_at", "/state_changed_at", "/id",
	"/verifiable_addresses/value", "/recovery_addresses/value",
	"/credentials/password", "/credentials/oidc", "/credentials/saml", "/credentials/totp", "/credentials/lookup_secret", "/credentials/webauthn", "/credentials/passkey",
}

// maxAttributes bounds what the builder offers; any other can be written by hand.
const maxAttributes = 200

// knownAttributes are the attributes of a registry.
type knownAttributes struct {
	schemas *schema.Registry
	all     []attribute
}

// attributes returns what people can be filtered by: the traits that the schemas name, and what everybody has. They are
// remembered as long as the Manager has the same schemas.
func (req *request) attributes() []attribute {
	schemas := req.manager.Schemas()
	known := req.known.Load()
	if known == nil || known.schemas != schemas {
		known = &knownAttributes{schemas, attributesOf(schemas)}
		req.known.Store(known)
	}
	return known.all
}

func attributesOf(schemas *schema.Registry) []attribute {
	var all []attribute
	seen := make(map[string]bool)
	for _, s := range schemas.All() {
		blueprint, err := form.New(schemas, s.ID())
		if err != nil {
			continue
		}
		blueprint.Blank().Each(func(f *form.Field) {
			pointer := withoutIndexes(f.Pointer)
			if f.IsGroup() || f.Kind == form.KindJSON || seen[pointer] || len(all) == maxAttributes || strings.HasPrefix(f.Pointer, "add") {
				return
			}
			seen[pointer] = true
			a := attribute{Pointer: pointer, Name: attributeName(pointer), Label: f.Title, kind: f.Kind}
			a.boolean = len(f.Options) > 0 && f.Options[0].Value == "true"
			all = append(all, a)
		})
	}
	for _, pointer := range ownAttributes {
		all = append(all, attribute{Pointer: pointer, Name: attributeName(pointer)})
	}
	return all
}

// withoutIndexes turns the pointer of an element into that of every element.
func withoutIndexes(pointer string) string {
	tokens := strings.Split(pointer, "/")
	return strings.Join(slices.DeleteFunc(tokens, func(token string) bool {
		return token != "" && strings.Trim(token, "0123456789") == ""
	}), "/")
}

// attributeName writes a pointer as a filter does: with dots where that can be.
func attributeName(pointer string) string {
	name, _, _ := strings.Cut(query.Present(pointer).String(), " ")
	return name
}

// operators are what the builder offers.
var operators = []string{"eq", "ne", "co", "sw", "gt", "lt", "pr"}

// condition makes a filter of what was chosen in the builder. It is empty if no attribute was.
func (req *request) condition(name, operator, value string) (string, error) {
	if name == "" {
		return "", nil
	}
	if !slices.Contains(operators, operator) {
		operator = "eq"
	}
	text := name + " " + operator
	if operator != "pr" {
		text += " " + req.literal(name, operator, value)
	}
	expression, err := query.Parse(text)
	return expression.String(), err
}

// literal writes a value as JSON: as the schema says what type the attribute has, else as it looks.
func (req *request) literal(name, operator, value string) string {
	quoted, err := json.Marshal(value)
	if err != nil || operator == "co" || operator == "sw" {
		return string(quoted)
	}
	for _, a := range req.attributes() {
		if a.Name == name && (a.kind == "" || a.kind == form.KindText || a.kind == form.KindLines || (a.kind == form.KindChoice && !a.boolean)) {
			return string(quoted)
		}
	}
	if trimmed := strings.TrimSpace(value); json.Valid([]byte(trimmed)) {
		return trimmed
	}
	return string(quoted)
}
