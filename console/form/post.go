package form

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Names of controls that are not the pointer of a value.
const (
	// Remove is the name of a control whose value is the pointer of a value to remove. It may be posted many times.
	Remove = "remove"
	// Add, followed by the pointer of an object, is the name of the control for the name of a member to add.
	Add = "add:"
	// Order is the name of a control of each element of a list. Its value is the element's pointer. The elements get the
	// order in which these controls are posted.
	Order = "order"
	// Move is the name of a button that moves an element by one place. Its value is [Up] or [Down], a space, and the
	// element's pointer.
	Move = "move"
	// Up moves an element towards the beginning of its list, Down towards the end.
	Up, Down = "up", "down"
	// addValue begins the name of the control for the value of that member.
	addValue = "add-value:"
)

// Post reads the values that a browser sent for the form. A control that was not sent keeps its value. A list may get new
// elements: their names end in further indices. To add a member to an object that has a Blank, its name is sent under [Add]
// followed by the object's pointer, and its value under the name of the Blank. [Order] and [Move] move elements of lists.
func (f *Form) Post(values url.Values) {
	from := &posted{values: values, children: childrenOf(values), places: make(map[string]int)}
	for n, pointer := range values[Order] {
		if _, twice := from.places[pointer]; !twice {
			from.places[pointer] = n
		}
	}
	f.post(f.Root, from)
}

// PostText is like Post for values that people wrote by hand, such as the cells of a table. A choice may be given by its
// label. For a field of JSON, text that is not JSON is a string. A value for which there is no field is an error of the
// form.
func (f *Form) PostText(values url.Values) {
	f.Post(values)
	for name, texts := range values {
		field := f.byPointer[name]
		if field == nil || field.IsGroup() {
			f.Root.fail(name + ": " + errNoField)
			continue
		}
		field.Text = field.written(texts[0])
	}
}

// written is the text of a control for what somebody wrote.
func (field *Field) written(text string) string {
	switch field.Kind {
	case KindChoice:
		for _, o := range field.Options {
			if text == o.Label || text == o.Value {
				return o.Value
			}
		}
	case KindJSON:
		if _, err := parse([]byte(text)); err != nil {
			return quote(text)
		}
	}
	return text
}

// posted is what a browser sent.
type posted struct {
	values   url.Values
	children map[string][]string // the tokens below each pointer
	places   map[string]int      // of elements of lists, by their pointers
}

// maxTokens bounds the length of pointers that are looked at: no field lies deeper.
const maxTokens = 4 * MaxNesting

// childrenOf finds the pointers that the names of values lie below.
func childrenOf(values url.Values) map[string][]string {
	children, seen := make(map[string][]string), make(map[string]bool)
	for name := range values {
		if !strings.HasPrefix(name, Prefix+"/") || strings.Count(name, "/") > maxTokens {
			continue
		}
		for pointer := name; !seen[pointer] && pointer != Prefix; {
			seen[pointer] = true
			above, _ := parent(pointer)
			children[above] = append(children[above], unescaper.Replace(pointer[len(above)+1:]))
			pointer = above
		}
	}
	return children
}

func (f *Form) post(field *Field, from *posted) {
	field.Removed = slices.Contains(from.values[Remove], field.Pointer)
	switch field.Kind {
	case KindObject:
		f.postMembers(field, from)
	case KindList:
		f.postElements(field, from)
	default:
		if texts := from.values[field.Pointer]; len(texts) > 0 {
			field.Text = field.received(texts[0])
		}
		if len(from.children[field.Pointer]) > 0 {
			field.fail(errTooMany) // what was typed below it has no field
		}
	}
}

// received undoes what browsers do to the text of a control.
func (field *Field) received(text string) string {
	text = oneLineBreak(strings.ToValidUTF8(text, "\uFFFD"))
	if text == oneLineBreak(field.Shown) {
		return field.Shown
	}
	for _, o := range field.Options {
		if text == oneLineBreak(o.Value) {
			return o.Value
		}
	}
	return text
}

