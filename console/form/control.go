package form

import (
	"slices"
	"strings"
	"unicode"
)

// control is the kind of field that values of shape s have, unless a value does not fit.
func (s *shape) control() Kind {
	if s.choices != nil {
		return KindChoice
	}
	switch types := s.withoutNull(); {
	case len(s.types) == 0:
		return s.inferred()
	case len(types) == 0:
		return KindChoice // of null
	case len(types) == 2 && slices.Contains(types, "number") && slices.Contains(types, "integer"):
		return KindNumber
	case len(types) > 1:
		return KindJSON
	default:
		return s.controlOf(types[0])
	}
}

func (s *shape) withoutNull() []string {
	return slices.DeleteFunc(slices.Clone(s.types), func(t string) bool { return t == "null" })
}

func (s *shape) controlOf(jsonType string) Kind {
	switch jsonType {
	case "string":
		return KindText
	case "number", "integer":
		return KindNumber
	case "boolean":
		return KindChoice
	case "object":
		return KindObject
	case "array":
		if s.items != nil || s.tuple != nil {
			return KindList
		}
	}
	return KindJSON
}

// inferred is the control of a shape without a type: many schemas leave it out where other keywords show what
// is meant. A value of another type than that is still edited as JSON.
func (s *shape) inferred() Kind {
	switch b := s.bounds; {
	case len(s.properties) > 0:
		return KindObject
	case s.items != nil || s.tuple != nil:
		return KindList
	case s.format != "" || b.Pattern != "" || b.MinLength != "" || b.MaxLength != "":
		return KindText
	case b.Minimum != "" || b.Maximum != "" || b.ExclusiveMinimum != "" || b.ExclusiveMaximum != "":
		return KindNumber
	}
	return KindJSON
}

// allChoices are the choices of a KindChoice.
func (s *shape) allChoices() []choice {
	if s.choices != nil {
		return s.choices
	}
	var choices []choice
	if slices.Contains(s.types, "boolean") {
		choices = []choice{{value: yes}, {value: no}}
	}
	if slices.Contains(s.types, "null") {
		choices = append(choices, choice{value: null})
	}
	return choices
}

var (
	yes = &value{kind: kindBool, raw: "true"}
	no  = &value{kind: kindBool, raw: "false"}
)

// fits reports whether a control of kind k shows v without loss. nullable tells that the control, left
// empty, may stand for null.
func (v *value) fits(k Kind, nullable bool) bool {
	if v == nil || (v.kind == kindNull && nullable) {
		return true
	}
	switch k {
	case KindText, KindLines:
		return v.kind == kindString && survives(v.text)
	case KindNumber:
		return v.kind == kindNumber
	case KindObject:
		return v.kind == kindObject && !slices.ContainsFunc(v.members, func(m member) bool { return strings.ContainsFunc(m.name, unicode.IsControl) })
	case KindList:
		return v.kind == kindArray
	}
	return true
}

// survives reports whether a browser sends text back as it is: not so control characters, and every line
// break becomes the same.
func survives(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' })
}

// longText is from how many characters on a text gets several lines.
const longText = 120

// textKind chooses between a line and several.
func (s *shape) textKind(text string) Kind {
	if strings.ContainsRune(text, '\n') || len(text) > longText || len(s.bounds.MaxLength) > 3 {
		return KindLines
	}
	return KindText
}
