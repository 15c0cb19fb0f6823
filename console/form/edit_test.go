package form_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/violation"
)

func find(name string) sample {
	for _, s := range samples {
		if s.name == name {
			return s
		}
	}
	panic("no such sample: " + name)
}

func TestEdit(t *testing.T) {
	for _, test := range []struct {
		name, sample, traits string
		post                 url.Values
		want                 string
	}{
		{"one member changes and no other byte", "white space",
			"{\n\t\"a\" :\r\n \"x\" ,\n\t\"o\":{ \"b\" : 1 , \"z\":[ 1 , 2 ] }\n}", url.Values{"/traits/a": {"y"}},
			"{\n\t\"a\" :\r\n \"y\" ,\n\t\"o\":{ \"b\" : 1 , \"z\":[ 1 , 2 ] }\n}"},
		{"a new member is laid out like the last", "flat", "{\n  \"email\": \"a@b.co\"\n}", url.Values{"/traits/name": {"Ada"}},
			"{\n  \"email\": \"a@b.co\",\n  \"name\": \"Ada\"\n}"},
		{"an emptied text goes away", "flat", `{"name":"Ada","email":"a@b.co"}`, url.Values{"/traits/name": {""}}, `{"email":"a@b.co"}`},
		{"spaces are a text", "flat", `{"email":"a"}`, url.Values{"/traits/name": {" "}}, `{"email":"a","name":" "}`},
		{"an object comes into being", "nested", `{}`, url.Values{"/traits/name/first": {"Ada"}}, `{"name":{"first":"Ada"}}`},
		{"and goes when it is removed", "nested", `{"x":1,"name":{"first":"Ada"}}`, url.Values{"remove": {"/traits/name"}}, `{"x":1}`},
		{"an emptied object stays", "nested", `{"name":{"first":"Ada"}}`, url.Values{"/traits/name/first": {""}}, `{"name":{}}`},
		{"elements are added in the order of their names", "list of strings", `{"emails":["a"]}`,
			url.Values{"/traits/emails/10": {"c"}, "/traits/emails/2": {"b"}, "/traits/emails/1": {""}}, `{"emails":["a","b","c"]}`},
		{"elements move, and the white space stays", "list of strings", "{\"emails\":[\n  \"a\",\n  \"b\",\n  \"c\"\n]}",
			url.Values{"order": {"/traits/emails/2", "/traits/emails/0", "/traits/emails/1"}}, "{\"emails\":[\n  \"c\",\n  \"a\",\n  \"b\"\n]}"},
		{"an element moves up", "list of strings", `{"emails":["a", "b", "c"]}`, url.Values{"move": {"up /traits/emails/2"}}, `{"emails":["a", "c", "b"]}`},
		{"the same once more", "list of strings", `{"emails":["a","b","c"]}`,
			url.Values{"order": {"/traits/emails/0", "/traits/emails/2", "/traits/emails/1"}, "move": {"up /traits/emails/2"}}, `{"emails":["c","a","b"]}`},
		{"and down", "list of strings", `{"emails":["a","b","c"]}`, url.Values{"move": {"down /traits/emails/0"}}, `{"emails":["b","a","c"]}`},
		{"not beyond the ends", "list of strings", `{"emails":["a","b"]}`, url.Values{"move": {"up /traits/emails/0"}}, `{"emails":["a","b"]}`},
		{"not anywhere else", "list of strings", `{"emails":["a","b"]}`, url.Values{"move": {"sideways /traits/emails/1"}}, `{"emails":["a","b"]}`},
		{"elements move, change, come and go at once", "list of strings", `{"emails":["a","b","c"]}`,
			url.Values{"order": {"/traits/emails/3", "/traits/emails/2", "/traits/emails/1", "/traits/emails/0"}, "/traits/emails/3": {"new"}, "/traits/emails/2": {"C"}, "remove": {"/traits/emails/1"}},
			`{"emails":["new","C","a"]}`},
		{"an order of something else is none", "list of strings", `{"emails":["a","b"]}`, url.Values{"order": {"/traits/emails/7", "x", "/traits/emails/1", "/traits/emails/1"}}, `{"emails":["a","b"]}`},
		{"objects move with all they have", "list of objects", `{"phones":[{"number":"1","more":true},{"number":"2"}]}`,
			url.Values{"order": {"/traits/phones/1", "/traits/phones/0"}, "/traits/phones/0/number": {"one"}}, `{"phones":[{"number":"2"},{"number":"one","more":true}]}`},
		{"elements are removed", "list of strings", "{\"emails\":[\n  \"a\",\n  \"b\"\n]}", url.Values{"remove": {"/traits/emails/0"}}, "{\"emails\":[\n  \"b\"\n]}"},
		{"a list comes into being", "list of objects", `{}`, url.Values{"/traits/phones/0/number": {"1"}, "/traits/phones/0/main": {"true"}},
			`{"phones":[{"number":"1","main":true}]}`},
		{"a blank element to add is none", "list of objects", `{"phones":[{"number":"1"}]}`, url.Values{"/traits/phones/1/number": {""}, "/traits/phones/1/main": {""}},
			`{"phones":[{"number":"1"}]}`},
		{"a number keeps the literal that was typed", "numbers", `{"n":1.0}`, url.Values{"/traits/i": {" 90071992547409931234 "}, "/traits/n": {"1.500"}},
			`{"n":1.500,"i":90071992547409931234}`},
		{"null where it is required and may be", "nullable by anyOf", `{"nick":"x"}`, url.Values{"/traits/nick": {""}}, `{"nick":null}`},
		{"nothing where it may be left out", "nullable by type", `{"age":3}`, url.Values{"/traits/age": {""}}, `{}`},
		{"a choice", "booleans", `{"must":true}`, url.Values{"/traits/yes": {"false"}}, `{"must":true,"yes":false}`},
		{"JSON where no control fits", "several types", `{"v":"1"}`, url.Values{"/traits/v": {"[1, 2]"}}, `{"v":[1, 2]}`},
		{"a member is added to a map", "map", `{"labels":{"a":"1"}}`, url.Values{"add:/traits/labels": {"b/c"}, "add-value:/traits/labels": {"2"}},
			`{"labels":{"a":"1","b/c":"2"}}`},
		{"and comes back under its pointer", "map", `{"labels":{"a":"1"}}`, url.Values{"/traits/labels/b~1c": {"2"}}, `{"labels":{"a":"1","b/c":"2"}}`},
		{"text of several lines", "texts", `{"t":"one\nline"}`, url.Values{"/traits/t": {"two\r\nlines"}}, `{"t":"two\nlines"}`},
		{"recursion", "recursion", `{"name":"a","children":[{"name":"b"}]}`, url.Values{"/traits/children/0/children/0/name": {"c"}},
			`{"name":"a","children":[{"name":"b","children":[{"name":"c"}]}]}`},
		{"what has no control is not touched", "flat", `{"email":"a"}`, url.Values{"/traits/nothing": {"x"}, "/schema": {"y"}, "other": {"z"}}, `{"email":"a"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := edit(t, find(test.sample).blueprint(t), test.traits)
			f.Post(test.post)
			got, ok := f.Traits()
			require.True(t, ok)
			require.Equal(t, test.want, string(got))
		})
	}
}

func TestWhatIsNoValueOfItsField(t *testing.T) {
	for _, test := range []struct {
		name, sample, traits, pointer, text string
	}{
		{"no number", "numbers", `{}`, "/traits/n", "12a"},
		{"no number of JSON", "numbers", `{}`, "/traits/n", "+1"},
		{"a string where a number belongs", "numbers", `{}`, "/traits/i", `"1"`},
		{"none of the choices", "enum", `{"plan":"pro"}`, "/traits/plan", `"gold"`},
		{"no JSON", "several types", `{}`, "/traits/v", "{"},
		{"JSON with a name twice", "several types", `{}`, "/traits/v", `{"a":1,"a":2}`},
		{"a member without a name", "map", `{"labels":{}}`, "add-value:/traits/labels", "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := edit(t, find(test.sample).blueprint(t), test.traits)
			f.Post(url.Values{test.pointer: {test.text}, "add:/traits/labels": {""}})
			_, ok := f.Traits()
			require.False(t, ok)
			failed := map[string]string{}
			f.Each(func(field *form.Field) {
				if len(field.Errors) > 0 {
					failed[field.Pointer] = field.Text
				}
			})
			require.Equal(t, map[string]string{test.pointer: test.text}, failed, "the error and what was typed")
		})
	}
}

func TestBlankFormHasDefaults(t *testing.T) {
	f := find("defaults").blueprint(t).Blank()
	f.Post(url.Values{})
	got, ok := f.Traits()
	require.True(t, ok)
	require.JSONEq(t, `{"locale":"de","count":3,"news":true}`, string(got), "and none in an object that is not there")

	f = find("defaults").blueprint(t).Blank()
	f.Post(url.Values{"/traits/locale": {""}, "/traits/deep/x": {"z"}})
	got, _ = f.Traits()
	require.JSONEq(t, `{"count":3,"news":true,"deep":{"x":"z"}}`, string(got))
}

func TestBlankFormMakesWhatIsRequired(t *testing.T) {
	s := sample{name: "required groups", traits: `{"type":"object","required":["name","roles"],"properties":{"name":{"type":"object","properties":{"first":{"type":"string"}},"required":["first"]},"roles":{"type":"array","items":{"type":"string"}},"more":{"type":"object","properties":{"x":{"type":"string"}},"required":["x"]}}}`}
	f := s.blueprint(t).Blank()
	f.Post(url.Values{})
	got, ok := f.Traits()
	require.True(t, ok)
	require.JSONEq(t, `{"name":{},"roles":[]}`, string(got))
	require.True(t, f.Find("/traits/name/first").Needed)
	require.True(t, f.Find("/traits/more/x").Required)
	require.False(t, f.Find("/traits/more/x").Needed)
}

func TestPlace(t *testing.T) {
	f := edit(t, find("list of objects").blueprint(t), `{"phones":[{"number":"1"},{"number":"2"},{"number":"3"}]}`)
	f.Post(url.Values{"remove": {"/traits/phones/0"}})
	_, ok := f.Traits()
	require.True(t, ok)
	f.Place(
		violation.Violation{Pointer: "/traits/phones/1/number", Message: "is wrong"},
		violation.Violation{Pointer: "/traits/phones/0/main/deeper", Message: "is wrong too"},
		violation.Violation{Pointer: "/traits/unknown", Message: "must not be there"},
		violation.Violation{Pointer: "/state", Message: "is bad"},
		violation.Violation{Pointer: "/traits", Keyword: "anyOf", Message: "must match one", Alternatives: [][]violation.Violation{
			{{Pointer: "/traits/email", Message: "is required"}, {Pointer: "/traits/name", Message: "is required"}}, {{Pointer: "/traits", Message: "must be empty"}},
		}},
	)
	require.Equal(t, []string{"is wrong"}, f.Find("/traits/phones/2/number").Errors, "the element moved up")
	require.Equal(t, []string{"deeper: is wrong too"}, f.Find("/traits/phones/1/main").Errors)
	require.Equal(t, []string{"unknown: must not be there", "is bad",
		"must match one: email is required and name is required; or must be empty"}, f.Errors)
}

func TestPlaceOfAnUnpostedForm(t *testing.T) {
	f := edit(t, find("flat").blueprint(t), `{}`)
	f.Place(violation.Violation{Pointer: "/traits/email", Message: "is required"}, violation.Violation{Pointer: "/traits/email", Message: "is required"})
	require.Equal(t, []string{"is required"}, f.Find("/traits/email").Errors)
}

func TestFieldsSayWhatTheSchemaSays(t *testing.T) {
	f := edit(t, find("titled choices").blueprint(t), `{"country":"AT"}`)
	country := f.Find("/traits/country")
	require.Equal(t, form.KindChoice, country.Kind)
	require.Equal(t, []form.Option{{Value: `"AT"`, Label: "Austria"}, {Value: `"DE"`, Label: "Germany"}}, country.Options)

	f = edit(t, find("oneOf of objects").blueprint(t), `{}`)
	require.Equal(t, []form.Option{{Value: `"person"`, Label: "person"}, {Value: `"company"`, Label: "company"}}, f.Find("/traits/kind").Options)
	require.Equal(t, form.KindText, f.Find("/traits/vat").Kind)

	f = edit(t, find("if then else").blueprint(t), `{}`)
	require.Equal(t, form.KindText, f.Find("/traits/svnr").Kind)
	require.Equal(t, form.KindText, f.Find("/traits/country").Kind, "the condition only compares")

	f = edit(t, find("oneOf that differs").blueprint(t), `{"v":"text"}`)
	require.Equal(t, form.KindJSON, f.Find("/traits/v").Kind)

	f = edit(t, find("nullable by anyOf").blueprint(t), `{"nick":null}`)
	nick := f.Find("/traits/nick")
	require.Equal(t, []any{form.KindText, "Nickname", "10", true}, []any{nick.Kind, nick.Title, nick.Bounds.MaxLength, nick.Required})

	f = edit(t, find("allOf").blueprint(t), `{}`)
	require.Equal(t, []form.Option{{Value: `"b"`, Label: "b"}}, f.Find("/traits/role").Options)

	f = edit(t, find("tuple").blueprint(t), `{"point":[1,2,"n"]}`)
	require.Nil(t, f.Find("/traits/point").Blank, "the tuple is full")
	f = edit(t, find("list of objects").blueprint(t), `{"phones":[{},{},{},{}]}`)
	require.Nil(t, f.Find("/traits/phones").Blank, "so is the list")
}

func TestReferenceToAnotherSchema(t *testing.T) {
	registry := registryOf(t, map[string]string{
		"person":  `{"type":"object","properties":{"traits":{"type":"object","properties":{"home":{"$ref":"address#/definitions/a"},"work":{"$ref":"https://x.example/address.json#/definitions/a"}}}}}`,
		"address": `{"$id":"https://x.example/address.json","type":"object","definitions":{"a":{"type":"object","properties":{"city":{"type":"string"}}}},"properties":{"traits":{"type":"object"}}}`,
	}, "person", "address")
	b, err := form.New(registry, "person")
	require.NoError(t, err)
	f := edit(t, b, `{}`)
	require.NotNil(t, f.Find("/traits/home/city"))
	require.NotNil(t, f.Find("/traits/work/city"))
	_, err = form.New(registry, "robot")
	require.Error(t, err)
}

func TestEditRefusesWhatIsNoObject(t *testing.T) {
	b := find("flat").blueprint(t)
	for _, traits := range []string{``, `[]`, `"x"`, `{"a":1,"a":2}`, `{} x`, "{\"a\":\"\xff\"}"} {
		_, err := b.Edit(json.RawMessage(traits))
		require.Error(t, err, traits)
	}
}
