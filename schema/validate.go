package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

// The limits of traits. They lie beyond what the traits of an identity hold in honest use, and together
// with the cost of the schema bound the time and the memory that a validation takes.
const (
	MaxTraitsBytes   = 1 << 20 // size
	MaxTraitsDepth   = 99      // levels of nesting; one more, the body around them, makes 100
	MaxTraitsValues  = 10_000  // JSON values of any kind
	MaxTraitsPointer = 2048    // bytes of the JSON pointer of any value
)

// Validate checks traits, the JSON of an identity's traits, against the schema as {"traits": …}. It returns
// the values that the extension keyword derives from them. It does not change traits. It is safe for
// concurrent use.
//
// Traits beyond the limits are refused with a violation of the keyword "json". So are traits that would take too long to
// check. The time and the memory of a validation are bounded: by about 20 milliseconds and 5 MB for each kilobyte of
// schema and traits, and by about a second in all.
//
// The error is a [*violation.Error] with all violations, or matches [ErrUnlinked]. Any other error is a fault of
// the validator. No error holds a value of the traits.
func (s *Schema) Validate(traits []byte) (*Derived, error) {
	document, err := s.open(traits)
	if err != nil {
		return nil, err
	}
	x := extraction{
		nodes: s.nodes, branches: s.branches, patterns: s.patterns, derived: Derived{Traits: traits},
		left: budgetOf(len(s.source.bytes) + len(traits)),
	}
	if s.numbers && mayHoldInexact(traits) {
		inexact(s.root, document, "", &x.violations)
	}
	results, err := s.engine.validate(document)
	if err != nil {
		return nil, fmt.Errorf("schema %q: %w", s.id, err)
	}
	x.report(results, document)
	if s.plan != nil {
		x.visit(s.plan, document, "")
	}
	if x.violations != nil {
		return nil, invalid(x.violations)
	}
	if x.rewritten != nil {
		if err := s.rewrite(&x, document); err != nil {
			return nil, err
		}
	}
	x.finish()
	return &x.derived, nil
}

// Derive returns the values that the extension keyword derives from traits, as [Schema.Validate] does, but does not
// validate traits. It leaves out a value that cannot be an identifier or address. Traits is nil in the result. Derive is
// for stored traits, which the schema may no longer accept. It returns the errors of Validate for traits that are not a
// JSON object or are beyond the limits.
func (s *Schema) Derive(traits []byte) (*Derived, error) {
	document, err := s.open(traits)
	if err != nil {
		return nil, err
	}
	var x extraction
	if s.plan != nil {
		x.visit(s.plan, document, "")
	}
	x.finish()
	return &x.derived, nil
}

// open decodes traits, and makes sure that the schema can be applied to them at a bounded cost.
func (s *Schema) open(traits []byte) (document map[string]any, err error) {
	if s.engine == nil {
		return nil, fmt.Errorf("schema %q %w: %s", s.id, ErrUnlinked, strings.Join(s.outside, ", "))
	}
	value, err := s.readTraits(traits)
	if err != nil {
		return nil, err
	}
	document = map[string]any{"traits": value}
	if reason := s.cost.afford(s.root, document, len(s.source.bytes), traits); reason != "" {
		return nil, violation.New("/traits", "json", reason)
	}
	return document, nil
}

// readTraits decodes traits within the limits.
func (s *Schema) readTraits(traits []byte) (any, error) {
	if len(traits) > MaxTraitsBytes {
		return nil, violation.New("/traits", "json", "must be at most 1 MiB long")
	}
	value, err := strictjson.Decode(traits, strictjson.Limits{
		Depth: MaxTraitsDepth, Values: MaxTraitsValues, Pointer: MaxTraitsPointer,
	})
	if invalid, ok := errors.AsType[*violation.Error](err); ok {
		return nil, invalid.Under("/traits")
	}
	if _, isObject := value.(map[string]any); !isObject {
		return nil, violation.New("/traits", "type", "must be an object, not "+typeName(value))
	}
	return value, nil
}

// rewrite puts the phone numbers that x has found into the traits. What is stored must match the schema as
// well, or the identity could not be sent back as it was read.
func (s *Schema) rewrite(x *extraction, document map[string]any) error {
	for pointer, number := range x.rewritten {
		replace(document, pointer, number)
	}
	results, err := s.engine.validate(document)
	if err != nil {
		return fmt.Errorf("schema %q: %w", s.id, err)
	}
	if x.report(results, document); x.violations != nil {
		return invalid(x.violations)
	}
	x.derived.Traits, err = splice(x.derived.Traits, x.rewritten)
	return err
}

// replace puts text at pointer, where a string stands, into a decoded document.
func replace(tree any, pointer, text string) {
	parent, last := pointer[:strings.LastIndexByte(pointer, '/')], pointer[strings.LastIndexByte(pointer, '/')+1:]
	container, _ := lookup(tree, parent)
	switch container := container.(type) {
	case map[string]any:
		container[unescape(last)] = text
	case []any:
		if index, err := strconv.Atoi(last); err == nil {
			container[index] = text
		}
	}
}

// splice replaces the string literals at the pointers of texts, which begin with /traits, and leaves every
// other byte of traits as it is.
func splice(traits []byte, texts map[string]string) ([]byte, error) {
	var result []byte
	copied := 0
	err := strictjson.Strings(traits, func(pointer string, start, end int) {
		if text, ok := texts["/traits"+pointer]; ok {
			result = append(result, traits[copied:start]...)
			result = strictjson.AppendString(result, text)
			copied = end
		}
	})
	return append(result, traits[copied:]...), err
}
