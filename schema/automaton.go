package schema

import (
	"encoding/binary"
	"errors"
	"regexp/syntax"
	"slices"
)

// automaton tells which of up to 16 regular expressions match a text of ASCII digits. It looks up one state for each
// digit, where package regexp takes microseconds: the expressions of numbering plans are long lists of alternatives. It is
// immutable once made.
type automaton struct {
	next    [][10]uint16 // by state and digit
	begun   []uint16     // by state, the set of the expressions that match what was read, whatever follows
	matches []uint16     // by state, the set of the expressions that match what was read, if it is the whole text
	anchors bool         // $ is in the expressions
}

// The states that every automaton has.
const (
	deadState  = 0 // no expression can match any more
	firstState = 1
)

// maxStates bounds an automaton. The largest one of a numbering plan has less than a tenth.
const maxStates = 1 << 14

var (
	errTooManyStates = errors.New("the expressions have too many states")
	errAnchor        = errors.New("an anchor other than $")
)

// newAutomaton compiles expressions in the syntax of package regexp. It knows no anchor but $.
func newAutomaton(expressions ...string) (*automaton, error) {
	var p positions
	for n, expression := range expressions {
		if err := p.add(n, expression); err != nil {
			return nil, err
		}
	}
	a := &automaton{anchors: p.anchors}
	// A state is the set of the instructions that may come next. That of the dead state is empty.
	start := p.closure(p.starts, false)
	sets, known := [][]uint32{nil, start}, map[string]uint16{"": deadState, key(start): firstState}
	for state := 0; state < len(sets); state++ {
		a.next = append(a.next, [10]uint16{})
		a.begun = append(a.begun, p.expressions(sets[state]))
		a.matches = append(a.matches, p.expressions(p.closure(sets[state], true)))
		for digit := range 10 {
			set := p.closure(p.step(sets[state], '0'+rune(digit)), false)
			to, found := known[key(set)]
			if !found {
				if len(sets) == maxStates {
					return nil, errTooManyStates
				}
				to = uint16(len(sets))
				known[key(set)], sets = to, append(sets, set)
			}
			a.next[state][digit] = to
		}
	}
	return a, nil
}

// match returns the set of the expressions that match digits as a whole.
func (a *automaton) match(digits string) uint16 {
	state := uint16(firstState)
	for i := range len(digits) {
		state = a.next[state][digits[i]-'0']
	}
	return a.matches[state]
}

// begins reports whether an expression matches the beginning of digits, one digit at least.
func (a *automaton) begins(digits string) bool {
	state := uint16(firstState)
	for i := range len(digits) {
		state = a.next[state][digits[i]-'0']
		if a.begun[state] != 0 {
			return true
		}
	}
	return a.matches[state] != 0 && digits != ""
}

// positions are the instructions of several expressions, one program after the other.
type positions struct {
	program []syntax.Inst // a match has the number of its expression as Arg
	starts  []uint32
	anchors bool
	reached []int // by position, the last closure that it was in
	closed  int   // closures so far
}

func (p *positions) add(number int, expression string) error {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return err
	}
	compiled, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return err
	}
	base := uint32(len(p.program))
	for _, inst := range compiled.Inst {
		inst.Out += base
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			inst.Arg += base
		case syntax.InstMatch:
			inst.Arg = uint32(number)
		case syntax.InstEmptyWidth:
			if p.anchors = true; syntax.EmptyOp(inst.Arg) != syntax.EmptyEndText {
				return errAnchor
			}
		}
		p.program = append(p.program, inst)
	}
	p.starts = append(p.starts, base+uint32(compiled.Start))
	p.reached = make([]int, len(p.program))
	return nil
}

// closure returns, in order, what reads a digit, is an anchor or ends an expression, and can be reached from any of from
// without reading. At the end of the text, anchors are passed.
func (p *positions) closure(from []uint32, atEnd bool) (set []uint32) {
	p.closed++
	for pending := slices.Clone(from); len(pending) > 0; {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if p.reached[at] == p.closed {
			continue
		}
		p.reached[at] = p.closed
		switch inst := &p.program[at]; {
		case inst.Op == syntax.InstAlt || inst.Op == syntax.InstAltMatch:
			pending = append(pending, inst.Out, inst.Arg)
		case inst.Op == syntax.InstCapture || inst.Op == syntax.InstNop || inst.Op == syntax.InstEmptyWidth && atEnd:
			pending = append(pending, inst.Out)
		case inst.Op != syntax.InstFail:
			set = append(set, at)
		}
	}
	slices.Sort(set)
	return set
}

// step returns where the instructions of set lead when they read digit.
func (p *positions) step(set []uint32, digit rune) (reached []uint32) {
	for _, at := range set {
		switch inst := &p.program[at]; inst.Op {
		case syntax.InstMatch, syntax.InstEmptyWidth:
		default:
			if inst.MatchRune(digit) {
				reached = append(reached, inst.Out)
			}
		}
	}
	return reached
}

// expressions returns the set of the expressions that end in set.
func (p *positions) expressions(set []uint32) (ended uint16) {
	for _, at := range set {
		if inst := p.program[at]; inst.Op == syntax.InstMatch {
			ended |= 1 << inst.Arg
		}
	}
	return ended
}

// key makes a key of a map from a set.
func key(set []uint32) string {
	var text []byte
	for _, at := range set {
		text = binary.AppendUvarint(text, uint64(at))
	}
	return string(text)
}
