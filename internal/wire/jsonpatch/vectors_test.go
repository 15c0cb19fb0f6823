package jsonpatch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/wire/jsonpatch"
)

// TestMergeVectors are those of RFC 7396, appendix A, whose patch and target are objects.
func TestMergeVectors(t *testing.T) {
	for _, c := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		merged, err := merge(c.document, c.patch)
		require.NoError(t, err, c.patch)
		require.Equal(t, c.want, merged, "%s to %s", c.patch, c.document)
	}
}

// TestOperationVectors are those of RFC 6902, appendix A, in its order, without the last
// ones, which are about comparing.
func TestOperationVectors(t *testing.T) {
	for _, c := range []struct{ document, patch, want string }{
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"baz":"qux","foo":"bar"}`},
		{`{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{`{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{`{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{`{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{`{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{`{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		// A.11, A.13 to A.16: unknown members are ignored, a test of equal things.
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`},
		// What is missing in the path is made, which goes beyond the RFC.
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, `{"foo":"bar","baz":{"bat":"qux"}}`},
		{`{"foo":null}`, `[{"op":"replace","path":"/foo/a/b","value":1}]`, `{"foo":{"a":{"b":1}}}`},
		{`{"foo":[null,1]}`, `[{"op":"add","path":"/foo/0/a","value":1}]`, `{"foo":[{"a":1},1]}`},
	} {
		patched, err := apply(c.document, c.patch)
		require.NoError(t, err, c.patch)
		require.JSONEq(t, c.want, patched, "%s to %s", c.patch, c.document)
	}
	_, err := apply(`{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`)
	require.ErrorIs(t, err, jsonpatch.ErrTestFailed)
}

func merge(document, patch string) (string, error) {
	p, err := jsonpatch.ParseMerge([]byte(patch))
	if err != nil {
		return "", err
	}
	return applyTo(document, p)
}

// TestPointers holds array indices and names to RFC 6901, and the making of parents to its rule.
func TestPointers(t *testing.T) {
	const document = `{"list":["a","b"],"":{"":1},"a/b":2,"m~n":3,"null":null,"text":"x","nulls":[null]}`
	for _, c := range []struct{ patch, want string }{
		{`{"op":"add","path":"/list/-","value":"c"}`, `{"list":["a","b","c"]}`},
		{`{"op":"add","path":"/list/2","value":"c"}`, `{"list":["a","b","c"]}`},
		{`{"op":"replace","path":"/list/1","value":"c"}`, `{"list":["a","c"]}`},
		{`{"op":"add","path":"/list/0/x","value":"c"}`, ""},
		{`{"op":"replace","path":"/list/-","value":"c"}`, ""},
		{`{"op":"replace","path":"/list/2","value":"c"}`, ""},
		{`{"op":"add","path":"/list/3","value":"c"}`, ""},
		{`{"op":"remove","path":"/list/-"}`, ""},
		{`{"op":"test","path":"/list/-","value":"b"}`, ""},
		{`{"op":"copy","from":"/list/-","path":"/x"}`, ""},
		{`{"op":"replace","path":"/list/01","value":"c"}`, ""},
		{`{"op":"add","path":"/list/+1","value":"c"}`, ""},
		{`{"op":"add","path":"/list/-0","value":"c"}`, ""},
		{`{"op":"add","path":"/list/00","value":"c"}`, ""},
		{`{"op":"add","path":"/list/1 ","value":"c"}`, ""},
		{`{"op":"add","path":"/list/","value":"c"}`, ""},
		{`{"op":"add","path":"/list/18446744073709551616","value":"c"}`, ""},
		{`{"op":"test","path":"/list/1","value":"b"}`, `{}`},
		{`{"op":"test","path":"//","value":1}`, `{}`},
		{`{"op":"test","path":"/","value":{"":1.0}}`, `{}`},
		{`{"op":"move","from":"/","path":"/moved"}`, `{"moved":{"":1}}`},
		{`{"op":"copy","from":"//","path":"/copied"}`, `{"copied":1}`},
		{`{"op":"add","path":"//","value":2}`, `{"":{"":2}}`},
		{`{"op":"test","path":"/a~1b","value":2}`, `{}`},
		{`{"op":"test","path":"/m~0n","value":3}`, `{}`},
		{`{"op":"test","path":"/m~2n","value":3}`, ""},
		{`{"op":"test","path":"/m~","value":3}`, ""},
		{`{"op":"add","path":"/made/-","value":1}`, `{"made":[1]}`},
		{`{"op":"add","path":"/made/0","value":1}`, `{"made":[1]}`},
		{`{"op":"add","path":"/made/1","value":1}`, `{"made":{"1":1}}`},
		{`{"op":"add","path":"/made/0/a/-/b","value":1}`, `{"made":[{"a":[{"b":1}]}]}`},
		{`{"op":"replace","path":"/made/a/b","value":1}`, `{"made":{"a":{"b":1}}}`},
		{`{"op":"replace","path":"/made/0/b","value":1}`, `{"made":[{"b":1}]}`},
		{`{"op":"replace","path":"/made/-","value":1}`, ""},
		{`{"op":"replace","path":"/made/0","value":1}`, ""},
		{`{"op":"replace","path":"/list/-/b","value":1}`, ""},
		{`{"op":"add","path":"/list/-/b","value":1}`, `{"list":["a","b",{"b":1}]}`},
		{`{"op":"add","path":"/null/-","value":1}`, `{"null":[1]}`},
		{`{"op":"replace","path":"/null/a","value":1}`, `{"null":{"a":1}}`},
		{`{"op":"add","path":"/nulls/0/a","value":1}`, `{"nulls":[{"a":1}]}`},
		{`{"op":"add","path":"/text/a","value":1}`, ""},
		{`{"op":"remove","path":"/null/a"}`, ""},
		{`{"op":"test","path":"/null/a","value":null}`, ""},
		{`{"op":"copy","from":"/text","path":"/made/a"}`, ""},
		{`{"op":"remove","path":""}`, ""},
	} {
		patched, err := apply(document, `[`+c.patch+`]`)
		if c.want == "" {
			require.Error(t, err, c.patch)
			require.NotErrorIs(t, err, jsonpatch.ErrTestFailed, c.patch)
			requireRefusal(t, err)
			continue
		}
		require.NoError(t, err, c.patch)
		want, err := merge(document, c.want)
		require.NoError(t, err)
		if c.patch == `{"op":"move","from":"/","path":"/moved"}` {
			want, err = merge(want, `{"":null}`)
			require.NoError(t, err)
		}
		require.Equal(t, want, patched, c.patch)
	}
}

// TestTests holds the comparison of a test operation to RFC 6902, section 4.6.
func TestTests(t *testing.T) {
	for _, c := range []struct {
		left, right string
		equal       bool
	}{
		{`1`, `1.0`, true}, {`100`, `1e2`, true}, {`0.10`, `0.1`, true}, {`0`, `-0.0`, true}, {`1e999`, `10e998`, true},
		{`0.00012e5`, `12`, true}, {`-1`, `1`, false}, {`1e999`, `1e998`, false}, {`1`, `10`, false}, {`10`, `1`, false},
		{`9007199254740993`, `9007199254740992`, false}, {`1e99999999999999999999`, `1e99999999999999999999`, true},
		{`1e99999999999999999999`, `10e99999999999999999998`, true}, {`1e99999999999999999999`, `0.1e100000000000000000000`, true},
		{`1e99999999999999999999`, `1e99999999999999999998`, false}, {`1e99999999999999999999`, `1e-99999999999999999999`, false},
		{`1e-100000000000000000000`, `0.01e-99999999999999999998`, true}, {`1E+099999999999999999999`, `1e99999999999999999999`, true},
		{`1e9223372036854775807`, `10e9223372036854775806`, true}, {`1e9223372036854775808`, `1000e9223372036854775805`, true},
		{`1e-9223372036854775809`, `0.0001e-9223372036854775805`, true}, {`1e4611686018427387904`, `100e4611686018427387902`, true},
		{`1e9223372036854775807`, `1e9223372036854775808`, false}, {`0e99999999999999999999`, `-0`, true}, {`1e99999999999999999999`, `0`, false},
		{`[null,1]`, `[null,1]`, true}, {`[null]`, `[1]`, false}, {`[[null]]`, `[[1]]`, false}, {`[1]`, `[null]`, false}, {`null`, `false`, false},
		{`{"a":[1,{"b":2.0}],"c":"\u00e9"}`, `{"c":"é","a":[1.0,{"b":2}]}`, true}, {`{"a":1}`, `{"b":1}`, false}, {`{"a":1,"b":1}`, `{"a":1}`, false},
		{`{"\u0061":1}`, `{"a":1}`, true}, {`"1"`, `1`, false}, {`true`, `false`, false}, {`[1,2]`, `[2,1]`, false}, {`""`, `"a"`, false}, {`{}`, `[]`, false},
	} {
		for _, values := range [][2]string{{c.left, c.right}, {c.right, c.left}} {
			_, err := apply(`{"x":`+values[0]+`}`, `[{"op":"test","path":"/x","value":`+values[1]+`}]`)
			if c.equal {
				require.NoError(t, err, "%s %s", values[0], values[1])
			} else {
				require.ErrorIs(t, err, jsonpatch.ErrTestFailed, "%s %s", values[0], values[1])
			}
			require.Equal(t, c.equal, jsonpatch.Equal(values[0], values[1]))
		}
	}
}

// TestUntouchedValuesKeepTheirBytes patches a document that is written in an unusual way.
func TestUntouchedValuesKeepTheirBytes(t *testing.T) {
	const document = ` { "a" : { "x" : 1.50, "y":[ 1 , 2 ] } ,"\u0062": "\u00e9\/" , "c":1e999 } `
	for patch, want := range map[string]string{
		`[]`: strings.TrimSpace(document),
		`[{"op":"test","path":"/a/y/1","value":2.0}]`:                                                       strings.TrimSpace(document),
		`[{"op":"replace","path":"/c","value":2}]`:                                                          `{"a":{ "x" : 1.50, "y":[ 1 , 2 ] },"\u0062":"\u00e9\/","c":2}`,
		`[{"op":"add","path":"/a/y/0","value":0}]`:                                                          `{"a":{"x":1.50,"y":[0,1,2]},"\u0062":"\u00e9\/","c":1e999}`,
		`[{"op":"replace","path":"/b","value":1}]`:                                                          `{"a":{ "x" : 1.50, "y":[ 1 , 2 ] },"\u0062":1,"c":1e999}`,
		`[{"op":"move","from":"/a","path":"/z"},{"op":"copy","from":"/z/x","path":"/c"}]`:                   `{"\u0062":"\u00e9\/","c":1.50,"z":{ "x" : 1.50, "y":[ 1 , 2 ] }}`,
		`[{"op":"remove","path":"/a/x"},{"op":"copy","from":"/a","path":"/c"},{"op":"remove","path":"/a"}]`: `{"\u0062":"\u00e9\/","c":{"y":[ 1 , 2 ]}}`,
	} {
		patched, err := apply(document, patch)
		require.NoError(t, err, patch)
		require.Equal(t, want, patched, patch)
	}
}

// TestLargeObjects patches objects that are searched by an index.
func TestLargeObjects(t *testing.T) {
	var document, patch, want strings.Builder
	for n := range 200 {
		fmt.Fprintf(&document, `,"k%d":%d`, n, n)
		if n%3 == 0 {
			fmt.Fprintf(&patch, `,{"op":"remove","path":"/k%d"}`, n)
		} else {
			fmt.Fprintf(&want, `,"k%d":%d`, n, n)
		}
	}
	for n := range 20 {
		fmt.Fprintf(&patch, `,{"op":"add","path":"/n%d","value":%d},{"op":"test","path":"/n%d","value":%d}`, n, n, n, n)
		fmt.Fprintf(&want, `,"n%d":%d`, n, n)
	}
	patched, err := apply(`{`+document.String()[1:]+`}`, `[`+patch.String()[1:]+`]`)
	require.NoError(t, err)
	require.Equal(t, `{`+want.String()[1:]+`}`, patched)
	_, err = apply(patched, `[{"op":"test","path":"/k0","value":0}]`)
	require.Error(t, err)
}
