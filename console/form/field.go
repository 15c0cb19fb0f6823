package form

// Kind is the kind of control that a field is.
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
	// MaxFields is the maximum number of fields of a form.
	MaxFields = 2000
	// MaxNesting is the maximum number of groups inside each other.
	MaxNesting = 10
	// MaxNewItems is the maximum number of elements that one post may add to a list.
	MaxNewItems = 500
)

// Field is a control of a form, or a group of controls. It is not safe for concurrent use.
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
	// Integer is true for a KindNumber for which the schema requires an integer.
	Integer bool
	// Required is true if the schema requires the value in the object around it.
	Required bool
	// Needed is true if the value must be given in this form: it is required, and every object around it is present or
	// required too.
	Needed bool
	// Present is true if the traits have the value.
	Present bool
	// ReadOnly is true if the schema declares the value read-only. It can still be changed as JSON.
	ReadOnly bool
	// Extra is true for a member that the schema does not name.
	Extra bool
	// New is true for an element of a list that the traits do not have yet.
	New bool
	// Element is true for an element of a list. Ordinal is then its place, from 1. First and Last are true for the first
	// and the last element. [Form.Post] changes all three when it moves elements; it does not change Pointer.
	Element     bool
	Ordinal     int
	First, Last bool
	// Removed is true if the value was posted under [Remove].
	Removed bool
	// Text is the text in the control. For a KindChoice it is the JSON text of the value, or empty for no value.
	Text string
	// Shown is the text in the control before anything was posted.
	Shown string
	// Options are the choices of a KindChoice. No value is not among them.
	Options []Option
	// Default is the text of the schema's default, empty for none.
	Default string
	// Bounds are the limits that the schema sets.
	Bounds Bounds
	// Errors are messages about the value, for a person.
	Errors []string
	// Fields are the parts of a KindObject or KindList.
	Fields []*Field
	// Blank is an element to add to a KindList; its name ends in the index after the last element. For a KindObject that
	// allows members beyond those of the schema, Blank is such a member; [Form.Post] describes its name. Blank is nil if
	// nothing can be added.
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
	// Truncated is true if the schema has more optional fields than a form can have.
	Truncated bool
	// Errors are messages that belong to no field.
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
