package schema

import (
	"strings"
	"sync"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// FormerIdentifier returns the form that identifiers and addresses had under an older rule. Databases may hold such
// values until Rederive has run, so a look-up that finds nothing under the form of today tries this one. It must then
// check that the traits of what it finds give, by the rule of today, what was looked for: the older rule made some
// values alike that are not. A value that is no identifier today is returned as it is.
func FormerIdentifier(value string) string {
	if normalize(value).tooLong {
		return value // its work is not bounded as that of normalize is
	}
	if trimmed := strings.TrimSpace(value); isPrintable(trimmed) && !strings.Contains(trimmed, "+") {
		return strings.ToLower(trimmed)
	}
	for range maxFormerPasses {
		next := formerProfile(strings.TrimSpace(value))
		if strings.ContainsAny(next, "+＋") {
			if number, ok := formerPhone(next); ok {
				next = number
			}
		}
		if next == value {
			break
		}
		value = next
	}
	return value
}

const maxFormerPasses = 8

// formerProfile is the PRECIS profile (RFC 8264) of the older rule or, where that refuses, its parts without the
// refusals.
func formerProfile(s string) string {
	profile := precis.NewFreeform(precis.FoldWidth, precis.LowerCase(), precis.DisallowEmpty, precis.BidiRule,
		precis.Norm(norm.NFKC), precis.Disallow(formerInvisible()))
	if result, err := profile.String(s); err == nil {
		return result
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	allowed := profile.Allowed()
	s = strings.Map(func(r rune) rune {
		if !allowed.Contains(r) {
			return -1
		}
		return r
	}, s)
	return cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(s)
}

var formerInvisible = sync.OnceValue(func() runes.Set {
	return runes.Predicate(func(r rune) bool {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		}
		return true
	})
})

// formerPhone found a number anywhere in a text.
func formerPhone(s string) (e164 string, ok bool) {
	defer func() {
		if recover() != nil {
			e164, ok = "", false
		}
	}()
	number, err := phonenumbers.Parse(s, "")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}
