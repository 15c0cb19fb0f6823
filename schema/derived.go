package schema

import "encoding/json"

// Derived holds the traits to store, and the values that the extension keyword derives from them. It shares no
// memory with the schema. The caller owns it.
type Derived struct {
	// Traits is the value to store: the bytes given to [Schema.Validate], with phone numbers rewritten as
	// E.164. Only those string literals are replaced; every other byte stays. If nothing was replaced, it
	// shares its memory with the given bytes.
	Traits json.RawMessage
	// Identifiers are the identifiers of password, webauthn and code credentials: normalised, without
	// duplicates, sorted by Type and Value.
	Identifiers []Identifier
	// CodeAddresses is the configuration of the code credential: the addresses that a code can be sent to,
	// without duplicates, sorted by Value and Via.
	CodeAddresses []Address
	// Verifiable and Recovery hold each (Via, Value) once, sorted by Via and Value. So their order does not
	// depend on the order in which a client wrote the members of an object.
	Verifiable []Address
	Recovery   []Address
	// PasskeyDisplayName is the first non-empty trait, in the order of pointers, that is marked as display
	// name. Its text is as given. If there is no such trait, it is the first webauthn identifier. If there is
	// no such identifier either, it is empty.
	PasskeyDisplayName string
	// TOTPAccountName is the first non-empty trait, in the order of pointers, that is marked as account
	// name. Its text is as given.
	TOTPAccountName string
}

// Identifier is a name to log in with.
type Identifier struct {
	Type    string // of the credential: "password", "webauthn" or "code"
	Value   string // as [Normalize] gives it; an address for "code"
	Pointer string // RFC 6901, of the trait it was taken from, such as "/traits/email"
}

// Address is an address that a message can be sent to.
type Address struct {
	Via     string // the channel: "email" or "sms"
	Value   string // normalised: an e-mail address in lower case, a phone number as E.164
	Pointer string // RFC 6901, of the trait it was taken from
}
