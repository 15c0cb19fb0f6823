package strictjson

import "strings"

// The functions of this file pass over a piece of text that begins at the byte at, without building it. They return where
// it ends, and -1 if it is not there or malformed. What a stored document holds is mostly passed over.

// pass passes over any value of at most levels levels of nesting.
func pass(text string, at, levels int) int {
	if at >= len(text) {
		return -1
	}
	switch text[at] {
	case '"':
		end := plainEnd(text, at+1)
		if end < len(text) && text[end] == '"' {
			return end + 1
		}
		return passSpecialString(text, at, end)
	case '{':
		return passList(text, at, levels, '}')
	case '[':
		return passList(text, at, levels, ']')
	case 't':
		return passWord(text, at, "true")
	case 'f':
		return passWord(text, at, "false")
	case 'n':
		return passWord(text, at, "null")
	}
	return passNumber(text, at)
}

// passList passes over an array, or over an object: that ends with a brace.
func passList(text string, at, levels int, end byte) int {
	at = passSpace(text, at+1)
	if levels == 0 || at >= len(text) {
		return -1
	}
	if text[at] == end {
		return at + 1
	}
	for {
		if end == '}' {
			if at = passName(text, at); at < 0 {
				return -1
			}
		}
		if at = pass(text, at, levels-1); at < 0 {
			return -1
		}
		if at = passSpace(text, at); at >= len(text) {
			return -1
		}
		switch text[at] {
		case end:
			return at + 1
		case ',':
			at = passSpace(text, at+1)
		default:
			return -1
		}
	}
}

// passName passes over the name of a member, the colon and the white space around it.
func passName(text string, at int) int {
	if at >= len(text) || text[at] != '"' {
		return -1
	}
	end := nameEnd(text, at+1)
	if end+2 < len(text) && text[end] == '"' && text[end+1] == ':' && text[end+2] > ' ' {
		return end + 2
	}
	if at = passSpecialString(text, at, end); at < 0 {
		return -1
	}
	if at = passSpace(text, at); at >= len(text) || text[at] != ':' {
		return -1
	}
	return passSpace(text, at+1)
}

// passSpecialString passes over a string that is plain up to the byte plain.
func passSpecialString(text string, at, plain int) int {
	s := scanner{text: text, at: at}
	if _, ok := s.specialString(plain); ok {
		return s.at
	}
	return -1
}

func passSpace(text string, at int) int {
	for at < len(text) && isSpace(text[at]) {
		at++
	}
	return at
}

func passWord(text string, at int, word string) int {
	if strings.HasPrefix(text[at:], word) {
		return at + len(word)
	}
	return -1
}

func passNumber(text string, at int) int {
	s := scanner{text: text, at: at}
	if _, ok := s.numeral(); ok {
		return s.at
	}
	return -1
}
