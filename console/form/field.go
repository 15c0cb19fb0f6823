package form

// Kind is what sort of control a field is.
type Kind string

const (
	// KindObject is a group of Fields, one for each member.
	KindObject Kind = "object"
	// KindList is a group of Fields, one for each element.
	KindList Kind = "list"
	// KindText is a line of text.
	KindText Kind = "text"
	// KindLines is text of several lines.
	KindLines Kind = "lines"
	// KindNumber is a number, edited as the text of its literal.
	KindNumber Kind = "number"
	// KindChoice is one of Options.
	KindChoice Kind = "choice"
	// KindJSON is any value, edited as JSON text.
	KindJSON Kind = "json"
)

// Limits of a form.
const (
	// MaxFields is how many fields a form has at most.
	MaxFields = 2000
	// MaxNesting is how many groups are nested in each other at most.
	MaxNesting = 10
	// MaxNewItems is how many elements one post may add to a list.
	MaxNewItems = 500
)

// Field is a control of a form, or a group of them. A form is for one goroutine.
type Field struct {
	// Pointer is the JSON pointer of the value, and the name of the control.
	Pointer string
	// Name is the last token of Pointer: the member's name, or the index of an element.
	Name string
	// Title and Description come from the schema. Both may be empty.
	Title, Description string
	Kind               Kind
	// Format is the format of the schema, such as "email"; may be empty.
	Format string
	// Integer tells, of a KindNumber, that the schema wants an integer.
	Integer bool
	// Required tells that the value must be there wherever the object around it is.
	Required bool
	// Needed tells that the value must be there in this form: it is required, and so is, or is there, all
	// that is around it.
	Needed bool
	// Present tells that the traits have the value.
	Present bool
	// ReadOnly tells that the schema says so; the value can be changed as JSON.
	ReadOnly bool
	// Extra tells that the schema does not name the member.
	Extra bool
	// New tells that the element of a list is not in the traits yet.
	New bool
	// Element tells that the field is an element of a list. Ordinal is then its place, from 1, and First and Last tell
	// that it is the first or the last. All three change as [Form.Post] moves elements; Pointer does not.
	Element     bool
	Ordinal     int
	First, Last bool
	// Removed tells that the value was posted as one to remove.
	Removed bool
	// Text is what the control holds: of a KindChoice the JSON text of the value, or empty for none.
	Text string
	// Shown is what the control held before anything was posted.
	Shown string
	// Options are the choices of a KindChoice, without the empty one.
	Options []Option
	// Default is the text of the schema's default, empty for none.
	Default string
	// Bounds are the limits that the schema sets.
	Bounds Bounds
	// Errors are what is wrong with the value, for a person.
	Errors []string
	// Fields are the parts of a KindObject or KindList.
	Fields []*Field
	// Blank is, of a KindList, an element to add: its name ends in the index after the last. Of a KindObject
	// whose other members are free, it is such a member: see [Form.Post] for its name. Nil where none can be
	// added.
	Blank *Field

	base     *value // nil where the traits have none
	shape    *shape
	nullable bool
	inner    place  // what the places of its parts have in common
	result   string // the pointer of the value in the traits that Traits made; "" where it has none
}

// Option is one choice of a [KindChoice].
type Option struct {
	// Value is the JSON text of the choice.
	Value string
	// Label is what people read.
	Label string
}

// Form is a form of traits. It is not safe for concurrent use.
type Form struct {
	// Root is the group of all fields.
	Root *Field
	// Truncated tells that the schema has more optional fields than a form can have.
	Truncated bool
	// Errors are what is wrong and belongs to no field.
	Errors []string

	blueprint *Blueprint
	reading   *reading
	fresh     bool // traits that do not exist yet
	left      int  // how many fields there may still be
	byPointer map[string]*Field
}

// Each calls visit for every field of the form, groups before their parts.
func (f *Form) Each(visit func(*Field)) { f.Root.each(visit) }

func (field *Field) each(visit func(*Field)) {
	visit(field)
	for _, part := range field.Fields {
		part.each(visit)
	}
	if field.Blank != nil {
		field.Blank.each(visit)
	}
}

// Find returns the field with that pointer, nil if there is none.
func (f *Form) Find(pointer string) *Field { return f.byPointer[pointer] }

// IsGroup reports whether the field has parts instead of a control.
func (field *Field) IsGroup() bool { return field.Kind == KindObject || field.Kind == KindList }
