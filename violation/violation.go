// Package violation describes what is wrong with an input: the place, the broken rule, and what would be right. Every
// package of idem that refuses an input returns an [*Error]. So a caller finds all violations with one errors.As:
//
//	var invalid *violation.Error
//	if errors.As(err, &invalid) {
//		for _, v := range invalid.Violations {
//			form.Mark(v.Pointer, v.Message)
//		}
//	}
package violation

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Max is the largest number of violations in one answer. A check stops at this number: refusing an input that is wrong
// everywhere must not cost more than accepting a valid one.
const Max = 1000

// Violation is one thing that is wrong with an input.
type Violation struct {
	// Pointer is the RFC 6901 pointer of the wrong value, relative to the input that was checked. A missing member
	// is named itself, not the object that lacks it. "" is the whole input.
	Pointer string `json:"pointer"`
	// Keyword is the JSON Schema keyword for the broken rule, such as "required". It is "json" if JSON itself or a
	// limit forbids the value. It may be empty if no keyword expresses the rule.
	Keyword string `json:"keyword"`
	// Message tells a person what is wrong and, where it helps, what would be right. Programs must not read it: its
	// text may change. It holds no secret.
	Message string `json:"message"`
	// Alternatives lists, for the keywords anyOf and oneOf, what each branch needs. It is empty for every other keyword.
	Alternatives [][]Violation `json:"alternatives,omitempty"`
}

// Error is a refused input. It has at least one violation. It is immutable once returned, and safe for concurrent use.
type Error struct {
	// Violations holds every violation that was found, up to [Max].
	Violations []Violation
}

// New returns the error of a single violation. pointer, keyword and message are the fields of [Violation].
func New(pointer, keyword, message string) *Error {
	return &Error{Violations: []Violation{{Pointer: pointer, Keyword: keyword, Message: message}}}
}

// Error lists pointers and messages in one line.
func (e *Error) Error() string {
	var text strings.Builder
	for n, v := range e.Violations {
		if n > 0 {
			text.WriteString("; ")
		}
		if v.Pointer != "" {
			text.WriteString(v.Pointer + ": ")
		}
		text.WriteString(v.Message)
	}
	return text.String()
}

// Under returns a copy of e with prefix, an RFC 6901 pointer, before every pointer, those of alternatives included. A
// package uses it to place the violations of a part within the larger input. It does not change e.
func (e *Error) Under(prefix string) *Error {
	if prefix == "" {
		return e
	}
	return &Error{Violations: under(prefix, e.Violations)}
}

func under(prefix string, violations []Violation) []Violation {
	placed := slices.Clone(violations)
	for n := range placed {
		placed[n].Pointer = prefix + placed[n].Pointer
		if placed[n].Alternatives == nil {
			continue
		}
		placed[n].Alternatives = slices.Clone(placed[n].Alternatives)
		for branch := range placed[n].Alternatives {
			placed[n].Alternatives[branch] = under(prefix, placed[n].Alternatives[branch])
		}
	}
	return placed
}

// Join returns one error for all of errs. It collects the violations of every [*Error] among them, wrapped and joined
// ones too, into a single [*Error], in their order and at most [Max]. It keeps any other error beside that one. It
// leaves out nil errors. It returns nil if no error is left.
func Join(errs ...error) error {
	var found []Violation
	var others []error
	for _, err := range errs {
		for _, leaf := range leaves(err) {
			if invalid := (*Error)(nil); errors.As(leaf, &invalid) {
				found = append(found, invalid.Violations...)
			} else {
				others = append(others, leaf)
			}
		}
	}
	if len(found) == 0 {
		return errors.Join(others...)
	}
	invalid := &Error{Violations: found[:min(len(found), Max)]}
	if len(others) == 0 {
		return invalid
	}
	return errors.Join(append([]error{invalid}, others...)...)
}

// leaves takes apart what errors.Join put together. A nil error has none.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

// Sort orders violations by pointer, keyword and message, and drops repetitions. It works in place and returns the
// shortened slice.
func Sort(violations []Violation) []Violation {
	slices.SortStableFunc(violations, compare)
	return slices.CompactFunc(violations, func(a, b Violation) bool {
		return compare(a, b) == 0 && slices.EqualFunc(a.Alternatives, b.Alternatives, func(x, y []Violation) bool {
			return slices.EqualFunc(x, y, func(v, w Violation) bool { return compare(v, w) == 0 })
		})
	})
}

func compare(a, b Violation) int {
	return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Keyword, b.Keyword), strings.Compare(a.Message, b.Message))
}
