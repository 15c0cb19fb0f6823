package form

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/idemkit/idem/violation"
)

// Traits returns the traits with the posted changes. A value whose control is unchanged keeps its bytes. An emptied control
// removes its value; if the value is required and may be null, it becomes null. An empty element of a list is left out.
//
// ok is false if a posted text cannot be a value of its field, such as a word in a number. The errors of the fields say
// which, and the traits must not be used. Traits does not validate against the schema.
func (f *Form) Traits() (traits json.RawMessage, ok bool) {
	f.Each(func(field *Field) { field.result = "" })
	v := f.read(f.Root, Prefix)
	if v == nil {
		v = &value{kind: kindObject}
	}
	ok = true
	f.Each(func(field *Field) { ok = ok && len(field.Errors) == 0 })
	return json.RawMessage(v.String()), ok
}

// read returns the value of a field whose pointer in the result is to be pointer, nil for none.
func (f *Form) read(field *Field, pointer string) *value {
	field.result = pointer
	if field.Removed && field != f.Root {
		return nil
	}
	switch field.Kind {
	case KindObject:
		return f.readObject(field, pointer)
	case KindList:
		return f.readList(field, pointer)
	}
	if field.Text == field.Shown {
		return field.base
	}
	return field.typed()
}

// typed returns the value of the text that somebody has typed into a control.
func (field *Field) typed() *value {
	if strings.TrimSpace(field.Text) == "" && (field.Kind != KindText && field.Kind != KindLines || field.Text == "") {
		if field.nullable && field.Required && field.Kind != KindChoice {
			return null
		}
		return nil
	}
	switch field.Kind {
	case KindNumber:
		return field.typedNumber()
	case KindChoice:
		return field.typedChoice()
	case KindJSON:
		v, err := parse([]byte(field.Text))
		if err != nil {
			field.fail(jsonError(err))
			return field.base
		}
		return v
	}
	return newString(field.Text)
}

// jsonError says what is wrong with JSON that somebody typed, and where.
func jsonError(err error) string {
	var invalid *violation.Error
	if !errors.As(err, &invalid) {
		return errJSON
	}
	return errJSON + ": " + invalid.Error()
}

func (field *Field) typedNumber() *value {
	text := strings.TrimSpace(field.Text)
	v, err := parse([]byte(text))
	if err != nil || v.kind != kindNumber {
		field.fail(errNumber)
		return field.base
	}
	return v
}

func (field *Field) typedChoice() *value {
	if !slices.ContainsFunc(field.Options, func(o Option) bool { return o.Value == field.Text }) {
		field.fail(errChoice)
		return field.base
	}
	// The options' values were made of JSON values.
	v, _ := parse([]byte(field.Text))
	return v
}

func (f *Form) readObject(field *Field, pointer string) *value {
	parts := make(map[string]*Field, len(field.Fields))
	for _, part := range field.Fields {
		parts[part.Name] = part
	}
	var members []member
	base := field.base
	if base != nil {
		for _, m := range base.members {
			if m.value = f.read(parts[m.name], join(pointer, m.name)); m.value != nil {
				members = append(members, m)
			}
		}
	}
	for _, part := range field.Fields {
		if part.base != nil {
			continue
		}
		if v := f.read(part, join(pointer, part.Name)); v != nil {
			members = addMember(members, part.Name, v)
		}
	}
	return f.groupValue(field, kindObject, members)
}

// groupValue returns the value of a group that has come to have members. A group that is not there and got none
// stays away, but where new traits need one.
func (f *Form) groupValue(field *Field, k kind, members []member) *value {
	switch base := field.base; {
	case base != nil && base.kind == k:
		return base.with(members)
	case len(members) == 0 && !(f.fresh && field.Needed):
		return base
	}
	return &value{kind: k, members: members}
}

func (f *Form) readList(field *Field, pointer string) *value {
	var members []member
	moved, last := false, -1
	for _, part := range field.Fields {
		v := f.read(part, joinIndex(pointer, len(members)))
		if v == nil {
			part.each(func(gone *Field) { gone.result = "" })
			continue
		}
		if part.base != nil && field.base != nil {
			// Where it stands in the list, with the white space around it.
			at := slices.IndexFunc(field.base.members, func(m member) bool { return m.value == part.base })
			m := field.base.members[at]
			m.value = v
			members = append(members, m)
			moved, last = moved || at < last, at
			continue
		}
		members = addElement(members, v)
		last = len(field.base.elements())
	}
	if moved {
		layOut(members, field.base.members)
	}
	return f.groupValue(field, kindArray, members)
}

// elements returns the elements of an array, none if there is no array.
func (v *value) elements() []member {
	if v == nil {
		return nil
	}
	return v.members
}

// layOut gives elements that have moved the white space of the places where they stand now.
func layOut(members, base []member) {
	for n := range members {
		place := base[min(n, len(base)-1)]
		members[n].before, members[n].after = place.before, ""
		if n < len(base)-1 {
			members[n].after = place.after
		}
	}
	members[len(members)-1].after = base[len(base)-1].after
}

const space = " \t\r\n"

// addMember adds a member to those of an object, laid out like the last.
func addMember(members []member, name string, v *value) []member {
	m := named(name, v)
	if n := len(members); n > 0 {
		last := &members[n-1]
		m.before = leading(last.before) + m.before + trailing(last.before)
		m.after, last.after = last.after, ""
	}
	return append(members, m)
}

// addElement adds an element to those of an array, laid out like the last.
func addElement(members []member, v *value) []member {
	m := member{value: v}
	if n := len(members); n > 0 {
		last := &members[n-1]
		m.before = last.before
		m.after, last.after = last.after, ""
	}
	return append(members, m)
}

func leading(text string) string { return text[:len(text)-len(strings.TrimLeft(text, space))] }

func trailing(text string) string { return text[len(strings.TrimRight(text, space)):] }
