package schema_test

import (
	"errors"
	"fmt"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// A person with an e-mail address to log in with, and a phone number.
const person = `{
	"$schema": "http://json-schema.org/draft-07/schema#",
	"type": "object",
	"properties": {
		"traits": {
			"type": "object",
			"properties": {
				"email": {"type": "string", "format": "email", "ory.sh/kratos": {
					"credentials": {"password": {"identifier": true}},
					"verification": {"via": "email"},
					"recovery": {"via": "email"}
				}},
				"phone": {"type": "string", "format": "tel", "ory.sh/kratos": {"verification": {"via": "sms"}}},
				"name": {"type": "string", "minLength": 1}
			},
			"required": ["email"],
			"additionalProperties": false
		}
	}
}`

func Example() {
	s, err := schema.Parse("person", []byte(person))
	if err != nil {
		fmt.Println(err)
		return
	}
	derived, err := s.Validate([]byte(`{"email": "Jo@Example.org", "phone": "+1 (650) 253-0000"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(derived.Traits))
	fmt.Println(derived.Identifiers)
	fmt.Println(derived.Verifiable)

	_, err = s.Validate([]byte(`{"name": "", "age": 7}`))
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		for _, v := range invalid.Violations {
			fmt.Println(v.Pointer, v.Keyword, v.Message)
		}
	}
	// Output:
	// {"email": "Jo@Example.org", "phone": "+16502530000"}
	// [{password jo@example.org /traits/email}]
	// [{email jo@example.org /traits/email} {sms +16502530000 /traits/phone}]
	// /traits/age additionalProperties is not a property that the schema knows
	// /traits/email required is required
	// /traits/name minLength must have at least 1 characters
}
