package schema

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

var normalizeSeeds = []string{"  Foo.Bar+Tag@Example.ORG ", "\uFF21LICE@example.com", "of\uFB01ce", "al\u200Bice", "ALICEא", "İstanbul", "ΣΊΣΥΦΟΣ",
	"e\u200b\u0301", "\x00 a", "+1 (650) 253-0000", "tel:+1-650-253-0000", "+49 0176 67111638", "tel:253-0000;phone-context=+1-650", "foo+16502530000",
	"1+16502530000", "+x16502530000", "+1800FLOWERS", "a\xff\xfe", "\u0345\u0300", "１２３", "L·l", "·", "ſ", "ﬅ", "\u1e9e", "ǅ", "\u03f4", "Å", "+1 650 253 0000 ext. 5",
	`"carol"@x.com`, `"a b"@x.com`, "\"a\tb\"@x.com", "bob@shop。com", "foo@xn--ry-fka.sh", "xn--ry-fka", "a@xn--a-.com", "+٩٦٦٥٥١٢٣٤٥٦٧", "ahmad١", "ℍarry@x.com",
	"a" + strings.Repeat("\u0301", 40), "a" + strings.Repeat("\u0301\u0323", 40), "ﷺ", "@", "a@b@c"}

// FuzzNormalize: the form of a form is itself, in every way that a value can be taken.
func FuzzNormalize(f *testing.F) {
	for _, seed := range normalizeSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := normalize(s)
		if twice := normalize(once.value); twice.value != once.value {
			t.Fatalf("%q becomes %q and then %q", s, once.value, twice.value)
		}
		if once.phone && !e164.MatchString(once.value) {
			t.Fatalf("the number %q becomes %q", s, once.value)
		}
		if email, err := NormalizeAddress(viaEmail, s); err == nil {
			local, domain, found := strings.Cut(email, "@")
			if again, err := NormalizeAddress(viaEmail, email); err != nil || again != email || !found || local == "" || domain == "" || strings.Contains(domain, "@") {
				t.Fatalf("the address %q becomes %q, then %q: %v", s, email, again, err)
			}
		}
		if number, err := NormalizeAddress(viaSMS, s); err == nil && number == "" {
			t.Fatalf("%q comes out empty", s)
		}
		for _, former := range FormerForms(s) {
			if former == once.value || former == "" {
				t.Fatalf("%q has the former form %q, as it has today", s, former)
			}
		}
		if once.value == s && isPrintable(s) && !strings.Contains(s, "+") && formerIdentifier(s) != s {
			t.Fatalf("%q passes the short cut and was %q", s, formerIdentifier(s))
		}
		if address, err := formerProfiles().String(s); once.value == s && isPrintable(s) && err == nil && address != s {
			t.Fatalf("%q passes the short cut and was the address %q", s, address)
		}
		if at := strings.LastIndexByte(s, '@'); at > 0 && isPlainLocal(s[:at]) && isHostname(s[at+1:]) && !isMailbox(s) {
			t.Fatalf("%q passes the short cut and is no mailbox", s)
		}
	})
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// FuzzNormalizeKeepsApart: a change of one code point that a reader sees changes the form.
func FuzzNormalizeKeepsApart(f *testing.F) {
	for n, seed := range normalizeSeeds {
		f.Add(seed, uint(n), uint(n%3), 'x')
		f.Add(seed, uint(n+1), uint(n%3), '\u0660')
		f.Add(seed, uint(n+2), uint(n%3), '"')
	}
	f.Fuzz(func(t *testing.T, s string, at, operation uint, r rune) {
		if !utf8.ValidString(s) || !utf8.ValidRune(r) || len(s) > 200 || s == "" {
			return
		}
		text := []rune(s)
		place := int(at % uint(len(text)))
		changed := append([]rune{}, text[:place]...)
		switch operation % 3 {
		case 0:
			changed = append(append(changed, r), text[place:]...)
		case 1:
			changed = append(append(changed, r), text[place+1:]...)
		default:
			changed = append(changed, text[place+1:]...)
		}
		requireApart(t, s, string(changed))
	})
}

func requireApart(t *testing.T, a, b string) {
	t.Helper()
	if first, second := normalize(a), normalize(b); first.value == second.value && appearance(a) != appearance(b) {
		t.Fatalf("%q and %q look different (%q, %q) and both become %q", a, b, appearance(a), appearance(b), first.value)
	}
}

// appearance is what people see of a value, and what the joins leave of it, in an implementation of its own.
func appearance(s string) string {
	for range 20 {
		next := norm.NFKC.String(strings.Map(firstOfCase, cases.Fold().String(strings.Map(func(r rune) rune {
			if isInvisible(r) {
				return -1
			}
			return r
		}, strings.TrimSpace(s)))))
		if next == s {
			break
		}
		s = next
	}
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		local, domain := s[:at], strings.ReplaceAll(s[at+1:], "。", ".")
		if strings.HasPrefix(local, `"`) {
			local = strings.NewReplacer(`"`, "", `\`, "").Replace(local)
		}
		labels := strings.Split(domain, ".")
		for n := range labels {
			if decoded, err := idna.Punycode.ToUnicode(labels[n]); err == nil && utf8.RuneCountInString(decoded) < len(decoded) {
				labels[n] = strings.Map(firstOfCase, cases.Fold().String(decoded))
			}
		}
		return local + "@" + strings.Join(labels, ".")
	}
	if strings.Trim(strings.Map(asciiDigit, strings.TrimPrefix(s, "tel:")), "+()-./ 0123456789") == "" {
		if number, err := phonenumbers.Parse(strings.Map(asciiDigit, s), ""); err == nil && phonenumbers.IsValidNumber(number) {
			return phonenumbers.Format(number, phonenumbers.E164)
		}
	}
	return s
}

// firstOfCase gives all code points that differ in case alone the same one.
func firstOfCase(r rune) rune {
	if 'a' <= r && r <= 'z' || r == 'K' || r == 'k' || r == 'ſ' {
		return r
	}
	first := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		first = min(first, other)
	}
	return unicode.ToLower(first)
}

func asciiDigit(r rune) rune {
	if !unicode.IsDigit(r) {
		return r
	}
	for value := rune(0); ; value++ { // runs of digits begin at a multiple of ten from the first that is no digit
		if !unicode.IsDigit(r-value-1) || value == 9 {
			return '0' + value
		}
	}
}
