package schema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of this file are the behaviour of the identity service whose API we keep to, row for row.

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
		{"phone with extension", "+1 650 253 0000 ext. 5", "+16502530000"},
		{"phone without plus", "001 650 253 0000", "001 650 253 0000"},
		{"national phone", "6502530000", "6502530000"},
		{"no phone", "+1234", "+1234"},
		{"display name", "Name <foo@bar.com>", "name <foo@bar.com>"},
		{"punycode", "foo@xn--ry-fka.sh", "foo@xn--ry-fka.sh"},
		{"IDN", "foo@öry.sh", "foo@öry.sh"},
		{"invisible runes between letters", "ALICE\u200BSMITH", "alicesmith"},
		{"dot before at", "FOO.@docomo.ne.jp", "foo.@docomo.ne.jp"},
		{"not a phone number", "not a phone number", "not a phone number"},
	} {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.output, Normalize(row.input)) })
	}
}

func TestNormalizeRemovesInvisibleRunes(t *testing.T) {
	invisible := []rune{0x3164, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x034F, 0x2065, 0xFE0F, 0x180B, 0xE0100, 0x200B, 0x200C,
		0x200D, 0x00AD, 0xFEFF, 0x2060, 0x180E, 0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069}
	for _, r := range invisible {
		require.Equalf(t, "alice@example.com", Normalize("al"+string(r)+"ice@example.com"), "U+%04X", r)
	}
}

func TestStrictEmailTable(t *testing.T) {
	for _, row := range []struct{ name, input, output string }{
		{"trimmed and lowered", "  Foo.Bar+Tag@Example.ORG ", "foo.bar+tag@example.org"},
		{"display name", "Name <Foo@Bar.com>", "foo@bar.com"},
		{"quotes would be lost: ours refuses", `"a b"@x.com`, ""},
		{"zero-width space", "al\u200Bice@example.com", ""},
		{"mixed direction", "ALICEא@example.com", ""},
		{"Hebrew before a Latin domain", "דוד@example.com", ""},
		{"dot before at", "foo.@docomo.ne.jp", ""},
		{"two dots", "foo..bar@x.com", ""},
		{"localhost", "foo@localhost", "foo@localhost"},
		{"IDN", "foo@öry.sh", "foo@öry.sh"},
		{"emoji", "alice🎉@example.com", "alice🎉@example.com"},
	} {
		t.Run(row.name, func(t *testing.T) {
			output, err := strictEmail(row.input)
			require.Equal(t, row.output, output)
			require.Equal(t, row.output == "", err != nil)
		})
	}
}

func TestStrictPhoneTable(t *testing.T) {
	for _, row := range []struct{ name, input, output string }{
		{"formatted", "+1 (650) 253-0000", "+16502530000"},
		{"spaces at the ends", " +44 20 7946 0958 ", "+442079460958"},
		{"German mobile", "+49 176 671 11 638", "+4917667111638"},
		{"trunk zero", "+49 0176 67111638", "+4917667111638"},
		{"full width", "+１６５０２５３００００", "+16502530000"},
		{"extension", "+1 650 253 0000 ext. 5", "+16502530000"},
		{"without country code", "6502530000", ""},
		{"too short", "+1234", ""},
		{"zero-width space", "+1 650-253\u200B-0000", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			output, err := strictPhone(row.input)
			require.Equal(t, row.output, output)
			require.Equal(t, row.output == "", err != nil)
		})
	}
	require.Equal(t, "+16502530000", Normalize("+1 650-253\u200B-0000"), "the graceful form removes the rune")
}

func TestFormatEmail(t *testing.T) {
	for _, s := range []string{"föo@ory.sh", "foo😀@ory.sh", "a@b", "foo@localhost", `"a b"@c.d`, "a@127.0.0.1", "ü@b.c", "a+b@c.d"} {
		require.True(t, isEmail(s), s)
	}
	for _, s := range []string{"foo@öry.sh", "bar@o😶ry.sh", "Name <a@b.c>", "<a@b.c>", `"Name" <a@b.c>`, "=?utf-8?q?x?= <a@b.c>",
		"a@b.c (comment)", "a@b.c ", "a@ b.c", "g: a@b.c;", "a@b.c.", "a..b@c.d", ".a@c.d", "a@[127.0.0.1]", "a@b_c.d", "a@-b.c", "a@b.c?x",
		"a@b.c\n", "a@b.c\x00", "a@<U+2028>b.c", "a,b@c.d, e@f.g", "", "@", "a@", "@b"} {
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
