package identity

// InvalidError says which field of a [Create] or an [Update] is wrong, and why.
type InvalidError struct {
	// Field is the RFC 6901 pointer of the field in its wire form, such as
	// "/state" or "/credentials/oidc/config/providers/0/subject". Empty is the whole.
	Field string
	// Keyword is the JSON Schema keyword that says the same, such as "enum". Empty
	// where none does.
	Keyword string
	// Reason is for a person. It holds no secret.
	Reason string
}

// Error names the field and the reason.
func (e *InvalidError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}
