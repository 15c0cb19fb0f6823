package form

import (
	"strings"

	"github.com/idemkit/idem/violation"
)

// Place adds each violation to the errors of the field at its pointer. The pointers are those of the traits that
// [Form.Traits] returned, or, before it was called, of the traits that the form was made of. If no field has exactly that
// value, the message goes to the nearest group or JSON field around it, after the rest of the pointer. If there is none, it
// goes to the errors of the form.
func (f *Form) Place(violations ...violation.Violation) {
	fields := make(map[string]*Field)
	f.Each(func(field *Field) {
		if field.result != "" {
			fields[field.result] = field
		}
	})
	for _, v := range violations {
		f.place(fields, v.Pointer, message(v))
	}
}

func (f *Form) place(fields map[string]*Field, pointer, message string) {
	for at, ok := pointer, true; ok; at, ok = parent(at) {
		field := fields[at]
		if field == nil {
			continue
		}
		if rest := strings.TrimPrefix(pointer[len(at):], "/"); rest != "" {
			message = rest + ": " + message
		}
		if field == f.Root {
			break
		}
		field.fail(message)
		return
	}
	f.Errors = append(f.Errors, message)
}

// maxAlternatives bounds the branches that a message lists.
const maxAlternatives = 5

// message is the text of a violation, with what each branch of an anyOf or oneOf would have needed.
func message(v violation.Violation) string {
	var branches []string
	for _, branch := range v.Alternatives[:min(len(v.Alternatives), maxAlternatives)] {
		var needs []string
		for _, need := range branch {
			needs = append(needs, strings.TrimPrefix(strings.TrimPrefix(need.Pointer, v.Pointer), "/")+" "+need.Message)
		}
		branches = append(branches, strings.TrimSpace(strings.Join(needs, " "+and+" ")))
	}
	if len(branches) == 0 {
		return v.Message
	}
	return v.Message + ": " + strings.Join(branches, "; "+or+" ")
}
