// Package passwordpolicy judges new passwords: their length, whether they are like what
// their owner signs in with, and whether they are among the most common ones (NIST SP
// 800-63B-4, section 3.1.1.2). It asks for no kinds of characters, as that section advises.
//
// It imports nothing but the standard library and package violation.
package passwordpolicy

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/idemkit/idem/violation"
)

const (
	// DefaultMinLength is how many characters (code points) a password has at least.
	DefaultMinLength = 8
	// AloneMinLength is what NIST SP 800-63B-4 asks of a password that is the only
	// factor.
	AloneMinLength = 15
	// MaxBytes bounds a password, in bytes of UTF-8.
	MaxBytes = 1024
	// minDistance is how many characters at least must be added, removed or replaced to
	// make an identifier of a password.
	minDistance = 5
	// comparedBytes bounds what is compared of a password and of an identifier: the
	// cost is the product of their lengths.
	comparedBytes = 256
)

// Policy is what is asked of a new password. The zero value is the default.
type Policy struct {
	// MinLength is how many characters (code points) a password must have. 0 means
	// [DefaultMinLength].
	MinLength int
}

// Check returns what is wrong with a password of somebody who signs in with identifiers,
// nil if nothing is. The error is a [*violation.Error] with one violation, whose pointer
// is empty and whose text holds neither the password nor an identifier.
func (p Policy) Check(password string, identifiers []string) error {
	least := p.MinLength
	if least == 0 {
		least = DefaultMinLength
	}
	lower := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password):
		return violation.New("", "", "must be valid UTF-8")
	case len(password) > MaxBytes:
		return violation.New("", "maxLength", fmt.Sprintf("must be at most %d bytes long", MaxBytes))
	case utf8.RuneCountInString(password) < least:
		return violation.New("", "minLength", fmt.Sprintf("must be at least %d characters long", least))
	case isCommon(lower):
		return violation.New("", "", "must not be one of the most common passwords")
	case slices.ContainsFunc(identifiers, func(identifier string) bool { return isLike(lower, identifier) }):
		return violation.New("", "", "must not be like what you sign in with")
	}
	return nil
}

// isLike reports whether a password in lower case is like an identifier, or like what
// stands before the @ of one.
func isLike(password, identifier string) bool {
	identifier = strings.ToLower(identifier)
	local, _, isAddress := strings.Cut(identifier, "@")
	return tooClose(password, identifier) || isAddress && tooClose(password, local)
}

// tooClose reports whether fewer than minDistance edits make b of a, or whether more than
// half of a is found in b in one piece.
func tooClose(a, b string) bool {
	a, b = a[:min(len(a), comparedBytes)], b[:min(len(b), comparedBytes)]
	distance := make([]int, len(b)+1) // Levenshtein's, of the part of a so far and each part of b
	common := make([]int, len(b)+1)   // how long a piece the two have in common that ends here
	for n := range distance {
		distance[n] = n
	}
	longest := 0
	for i := range len(a) {
		diagonal, piece := distance[0], 0
		distance[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = distance[j+1]
			distance[j+1] = min(cost, diagonal+1, distance[j]+1)
			above := common[j+1]
			common[j+1] = 0
			if a[i] == b[j] {
				common[j+1] = piece + 1
				longest = max(longest, common[j+1])
			}
			piece = above
		}
	}
	return len(b) > 0 && (distance[len(b)] < minDistance || 2*longest > len(a))
}

// common.txt holds the 3,000 most frequent passwords of at least 8 characters, in lower
// case and sorted, of the frequency list that comes with zxcvbn (MIT).
//
//go:embed common.txt
var commonText string

var commonPasswords = sync.OnceValue(func() []string { return strings.Fields(commonText) })

func isCommon(lower string) bool {
	_, found := slices.BinarySearch(commonPasswords(), lower)
	return found
}
