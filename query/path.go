package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is one name of a path.
type token struct {
	name  string
	index int // the element of a list that name means (RFC 6901, section 4), -1 if it means none
}

// parsePointer reads a JSON pointer.
func parsePointer(pointer string) (path []token, reason string) {
	if pointer == "" {
		return nil, ""
	}
	if !utf8.ValidString(pointer) {
		return nil, "must be valid UTF-8"
	}
	if pointer[0] != '/' {
		return nil, `must be a JSON pointer, which begins with "/", such as "/traits/name"`
	}
	for part := range strings.SplitSeq(pointer[1:], "/") {
		name, ok := unescapeToken(part)
		if !ok {
			return nil, `must be a JSON pointer: after "~" comes "0" or "1"`
		}
		path = append(path, newToken(name))
	}
	return path, ""
}

func newToken(name string) token { return token{name: name, index: listIndex(name)} }

func unescapeToken(part string) (string, bool) {
	if !strings.Contains(part, "~") {
		return part, true
	}
	for at := 0; at < len(part); at++ {
		if part[at] == '~' && (at+1 == len(part) || part[at+1] != '0' && part[at+1] != '1') {
			return "", false
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~"), true
}

var tokenEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func formatPointer(path []token) string {
	var b strings.Builder
	for _, t := range path {
		b.WriteByte('/')
		b.WriteString(tokenEscaper.Replace(t.name))
	}
	return b.String()
}

// listIndex returns -1 for a name that is no index. No list has a billion elements.
func listIndex(name string) int {
	if name == "" || len(name) > 9 || name[0] == '0' && len(name) > 1 {
		return -1
	}
	index := 0
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return -1
		}
		index = index*10 + int(name[i]-'0')
	}
	return index
}

// dotted returns the path as a text writes it without quotes, if it can.
func dotted(path []token) (string, bool) {
	if len(path) == 0 || isKeyword(path[0].name) && len(path) == 1 {
		return "", false
	}
	names := make([]string, len(path))
	for n, t := range path {
		if t.name == "" || strings.ContainsFunc(t.name, func(r rune) bool { return !isNameRune(r) }) {
			return "", false
		}
		names[n] = t.name
	}
	return strings.Join(names, "."), true
}

// isNameRune reports whether a name between dots may hold r. RFC 7643, section 2.1, has letters, digits,
// "-", "_" and "$"; letters of other scripts are as good.
func isNameRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '$'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// isKeyword reports whether word, standing alone, cannot be a name.
func isKeyword(word string) bool {
	return strings.EqualFold(word, "and") || strings.EqualFold(word, "or") || strings.EqualFold(word, "not")
}
