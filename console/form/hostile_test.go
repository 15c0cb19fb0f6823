package form_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/schema"
)

func registryOf(t testing.TB, documents map[string]string, ids ...string) *schema.Registry {
	var all []*schema.Schema
	for _, id := range ids {
		parsed, err := schema.Parse(id, []byte(documents[id]))
		require.NoError(t, err)
		all = append(all, parsed)
	}
	registry, err := schema.NewRegistry(all[0], all[1:]...)
	require.NoError(t, err)
	return registry
}

func count(f *form.Form) int {
	fields := 0
	f.Each(func(*form.Field) { fields++ })
	return fields
}

func TestHostileTraitsMakeABoundedForm(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 98) + `"x"` + strings.Repeat(`}`, 98)
	bosses := strings.Repeat(`{"boss":`, 90) + `{}` + strings.Repeat(`}`, 90)
	lists := `{"a":` + strings.Repeat(`[`, 90) + strings.Repeat(`]`, 90) + `}`
	var wide, indented strings.Builder
	wide.WriteString(`{"email":"a@b.co"`)
	for n := range 10_000 {
		fmt.Fprintf(&wide, `,"m%d":{"x":%d}`, n, n)
	}
	wide.WriteString(`}`)
	indented.WriteString(`{"a":` + strings.Repeat(`[`, 80) + `0` + strings.Repeat(`,0`, 50_000) + strings.Repeat(`]`, 80) + `}`)
	phones := `{"phones":[` + strings.TrimSuffix(strings.Repeat(`{},`, 10_000), ",") + `]}`
	long := `{"email":"` + strings.Repeat("x", 1<<18) + `"}`
	for _, s := range []string{"flat", "list of objects", "recursion by a member", "map of objects"} {
		b := find(s).blueprint(t)
		for name, traits := range map[string]string{"deep": deep, "bosses": bosses, "lists": lists, "wide": wide.String(), "indented": indented.String(), "phones": phones, "long": long} {
			began := time.Now()
			f := edit(t, b, traits)
			require.LessOrEqual(t, count(f), form.MaxFields+form.MaxNesting, name)
			f.Each(func(field *form.Field) {
				require.True(t, !field.IsGroup() || strings.Count(field.Pointer, "/") <= form.MaxNesting, "%s is nested too deep for a group", field.Pointer)
			})
			total := 0
			f.Each(func(field *form.Field) { total += len(field.Text) })
			require.Less(t, total, 2*len(traits)+1<<17, name)
			requireKept(t, b, traits)
			require.Less(t, time.Since(began), 30*time.Second, name)
		}
	}
}

func TestHostileSchemaMakesABoundedForm(t *testing.T) {
	var wide strings.Builder
	for n := range 20_000 {
		fmt.Fprintf(&wide, `,"p%d":{"type":"string"}`, n)
	}
	var tree strings.Builder // each level twice as wide
	for n := range 14 {
		fmt.Fprintf(&tree, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/definitions/d%d"},"b":{"$ref":"#/definitions/d%d"}}},`, n, n+1, n+1)
	}
	for name, s := range map[string]sample{
		"wide": {traits: `{"type":"object","properties":{"email":{"type":"string"}` + wide.String() + `}}`},
		"tree": {traits: `{"type":"object","properties":{"x":{"$ref":"#/definitions/d0"}}}`, document: `,"definitions":{` + tree.String() + `"d14":{"type":"string"}}`},
	} {
		b := s.blueprint(t)
		began := time.Now()
		f := b.Blank()
		require.LessOrEqual(t, count(f), form.MaxFields+1, name)
		if name == "wide" {
			require.True(t, f.Truncated)
		}
		requireKept(t, b, `{"email":"a","p19999":"kept","x":{"a":{"b":{}}}}`)
		require.Less(t, time.Since(began), 30*time.Second, name)
	}
}

func TestHostilePostsMakeABoundedForm(t *testing.T) {
	b := find("list of objects").blueprint(t)
	values := url.Values{}
	for n := range 20_000 {
		values.Set(fmt.Sprintf("/traits/phones/%d/number", n), "1")
	}
	values.Set("/traits/phones/"+strings.Repeat("/0", 100_000), "deep")
	values.Set("/traits/phones/99999999999999999999/number", "far")
	f := edit(t, b, `{}`)
	f.Post(values)
	require.LessOrEqual(t, count(f), 2*form.MaxFields)
	_, ok := f.Traits()
	require.False(t, ok)
	require.NotEmpty(t, f.Find("/traits/phones").Errors, "what was left out is told")
	require.LessOrEqual(t, len(f.Find("/traits/phones").Fields), 4+form.MaxNewItems)

	free := find("map of objects").blueprint(t)
	values = url.Values{}
	for n := range 20_000 {
		values.Set(fmt.Sprintf("/traits/m%d/n", n), "1")
	}
	f = edit(t, free, `{}`)
	f.Post(values)
	_, ok = f.Traits()
	require.False(t, ok)
	require.LessOrEqual(t, count(f), 2*form.MaxFields)

	f = edit(t, find("texts").blueprint(t), `{}`)
	f.Post(url.Values{"/traits/t": {"\xff\xfe"}})
	traits, ok := f.Traits()
	require.True(t, ok)
	require.True(t, json.Valid(traits))
	require.Equal(t, `{"t":"�"}`, string(traits))
}
