package query

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/idemkit/idem/identity"
)

// Search is a search for words. The zero Search has no words: every identity matches it. A Search is immutable
// and safe for concurrent use.
type Search struct {
	words [][]byte // folded, sorted, distinct
	views *views
}

// NewSearch returns the search for the words of text. White space separates words. The empty text gives the zero
// Search. The error is an [*violation.Error]: text is longer than [MaxLength], is not UTF-8, has more than [MaxTerms]
// words, or consists of white space alone.
func NewSearch(text string) (Search, error) {
	words := strings.Fields(text)
	reason := ""
	switch {
	case text == "":
		return Search{}, nil
	case len(text) > MaxLength:
		reason = fmt.Sprintf("the search is %d bytes long: must be at most %d", len(text), MaxLength)
	case !utf8.ValidString(text):
		reason = "the search must be valid UTF-8"
	case len(words) == 0:
		reason = "the search has no word: must have one, or be left out"
	case len(words) > MaxTerms:
		reason = fmt.Sprintf("the search has %d words: must have at most %d", len(words), MaxTerms)
	}
	if reason != "" {
		return Search{}, (&refusal{reason: reason}).err()
	}
	for n, word := range words {
		words[n] = Fold(word)
	}
	s := Search{views: &views{}}
	for _, word := range distinct(words) {
		s.words = append(s.words, []byte(word))
	}
	return s, nil
}

// IsZero reports whether s has no words.
func (s Search) IsZero() bool { return len(s.words) == 0 }

// String returns the words, folded, sorted and without duplicates, with a space between them. Searches with the
// same String match the same identities.
func (s Search) String() string { return string(bytes.Join(s.words, []byte(" "))) }

// Matches reports whether each word occurs somewhere in one of the identifiers of i, its addresses, its
// external id, or a string of its traits (not the name of one), all folded by [Fold].
func (s Search) Matches(i *identity.Identity) bool {
	matched, _ := s.MatchesContext(context.Background(), i)
	return matched
}

// MatchesContext is [Search.Matches] that ends when ctx does, also within one large identity. The error is then
// that of ctx, and there is no other.
func (s Search) MatchesContext(ctx context.Context, i *identity.Identity) (matched bool, err error) {
	if s.IsZero() {
		return true, nil
	}
	v := s.views.open(ctx, i)
	defer s.views.close(v)
	v.found = slices.Grow(v.found[:0], len(s.words))[:len(s.words)]
	missing := len(s.words)
	v.texts(func(text string) bool {
		if v.spend(1 + len(text)) {
			return true
		}
		v.fold(text)
		for n, word := range s.words {
			if !v.found[n] && !v.spend(1+len(text)) && bytes.Contains(v.folded, word) {
				v.found[n] = true
				missing--
			}
		}
		return missing == 0
	})
	return missing == 0 && v.err == nil, v.err
}

// texts calls visit for the texts that a search looks at, until visit returns true, and reports whether it
// did.
func (v *view) texts(visit func(string) bool) bool {
	i := v.identity
	if i.ExternalID != "" && visit(i.ExternalID) {
		return true
	}
	for _, c := range i.Credentials {
		if slices.ContainsFunc(c.Identifiers, visit) {
			return true
		}
	}
	for n := range i.VerifiableAddresses {
		if visit(i.VerifiableAddresses[n].Value) {
			return true
		}
	}
	for n := range i.RecoveryAddresses {
		if visit(i.RecoveryAddresses[n].Value) {
			return true
		}
	}
	v.json(traits, i.Traits)
	t := &v.tapes[traits]
	for at := range t.values {
		if e := &t.values[at]; e.kind == kindString && !e.name && visit(t.string(int32(at))) {
			return true
		}
	}
	return false
}

// SearchText returns the texts of i that a search reads, folded by [Fold]. They are sorted, without duplicates,
// and separated by a line feed. U+0000 is written as U+FFFD, because databases refuse U+0000 or stop at it. A
// store may keep an index of the trigrams of the result; see [Search.Needles] and [Expr.Needles].
func SearchText(i *identity.Identity) string {
	var all []string
	v := &view{ctx: context.Background(), identity: i}
	v.texts(func(text string) bool {
		all = append(all, withoutNUL(Fold(text)))
		return false
	})
	return strings.Join(distinct(all), "\n")
}

// Needles returns the words of at least three code points, in the form that [SearchText] has. The SearchText of
// every identity that matches contains all of them.
func (s Search) Needles() []string {
	var all []string
	for _, word := range s.words {
		all = append(all, needle(string(word))...)
	}
	return all
}
