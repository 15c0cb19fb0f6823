package jsonpatch

import (
	"fmt"
	"strconv"
	"strings"
)

// Pointer is a JSON Pointer (RFC 6901): its tokens, unescaped. The empty Pointer is the whole document.
type Pointer []string

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// ParsePointer reads a JSON Pointer of at most [MaxDepth] tokens. message says what is wrong; it is empty if nothing is.
func ParsePointer(text string) (p Pointer, message string) {
	if text == "" {
		return nil, ""
	}
	if text[0] != '/' {
		return nil, "must be empty or begin with a slash (RFC 6901)"
	}
	tokens := strings.Count(text, "/")
	if tokens > MaxDepth {
		return nil, fmt.Sprintf("has more than %d tokens", MaxDepth)
	}
	p = make(Pointer, 0, tokens)
	for token := range strings.SplitSeq(text[1:], "/") {
		if strings.Contains(token, "~") {
			for n := range len(token) {
				if token[n] == '~' && (n+1 == len(token) || token[n+1] != '0' && token[n+1] != '1') {
					return nil, "has a ~ that is followed by neither 0 nor 1 (RFC 6901)"
				}
			}
			token = unescaper.Replace(token)
		}
		p = append(p, token)
	}
	return p, ""
}

// String returns the pointer's text.
func (p Pointer) String() string {
	var text strings.Builder
	for _, token := range p {
		text.WriteByte('/')
		text.WriteString(escape(token))
	}
	return text.String()
}

func escape(token string) string {
	if !strings.ContainsAny(token, "~/") {
		return token
	}
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// isBelow reports whether p names something inside of q.
func (p Pointer) isBelow(q Pointer) bool {
	if len(p) <= len(q) {
		return false
	}
	for n, token := range q {
		if p[n] != token {
			return false
		}
	}
	return true
}

// parseIndex reads an array index (RFC 6901, section 4): 0, or digits without a leading zero.
func parseIndex(token string) (index int, ok bool) {
	if token == "" || len(token) > 1 && token[0] == '0' || token[0] < '0' || token[0] > '9' {
		return 0, false
	}
	index, err := strconv.Atoi(token)
	return index, err == nil
}
