package form

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Edit returns the form of existing traits. It fails if traits is not a JSON object, has duplicate names or is nested too
// deep. The error does not contain the traits.
func (b *Blueprint) Edit(traits json.RawMessage) (*Form, error) {
	base, err := parse(traits)
	if err != nil {
		return nil, fmt.Errorf("form: %w", err)
	}
	if base.kind != kindObject {
		return nil, fmt.Errorf("form: the traits must be a JSON object")
	}
	return b.form(base, false), nil
}

// Blank returns the form of new traits. Its fields hold the defaults of the schema.
func (b *Blueprint) Blank() *Form { return b.form(&value{kind: kindObject, raw: "{}"}, true) }

func (b *Blueprint) form(base *value, fresh bool) *Form {
	f := &Form{blueprint: b, reading: b.documents.reading(), fresh: fresh, left: MaxFields, byPointer: make(map[string]*Field)}
	s := f.reading.of(&b.traits)
	if len(s.properties) == 0 && len(s.types) == 0 {
		s.types = []string{"object"} // traits are one, whatever the schema leaves out
	}
	f.Root = f.field(place{pointer: Prefix, name: "traits", required: true, needed: true}, s, base)
	return f
}

// place is where in a form a field stands.
type place struct {
	pointer, name           string
	required, needed, extra bool
	element, new            bool
	inside                  bool // the group around it is there, or has to be
	depth                   int
	blank                   []*value // the subschemas of the groups around it that the traits do not have
}

// field makes the field of the value v, nil if there is none, of shape s.
func (f *Form) field(at place, s *shape, v *value) *Field {
	field := &Field{
		Pointer: at.pointer, Name: at.name, Title: s.title, Description: s.description, Format: s.format,
		Integer:  slices.Contains(s.types, "integer") && !slices.Contains(s.types, "number"),
		Required: at.required, Needed: at.needed, Present: v != nil, ReadOnly: s.readOnly,
		Extra: at.extra, Element: at.element, New: at.new, Bounds: s.bounds,
		base: v, shape: s, nullable: slices.Contains(s.types, "null"), result: at.pointer,
	}
	f.byPointer[at.pointer] = field
	field.Kind = s.control()
	if v != nil && v.kind == kindString && !s.speaks() {
		field.Kind = KindText
	}
	if !v.fits(field.Kind, field.nullable) || (field.IsGroup() && !f.group(field, at)) {
		field.Kind, field.Fields, field.Blank = KindJSON, nil, nil
	}
	if !field.IsGroup() {
		field.show()
		if f.fresh && at.inside {
			field.Text = field.Default
		}
	}
	return field
}

// group fills in the parts of a group, and reports whether it could.
func (f *Form) group(field *Field, at place) bool {
	absent := field.base == nil || field.base.kind == kindNull
	if at.depth >= MaxNesting || (absent && slices.ContainsFunc(field.shape.path, func(n *value) bool { return slices.Contains(at.blank, n) })) {
		return false
	}
	if absent {
		at.blank = append(slices.Clip(at.blank), field.shape.path...)
	}
	at.depth++
	at.inside = at.needed || !absent
	field.inner = at
	if field.Kind == KindList {
		return f.list(field, at)
	}
	return f.object(field, at)
}

// object makes the fields of an object's members: those of the schema in its order, then the others.
func (f *Form) object(field *Field, at place) bool {
	s := field.shape
	present := 0
	if field.base != nil {
		present = len(field.base.members)
	}
	if f.left -= present; f.left < 0 {
		f.left += present
		return false
	}
	values := make(map[string]*value)
	if field.base != nil {
		values = field.base.byName()
	}
	for _, p := range s.properties {
		v := values[p.name]
		if v == nil {
			// A browser would send a name with a line break as another.
			if f.left <= 0 || strings.ContainsFunc(p.name, unicode.IsControl) {
				f.Truncated = true
				continue
			}
			f.left--
		}
		part := at.member(field, p.name)
		part.required = s.required[p.name]
		part.needed = part.required && at.inside
		field.Fields = append(field.Fields, f.field(part, f.reading.of(p), v))
	}
	if field.base != nil {
		for _, m := range field.base.members {
			if s.byName[m.name] == nil {
				field.Fields = append(field.Fields, f.extra(field, at, m.name, m.value))
			}
		}
	}
	if s.free() && f.left > 0 {
		f.left--
		field.Blank = f.blankMember(field, at)
	}
	return true
}

