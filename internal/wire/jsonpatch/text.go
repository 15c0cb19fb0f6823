package jsonpatch

import (
	"iter"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions of this file read JSON text that has been checked. Given other text they return something without
// meaning, but they end, and they do not panic.

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// skipSpace returns the first position at or after at that is not white space.
func skipSpace(text string, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}

// valueEnd returns the end of the value that begins at start.
func valueEnd(text string, start int) int {
	if start >= len(text) {
		return len(text)
	}
	switch text[start] {
	case '"':
		return stringEnd(text, start)
	case '{', '[':
		depth := 0
		for at := start; at < len(text); at++ {
			switch text[at] {
			case '"':
				at = stringEnd(text, at) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return at + 1
				}
			}
		}
		return len(text)
	}
	at := start
	for at < len(text) && text[at] != ',' && text[at] != '}' && text[at] != ']' && !isSpace(text[at]) {
		at++
	}
	return at
}

// stringEnd returns the end of the string whose opening quote is at start.
func stringEnd(text string, start int) int {
	for at := start + 1; at < len(text); {
		n := strings.IndexByte(text[at:], '"')
		if n < 0 {
			return len(text)
		}
		quote := at + n
		slashes := 0
		for quote-1-slashes > start && text[quote-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return quote + 1
		}
		at = quote + 1
	}
	return len(text)
}

// literals yields the members of an object with the literals of their names.
func literals(object string) iter.Seq2[string, string] {
	return func(yield func(literal, value string) bool) {
		at := skipSpace(object, 1)
		for at < len(object) && object[at] == '"' {
			end := stringEnd(object, at)
			literal := object[at:end]
			at = skipSpace(object, end)
			at = skipSpace(object, min(at+1, len(object))) // the colon
			end = valueEnd(object, at)
			if end == at || !yield(literal, object[at:end]) {
				return
			}
			at = skipSpace(object, end)
			at = skipSpace(object, min(at+1, len(object))) // the comma, or the end
		}
	}
}

// members yields the members of an object by name.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for literal, value := range literals(object) {
			if !yield(unquote(literal), value) {
				return
			}
		}
	}
}

// elements yields the positions and elements of an array.
func elements(array string) iter.Seq2[int, string] {
	return func(yield func(n int, value string) bool) {
		at := 0
		if array != "" {
			at = skipSpace(array, skipSpace(array, 0)+1)
		}
		for n := 0; at < len(array) && array[at] != ']'; n++ {
			end := valueEnd(array, at)
			if end == at || !yield(n, array[at:end]) {
				return
			}
			at = skipSpace(array, end)
			at = skipSpace(array, min(at+1, len(array))) // the comma, or the end
		}
	}
}

// height returns how deep a value is nested: 0 for a scalar, 1 for {}.
func height(text string) int {
	depth, deepest := 0, 0
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			at = stringEnd(text, at) - 1
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return deepest
}

// unquote returns the string that literal stands for; "" for what is no string.
func unquote(literal string) string {
	if len(literal) < 2 || literal[0] != '"' {
		return ""
	}
	if strings.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, literal)
	return string(text)
}

func quote(name string) string {
	literal, _ := jsontext.AppendQuote(nil, name) // names come from checked text
	return string(literal)
}
