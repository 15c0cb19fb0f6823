package query_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

func TestSearch(t *testing.T) {
	i := withTraits(`{"name":{"first":"Zo\u00eb","last":"O'Brien"},"tags":[["Caf\u0065\u0301"],{"street":"Haupt\u0000strasse"}],"n":4711}`)
	i.ExternalID = "CRM-42"
	i.MetadataAdmin, i.MetadataPublic = []byte(`"hidden"`), []byte(`{"x":"hidden"}`)
	i.Credentials = credentials.Set{"oidc": {Identifiers: []string{"Google:ABC"}}, "totp": {}}
	i.VerifiableAddresses = []identity.VerifiableAddress{{Value: "ada@example.com"}}
	i.RecoveryAddresses = []identity.RecoveryAddress{{Value: "+16502530000"}}
	for text, want := range map[string]bool{
		"zoë": true, "ZOE\u0308": true, "zoe": false, "brien o'b": true, "brien zoe": false, "crm-42": true, "google:abc": true,
		"ADA@": true, "ada@ 6502530": true, "café": true, "cafe": false, "\u0000STRASSE": true, "hauptstrasse": false,
		"hidden": false, "first": false, "4711": false, " \tzoë\n": true, "zoë zoë": true, "zoëo'brien": false, "": true, "person": false, "active": false,
	} {
		s, err := query.NewSearch(text)
		require.NoError(t, err)
		require.Equal(t, want, s.Matches(i), text)
		require.Equal(t, want, s.Matches(i), "a second time: %s", text)
		if want {
			for _, needle := range s.Needles() {
				require.Contains(t, query.SearchText(i), needle, text)
			}
		}
	}
	require.Equal(t, "+16502530000\nada@example.com\ncafé\ncrm-42\ngoogle:abc\nhaupt\ufffdstrasse\no'brien\nzoë", query.SearchText(i))

	s, err := query.NewSearch(" b\u0000cd  Äb ABC abc x")
	require.NoError(t, err)
	require.Equal(t, "abc b\u0000cd x "+query.Fold("äb"), s.String())
	require.Equal(t, []string{"abc", "b\ufffdcd"}, s.Needles())
	for name, text := range map[string]string{
		"white space alone": " \u2003\n", "too long": strings.Repeat("a", query.MaxLength+1), "not UTF-8": "a\xff",
		"too many words": strings.Repeat("a ", query.MaxTerms) + "b",
	} {
		_, err := query.NewSearch(text)
		require.Error(t, err, name)
	}
	require.True(t, query.Search{}.IsZero())
	require.True(t, query.Search{}.Matches(i))
}

// TestSearchAsTheReference looks for each word in each text, fold by fold.
func TestSearchAsTheReference(t *testing.T) {
	found := 0
	for seed := range uint64(5000) {
		r := newRandom(seed)
		i := r.identity()
		text := r.word() + " " + one(r, "", r.word())
		s, err := query.NewSearch(text)
		if err != nil {
			require.Empty(t, strings.TrimSpace(text))
			continue
		}
		all := []string{i.ExternalID}
		for _, c := range i.Credentials {
			all = append(all, c.Identifiers...)
		}
		for _, a := range i.VerifiableAddresses {
			all = append(all, a.Value)
		}
		all = stringsOf(decode(i.Traits), all)
		want := true
		for _, word := range strings.Fields(text) {
			held := false
			for _, text := range all {
				held = held || foldContains("co", text, word)
			}
			want = want && held
		}
		require.Equal(t, want, s.Matches(i), "%q in %q", text, all)
		if want {
			found++
			for _, needle := range s.Needles() {
				require.Contains(t, query.SearchText(i), needle)
			}
		}
	}
	require.Greater(t, found, 100)
}

func stringsOf(v any, all []string) []string {
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, e := range v {
			all = stringsOf(e, all)
		}
	case map[string]any:
		for _, e := range v {
			all = stringsOf(e, all)
		}
	}
	return all
}

func TestFold(t *testing.T) {
	for _, group := range [][]string{
		{"ABC", "abc", "aBc"}, {"\u212a", "K", "k"}, {"\u017f", "s", "S"}, {"ß", "ẞ"}, {"Σ", "σ", "ς"}, {"Å", "\u212b", "a\u030a", "A\u030a", "å"},
		{"é", "e\u0301", "É", "E\u0301"}, {"Ǆ", "ǅ", "ǆ"}, {"İ", "I\u0307"}, {"\xff", "\ufffd"}, {"x\u0000Y", "X\u0000y"}, {"Ꭰ", "ꭰ"},
	} {
		for _, s := range group {
			require.Equal(t, query.Fold(group[0]), query.Fold(s), "%q", s)
			require.True(t, utf8.ValidString(query.Fold(s)))
		}
	}
	for _, pair := range [][2]string{{"ß", "ss"}, {"İ", "i"}, {"İ", "i\u0307"}, {"ı", "i"}, {"ﬁ", "fi"}, {"e", "é"}, {"１", "1"}} {
		require.NotEqual(t, query.Fold(pair[0]), query.Fold(pair[1]))
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if next := unicode.SimpleFold(r); next == r && norm.NFC.IsNormalString(string(r)) && utf8.ValidRune(r) {
			if query.Fold(string(r)) != string(r) {
				t.Fatalf("%x", r)
			}
		}
		if next := unicode.SimpleFold(r); next != r && norm.NFC.IsNormalString(string(r)) && norm.NFC.IsNormalString(string(next)) {
			require.Equal(t, query.Fold(string(r)), query.Fold(string(next)), "%x", r)
			require.True(t, strings.EqualFold(query.Fold(string(r)), string(r)), "%x", r)
		}
	}
	require.Equal(t, "abc k s", query.Fold("ABC \u212a \u017f"))
	require.NotEmpty(t, query.FoldVersion)
}

// TestFoldNormalizes: what is told composed text from other text, without the normaliser, is told rightly.
func TestFoldNormalizes(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	// require.Equal would take most of the time of the package's tests.
	same := func(a, b string) {
		if query.Fold(a) != query.Fold(b) {
			t.Fatalf("%q and %q", a, b)
		}
	}
	marks := []string{"\u0301", "\u0323", "\u3099", "\u1161", "\u11a8", "\u0338", "\u09be", "\u0345"}
	for r := rune(0); r < 0x20000; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		same(norm.NFC.String(s), s)
		same(norm.NFC.String("e\u0323"+s), "e\u0323"+s)
		for _, mark := range marks {
			same(norm.NFC.String(s+mark), s+mark)
		}
	}
}