func (at place) member(field *Field, name string) place {
	return place{pointer: join(field.Pointer, name), name: name, inside: at.inside, depth: at.depth, blank: at.blank}
}

// extra makes the field of a member that the schema does not name.
func (f *Form) extra(field *Field, at place, name string, v *value) *Field {
	part := at.member(field, name)
	part.extra = true
	return f.field(part, f.reading.shape(field.shape.additional), v)
}

// free reports whether the schema says what members may be added: one that says nothing gets no control for
// that.
func (s *shape) free() bool { return len(s.additional) > 0 && !s.closed }

// blankMember makes the control for the value of a member to add.
func (f *Form) blankMember(field *Field, at place) *Field {
	s := f.reading.shape(field.shape.additional)
	blank := &Field{
		Pointer: addValue + field.Pointer, Title: s.title, Description: s.description, Format: s.format,
		Kind: s.control(), Extra: true, New: true, Bounds: s.bounds, shape: s,
	}
	if blank.IsGroup() {
		blank.Kind = KindJSON
	}
	blank.show()
	return blank
}

// list makes the fields of an array's elements.
func (f *Form) list(field *Field, at place) bool {
	count := 0
	if field.base != nil {
		count = len(field.base.members)
	}
	if f.left -= count; f.left < 0 {
		f.left += count
		return false
	}
	for n := range count {
		field.Fields = append(field.Fields, f.element(field, at, n, field.base.members[n].value))
	}
	field.number()
	f.blankElement(field, at, count)
	return true
}

// element makes the field of the element n of a list.
func (f *Form) element(field *Field, at place, n int, v *value) *Field {
	part := place{
		pointer: joinIndex(field.Pointer, n), name: strconv.Itoa(n), element: true, new: v == nil,
		depth: at.depth, blank: at.blank,
	}
	nodes := field.shape.items
	if n < len(field.shape.tuple) {
		nodes = field.shape.tuple[n]
	}
	return f.field(part, f.reading.shape(nodes), v)
}

// blankElement makes the element n of a list as one to add, if the list may have more.
func (f *Form) blankElement(field *Field, at place, n int) {
	field.Blank = nil
	s := field.shape
	tupleOnly := s.tuple != nil && len(field.Fields) >= len(s.tuple) && slices.ContainsFunc(s.items, func(n node) bool { return n.value.raw == "false" })
	if (s.maxItems >= 0 && len(field.Fields) >= s.maxItems) || tupleOnly || f.left <= 0 {
		return
	}
	f.left--
	field.Blank = f.element(field, at, n, nil)
}

// show sets what a control holds to the value of the traits.
func (field *Field) show() {
	v, s := field.base, field.shape
	if s.initial != nil && s.initial.fits(field.Kind, false) {
		field.Default = field.text(s.initial)
	}
	field.Text = field.text(v)
	switch field.Kind {
	case KindText:
		field.Kind = s.textKind(field.Text)
	case KindChoice:
		field.options()
	}
	field.Shown = field.Text
}

// text is what the control holds for v.
func (field *Field) text(v *value) string {
	switch {
	case v == nil:
		return ""
	case field.Kind == KindJSON:
		return v.indented()
	case field.Kind == KindChoice:
		return v.String()
	case v.kind == kindNull:
		return ""
	case v.kind == kindString:
		return v.text
	}
	return v.String()
}

// options fills in the choices, and the value that is there if it is none of them.
func (field *Field) options() {
	found := field.base == nil
	for _, c := range field.shape.allChoices() {
		option := Option{Value: c.value.String(), Label: c.label}
		if option.Label == "" {
			option.Label = label(c.value)
		}
		if field.base != nil && !found && c.value.equal(field.base) {
			found = true
			option.Value = field.Text // however it is spelt
		}
		field.Options = append(field.Options, option)
	}
	if !found {
		field.Options = append(field.Options, Option{Value: field.Text, Label: label(field.base)})
	}
}

func label(v *value) string {
	if v.kind == kindString {
		return v.text
	}
	return v.String()
}
