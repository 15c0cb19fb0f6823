package schema

import "encoding/json"

// Derived is what valid traits give an identity under a schema: the traits to store, and what the extension
// keyword makes of them. Nothing in it refers to memory of the schema; the caller owns it.
type Derived struct {
	// Traits is the value to store: the bytes given to [Schema.Validate], but for phone numbers that are
	// not written as E.164 yet. Those string literals are replaced, every other byte stays. It shares its
	// memory with the bytes given when nothing was replaced.
	Traits json.RawMessage
	// Identifiers are the ones of password, webauthn and code credentials: normalised, each once, sorted by
	// Type and Value.
	Identifiers []Identifier
	// CodeAddresses is the configuration of the code credential: where a code can be sent to. Each once,
	// sorted by Value and Via.
	CodeAddresses []Address
	// Verifiable and Recovery hold each (Via, Value) once, sorted by Via and Value, so that their order
	// does not depend on the order in which a client wrote the members of an object.
	Verifiable []Address
	Recovery   []Address
	// PasskeyDisplayName is the first trait in the order of pointers that is marked as display name and is
	// not empty, as it was given; without one it is the first webauthn identifier; else it is empty.
	PasskeyDisplayName string
	// TOTPAccountName is the first trait in the order of pointers that is marked as account name and is not
	// empty, as it was given.
	TOTPAccountName string
}

// Identifier is a name to log in with.
type Identifier struct {
	Type    string // of the credential: "password", "webauthn" or "code"
	Value   string // as [Normalize] gives it; an address for "code"
	Pointer string // RFC 6901, of the trait it was taken from, such as "/traits/email"
}

// Address is where a message can be sent to.
type Address struct {
	Via     string // the channel: "email" or "sms"
	Value   string // normalised: an e-mail address in lower case, a phone number as E.164
	Pointer string // RFC 6901, of the trait it was taken from
}
