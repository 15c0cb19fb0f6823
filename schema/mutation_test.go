package schema

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/idna"
)

// TestMutations types a thousand addresses and numbers in a hundred thousand other ways. A spelling that the rules join
// finds its owner, and one that looks different finds nobody, or is refused: so nobody is locked out and no mailbox has
// two owners.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	random := rand.New(rand.NewPCG(3, 5))
	people := realLooking(random)
	require.Len(t, people, 1000)
	s, err := Parse("test", []byte(`{"properties":{"traits":{"type":"object","properties":{
		"email":{"type":"string","format":"no-validate","ory.sh/kratos":{"credentials":{"password":{"identifier":true},"code":{"identifier":true,"via":"email"}},"verification":{"via":"email"}}},
		"phone":{"type":"string","format":"tel","ory.sh/kratos":{"credentials":{"password":{"identifier":true},"code":{"identifier":true,"via":"sms"}},"verification":{"via":"sms"}}}}}}}`))
	require.NoError(t, err)
	derive := func(text string, isPhone bool) (string, error) {
		name := "email"
		if isPhone {
			name = "phone"
		}
		derived, err := s.Validate(fmt.Appendf(nil, `{%q:%s}`, name, quote(text)))
		if err != nil {
			return "", err
		}
		require.Len(t, derived.Identifiers, 2)
		require.Len(t, derived.Verifiable, 1)
		require.Equal(t, derived.Identifiers[0].Value, derived.Identifiers[1].Value, text)
		require.Equal(t, derived.Identifiers[0].Value, derived.Verifiable[0].Value, text)
		return derived.Identifiers[0].Value, nil
	}

	owner := map[string]string{} // base spellings by what they derive
	for _, p := range people {
		value, err := derive(p.text, p.phone)
		require.NoError(t, err, p.text)
		require.NotContains(t, owner, value)
		owner[value] = p.text
	}
	joined, apart, refused := 0, 0, 0
	for _, p := range people {
		mine, _ := derive(p.text, p.phone)
		for n := range 100 {
			if n%2 == 0 {
				spelling := respell(random, p)
				require.Equal(t, mine, NormalizeIdentifier("password", spelling), "%q typed as %q", p.text, spelling)
				joined++
				continue
			}
			mutant := mutate(random, p.text)
			value, err := derive(mutant, p.phone)
			found := NormalizeIdentifier("password", mutant)
			switch {
			case err != nil:
				refused++
			default:
				require.Equal(t, value, found, "an identity created as %q must be found by that", mutant)
				apart++
			}
			if base, taken := owner[found]; taken {
				require.Equal(t, appearance(base), appearance(mutant), "%q finds the owner of %q", mutant, base)
			}
		}
	}
	t.Logf("%d spellings, %d look-alikes, %d refused", joined, apart, refused)
	require.Equal(t, 100_000, joined+apart+refused)
	require.Greater(t, apart, 20_000)
}

type realLookingText struct {
	text  string
	phone bool
}

func realLooking(random *rand.Rand) []realLookingText {
	var all []realLookingText
	seen := map[string]bool{}
	add := func(text string, phone bool) {
		if f := normalize(text); len(all) < 1000 && !seen[f.value] {
			seen[f.value] = true
			all = append(all, realLookingText{text, phone})
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil && phonenumbers.IsValidNumber(number) {
				add(phonenumbers.Format(number, phonenumbers.INTERNATIONAL), true)
			}
		}
	}
	names := strings.Fields("ada ABEL jürgen Zoë maría o'neil sœur łukasz Straße ΣΊΣΥΦΟΣ иван Дарья דוד ليلى 山田 佐藤 김철수 ñandú Ægir Ijsbrand x1 x١ ahmad١ ahmad٢ İpek a·b g.h j_k l-m n+o")
	domains := strings.Fields("example.com Example.ORG öry.sh bücher.example 例え.jp пример.рф mail.co.uk x.io sub.domain.example straße.de xn--ry-fka.sh localhost")
	for len(all) < 1000 {
		local := names[random.IntN(len(names))]
		if random.IntN(3) > 0 {
			local += []string{".", "-", "_", "+", ""}[random.IntN(5)] + names[random.IntN(len(names))]
		}
		if random.IntN(2) == 0 {
			local += fmt.Sprint(random.IntN(100))
		}
		add(local+"@"+domains[random.IntN(len(domains))], false)
	}
	return all
}

