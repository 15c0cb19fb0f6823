package schema

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// FuzzNormalize: normalising twice is normalising once, and the short cuts change nothing.
func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"  Foo.Bar+Tag@Example.ORG ", "\uFF21LICE@example.com", "of\uFB01ce", "al\u200Bice", "ALICEא", "İstanbul", "ΣΊΣΥΦΟΣ",
		"e\u200b\u0301", "\x00 a", "+1 (650) 253-0000", "tel:+1-650-253-0000", "+49 0176 67111638", "tel:253-0000;phone-context=+1-650", "foo+16502530000",
		"1+16502530000", "+x16502530000", "+1800FLOWERS", "a\xff\xfe", "\u0345\u0300", "１２３", "L·l", "·", "ſ", "ﬅ", "\u1e9e", "ǅ", "\u03f4", "Å", "+1 650 253 0000 ext. 5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxNormalize {
			return
		}
		once := Normalize(s)
		if twice := Normalize(once); twice != once {
			t.Fatalf("%q becomes %q and then %q", s, once, twice)
		}
		if slow := normalizeSlowly(s); slow != once {
			t.Fatalf("%q becomes %q, without short cuts %q", s, once, slow)
		}
		if isPrintable(s) && s != "" {
			slow, err := slowProfile(s)
			if fast, _ := identifierProfile(s); err != nil || fast != slow {
				t.Fatalf("the profile makes %q of %q, by its short cut %q", slow, s, fast)
			}
		}
		if email, err := strictEmail(s); err == nil {
			if again, err := strictEmail(email); err != nil || again != email {
				t.Fatalf("the address %q becomes %q, then %q: %v", s, email, again, err)
			}
		}
		if phone, err := strictPhone(s); err == nil {
			if again, err := strictPhone(phone); err != nil || again != phone {
				t.Fatalf("the number %q becomes %q, then %q: %v", s, phone, again, err)
			}
		}
		if at := strings.LastIndexByte(s, '@'); at > 0 && isPlainLocal(s[:at]) && isHostname(s[at+1:]) && !isMailbox(s) {
			t.Fatalf("%q passes the short cut and is no mailbox", s)
		}
	})
}

// normalizeSlowly is Normalize without its short cuts.
func normalizeSlowly(s string) string {
	for range maxPasses {
		next := gracefulProfile(strings.TrimSpace(s))
		if number, err := phonenumbers.Parse(next, ""); err == nil && phonenumbers.IsValidNumber(number) {
			next = phonenumbers.Format(number, phonenumbers.E164)
		}
		if next == s {
			break
		}
		s = next
	}
	return s
}
