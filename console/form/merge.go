package form

import (
	"encoding/json"
	"fmt"
)

// Difference is a value that at least one of two people has changed since both read it. Base, Theirs and Yours are the
// JSON of the value, empty where it is absent.
type Difference struct {
	Pointer             string
	Base, Theirs, Yours string
	// Clash is true if both have changed it, to different values.
	Clash bool
}

// Merge joins two changes of the same JSON value: one from base to theirs, and one from base to yours. If only one of them
// changes a member of an object, the result has that change. If both change the same value, the result has yours, unless
// keepTheirs returns true for its pointer. A value that is not an object, such as a list, is merged as a whole. differences
// lists every changed value, in the order of base, then of theirs and yours. Its pointers begin with prefix. An empty text
// means that the value is absent.
//
// It fails if one of the three is not JSON. The error names which one, and contains nothing of it.
func Merge(prefix string, base, theirs, yours json.RawMessage, keepTheirs func(pointer string) bool) (merged json.RawMessage, differences []Difference, err error) {
	values := make([]*value, 3)
	for n, text := range []json.RawMessage{base, theirs, yours} {
		if len(text) == 0 {
			continue
		}
		if values[n], err = parse(text); err != nil {
			return nil, nil, fmt.Errorf("form: merge %s: %w", []string{"base", "theirs", "yours"}[n], err)
		}
	}
	m := merging{keepTheirs: keepTheirs}
	result := m.merge(prefix, values[0], values[1], values[2])
	if result == nil {
		return nil, m.differences, nil
	}
	return json.RawMessage(result.String()), m.differences, nil
}

type merging struct {
	keepTheirs  func(pointer string) bool
	differences []Difference
}

func (m *merging) merge(pointer string, base, theirs, yours *value) *value {
	if base.equal(theirs) && base.equal(yours) {
		return yours
	}
	if theirs.isObject() && yours.isObject() && (base.isObject() || base == nil) {
		return m.mergeMembers(pointer, base, theirs, yours)
	}
	d := Difference{Pointer: pointer, Base: textOf(base), Theirs: textOf(theirs), Yours: textOf(yours)}
	changed, mine := !base.equal(theirs), !base.equal(yours)
	d.Clash = changed && mine && !theirs.equal(yours)
	m.differences = append(m.differences, d)
	if mine && !(d.Clash && m.keepTheirs != nil && m.keepTheirs(pointer)) {
		return yours
	}
	return theirs
}

// mergeMembers starts from theirs, which is what is stored, so that its order and white space stay.
func (m *merging) mergeMembers(pointer string, base, theirs, yours *value) *value {
	bases, mine := map[string]*value{}, yours.byName()
	if base != nil {
		bases = base.byName()
	}
	var members []member
	stored := make(map[string]bool)
	for _, member := range theirs.members {
		stored[member.name] = true
		if member.value = m.merge(join(pointer, member.name), bases[member.name], member.value, mine[member.name]); member.value != nil {
			members = append(members, member)
		}
	}
	if base != nil {
		for _, member := range base.members {
			if !stored[member.name] {
				stored[member.name] = true
				if v := m.merge(join(pointer, member.name), member.value, nil, mine[member.name]); v != nil {
					members = addMember(members, member.name, v)
				}
			}
		}
	}
	for _, member := range yours.members {
		if !stored[member.name] {
			if v := m.merge(join(pointer, member.name), nil, nil, member.value); v != nil {
				members = addMember(members, member.name, v)
			}
		}
	}
	return theirs.with(members)
}

func (v *value) isObject() bool { return v != nil && v.kind == kindObject }

func textOf(v *value) string {
	if v == nil {
		return ""
	}
	return v.String()
}
