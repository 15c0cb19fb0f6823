package schema

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// FormerForms returns the forms that a value had under older rules, if they differ from today's form. One older rule was
// for identifiers of any kind. Another was for e-mail addresses, and was not repeated until stable. Databases may hold
// such values until Rederive has run. So a lookup tries these forms as well as that of today. It must then
// check that the traits of the found identity give the wanted value by today's rule, because the older rules gave some
// different values the same form. A value that is not an identifier under today's rule has no former forms.
func FormerForms(value string) []string {
	today := normalize(value)
	if today.tooLong {
		return nil // the work of the older rules is not bounded as that of normalize is
	}
	if today.value == value && isPrintable(value) && !strings.Contains(value, "+") {
		return nil // no rule has ever changed it
	}
	forms := []string{formerIdentifier(value)}
	if address, err := formerProfiles().String(strings.TrimSpace(value)); err == nil {
		forms = append(forms, address)
	}
	slices.Sort(forms)
	return slices.DeleteFunc(slices.Compact(forms), func(form string) bool { return form == "" || form == today.value })
}

func formerIdentifier(value string) string {
	if trimmed := strings.TrimSpace(value); isPrintable(trimmed) && !strings.Contains(trimmed, "+") {
		return strings.ToLower(trimmed)
	}
	for range maxFormerPasses {
		next := formerProfile(strings.TrimSpace(value))
		if strings.ContainsAny(next, "+＋") { // the rule found a number anywhere in a text
			if number, ok := parsePhone(next); ok {
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
	profile := formerProfiles()
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

// formerProfiles returns a profile of its own for each call, as it keeps state while it runs.
func formerProfiles() *precis.Profile {
	return precis.NewFreeform(precis.FoldWidth, precis.LowerCase(), precis.DisallowEmpty, precis.BidiRule,
		precis.Norm(norm.NFKC), precis.Disallow(formerInvisible()))
}

var formerInvisible = sync.OnceValue(func() runes.Set {
	return runes.Predicate(func(r rune) bool {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		}
		return true
	})
})
