package jsonpatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

var fuzzDocuments = []string{
	`{}`, `{"a":{"b":[1,null,{"c":"d"}]},"e":1e999,"f":"<&>"}`, ` {"a":null,"~/":"" , "":[[],[{}]]}`, `[1,[2,[3,"\u00e9"]]]`, `null`,
	`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0}`,
}

// FuzzApply makes sure that a patch of any kind ends within its bound of work, never panics, tells its errors as it says,
// and leaves a document that is JSON, as deep as it may be, and as large as it was counted.
func FuzzApply(f *testing.F) {
	for _, document := range fuzzDocuments {
		f.Add(document, `[{"op":"add","path":"/a/b/-","value":{"x":1}},{"op":"move","from":"/a","path":"/z"},{"op":"test","path":"/z","value":null}]`)
		f.Add(document, `[{"op":"copy","from":"","path":"/a"},{"op":"replace","path":"/q/~01","value":0},{"op":"remove","path":"/a/b/0"}]`)
		f.Add(document, `[{"op":"copy","from":"/a","path":"/b"},{"op":"copy","from":"/b","path":"/b/-"},{"op":"add","path":"/r/0/x","value":[[]]},{"op":"remove","path":"/q"}]`)
		f.Add(document, `{"a":{"b":null,"c":[null,{"d":null}]},"e":null,"":{}}`)
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		if strictjson.Check([]byte(document), MaxDepth) != nil {
			return
		}
		p, err := Parse([]byte(patch))
		if err != nil {
			p, err = ParseMerge([]byte(patch))
		}
		if err != nil {
			require.True(t, isRefusal(err), "%T", err)
			return
		}
		d := Open([]byte(document))
		err = d.Apply(t.Context(), p)
		require.LessOrEqual(t, d.Work(), d.MaxWork(p.Size())+openWork*(d.largest+p.Size()))
		if err != nil {
			require.True(t, isRefusal(err), "%T", err)
			return
		}
		size := d.root.size()
		text := d.Root().Text()
		require.Equal(t, len(text), size)
		require.NoError(t, strictjson.Check([]byte(text), MaxDepth), "%s", text)
		if len(p.operations) == 0 && p.merge == "" {
			require.Equal(t, strings.TrimSpace(document), text)
		}
		requireSizes(t, d.root)
	})
}

func isRefusal(err error) bool {
	var invalid *violation.Error
	return errors.As(err, &invalid) || errors.Is(err, ErrTestFailed)
}

// requireSizes holds what is counted of every opened value to what it is.
func requireSizes(t *testing.T, n *node) {
	t.Helper()
	if n.inside == nil {
		return
	}
	require.Equal(t, n.inside.measure(), n.inside.size)
	for at, child := range n.inside.elements {
		if child == nil {
			continue
		}
		requireSizes(t, child)
		if !n.inside.isArray {
			require.Equal(t, at, n.inside.find(unquote(n.inside.literals[at])))
		}
	}
}

// FuzzMerge makes sure that what was merged stays when it is merged again, and that nothing merged changes nothing.
func FuzzMerge(f *testing.F) {
	for _, document := range fuzzDocuments {
		f.Add(document, `{"a":{"b":null,"c":[null,{"d":null}]},"e":null}`)
	}
	f.Fuzz(func(t *testing.T, document, patch string) {
		if strictjson.Check([]byte(document), MaxDepth) != nil {
			return
		}
		p, err := ParseMerge([]byte(patch))
		if err != nil {
			return
		}
		merge := func(document string) string {
			d := Open([]byte(document))
			require.NoError(t, d.Apply(t.Context(), p))
			return d.Root().Text()
		}
		merged := merge(document)
		require.NoError(t, strictjson.Check([]byte(merged), MaxDepth))
		require.Equal(t, merged, merge(merged))
	})
}

