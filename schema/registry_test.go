package schema_test

import (
	"testing"
	"testing/fstest"

	"github.com/idemkit/idem/schema"
	"github.com/stretchr/testify/require"
)

const (
	common = `{"$id":"https://example.com/schemas/common.json","properties":{"traits":{"type":"object"}},
		"definitions":{"login":{"type":"string","minLength":2,"ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}},
			"pair":{"items":{"$ref":"#/definitions/login"}}}}`
	byID   = `{"properties":{"traits":{"type":"object","properties":{"a":{"$ref":"common#/definitions/login"}}}}}`
	byURI  = `{"$id":"https://example.com/schemas/customer.json","properties":{"traits":{"type":"object","properties":{"a":{"$ref":"common.json#/definitions/pair"}}}}}`
	twoWay = `{"properties":{"traits":{"type":"object","properties":{"a":{"$ref":"twoWay2#/properties/traits"}}}}}`
)

func TestRegistryLinks(t *testing.T) {
	id, uri := mustParse("byID", byID), mustParse("byURI", byURI)
	_, err := id.Validate([]byte(`{}`))
	require.ErrorIs(t, err, schema.ErrUnlinked)
	require.EqualError(t, err, `schema "byID" refers to schemas it has not been linked with: common#/definitions/login`)

	registry, err := schema.NewRegistry(id, mustParse("common", common), uri)
	require.NoError(t, err)
	require.Equal(t, "byID", registry.Default().ID())
	derived, err := registry.Default().Validate([]byte(`{"a":"Jo"}`))
	require.NoError(t, err)
	require.Equal(t, []schema.Identifier{{Type: "password", Value: "jo", Pointer: "/traits/a"}}, derived.Identifiers)
	linked, ok := registry.Get("byURI")
	require.True(t, ok)
	derived, err = linked.Validate([]byte(`{"a":["Jo","Al"]}`))
	require.NoError(t, err)
	require.Len(t, derived.Identifiers, 2)
	_, err = linked.Validate([]byte(`{"a":["x"]}`))
	require.EqualError(t, err, "/traits/a/0: must have at least 2 characters")
	require.Equal(t, byURI, string(linked.Document()))

	_, err = id.Validate([]byte(`{}`))
	require.ErrorIs(t, err, schema.ErrUnlinked, "a schema never changes")
	_, ok = registry.Get("BYID")
	require.False(t, ok)
}

func TestRegistryLinksBothWays(t *testing.T) {
	other := `{"properties":{"traits":{"type":"object","properties":{"b":{"$ref":"twoWay#/properties/traits"}}}}}`
	registry, err := schema.NewRegistry(mustParse("twoWay", twoWay), mustParse("twoWay2", other))
	require.NoError(t, err)
	_, err = registry.Default().Validate([]byte(`{"a":{"b":{"a":1}}}`))
	require.EqualError(t, err, "/traits/a/b/a: must be of type object, not integer")

	cycle := `{"properties":{"traits":{"$ref":"cycle2#/properties/traits"}}}`
	_, err = schema.NewRegistry(mustParse("cycle", cycle), mustParse("cycle2", `{"properties":{"traits":{"$ref":"cycle#/properties/traits"}}}`))
	require.ErrorContains(t, err, "refers to itself")
}

func TestRegistryRefuses(t *testing.T) {
	_, err := schema.NewRegistry(mustParse("a", person), mustParse("a", person))
	require.EqualError(t, err, `schema "a": another schema of the registry has the same id`)
	_, err = schema.NewRegistry(mustParse("a", common), mustParse("b", common), mustParse("c", byURI))
	require.EqualError(t, err, `schema "c": /properties/traits/properties/a/$ref: "https://example.com/schemas/common.json" is the $id of several schemas: refer to "a" or another of them by the id it is registered under`)
	_, err = schema.NewRegistry(mustParse("a", common), mustParse("b", common))
	require.NoError(t, err, "copies may share an $id that nobody refers to")
	_, err = schema.NewRegistry(mustParse("byID", byID))
	require.ErrorContains(t, err, `schema "byID": /properties/traits/properties/a/$ref: "common#/definitions/login" is no registered schema`)
	_, err = schema.NewRegistry(mustParse("byID", byID), mustParse("common", person))
	require.ErrorContains(t, err, `leads nowhere: schema "common" has no /definitions/login`)
	_, err = schema.NewRegistry(nil)
	require.Error(t, err)
}

func TestRegistryWith(t *testing.T) {
	registry, err := schema.NewRegistry(mustParse("byID", byID), mustParse("common", common))
	require.NoError(t, err)
	changed, err := registry.With(mustParse("common", `{"properties":{"traits":{"type":"object"}},"definitions":{"login":{"type":"integer"}}}`))
	require.NoError(t, err)
	_, err = changed.Default().Validate([]byte(`{"a":"Jo"}`))
	require.Error(t, err, "the other schema sees the new one")
	_, err = registry.Default().Validate([]byte(`{"a":"Jo"}`))
	require.NoError(t, err, "the registry does not change")
	added, err := registry.With(mustParse("new", person))
	require.NoError(t, err)
	require.Len(t, added.All(), 3)
	require.Len(t, registry.All(), 2)
	require.Equal(t, "new", added.All()[2].ID())
}

func TestFromFS(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	registry, err := schema.FromFS(fstest.MapFS{"z.json": file(person), "common.schema.json": file(common), "default.schema.json": file(byID), "README.md": file("x"), "sub/x.json": file("x")})
	require.NoError(t, err)
	var ids []string
	for _, s := range registry.All() {
		ids = append(ids, s.ID())
	}
	require.Equal(t, []string{"default", "common", "z"}, ids)

	registry, err = schema.FromFS(fstest.MapFS{"customer.json": file(person)})
	require.NoError(t, err)
	require.Equal(t, "customer", registry.Default().ID())

	_, err = schema.FromFS(fstest.MapFS{})
	require.EqualError(t, err, "schema folder: no file *.json in it")
	_, err = schema.FromFS(fstest.MapFS{"a.json": file(person), "b.json": file(person)})
	require.EqualError(t, err, "schema folder: none of its 2 schemas is the default one: name its file default.schema.json")
	_, err = schema.FromFS(fstest.MapFS{"a.json": file("{}")})
	require.ErrorContains(t, err, `schema folder: a.json: schema "a"`)
}
