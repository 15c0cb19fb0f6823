package schema

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Draft-07 wants regular expressions of ECMA 262; Go has RE2, which never takes longer than the text times
// the expression. What both can say is translated, so that it means what the draft says: the escapes \s, \S,
// \cA and \u0041, the dot, and the classes [] and [^]. What RE2 cannot say, lookaround and back-references,
// is refused when the schema is read. What only RE2 can say, such as (?i), is accepted as it is.

// maxPattern bounds a regular expression's text. What it costs to match is bounded by the cost check.
const maxPattern = 4096

// maxProgram bounds the program of one regular expression, and a schema's programs together are bounded by its size
// (see patternBudget): counted repeats make a large program of a short text.
const maxProgram = 20_000

// patternBudget is how large the programs of all regular expressions of a schema of so many bytes may be together. An
// instruction takes a microsecond to compile and half a kilobyte to keep.
func patternBudget(bytes int) int { return 2_000 + 5*bytes }

// expression is a regular expression that was parsed, and not compiled yet.
type expression struct {
	text string // as the engine takes it
	size int    // of its program
}

// parsePattern translates and parses a regular expression of pattern or patternProperties, or says in words for a person
// why it cannot be used. It compiles nothing: how large the program is follows from the parsed form.
func parsePattern(text string) (e expression, reason string) {
	if len(text) > maxPattern {
		return e, fmt.Sprintf("a regular expression of more than %d bytes", maxPattern)
	}
	e.text = translate(text)
	parsed, err := syntax.Parse(e.text, syntax.Perl)
	if err != nil {
		return e, "a regular expression that Go cannot use (RE2: no lookaround, no back-references, counts up to 1000): " + err.Error()
	}
	if e.size = programSize(parsed); e.size > maxProgram {
		return e, fmt.Sprintf("a regular expression that is too large once its repeats are written out: %d steps, where %d are allowed", e.size, maxProgram)
	}
	return e, ""
}

// programSize is about how many instructions an expression compiles to. It stops counting far beyond maxProgram.
func programSize(e *syntax.Regexp) int {
	size := 0
	for _, sub := range e.Sub {
		size = plus(size, programSize(sub))
	}
	switch e.Op {
	case syntax.OpLiteral:
		return len(e.Rune)
	case syntax.OpRepeat:
		times := e.Max
		if times < 0 {
			times = e.Min + 1
		}
		return plus(min(size, 1<<20)*times, times)
	case syntax.OpCapture:
		return plus(size, 2)
	}
	return plus(size, 1+len(e.Sub))
}

// White space of ECMA 262, section 12.2 and 12.3, and all other runes, as the inside of a class.
const (
	spaces    = `\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	nonSpaces = `\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}` +
		`\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	anyButLines = `[^\n\r\x{2028}\x{2029}]`
)

// translate rewrites an expression of ECMA 262 for RE2.
func translate(text string) string {
	if strings.Contains(text, `\Q`) {
		return text // quoted text of RE2
	}
	// A flag of RE2 changes what the dot means to its author.
	flags := flagGroup.MatchString(text)
	var out strings.Builder
	inClass := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			replacement, length := translateEscape(text[i:], inClass)
			out.WriteString(replacement)
			i += length - 1
		case inClass:
			inClass = c != ']'
			if c == '[' && strings.HasPrefix(text[i:], "[:") {
				out.WriteByte('\\') // RE2 would begin a POSIX class
			}
			out.WriteByte(c)
		case strings.HasPrefix(text[i:], "[^]"):
			out.WriteString(`[\x{0}-\x{10ffff}]`)
			i += len("[^]") - 1
		case strings.HasPrefix(text[i:], "[]"):
			out.WriteString(`[^\x{0}-\x{10ffff}]`)
			i += len("[]") - 1
		case c == '[':
			inClass = true
			out.WriteByte(c)
			if strings.HasPrefix(text[i+1:], "^") {
				out.WriteByte('^')
				i++
			}
		case c == '.' && !flags:
			out.WriteString(anyButLines)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

var flagGroup = regexp.MustCompile(`\(\?[a-zA-Z]*s[a-zA-Z]*(-[a-zA-Z]+)?[:)]`)

// translateEscape rewrites the escape that text begins with, and returns its length.
func translateEscape(text string, inClass bool) (replacement string, length int) {
	switch c := text[1]; {
	case c == 's' && inClass:
		return spaces, 2
	case c == 's':
		return "[" + spaces + "]", 2
	case c == 'S' && inClass:
		return nonSpaces, 2
	case c == 'S':
		return "[" + nonSpaces + "]", 2
	case c == 'c' && len(text) > 2 && 'a' <= text[2]|0x20 && text[2]|0x20 <= 'z':
		return fmt.Sprintf(`\x{%x}`, text[2]&0x1f), 3
	case c == 'u' && len(text) >= 6 && isHex(text[2]) && isHex(text[3]) && isHex(text[4]) && isHex(text[5]):
		return `\x{` + text[2:6] + `}`, 6
	}
	return text[:2], 2
}