// respell writes p in another way that the rules join.
func respell(random *rand.Rand, p realLookingText) string {
	text := p.text
	for range 1 + random.IntN(3) {
		ways := respellings
		if p.phone {
			ways = append(ways, phoneRespellings...)
		} else {
			ways = append(ways, emailRespellings...)
		}
		text = ways[random.IntN(len(ways))](random, text)
	}
	return text
}

type respelling func(random *rand.Rand, text string) string

var respellings = []respelling{
	func(_ *rand.Rand, s string) string { return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) },
	func(_ *rand.Rand, s string) string { return " \t" + s + "\u00a0\u3000" },
	func(random *rand.Rand, s string) string {
		return insert(random, s, []rune("\u200b\u200d\u2060\ufeff\u00ad\u202a\u202c\u200e\ufe0f")[random.IntN(9)])
	},
	func(_ *rand.Rand, s string) string { // full width
		return strings.Map(func(r rune) rune {
			if '!' < r && r < 0x7f && r != '"' && r != '\\' {
				return r - '!' + '\uff01'
			}
			return r
		}, s)
	},
	func(_ *rand.Rand, s string) string { // what a keyboard puts out without composing
		return strings.NewReplacer("ü", "u\u0308", "ö", "o\u0308", "ñ", "n\u0303", "í", "i\u0301", "ë", "e\u0308").Replace(s)
	},
}

var emailRespellings = []respelling{
	func(_ *rand.Rand, s string) string { // capitals, but for letters whose capital is several letters or another's
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("ıİßi", r) {
				return r
			}
			return unicode.ToUpper(r)
		}, s)
	},
	func(_ *rand.Rand, s string) string {
		at := strings.LastIndexByte(s, '@')
		if at < 0 || strings.ContainsAny(s, "\"＠") {
			return s
		}
		return s[:at] + "@" + strings.ReplaceAll(s[at+1:], ".", "。")
	},
	func(_ *rand.Rand, s string) string { // A-labels
		at := strings.LastIndexByte(s, '@')
		if at < 0 {
			return s
		}
		domain, err := idna.Punycode.ToASCII(foldDomain(normalize("x@" + s[at+1:]).value[2:]))
		if err != nil {
			return s
		}
		return s[:at] + "@" + domain
	},
	func(_ *rand.Rand, s string) string { // needless quotes
		at := strings.LastIndexByte(s, '@')
		if at < 0 || strings.ContainsAny(s, `"`) || !isDotAtom(normalize(s).value[:strings.LastIndexByte(normalize(s).value, '@')]) || strings.ContainsFunc(s[:at], unicode.IsSpace) {
			return s
		}
		return `"` + s[:at] + `"` + s[at:]
	},
}

var phoneRespellings = []respelling{
	func(_ *rand.Rand, s string) string {
		if !strings.HasPrefix(s, "+") {
			return s
		}
		return strings.NewReplacer(" ", []string{"", "-", ".", "/", "  "}[len(s)%5]).Replace(s)
	},
	func(_ *rand.Rand, s string) string {
		if !strings.HasPrefix(s, "+") {
			return s
		}
		return "tel:" + s
	},
	func(random *rand.Rand, s string) string { // digits of another script
		zero := []rune{'٠', '۰', '०', '０', '𝟎', '០'}[random.IntN(6)]
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return zero + r - '0'
			}
			return r
		}, s)
	},
}

// mutate changes a text in one place, as an attacker or a slip of the finger would.
func mutate(random *rand.Rand, s string) string {
	const pool = "aàáâäąАаﬁⅰ1١۱१１l|oо0ο٠·.‧-‐–_+＋xх@＠\"'()<>,;:/\\ \u00a0ßẞſςσıİ\u0301\u0323\u0345\u200bµK℡ℍ𝐀ﷺ"
	runes := []rune(pool)
	r := runes[random.IntN(len(runes))]
	text := []rune(s)
	at := random.IntN(len(text))
	switch random.IntN(5) {
	case 0:
		return string(append(text[:at], text[at+1:]...))
	case 1:
		text[at] = r
		return string(text)
	case 2:
		if at+1 < len(text) {
			text[at], text[at+1] = text[at+1], text[at]
		}
		return string(text)
	case 3:
		return string(r) + s
	}
	return insert(random, s, r)
}

func insert(random *rand.Rand, s string, r rune) string {
	text := []rune(s)
	at := random.IntN(len(text) + 1)
	return string(text[:at]) + string(r) + string(text[at:])
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r < ' ' || r == '"' || r == '\\' {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
