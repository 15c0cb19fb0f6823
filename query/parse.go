package query

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxLength is the largest length of a text for [Parse] or [NewSearch], in bytes.
const MaxLength = 4096

// Parse reads an expression in the syntax of RFC 7644, section 3.4.2.2:
//
//	traits.address.city eq "Wien" and not (state eq "inactive")
//	verifiable_addresses[value eq "a@b.co" and verified eq true]
//	credentials.totp pr or "/traits/a.b" gt 1e2
//
// "and" binds closer than "or". Operators may be written in any case; names are case-sensitive. A name with
// characters other than letters, digits, "_", "-" and "$" is written as a JSON pointer in quotes. The pointer
// begins at the identity or, within [ ], at the element; there the empty pointer is the element itself. The
// path may continue after [ ]: a[b eq 1].c eq 2 means a[b eq 1 and c eq 2].
//
// The error is an [*violation.Error] whose message begins with the column of the fault, in code points from 1.
func Parse(text string) (Expr, error) {
	if len(text) > MaxLength {
		return Expr{}, (&refusal{column: 1, reason: fmt.Sprintf("the expression is %d bytes long: must be at most %d", len(text), MaxLength)}).err()
	}
	p := &parser{text: text}
	if !utf8.ValidString(text) {
		p.at = len(strings.ToValidUTF8(text[:firstInvalid(text)], ""))
		return Expr{}, p.fail(p.at, "must be valid UTF-8").err()
	}
	t := p.or()
	if p.space(); p.err == nil && p.at < len(text) {
		p.expectedInstead(`"and", "or" or the end`)
	}
	if p.err != nil {
		return Expr{}, p.err.err()
	}
	if _, fault := t.bind(); fault != nil {
		return Expr{}, (&refusal{column: p.column(fault.column - 1), path: fault.path, reason: fault.reason}).err()
	}
	return Expr{t}, nil
}

func firstInvalid(text string) int {
	for at, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[at:], "\ufffd") {
			return at
		}
	}
	return len(text)
}

// parser reads a text from left to right. After an error it does nothing more.
type parser struct {
	text string
	at   int
	err  *refusal
}

func (p *parser) fail(at int, reason string) *refusal {
	if p.err == nil {
		p.err = &refusal{column: p.column(at), reason: reason}
	}
	return p.err
}

func (p *parser) column(at int) int { return utf8.RuneCountInString(p.text[:at]) + 1 }

// expected fails at what comes next.
func (p *parser) expected(what string) {
	p.fail(p.at, "expected "+what+", found "+p.found())
}

// instead are the operators of other languages.
var instead = map[string]string{
	"=": "eq", "==": "eq", "===": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le",
	"~": "co", "like": "co", "contains": "co", "is": "eq", "equals": "eq", "exists": "pr", "&&": "and", "&": "and", "||": "or", "|": "or", ",": "or",
}

// expectedInstead fails at what comes next. An operator of another language it answers with ours.
func (p *parser) expectedInstead(what string) {
	if word, _, _ := strings.Cut(p.text[p.at:], " "); instead[strings.ToLower(word)] != "" {
		what = instead[strings.ToLower(word)]
	}
	p.expected(what)
}

func (p *parser) found() string {
	rest := p.text[p.at:]
	if rest == "" {
		return "the end"
	}
	end := strings.IndexAny(rest, " \t\r\n()[]")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		_, end = utf8.DecodeRuneInString(rest)
	}
	const most = 40
	if found := []rune(rest[:end]); len(found) > most {
		return quote(string(found[:most])) + "…"
	}
	return quote(rest[:end])
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next takes the mark, if it is what comes next.
func (p *parser) next(mark byte) bool {
	p.space()
	if p.err != nil || p.at == len(p.text) || p.text[p.at] != mark {
		return false
	}
	p.at++
	return true
}

// word returns the letters, digits and so on that come next, without taking them.
func (p *parser) word(dots bool) string {
	p.space()
	rest := p.text[p.at:]
	end := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) && (!dots || r != '.') })
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}

// keyword takes the word, in any case, if it is what comes next.
func (p *parser) keyword(word Operator) bool {
	found := p.word(true)
	if p.err != nil || !strings.EqualFold(found, string(word)) {
		return false
	}
	p.at += len(found)
	return true
}

func (p *parser) or() *tree { return p.joined(opOr, p.and) }

func (p *parser) and() *tree { return p.joined(opAnd, p.unary) }

func (p *parser) joined(op Operator, operand func() *tree) *tree {
	p.space()
	place := p.at + 1
	kids := []*tree{operand()}
	for p.keyword(op) {
		kids = append(kids, operand())
	}
	t := join(op, kids)
	if len(kids) > 1 {
		t.place = place
	}
	return t
}

