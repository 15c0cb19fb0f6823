package form_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console/form"
)

func TestMerge(t *testing.T) {
	for _, test := range []struct {
		name, base, theirs, yours, want string
		differences                     []form.Difference
	}{
		{"nothing changed", `{"a":1}`, `{"a":1}`, `{"a":1}`, `{"a":1}`, nil},
		{"each changed another member", `{"a":1,"b":{"c":1,"d":1}}`, `{"a":1,"b":{"c":2,"d":1}}`, `{"a":1,"b":{"c":1,"d":3}}`, `{"a":1,"b":{"c":2,"d":3}}`,
			[]form.Difference{{Pointer: "/traits/b/c", Base: "1", Theirs: "2", Yours: "1"}, {Pointer: "/traits/b/d", Base: "1", Theirs: "1", Yours: "3"}}},
		{"both changed one", `{"a":1}`, `{"a":2}`, `{"a":3}`, `{"a":3}`,
			[]form.Difference{{Pointer: "/traits/a", Base: "1", Theirs: "2", Yours: "3", Clash: true}}},
		{"both changed one alike", `{"a":1}`, `{"a":2}`, `{"a":2}`, `{"a":2}`,
			[]form.Difference{{Pointer: "/traits/a", Base: "1", Theirs: "2", Yours: "2"}}},
		{"one removed, one changed", `{"a":1,"b":2}`, `{"b":2}`, `{"a":9,"b":2}`, `{"b":2,"a":9}`,
			[]form.Difference{{Pointer: "/traits/a", Base: "1", Yours: "9", Clash: true}}},
		{"you removed, they changed", `{"a":1}`, `{"a":2}`, `{}`, `{}`,
			[]form.Difference{{Pointer: "/traits/a", Base: "1", Theirs: "2", Clash: true}}},
		{"both added", `{}`, `{"x":{"p":1}}`, `{"x":{"q":2},"y":[]}`, `{"x":{"p":1,"q":2},"y":[]}`,
			[]form.Difference{{Pointer: "/traits/x/p", Theirs: "1"}, {Pointer: "/traits/x/q", Yours: "2"}, {Pointer: "/traits/y", Yours: "[]"}}},
		{"lists are one value", `{"l":[1]}`, `{"l":[1,2]}`, `{"l":[1,3]}`, `{"l":[1,3]}`,
			[]form.Difference{{Pointer: "/traits/l", Base: "[1]", Theirs: "[1,2]", Yours: "[1,3]", Clash: true}}},
		{"absent as a whole", ``, `1`, ``, `1`, []form.Difference{{Pointer: "/traits", Theirs: "1"}}},
		{"white space of theirs stays", `{"a":1,"b":2}`, "{ \"a\" : 1 , \"b\" : 4 }", `{"a":3,"b":2}`, "{ \"a\" : 3 , \"b\" : 4 }",
			[]form.Difference{{Pointer: "/traits/a", Base: "1", Theirs: "1", Yours: "3"}, {Pointer: "/traits/b", Base: "2", Theirs: "4", Yours: "2"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			merged, differences, err := form.Merge("/traits", json.RawMessage(test.base), json.RawMessage(test.theirs), json.RawMessage(test.yours), nil)
			require.NoError(t, err)
			require.Equal(t, test.want, string(merged))
			require.Equal(t, test.differences, differences)
		})
	}
	_, _, err := form.Merge("", json.RawMessage(`{`), nil, nil, nil)
	require.Error(t, err)

	theirs := func(pointer string) bool { return pointer == "/traits/a" || pointer == "/traits/c" }
	merged, _, err := form.Merge("/traits", json.RawMessage(`{"a":1,"b":1,"c":1}`), json.RawMessage(`{"a":2,"b":2,"c":1}`), json.RawMessage(`{"a":3,"b":3,"c":4}`), theirs)
	require.NoError(t, err)
	require.Equal(t, `{"a":2,"b":3,"c":4}`, string(merged), "only a clash can be decided")
}
