package query

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns s as co, sw, ew and a search compare it: composed (Unicode normalisation form C) and then with
// simple case folding, one code point for one. So "É", "é" and "e" with a combining accent are one, "ß" is
// "ẞ" but not "ss", and "İ" is itself. Bytes that are not UTF-8 become U+FFFD.
//
// Of the code points that fold together the least stands for all, but for ASCII letters, which come out in
// lower case.
func Fold(s string) string { return string(appendFold(nil, s)) }

// FoldVersion names the edition of Unicode that [Fold] follows. A store that keeps folded text or index keys
// records it, and makes them again when it has changed.
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

func appendFoldSlow(dst []byte, s string) []byte {
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	for _, r := range s {
		dst = utf8.AppendRune(dst, foldRune(r))
	}
	return dst
}

func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if 'A' <= least && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}
