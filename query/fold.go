package query

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns s in the form that co, sw, ew and a search compare. It composes s (Unicode normalisation form C)
// and then applies simple case folding, one code point for one. So "É", "é" and "e" with a combining accent are
// equal, "ß" equals "ẞ" but not "ss", and "İ" equals only itself. Bytes that are not UTF-8 become U+FFFD.
//
// Code points that fold together all become the lower case of the least of them.
func Fold(s string) string { return string(appendFold(nil, s)) }

// FoldVersion names the edition of Unicode that [Fold] follows. A store that keeps folded text or index keys
// records it. When it has changed, the store rebuilds them.
const FoldVersion = "1 " + unicode.Version + " " + norm.Version

func appendFold(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return appendFoldSlow(dst[:len(dst)-i], s)
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendFoldSlow folds text of which each code point is composed already and joins with none before it, and
// leaves other text to the normaliser, which takes several times as long.
func appendFoldSlow(dst []byte, s string) []byte {
	start, table := len(dst), foldTable()
	for _, r := range s {
		switch {
		case r < tableEnd:
			if r = table[r]; r < 0 {
				return appendFoldNormalized(dst[:start], s)
			}
		case r < caselessEnd, r >= hangulStart && r <= hangulEnd:
		default:
			return appendFoldNormalized(dst[:start], s)
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func appendFoldNormalized(dst []byte, s string) []byte {
	for _, r := range norm.NFC.String(s) {
		dst = utf8.AppendRune(dst, foldRune(r))
	}
	return dst
}

// Below tableEnd are the scripts that have two cases, with few exceptions, and the combining marks. From there
// to caselessEnd are the ideographs, then the syllables of Hangul: all composed, and of one case.
const (
	tableEnd    = 0x3100
	caselessEnd = 0xa000
	hangulStart = 0xac00
	hangulEnd   = 0xd7a3
)

// foldTable has for a code point what it folds to, -1 where normalising may change it or what is before it.
var foldTable = sync.OnceValue(func() *[tableEnd]rune {
	var table [tableEnd]rune
	for r := range rune(tableEnd) {
		if text := string(r); norm.NFC.PropertiesString(text).BoundaryBefore() && norm.NFC.IsNormalString(text) {
			table[r] = foldRune(r)
		} else {
			table[r] = -1
		}
	}
	return &table
})

func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least == r && unicode.SimpleFold(r) == r {
		return r // İ, too, which has a lower case but folds with nothing
	}
	return unicode.ToLower(least)
}
