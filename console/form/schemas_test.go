package form_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/schema"
)

// sample is a schema of traits, what else its document holds, and traits that it accepts.
type sample struct {
	name     string
	traits   string // the schema of the traits
	document string // further members of the document, each with a comma before it
	valid    []string
}

var samples = []sample{
	{name: "flat", traits: `{"type":"object","properties":{"email":{"type":"string","format":"email"},"name":{"type":"string"}},"required":["email"]}`,
		valid: []string{`{"email":"a@b.co"}`, `{"name":"Ada","email":"a@b.co"}`, `{ "email" : "a@b.co" , "name" : "" }`, `{"email":"a@b.co","other":[1,2]}`}},
	{name: "nested", traits: `{"type":"object","properties":{"name":{"type":"object","title":"Name","properties":{"first":{"type":"string"},"last":{"type":"string"}},"required":["first"]}}}`,
		valid: []string{`{}`, `{"name":{"first":"Ada"}}`, `{"name":{"last":"L","first":"A"}}`}},
	{name: "nested in nested", traits: `{"type":"object","properties":{"a":{"properties":{"b":{"properties":{"c":{"type":"integer"}}}}}}}`,
		valid: []string{`{}`, `{"a":{}}`, `{"a":{"b":{"c":3}}}`}},
	{name: "list of strings", traits: `{"type":"object","properties":{"emails":{"type":"array","items":{"type":"string"}}}}`,
		valid: []string{`{}`, `{"emails":[]}`, `{"emails":["a","b"]}`, "{\"emails\":[\n  \"a\",\n  \"b\"\n]}"}},
	{name: "list of objects", traits: `{"type":"object","properties":{"phones":{"type":"array","maxItems":4,"items":{"type":"object","properties":{"number":{"type":"string"},"main":{"type":"boolean"}},"required":["number"]}}}}`,
		valid: []string{`{"phones":[{"number":"1","main":true},{"number":"2"}]}`}},
	{name: "list of lists", traits: `{"type":"object","properties":{"grid":{"type":"array","items":{"type":"array","items":{"type":"number"}}}}}`,
		valid: []string{`{"grid":[[1,2],[3.50,4e1],[]]}`}},
	{name: "list without items", traits: `{"type":"object","properties":{"any":{"type":"array"}}}`,
		valid: []string{`{"any":[1,"a",null,{"b":[]}]}`, `{"any":[]}`}},
	{name: "tuple", traits: `{"type":"object","properties":{"point":{"type":"array","items":[{"type":"number"},{"type":"number"},{"type":"string"}],"additionalItems":false}}}`,
		valid: []string{`{"point":[1.0,2]}`, `{"point":[1,2,"north"]}`}},
	{name: "tuple with a rest", traits: `{"type":"object","properties":{"row":{"type":"array","items":[{"type":"string"}],"additionalItems":{"type":"integer"}}}}`,
		valid: []string{`{"row":["a",1,2,3]}`, `{"row":["a"]}`}},
	{name: "enum", traits: `{"type":"object","properties":{"plan":{"type":"string","enum":["free","pro"]}},"required":["plan"]}`,
		valid: []string{`{"plan":"pro"}`, `{"plan":"\u0070ro"}`}},
	{name: "enum of everything", traits: `{"type":"object","properties":{"x":{"enum":["a",1,1.5,true,null,{"k":[1,2]},[]]}}}`,
		valid: []string{`{"x":"a"}`, `{"x":1}`, `{"x":true}`, `{"x":null}`, `{"x":{"k": [1,2]}}`, `{"x":[]}`}},
	{name: "const", traits: `{"type":"object","properties":{"version":{"const":2},"name":{"type":"string"}}}`,
		valid: []string{`{"version":2}`, `{"name":"x"}`}},
	{name: "titled choices", traits: `{"type":"object","properties":{"country":{"oneOf":[{"const":"AT","title":"Austria"},{"const":"DE","title":"Germany"}]}}}`,
		valid: []string{`{"country":"AT"}`, `{}`}},
	{name: "formats", traits: `{"type":"object","properties":{"e":{"type":"string","format":"email"},"u":{"type":"string","format":"uri"},"d":{"type":"string","format":"date"},"t":{"type":"string","format":"date-time"},"p":{"type":"string","format":"tel"},"i":{"type":"string","format":"ipv4"},"x":{"type":"string","format":"uuid"}}}`,
		valid: []string{`{"e":"a@b.co","u":"https://x.example/?q=1","d":"2024-02-29","t":"2024-02-29T10:00:00Z","p":"+16502530000","i":"10.0.0.1"}`}},
	{name: "ref", traits: `{"type":"object","properties":{"home":{"$ref":"#/definitions/address"},"work":{"$ref":"#/definitions/address"}}}`,
		document: `,"definitions":{"address":{"type":"object","title":"Address","properties":{"city":{"type":"string"},"zip":{"type":"string"}},"required":["city"]}}`,
		valid:    []string{`{"home":{"city":"Wien","zip":"1010"}}`, `{}`}},
	{name: "ref of the whole", traits: `{"$ref":"#/definitions/traits"}`,
		document: `,"definitions":{"traits":{"type":"object","properties":{"a~b/c":{"type":"string"}}}}`,
		valid:    []string{`{"a~b/c":"x"}`}},
	{name: "ref with escapes", traits: `{"type":"object","properties":{"x":{"$ref":"#/definitions/a~1b%20c"}}}`,
		document: `,"definitions":{"a/b c":{"type":"integer"}}`,
		valid:    []string{`{"x":7}`}},
	{name: "recursion", traits: `{"$ref":"#/definitions/node"}`,
		document: `,"definitions":{"node":{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/definitions/node"}}},"required":["name"]}}`,
		valid:    []string{`{"name":"a"}`, `{"name":"a","children":[{"name":"b","children":[{"name":"c","children":[]}]},{"name":"d"}]}`}},
	{name: "recursion by a member", traits: `{"$ref":"#/definitions/person"}`,
		document: `,"definitions":{"person":{"type":"object","properties":{"name":{"type":"string"},"boss":{"$ref":"#/definitions/person"}}}}`,
		valid:    []string{`{"name":"a","boss":{"name":"b","boss":{"name":"c"}}}`}},
	{name: "anyOf of required", traits: `{"type":"object","properties":{"email":{"type":"string"},"phone":{"type":"string"}},"anyOf":[{"required":["email"]},{"required":["phone"]}]}`,
		valid: []string{`{"email":"x"}`, `{"phone":"1","email":"x"}`}},
	{name: "oneOf of objects", traits: `{"type":"object","oneOf":[{"properties":{"kind":{"const":"person"},"name":{"type":"string"}},"required":["kind","name"]},{"properties":{"kind":{"const":"company"},"vat":{"type":"string"}},"required":["kind","vat"]}]}`,
		valid: []string{`{"kind":"person","name":"Ada"}`, `{"kind":"company","vat":"ATU1"}`}},
	{name: "oneOf that differs", traits: `{"type":"object","properties":{"v":{"oneOf":[{"type":"string"},{"type":"object","properties":{"a":{"type":"string"}}}]}}}`,
		valid: []string{`{"v":"text"}`, `{"v":{"a":"b"}}`}},
	{name: "nullable by anyOf", traits: `{"type":"object","properties":{"nick":{"anyOf":[{"type":"string","title":"Nickname","maxLength":10},{"type":"null"}]}},"required":["nick"]}`,
		valid: []string{`{"nick":null}`, `{"nick":"x"}`}},
	{name: "nullable by type", traits: `{"type":"object","properties":{"age":{"type":["integer","null"]},"note":{"type":["string","null"]},"tags":{"type":["array","null"],"items":{"type":"string"}},"more":{"type":["object","null"],"properties":{"a":{"type":"string"}}}}}`,
		valid: []string{`{"age":null,"note":null,"tags":null,"more":null}`, `{"age":3,"note":"x","tags":["a"],"more":{"a":"b"}}`}},
	{name: "null alone", traits: `{"type":"object","properties":{"nothing":{"type":"null"}}}`,
		valid: []string{`{"nothing":null}`, `{}`}},
	{name: "several types", traits: `{"type":"object","properties":{"v":{"type":["string","number","boolean"]}}}`,
		valid: []string{`{"v":"1"}`, `{"v":1}`, `{"v":true}`}},
	{name: "if then else", traits: `{"type":"object","properties":{"country":{"type":"string"}},"if":{"properties":{"country":{"const":"AT"}}},"then":{"properties":{"svnr":{"type":"string"}},"required":["svnr"]},"else":{"properties":{"taxId":{"type":"string"}}}}`,
		valid: []string{`{"country":"AT","svnr":"1"}`, `{"country":"DE","taxId":"2"}`}},
	{name: "dependencies", traits: `{"type":"object","properties":{"card":{"type":"string"}},"dependencies":{"card":{"properties":{"billing":{"type":"string"}},"required":["billing"]},"x":["y"]}}`,
		valid: []string{`{"card":"4","billing":"here"}`, `{}`}},
	{name: "allOf", traits: `{"allOf":[{"$ref":"#/definitions/base"},{"type":"object","properties":{"role":{"type":"string","enum":["a","b"]}}},{"properties":{"role":{"enum":["b","c"]}}}]}`,
		document: `,"definitions":{"base":{"type":"object","properties":{"email":{"type":"string"}},"required":["email"]}}`,
		valid:    []string{`{"email":"x","role":"b"}`}},
	{name: "defaults", traits: `{"type":"object","properties":{"locale":{"type":"string","default":"de"},"count":{"type":"integer","default":3},"news":{"type":"boolean","default":true},"deep":{"type":"object","properties":{"x":{"type":"string","default":"y"}}}}}`,
		valid: []string{`{}`, `{"locale":"en","news":false}`}},
	{name: "booleans", traits: `{"type":"object","properties":{"yes":{"type":"boolean"},"must":{"type":"boolean"}},"required":["must"]}`,
		valid: []string{`{"must":false}`, `{"must":true,"yes":false}`}},
	{name: "numbers", traits: `{"type":"object","properties":{"i":{"type":"integer"},"n":{"type":"number"},"b":{"minimum":1,"maximum":10}}}`,
		valid: []string{`{"i":9007199254740993,"n":1.10,"b":1E+0}`, `{"i":12345678901234567890123,"n":-0.0}`, `{"n":1e-7}`}},
	{name: "titles and descriptions", traits: `{"type":"object","title":"Everything","properties":{"x":{"type":"string","title":"The <b>x</b>","description":"An \"x\" & more"}}}`,
		valid: []string{`{"x":"<script>alert(1)</script>"}`}},
	{name: "map", traits: `{"type":"object","properties":{"labels":{"type":"object","additionalProperties":{"type":"string"}}},"additionalProperties":false}`,
		valid: []string{`{"labels":{"a":"1","b/c~d":"2","":"3"}}`, `{"labels":{}}`}},
	{name: "map of objects", traits: `{"type":"object","additionalProperties":{"type":"object","properties":{"n":{"type":"integer"}}}}`,
		valid: []string{`{"one":{"n":1},"two":{}}`}},
	{name: "no keywords", traits: `{"type":"object"}`,
		valid: []string{`{}`, `{"a":"text","b":1,"c":[{}],"d":null,"e":{"f":"g"},"h":true}`}},
	{name: "anything goes", traits: `{"type":"object","properties":{"a":true,"b":{}},"additionalProperties":true}`,
		valid: []string{`{"a":"text","b":{"c":1},"d":[]}`}},
	{name: "names", traits: `{"type":"object","properties":{"":{"type":"string"},"a b":{"type":"string"},"ü":{"type":"string"},"\"q\"":{"type":"string"},"x\ny":{"type":"string"}}}`,
		valid: []string{`{"":"1","a b":"2","ü":"3","\"q\"":"4"}`, `{"x\ny":"5"}`, `{"x\r\ny":{"deep":1}}`}},
	{name: "texts", traits: `{"type":"object","properties":{"t":{"type":"string"},"long":{"type":"string","maxLength":5000}}}`,
		valid: []string{`{"t":"two\nlines"}`, `{"t":"\ttab "}`, `{"t":"cr\r\nlf"}`, `{"t":"\u0000\u001b\u007f"}`, `{"t":"\n\n"}`, `{"t":"   "}`, "{\"t\":\"\u202eRTL \u200f \\u2028\"}", `{"long":"\nfirst"}`, `{"t":"\ud83d\ude00"}`}},
	{name: "types that do not fit", traits: `{"type":"object"}`,
		valid: []string{`{"email":{"deep":[[[[1]]]]}}`}},
	{name: "read only", traits: `{"type":"object","properties":{"since":{"type":"string","format":"date","readOnly":true}}}`,
		valid: []string{`{"since":"2020-01-01"}`}},
	{name: "white space", traits: `{"type":"object","properties":{"a":{"type":"string"},"o":{"type":"object","properties":{"b":{"type":"number"}}}}}`,
		valid: []string{"{\n\t\"a\" :\r\n \"x\" ,\n\t\"o\":{ \"b\" : 1 , \"z\":[ 1 , 2 ] }\n}", `{ }`}},
}

func (s sample) registry(t testing.TB) *schema.Registry {
	document := `{"type":"object","properties":{"traits":` + s.traits + `}` + s.document + `}`
	parsed, err := schema.Parse("s", []byte(document))
	require.NoError(t, err, s.name)
	registry, err := schema.NewRegistry(parsed)
	require.NoError(t, err)
	return registry
}

func (s sample) blueprint(t testing.TB) *form.Blueprint {
	b, err := form.New(s.registry(t), "s")
	require.NoError(t, err)
	return b
}

func edit(t testing.TB, b *form.Blueprint, traits string) *form.Form {
	f, err := b.Edit(json.RawMessage(traits))
	require.NoError(t, err, traits)
	return f
}
