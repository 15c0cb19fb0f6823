package jsonpatch_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/jsonpatch"
	"github.com/idemkit/idem/internal/strictjson"
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
		merged, err := jsonpatch.Merge([]byte(c.document), []byte(c.patch))
		require.NoError(t, err, c.patch)
		require.Equal(t, c.want, string(merged), "%s to %s", c.patch, c.document)
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
		// What is missing on the way is made, which goes beyond the RFC.
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, `{"foo":"bar","baz":{"bat":"qux"}}`},
		{`{"foo":null}`, `[{"op":"replace","path":"/foo/a/b","value":1}]`, `{"foo":{"a":{"b":1}}}`},
		{`{"foo":[null,1]}`, `[{"op":"add","path":"/foo/0/a","value":1}]`, `{"foo":[{"a":1},1]}`},
	} {
		patched, err := jsonpatch.Apply([]byte(c.document), []byte(c.patch))
		require.NoError(t, err, c.patch)
		require.JSONEq(t, c.want, string(patched), "%s to %s", c.patch, c.document)
	}
	_, err := jsonpatch.Apply([]byte(`{"baz":"qux"}`), []byte(`[{"op":"test","path":"/baz","value":"bar"}]`))
	require.ErrorIs(t, err, jsonpatch.ErrTestFailed)
}

var fuzzDocuments = []string{`{}`, `{"a":{"b":[1,null,{"c":"d"}]},"e":1e999,"f":"<&>"}`, `{"a":null,"~/":""}`}

func FuzzApply(f *testing.F) {
	for _, document := range fuzzDocuments {
		f.Add(document, `[{"op":"add","path":"/a/b/-","value":{"x":1}},{"op":"move","from":"/a","path":"/z"},{"op":"test","path":"/z","value":null}]`)
		f.Add(document, `[{"op":"copy","from":"","path":"/a"},{"op":"replace","path":"/q/~01","value":0},{"op":"remove","path":"/a/b/0"}]`)
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		if !isObject(document) {
			return
		}
		patched, err := jsonpatch.Apply([]byte(document), []byte(patch))
		if err == nil {
			require.True(t, json.Valid(patched))
		}
	})
}

// FuzzMerge checks that a merge is valid JSON, that what was merged stays when it is
// merged again, and that nothing merged changes nothing.
func FuzzMerge(f *testing.F) {
	for _, document := range fuzzDocuments {
		f.Add(document, `{"a":{"b":null,"c":[null,{"d":null}]},"e":null}`)
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		if !isObject(document) {
			return
		}
		unchanged, err := jsonpatch.Merge([]byte(document), []byte(`{}`))
		require.NoError(t, err)
		require.JSONEq(t, document, string(unchanged))
		merged, err := jsonpatch.Merge([]byte(document), []byte(patch))
		if err != nil {
			return
		}
		require.NoError(t, strictjson.Check(merged, 10_000))
		again, err := jsonpatch.Merge(merged, []byte(patch))
		require.NoError(t, err)
		require.Equal(t, string(merged), string(again))
	})
}

func isObject(document string) bool {
	value, err := strictjson.Decode([]byte(document), strictjson.Limits{Depth: 100})
	_, ok := value.(map[string]any)
	return err == nil && ok
}