// hostile are documents and patches that are short and ask for much.
func hostile() map[string][2]string {
	repeat := func(n int, operation string) string { return strings.Repeat(operation+",", n) }
	zeros := "[" + strings.Repeat("0,", 499_999) + "0]"
	deep := strings.Repeat(`{"a":`, 90) + "[" + strings.Repeat("0,", 400_000) + "0]" + strings.Repeat("}", 90)
	var copies strings.Builder
	for n := range 10 {
		fmt.Fprintf(&copies, `{"op":"copy","from":"/a","path":"/b%d"},`, n)
	}
	return map[string][2]string{
		"copies and tests": {`{"a":{"a":[` + strings.Repeat("0,", 999) + `0]}}`, `[` + copies.String() +
			repeat(985, `{"op":"test","path":"/b0","value":{"a":[0]}}`) + `{"op":"remove","path":"/b0"}]`},
		"tests of much":           {`{"a":` + zeros + `}`, `[` + repeat(999, `{"op":"test","path":"","value":{"a":[0]}}`) + `{"op":"remove","path":"/a"}]`},
		"inserts at the front":    {`{"a":` + zeros + `}`, `[` + repeat(999, `{"op":"add","path":"/a/0","value":1}`) + `{"op":"add","path":"/a/0","value":1}]`},
		"removals from the front": {`{"a":` + zeros + `}`, `[` + repeat(999, `{"op":"remove","path":"/a/0"}`) + `{"op":"remove","path":"/a/0"}]`},
		"copies over one another": {`{"a":` + zeros + `}`, `[` + repeat(999, `{"op":"copy","from":"/a","path":"/b"}`) + `{"op":"remove","path":"/b"}]`},
		"copies of what was changed": {`{"a":` + zeros + `}`, `[` + repeat(499, `{"op":"replace","path":"/a/0","value":1},{"op":"copy","from":"/a","path":"/b"}`) +
			`{"op":"remove","path":"/b"}]`},
		"copies that are opened": {`{"a":` + zeros + `}`, `[` + repeat(499, `{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/b/0","value":0}`) +
			`{"op":"remove","path":"/b"}]`},
		"a deep document": {deep, `[` + repeat(499, `{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/b`+strings.Repeat("/a", 89)+`/0","value":0}`) +
			`{"op":"remove","path":"/b"}]`},
		"doubling":  {`{"a":["x"]}`, `[` + repeat(999, `{"op":"copy","from":"/a","path":"/a/-"}`) + `{"op":"remove","path":"/a"}]`},
		"deepening": {`{"a":{"a":1}}`, `[` + repeat(999, `{"op":"copy","from":"","path":"/a/a"}`) + `{"op":"remove","path":"/a"}]`},
		"long strings": {`{"a":"` + strings.Repeat(`\u0061`, 300_000) + `"}`, `[` + repeat(999, `{"op":"test","path":"/a","value":"`+strings.Repeat("a", 900)+`"}`) +
			`{"op":"remove","path":"/a"}]`},
		"long names with escapes": {`{"a":{` + longNames(15) + `}}`, `[` + repeat(999, `{"op":"test","path":"/a/1","value":1}`) + `{"op":"remove","path":"/a"}]`},
		"long names of the patch": {`{"a":{}}`, `[{"op":"add","path":"/a/` + strings.Repeat(`\\n`, 250_000) + `","value":1},` +
			repeat(998, `{"op":"add","path":"/a/1","value":1}`) + `{"op":"remove","path":"/a"}]`},
		"a large object": {`{"a":{` + members10000() + `}}`, `[` + repeat(999, `{"op":"move","from":"/a/k5","path":"/a/k5"}`) + `{"op":"remove","path":"/a"}]`},
	}
}

// longNames are a member 1 and some whose long names are made of escapes.
func longNames(count int) string {
	var text strings.Builder
	text.WriteString(`"1":1`)
	for n := range count {
		fmt.Fprintf(&text, `,"%d%s":0`, n, strings.Repeat(`\n`, 30_000))
	}
	return text.String()
}

func members10000() string {
	var text strings.Builder
	for n := range 10_000 {
		fmt.Fprintf(&text, `,"k%d":0`, n)
	}
	return text.String()[1:]
}

// TestCost holds the time that hostile patches take to a bound, and makes sure that they end with their context.
func TestCost(t *testing.T) {
	for name, c := range hostile() {
		p, err := Parse([]byte(c[1]))
		require.NoError(t, err, name)
		d := Open([]byte(c[0]))
		start := time.Now()
		err = d.Apply(t.Context(), p)
		took := time.Since(start)
		require.LessOrEqual(t, d.Work(), d.MaxWork(p.Size())+openWork*d.largest, name)
		require.Less(t, took, 30*time.Second, name) // a hundred times as long as it takes
		if err != nil {
			require.True(t, isRefusal(err), "%s: %v", name, err)
		}
		t.Logf("%-28s %10d units of at most %10d, %8s, %v", name, d.Work(), d.MaxWork(p.Size()), took.Round(time.Millisecond/10), err)
		if d.Work() > 60*lookEvery {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			d := Open([]byte(c[0]))
			require.ErrorIs(t, d.Apply(ended, p), context.Canceled, name)
			require.Less(t, d.Work(), 60*lookEvery, name)
		}
	}
}
