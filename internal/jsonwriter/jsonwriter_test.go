package jsonwriter_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/jsonwriter"
)

func TestWriter(t *testing.T) {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	id := uuid.MustParse("01234567-89ab-cdef-0f1e-2d3c4b5a6978")
	w := jsonwriter.New([]byte("before,"))
	w.BeginArray()
	w.BeginObject()
	w.EndObject()
	w.BeginArray()
	w.EndArray()
	w.BeginObject()
	w.UUIDMember("id", id)
	w.StringMember("a", "")
	w.StringMember("b", "a \"quoted\"\\\n\x7fü\u2028,")
	w.StringMember("c", "broken \xff")
	w.BoolMember("d", true)
	w.Name("e")
	w.Null()
	w.Name("f")
	w.Raw([]byte(`[ 1, ]`)) // it is not looked at
	jsonwriter.ObjectsMember(w, "g", []int{1, 2}, func(n int) { w.Name("n"); w.Int(int64(n)) })
	jsonwriter.ObjectsMember(w, "h", nil, func(int) {})
	w.Name("i")
	w.Strings(nil)
	w.Name("j")
	w.Strings([]string{"x", "y"})
	w.EndObject()
	w.BeginArray()
	w.Time(noon)
	w.EndArray()
	for _, at := range []time.Time{noon, noon, noon.Add(123456 * time.Microsecond), noon, noon.In(time.FixedZone("", 3600)), noon} {
		w.Time(at)
	}
	w.Bool(false)
	w.String(strings.Repeat("x", 1000))
	w.EndArray()
	const at, later = `"2026-11-26T12:00:00Z",`, `"2026-11-26T12:00:00.123456Z",`
	require.Equal(t, `before,[{},[],{"id":"01234567-89ab-cdef-0f1e-2d3c4b5a6978","a":"","b":"a \"quoted\"\\\n`+"\x7fü\u2028"+`,","c":"broken `+"\ufffd"+
		`","d":true,"e":null,"f":[ 1, ],"g":[{"n":1},{"n":2}],"i":[],"j":["x","y"]},["2026-11-26T12:00:00Z"],`+at+at+later+at+at+at+`false,"`+strings.Repeat("x", 1000)+`"]`, string(w.Bytes()))
}

// TestInts writes numbers among each other: one that comes again must be the one that it is.
func TestInts(t *testing.T) {
	numbers := []int64{0, 0, 1, 1, -1, 1e9, 1e9, 1e9 + 1, 1e9 + 1, 0, 1e9 + 1, math.MaxInt64, math.MaxInt64, math.MinInt64, math.MinInt64, 7, math.MaxInt64}
	w := jsonwriter.New(nil)
	w.BeginArray()
	for _, n := range numbers {
		w.BeginArray()
		w.Int(n)
		w.EndArray()
	}
	w.EndArray()
	var read [][]int64
	require.NoError(t, json.Unmarshal(w.Bytes(), &read))
	require.Equal(t, numbers, slices.Concat(read...))
}

// TestStrings tries every byte at every place of a string of two words: what is written is the string, as UTF-8.
func TestStrings(t *testing.T) {
	for c := range 256 {
		for at := range 16 {
			text := []byte(strings.Repeat("a~ z", 4))
			text[at] = byte(c)
			w := jsonwriter.New(nil)
			w.String(string(text))
			var read string
			require.NoError(t, json.Unmarshal(w.Bytes(), &read))
			require.Equal(t, strings.ToValidUTF8(string(text), "\ufffd"), read)
		}
	}
}
