// Package jsonpatch_test compares idem's patches with those of another library, where both accept them.
package jsonpatch_test

import (
	"encoding/json"
	"strings"
	"testing"

	peer "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/internal/wire/jsonpatch"
)

var documents = []string{
	`{}`, `{"a":{"b":[1,null,{"c":"d"}]},"e":10,"f":"<&>"}`, `{"a":null,"~/":"","g":[[],[{}]]}`, `{"list":[0,1,2,3,4,5,6,7,8,9,10,11]}`,
}

// FuzzPatch compares JSON Patches.
func FuzzPatch(f *testing.F) {
	for _, document := range documents {
		for _, patch := range []string{
			`[{"op":"add","path":"/a/b/-","value":{"x":1}},{"op":"move","from":"/a","path":"/z"},{"op":"test","path":"/z/b/0","value":1}]`,
			`[{"op":"copy","from":"/a","path":"/h"},{"op":"replace","path":"/h","value":[0]},{"op":"remove","path":"/a/b/0"},{"op":"add","path":"/h/0","value":null}]`,
			`[{"op":"add","path":"/list/10","value":"x"},{"op":"move","from":"/list/0","path":"/list/-"},{"op":"remove","path":"/list/3"},{"op":"replace","path":"/list/2","value":{}}]`,
			`[{"op":"replace","path":"/~0~1","value":{"a":[]}},{"op":"copy","from":"/~0~1/a","path":"/g/1"},{"op":"test","path":"/f","value":"\u003c&>"}]`,
		} {
			f.Add(document, patch)
		}
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		// The peer takes an empty pointer and a member with an empty name for something else.
		if !comparable(document) || strings.Contains(patch, `""`) || strings.Contains(patch, `//`) || strings.Contains(patch, `/"`) {
			return
		}
		p, err := jsonpatch.Parse([]byte(patch))
		if err != nil {
			return
		}
		theirs, ok := applyPeer(document, patch)
		d := jsonpatch.Open([]byte(document))
		if err := d.Apply(t.Context(), p); err != nil || !ok {
			return
		}
		require.JSONEq(t, theirs, d.Root().Text(), "%s to %s", patch, document)
	})
}

// FuzzMerge compares merge patches.
func FuzzMerge(f *testing.F) {
	for _, document := range documents {
		f.Add(document, `{"a":{"b":null,"c":{"d":null,"e":1}},"e":[1,{"x":1}],"list":{"y":{}}}`)
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		// RFC 7396 keeps nulls within arrays, which the peer removes.
		if !comparable(document) || strings.Contains(patch, "[") && strings.Contains(patch, "null") {
			return
		}
		p, err := jsonpatch.ParseMerge([]byte(patch))
		if err != nil {
			return
		}
		theirs, err := peer.MergePatch([]byte(document), []byte(patch))
		if err != nil {
			return
		}
		d := jsonpatch.Open([]byte(document))
		require.NoError(t, d.Apply(t.Context(), p))
		require.JSONEq(t, string(theirs), d.Root().Text(), "%s to %s", patch, document)
	})
}

func comparable(document string) bool {
	return strings.HasPrefix(document, "{") && strictjson.Check([]byte(document), 50) == nil && !strings.Contains(document, `""`)
}

// applyPeer applies a patch with the peer, which panics on some.
func applyPeer(document, patch string) (result string, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	operations, err := peer.DecodePatch([]byte(patch))
	if err != nil {
		return "", false
	}
	options := peer.NewApplyOptions()
	options.SupportNegativeIndices = false
	patched, err := operations.ApplyWithOptions([]byte(document), options)
	return string(patched), err == nil && json.Valid(patched)
}
