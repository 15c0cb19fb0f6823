package schema

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/runes"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// Normalize gives the form in which identifiers are compared and stored: white space at the ends trimmed,
// compatibility forms and width folded (NFKC), lower case, without runes that cannot be seen or typed, and a
// valid international phone number as E.164. It accepts everything; what the strict rules for e-mail
// addresses would refuse is cleaned instead. Use it for any identifier of the types password, webauthn and
// code that is looked up, and for addresses that are imported.
//
// Normalising twice gives the same as once. What is longer than 2 KiB is no identifier, and comes back as it
// is.
func Normalize(identifier string) string {
	if len(identifier) > maxNormalize {
		return identifier
	}
	if trimmed := strings.TrimSpace(identifier); isPrintable(trimmed) && !mayBePhone(trimmed) {
		return strings.ToLower(trimmed) // the rules come to no more than this
	}
	// A removed rune can bring a letter and its accent together, or leave white space at an end, so that one
	// pass may leave something to do; two mostly do nothing but confirm.
	for range maxPasses {
		next := normalizeOnce(identifier)
		if next == identifier {
			break
		}
		identifier = next
	}
	return identifier
}

// maxNormalize bounds what is normalised: a letter of three bytes can stand for a whole sentence.
const maxNormalize = 2 * MaxIdentifierBytes

// maxPasses is a bound that no input is known to reach.
const maxPasses = 8

func normalizeOnce(identifier string) string {
	clean := gracefulProfile(strings.TrimSpace(identifier))
	if number, ok := parsePhone(clean); ok {
		return number
	}
	return clean
}

// gracefulProfile applies the identifier profile, or where that refuses, its parts without the refusals.
func gracefulProfile(s string) string {
	if result, err := slowProfile(s); err == nil {
		return result
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, ""))
	allowed := newIdentifierProfile().Allowed()
	s = strings.Map(func(r rune) rune {
		if !allowed.Contains(r) {
			return -1
		}
		return r
	}, s)
	return lower().String(s)
}

// isPrintable reports whether s consists of ASCII without controls. In such a string the profiles change
// nothing but the case, and refuse nothing.
func isPrintable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// identifierProfile applies the identifier profile to a string without white space at its ends.
func identifierProfile(s string) (string, error) {
	if s != "" && isPrintable(s) {
		return strings.ToLower(s), nil
	}
	return slowProfile(s)
}

func slowProfile(s string) (string, error) { return newIdentifierProfile().String(s) }

// newIdentifierProfile is the PRECIS profile (RFC 8264) of e-mail addresses and user names. Its parts keep
// state while they run, so that each call gets its own.
func newIdentifierProfile() *precis.Profile {
	return precis.NewFreeform(
		precis.FoldWidth,
		precis.LowerCase(),
		precis.DisallowEmpty,
		precis.BidiRule,
		precis.Norm(norm.NFKC),
		precis.Disallow(invisible()),
	)
}

// phoneProfile applies the PRECIS profile of phone numbers.
func phoneProfile(s string) (string, error) {
	return precis.NewFreeform(precis.FoldWidth).String(s)
}

func lower() cases.Caser { return cases.Lower(language.Und, cases.HandleFinalSigma(false)) }

// invisible is the set of runes that a reader cannot see or that have no meaning of their own: controls,
// format characters and all else of category C, and what Unicode says to ignore by default. A rune is
// unassigned when it is in no category at all.
var invisible = sync.OnceValue(func() runes.Set {
	return runes.Predicate(func(r rune) bool {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		}
		return true
	})
})
