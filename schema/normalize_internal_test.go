package schema

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/idemkit/idem/violation"
)

// The tables of this file are the behaviour of the identity service whose API we keep to, but for what would join what
// people see as different.

func TestNormalizeTable(t *testing.T) {
	for _, row := range []struct{ name, input, output string }{
		{"trimmed and lowered", "  Foo.Bar+Tag@Example.ORG ", "foo.bar+tag@example.org"},
		{"letters beyond ASCII", "FÖÖ@ory.sh", "föö@ory.sh"},
		{"full-width A", "\uFF21LICE@example.com", "alice@example.com"},
		{"fi ligature", "of\uFB01ce@example.com", "office@example.com"},
		{"zero-width space", "al\u200Bice@example.com", "alice@example.com"},
		{"inner space is kept", "a lice", "a lice"},
		{"emoji is kept", "alice🎉", "alice🎉"},
		{"mixed direction is tolerated", "ALICEא", "aliceא"},
		{"sharp s", "straße", "straße"},
		{"double s", "STRASSE", "strasse"},
		{"dotted capital I", "İstanbul", "i\u0307stanbul"},
		{"no final sigma", "ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"Kelvin sign", "K\u0301elvin\u212A", "ḱelvink"},
		{"composed", "e\u0301", "é"},
		{"empty", "", ""},
		{"only spaces", " \u00a0 ", ""},
		{"NUL", "user\u0000name", "username"},
		{"tab", "user\tname", "username"},
		{"confusables are not folded", "аdmin", "аdmin"},
		{"full-width digits", "１２３", "123"},
		{"phone", "+1 (650) 253-0000", "+16502530000"},
		{"phone with trunk zero", "+49 0176 67111638", "+4917667111638"},
		{"phone with a superfluous zero", "+600136866982", "+60136866982"},
		{"phone URI", "tel:+1-650-253-0000", "+16502530000"},
		{"phone with extension is none", "+1 650 253 0000 ext. 5", "+1 650 253 0000 ext. 5"},
		{"phone in an e-mail address is none", "+16502530001/x@evil.com", "+16502530001/x@evil.com"},
		{"phone in digits of another script", "+٩٦٦٥٥١٢٣٤٥٦٧", "+966551234567"},
		{"phone between marks of direction", "\u202a+1 650-253-0000\u202c", "+16502530000"},
		{"phone with a bracket first", "(+49) 30/901820", "+4930901820"},
		{"two plus signs", "++16502530000", "++16502530000"},
		{"digits of another script stay", "ahmad١", "ahmad١"},
		{"national phone in another script", "٠٥٥١٢٣٤٥٦٧", "٠٥٥١٢٣٤٥٦٧"},
		{"middle dot", "a·b@x.com", "a·b@x.com"},
		{"double-struck H", "ℍarry@x.com", "harry@x.com"},
		{"TEL sign", "℡@x.com", "tel@x.com"},
		{"mathematical A", "𝐀", "a"},
		{"script B", "\u212c", "b"},
		{"needless quotes", `"Carol"@X.com`, "carol@x.com"},
		{"needless escape in needless quotes", `"c\arol"@x.com`, "carol@x.com"},
		{"needed quotes", `"a b"@x.com`, `"a b"@x.com`},
		{"ideographic full stop", "bob@shop。com", "bob@shop.com"},
		{"full-width full stop", "bob@shop．com", "bob@shop.com"},
		{"half-width full stop", "bob@shop｡com", "bob@shop.com"},
		{"ideographic full stop in the local part", "b。ob@shop.com", "b。ob@shop.com"},
		{"A-label in capitals", "bob@XN--RY-EKA.SH", "bob@öry.sh"},
		{"A-label of plain text", "bob@xn--a-.com", "bob@xn--a-.com"},
		{"A-label that is none", "bob@xn--99999999.com", "bob@xn--99999999.com"},
		{"A-label that hides a full stop", "bob@xn--ab-r13a.com", "bob@xn--ab-r13a.com"},
		{"A-label that hides a joiner", "bob@xn--ab-j1t.com", "bob@xn--ab-j1t.com"},
		{"final sigma", "σίσυφος", "σίσυφοσ"},
		{"phone without plus", "001 650 253 0000", "001 650 253 0000"},
		{"national phone", "6502530000", "6502530000"},
		{"no phone", "+1234", "+1234"},
		{"display name", "Name <foo@bar.com>", "name <foo@bar.com>"},
		{"A-label", "foo@xn--ry-fka.sh", "foo@röy.sh"},
		{"IDN", "foo@öry.sh", "foo@öry.sh"},
		{"invisible runes between letters", "ALICE\u200BSMITH", "alicesmith"},
		{"dot before at", "FOO.@docomo.ne.jp", "foo.@docomo.ne.jp"},
		{"not a phone number", "not a phone number", "not a phone number"},
	} {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.output, NormalizeIdentifier("password", row.input)) })
	}
}

