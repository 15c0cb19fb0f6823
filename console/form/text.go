package form

// What people are told of what they typed.
const (
	errNumber     = "must be a number, such as 42 or 3.5"
	errChoice     = "must be one of the choices"
	errJSON       = "must be JSON"
	errMemberName = "needs a name that no other field of this group has"
	// and and or join what is wrong in one branch of an anyOf, and the branches.
	and, or = "and", "or"

	errNoField = "the schema has no such field"
	errTooMany = "the form cannot have more fields: add them in a second step, or edit the JSON"
)