func (p *parser) unary() *tree {
	p.space()
	start := p.at
	switch {
	case p.keyword(opNot):
		if !p.next('(') {
			p.expected(`"(" after "not"`)
		}
		return &tree{op: opNot, place: start + 1, kids: []*tree{p.group(')', start)}}
	case p.next('('):
		return p.group(')', start)
	}
	return p.term()
}

// group reads what is in parentheses or brackets, up to the closing mark.
func (p *parser) group(closing byte, start int) *tree {
	if p.err != nil {
		return &tree{}
	}
	t := p.or()
	if p.err == nil && !p.next(closing) {
		p.expected(fmt.Sprintf(`"and", "or" or %q for what begins at column %d`, string(closing), p.column(start)))
	}
	return t
}

// term reads a path and the comparison after it.
func (p *parser) term() *tree {
	if p.err != nil {
		return &tree{}
	}
	p.space()
	t := &tree{place: p.at + 1}
	t.path = p.path()
	if p.err != nil {
		return t
	}
	if start := p.at; p.next('[') {
		return p.filtered(t, start)
	}
	p.space()
	word := p.word(true)
	op, ok := operatorOf(word)
	if !ok {
		p.expectedInstead(`an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr) or "["`)
		return t
	}
	p.at += len(word)
	if t.op = op; op != OpPresent {
		p.space()
		t.valuePlace = p.at + 1
		t.value = p.literal()
	}
	return t
}

// filtered reads the filter in brackets, and the path that may go on behind it.
func (p *parser) filtered(t *tree, start int) *tree {
	t.op, t.kids = opAny, []*tree{p.group(']', start)}
	if p.err == nil && strings.HasPrefix(p.text[p.at:], ".") {
		p.at++
		t.kids = []*tree{join(opAnd, []*tree{t.kids[0], p.term()})}
	}
	return t
}

// path reads a dotted path, or a JSON pointer in quotes, as a JSON pointer.
func (p *parser) path() string {
	if strings.HasPrefix(p.text[p.at:], `"`) {
		return p.string()
	}
	word := p.word(true)
	if word == "" || isKeyword(word) {
		p.expected(`an attribute, such as state or traits.name, "not" or "("`)
		return ""
	}
	var path []token
	start := p.at
	for name := range strings.SplitSeq(word, ".") {
		if name == "" {
			p.fail(start, `expected a name beside the ".": a name that dots cannot write is a JSON pointer in quotes, such as "/traits/a.b"`)
		}
		path = append(path, newToken(name))
		start += len(name) + 1
	}
	p.at += len(word)
	return formatPointer(path)
}

// string reads a JSON string.
func (p *parser) string() string {
	end, _ := endOfString(p.text, p.at+1)
	if end >= len(p.text) {
		p.fail(p.at, `expected a closing " for the string that begins here`)
		return ""
	}
	content, err := jsontext.AppendUnquote(nil, p.text[p.at:end+1])
	if err != nil {
		p.fail(p.at, "expected a JSON string (RFC 8259): a control character, an escape or half a surrogate pair in it is not valid")
		return ""
	}
	p.at = end + 1
	return string(content)
}

// startsLikeText reports whether word looks like a string whose quotes are missing, or single ones.
func startsLikeText(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return len(word) > 1 && (r == '\'' || isNameRune(r) && r != '-' && (r < '0' || r > '9'))
}

// literal reads a JSON string, number or boolean.
func (p *parser) literal() literal {
	p.space()
	if strings.HasPrefix(p.text[p.at:], `"`) {
		return literal{kind: kindString, text: p.string()}
	}
	end := p.at
	for end < len(p.text) && strings.IndexByte(" \t\r\n()[]", p.text[end]) < 0 {
		end++
	}
	word := p.text[p.at:end]
	if word == "null" {
		p.fail(p.at, nullReason)
		return literal{}
	}
	l, reason := parseLiteral(word)
	if word == "" || reason != "" {
		what := "a value: a string in double quotes, a number, true or false"
		if lower := strings.ToLower(word); lower != word && (lower == "true" || lower == "false" || lower == "null") {
			what += " (in lower case)"
		} else if content := strings.Trim(word, "'"); startsLikeText(word) && strings.IndexFunc(content, func(r rune) bool { return !isNameRune(r) }) < 0 {
			p.fail(p.at, "a string must stand in double quotes: "+quote(content))
			return literal{}
		}
		p.expected(what)
		return literal{}
	}
	p.at = end
	return l
}