func TestNormalizeRemovesInvisibleRunes(t *testing.T) {
	invisible := []rune{0x3164, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x034F, 0x2065, 0xFE0F, 0x180B, 0xE0100, 0x200B, 0x200C,
		0x200D, 0x00AD, 0xFEFF, 0x2060, 0x180E, 0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069}
	for _, r := range invisible {
		require.Equalf(t, "alice@example.com", NormalizeIdentifier("code", "al"+string(r)+"ice@example.com"), "U+%04X", r)
	}
}

func TestUsableAddress(t *testing.T) {
	for _, row := range []struct {
		name, input string
		usable      bool
	}{
		{"spaces at the ends", "  Foo.Bar+Tag@Example.ORG ", true},
		{"display name", "Name <Foo@Bar.com>", false},
		{"quotes that are needed", `"a b"@x.com`, false},
		{"quotes that are not needed", `"carol"@x.com`, true},
		{"quotes around a tab", "\"a\tb\"@x.com", false},
		{"zero-width space", "al\u200Bice@example.com", false},
		{"mixed direction", "ALICEא@example.com", false},
		{"Hebrew before a Latin domain", "דוד@example.com", false},
		{"dot before at", "foo.@docomo.ne.jp", false},
		{"two dots", "foo..bar@x.com", false},
		{"localhost", "foo@localhost", true},
		{"IDN", "foo@öry.sh", true},
		{"emoji", "alice🎉@example.com", true},
		{"no local part", "@example.com", false},
		{"no domain", "alice@", false},
		{"two addresses", "a@b.c,d@e.f", false},
	} {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.usable, isUsable(row.input, normalize(row.input))) })
	}
}

func TestPhone(t *testing.T) {
	for _, row := range []struct{ name, input, output string }{
		{"formatted", "+1 (650) 253-0000", "+16502530000"},
		{"spaces at the ends", " +44 20 7946 0958 ", "+442079460958"},
		{"German mobile", "+49 176 671 11 638", "+4917667111638"},
		{"trunk zero", "+49 0176 67111638", "+4917667111638"},
		{"full width", "+１６５０２５３００００", "+16502530000"},
		{"extension", "+1 650 253 0000 ext. 5", ""},
		{"without country code", "6502530000", ""},
		{"too short", "+1234", ""},
		{"nothing but a plus", "+", ""},
		{"context", "tel:253-0000;phone-context=+1-650", ""},
		{"zero-width space", "+1 650-253\u200B-0000", "+16502530000"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := normalize(row.input)
			require.Equal(t, row.output != "", f.phone)
			if f.phone {
				require.Equal(t, row.output, f.value)
			}
		})
	}
}

// TestDigitsOfEveryScript: a number may be typed in the digits of any script, and a name keeps them.
func TestDigitsOfEveryScript(t *testing.T) {
	typed := func(digits string, zero rune) string {
		return strings.Map(func(r rune) rune { return zero + r - '0' }, digits)
	}
	scripts := 0
	for _, run := range unicode.Nd.R16 {
		require.Equal(t, "+16502530000", NormalizeIdentifier("password", "+"+typed("16502530000", rune(run.Lo))), "U+%04X", run.Lo)
		scripts++
	}
	for _, run := range unicode.Nd.R32 {
		for zero := rune(run.Lo); zero < rune(run.Hi); zero += 10 {
			require.Equal(t, "+16502530000", NormalizeIdentifier("password", "+"+typed("16502530000", zero)), "U+%04X", zero)
			scripts++
		}
	}
	require.Greater(t, scripts, 60)
	seen := map[string]rune{}
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Nd, r) && norm.NFKC.String(string(r)) == string(r) {
			name := NormalizeIdentifier("password", "ahmad"+string(r))
			require.NotContains(t, seen, name)
			seen[name] = r
		}
	}
}

// TestLetterCaseOfEveryLetter: a capital finds what was stored in small letters, whatever the script.
func TestLetterCaseOfEveryLetter(t *testing.T) {
	exceptions := map[rune]string{
		'İ':      "the Turkish dotted I is another letter than the i that is its small one elsewhere",
		'ı':      "the Turkish dotless i is another letter than the i that shares its capital",
		'\u0345': "the Greek iota below a letter has a capital that stands beside it",
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if _, excepted := exceptions[r]; excepted || !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !unicode.IsSymbol(r) {
			continue
		}
		require.Equal(t, normalize("a"+string(r)).value, normalize("a"+string(unicode.ToUpper(r))).value, "U+%04X", r)
		require.Equal(t, normalize("a"+string(r)).value, normalize("a"+string(unicode.ToLower(r))).value, "U+%04X", r)
	}
}

