package strictjson

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Strings calls visit for each string in value that is not a name, with its JSON pointer and the place of
// its literal, quotes included: value[start:end]. The value must have passed [Check] or [Decode].
func Strings(value []byte, visit func(pointer string, start, end int)) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(value))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return syntaxError(value, err)
		}
		if token.Kind() == '"' && !isName(decoder) {
			end := int(decoder.InputOffset())
			visit(string(decoder.StackPointer()), literalStart(value, end), end)
		}
		if decoder.StackDepth() == 0 {
			return nil
		}
	}
}

// isName reports whether the string that decoder has just read is the name of a member.
func isName(decoder *jsontext.Decoder) bool {
	kind, length := decoder.StackIndex(decoder.StackDepth())
	return kind == '{' && length%2 == 1
}

// literalStart finds the opening quote of the string literal that ends at end. Going back, a quote opens
// the literal unless a backslash escapes it, and one is escaped when an odd run of backslashes precedes it.
func literalStart(value []byte, end int) int {
	for at := end - 2; at > 0; at-- {
		if value[at] != '"' {
			continue
		}
		run := 0
		for at-1-run >= 0 && value[at-1-run] == '\\' {
			run++
		}
		if run%2 == 0 {
			return at
		}
	}
	return 0
}

// IsPlain reports whether s, between quotes, is its own JSON string literal: ASCII without quotes, backslashes and control
// characters.
func IsPlain(s string) bool { return plainEnd(s, 0) == len(s) }

// AppendString appends s as a JSON string literal to dst. Bytes of s that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	dst, _ = jsontext.AppendQuote(dst, s) // fails for invalid UTF-8 alone
	return dst
}