// oneLineBreak writes every line break as the same.
func oneLineBreak(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

func (f *Form) postMembers(field *Field, from *posted) {
	known := make(map[string]bool)
	for _, part := range field.Fields {
		known[part.Name] = true
		f.post(part, from)
	}
	if field.Blank == nil {
		return
	}
	tokens := slices.Clone(from.children[field.Pointer])
	slices.Sort(tokens)
	for _, token := range tokens {
		if !known[token] && f.room(field) {
			known[token] = true
			f.postNew(field, token, from)
		}
	}
	f.postAdded(field, known, from)
}

// postNew takes a member that an earlier post has added.
func (f *Form) postNew(field *Field, name string, from *posted) {
	part := f.extra(field, field.inner, name, nil)
	part.New = true
	f.post(part, from)
	field.Fields = append(field.Fields, part)
}

// postAdded takes the members that the form has no fields for yet.
func (f *Form) postAdded(field *Field, known map[string]bool, from *posted) {
	texts := from.values[field.Blank.Pointer]
	for n, name := range from.values[Add+field.Pointer] {
		text := ""
		if n < len(texts) {
			text = field.Blank.received(texts[n])
		}
		switch {
		case name == "" && text == "":
		case name == "" || known[name]:
			field.Blank.Name, field.Blank.Text = name, text
			field.Blank.fail(errMemberName)
		case f.room(field):
			known[name] = true
			part := f.extra(field, field.inner, name, nil)
			part.New = true
			if part.IsGroup() {
				part.Kind, part.Fields, part.Blank = KindJSON, nil, nil
			}
			part.Text = text
			field.Fields = append(field.Fields, part)
		}
	}
}

// room reports whether a group may get another field, and says so where it may not.
func (f *Form) room(field *Field) bool {
	if f.left--; f.left >= 0 {
		return true
	}
	f.left = 0
	field.fail(errTooMany)
	return false
}

func (f *Form) postElements(field *Field, from *posted) {
	for _, part := range field.Fields {
		f.post(part, from)
	}
	count := len(field.Fields)
	var added []int
	for _, token := range from.children[field.Pointer] {
		if n, err := strconv.Atoi(token); err == nil && n >= count && n < count+100*MaxNewItems && strconv.Itoa(n) == token {
			added = append(added, n)
		}
	}
	slices.Sort(added)
	if len(added) > MaxNewItems {
		added = added[:MaxNewItems]
		field.fail(errTooMany)
	}
	next := count
	for _, n := range added {
		if !f.room(field) {
			break
		}
		part := f.element(field, field.inner, n, nil)
		f.post(part, from)
		if !part.isBlank() || n > count || len(added) > 1 {
			field.Fields = append(field.Fields, part)
			next = n + 1
		}
	}
	f.blankElement(field, field.inner, next)
	field.arrange(from)
}

// arrange puts the elements of a list in the order that was posted. One whose place was not posted stays behind the one
// that was before it.
func (field *Field) arrange(from *posted) {
	places := make(map[*Field]int, len(field.Fields))
	last := -1
	for _, part := range field.Fields {
		if at, ok := from.places[part.Pointer]; ok {
			last = at
		}
		places[part] = last
	}
	slices.SortStableFunc(field.Fields, func(a, b *Field) int { return places[a] - places[b] })
	direction, pointer, _ := strings.Cut(from.values.Get(Move), " ")
	at := slices.IndexFunc(field.Fields, func(part *Field) bool { return part.Pointer == pointer })
	next := at + 1
	if direction == Up {
		next = at - 1
	}
	if at >= 0 && next >= 0 && next < len(field.Fields) && (direction == Up || direction == Down) {
		field.Fields[at], field.Fields[next] = field.Fields[next], field.Fields[at]
	}
	field.number()
}

// number tells the elements of a list where they stand.
func (field *Field) number() {
	for n, part := range field.Fields {
		part.Ordinal, part.First, part.Last = n+1, n == 0, n == len(field.Fields)-1
	}
}

// isBlank reports whether nothing is filled in.
func (field *Field) isBlank() bool {
	blank := true
	field.each(func(part *Field) { blank = blank && (part.IsGroup() || part.Text == "") })
	return blank
}

func (field *Field) fail(message string) {
	if !slices.Contains(field.Errors, message) {
		field.Errors = append(field.Errors, message)
	}
}