// TestNothingVisibleIsRemoved: every code point that is not a control character and not default-ignorable leaves a
// trace, and two of them in different classes never leave the same.
func TestNothingVisibleIsRemoved(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	fold := cases.Fold()
	class := map[string]string{}
	for r := rune(0x21); r <= unicode.MaxRune; r++ {
		if unicode.Is(unicode.Cs, r) || unicode.IsSpace(r) || isInvisible(r) {
			continue
		}
		made := normalize("x" + string(r) + "y").value
		require.NotEqual(t, "xy", made, "U+%04X", r)
		folded := strings.Map(firstOfCase, norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFKC.String("x"+string(r)+"y"))))))
		if known, seen := class[made]; seen {
			require.Equal(t, known, folded, "U+%04X is joined with what looks different", r)
		}
		class[made] = folded
	}
}

func TestLongValues(t *testing.T) {
	// The quickest of many, so that what else the machine does is left out. 30 of these letters are an identifier of 990
	// bytes; of 600 no more than that is worked on.
	quickest := func(letters int, tooLong bool) time.Duration {
		text, best := strings.Repeat("ﷺ", letters), time.Hour
		for range 50 {
			start := time.Now()
			f := normalize(text)
			best = min(best, time.Since(start))
			require.Equal(t, tooLong, f.tooLong)
		}
		return best
	}
	require.Less(t, quickest(600, true), 5*quickest(30, false), "the work stops where the result is too long")
	for _, text := range []string{strings.Repeat("x", MaxIdentifierBytes), strings.Repeat("Ａ", MaxIdentifierBytes/3)} {
		require.Empty(t, normalize(text).fault())
	}
	for _, text := range []string{strings.Repeat("x", MaxIdentifierBytes+1), strings.Repeat("x", maxNormalize+1)} {
		require.Equal(t, tooLongIdentifier, normalize(text).fault())
		require.Equal(t, text, NormalizeIdentifier("password", text))
	}
}

func TestNormalizeAddress(t *testing.T) {
	for _, row := range []struct{ via, input, output string }{
		{"email", " Foo@X.org ", "foo@x.org"},
		{"email", "FOO.@docomo.ne.jp", "foo.@docomo.ne.jp"},
		{"email", "+16502530000", ""},
		{"email", "", ""},
		{"email", "\u200b@\u200b", ""},
		{"email", "@x.org", ""},
		{"email", "foo@", ""},
		{"email", "a@b.c,d@e.f", ""},
		{"email", `"a b"@x.org`, ""},
		{"email", strings.Repeat("x", 1024) + "@x.org", ""},
		{"sms", "+1 650 253 0000", "+16502530000"},
		{"sms", "Not a number", "not a number"},
		{"sms", " ", ""},
		{"letter", "x", ""},
	} {
		value, err := NormalizeAddress(row.via, row.input)
		require.Equal(t, row.output, value, row.input)
		var invalid *violation.Error
		require.Equal(t, row.output == "", errors.As(err, &invalid), row.input)
	}
	require.Equal(t, "Google:123", NormalizeIdentifier("oidc", "Google:123"), "what programs make is left alone")
}

func TestFormatEmail(t *testing.T) {
	for _, s := range []string{"föo@ory.sh", "foo😀@ory.sh", "a@b", "foo@localhost", `"a b"@c.d`, "a@127.0.0.1", "ü@b.c", "a+b@c.d", " lead@x.com", "trail@x.com "} {
		require.True(t, isEmail(s), s)
	}
	for _, s := range []string{"foo@öry.sh", "bar@o😶ry.sh", "Name <a@b.c>", "<a@b.c>", `"Name" <a@b.c>`, "=?utf-8?q?x?= <a@b.c>",
		"a@b.c (comment)", "a@ b.c", "g: a@b.c;", "a@b.c.", "a..b@c.d", ".a@c.d", "a@[127.0.0.1]", "a@b_c.d", "a@-b.c", "a@b.c?x",
		"a@b.c\x00", "a@<U+2028>b.c", "a,b@c.d, e@f.g", "", "@", "a@", "@b"} {
		require.False(t, isEmail(s), s)
	}
}

func TestFormatEmailLoose(t *testing.T) {
	for _, s := range []string{"foo.@docomo.ne.jp", ".a..b@x.org", "a@b", "o'neil+x@öry.sh", "a@例え。jp"} {
		require.True(t, isLooseEmail(s), s)
	}
	for _, s := range []string{"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a,b@c", "a@-b", "a@b..c", "a\t@b", "\"a\"@b", "a@al\u200bice.org"} {
		require.False(t, isLooseEmail(s), s)
	}
}
