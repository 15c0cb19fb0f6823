package credentials

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// maxRawKeyBytes bounds the JSON of a key before its binary data is written as base64: an array of numbers takes up to
// four bytes for each.
const maxRawKeyBytes = 4 * MaxKeyBytes

const (
	// MaxKeyBytes bounds the JSON of a [Key], in bytes. An attestation with a
	// chain of certificates takes a few thousand.
	MaxKeyBytes = 32 << 10
	// MaxKeyDepth bounds the nesting of a key's JSON. An attestation takes three
	// levels.
	MaxKeyDepth = 16
)

// Key is a WebAuthn public key credential. It prints as a placeholder.
type Key struct {
	// ID is the member "id" of JSON. It identifies the key.
	ID string `json:"-"`
	// Passwordless is the member "is_passwordless" of JSON, false when absent. A
	// passwordless webauthn key is a first factor. Any other is a second factor.
	Passwordless bool `json:"is_passwordless"`
	// JSON is the whole key, a JSON object, byte for byte as it was given. An import writes its binary data as padded
	// standard base64 first.
	JSON json.RawMessage `json:"-"`
}

// ParseKey reads a key. It must be a JSON object in valid UTF-8, without duplicate
// names or NUL characters, within [MaxKeyBytes] and [MaxKeyDepth]. Its member "id"
// must be a non-empty string. Its member "is_passwordless", if present, must be a
// boolean. The result refers to raw and does not copy it.
//
// The error is a [*violation.Error] whose pointers are relative to the key: "" for the
// key itself, "/id" for its id.
func ParseKey(raw []byte) (Key, error) {
	if len(raw) > MaxKeyBytes {
		return Key{}, violation.New("", "", "must be at most 32 KiB long")
	}
	reading := keyReading{
		decoder: jsontext.NewDecoder(bytes.NewBuffer(raw)),
		mayNUL:  bytes.Contains(raw, []byte(`\u0000`)),
		key:     Key{JSON: raw},
	}
	if err := reading.object(); err != nil {
		return Key{}, err
	}
	if reading.key.ID == "" {
		return Key{}, invalidKeyID()
	}
	return reading.key, nil
}

// Equal reports whether k and o have the same JSON.
func (k Key) Equal(o Key) bool { return bytes.Equal(k.JSON, o.JSON) }

type keyReading struct {
	decoder *jsontext.Decoder
	mayNUL  bool // there is what escapes a NUL, or a backslash before something like it
	name    string
	key     Key
}

func (r *keyReading) object() error {
	malformed := violation.New("", "", "must be a JSON object without duplicate names, in valid UTF-8")
	if r.decoder.PeekKind() != '{' {
		return malformed
	}
	for {
		token, err := r.decoder.ReadToken()
		if err != nil {
			return malformed
		}
		if r.decoder.StackDepth() > MaxKeyDepth {
			return violation.New("", "", "must be nested at most 16 levels deep")
		}
		if err := r.member(token); err != nil {
			return err
		}
		if r.decoder.StackDepth() == 0 {
			break
		}
	}
	if len(bytes.TrimLeft(r.key.JSON[r.decoder.InputOffset():], " \t\r\n")) > 0 {
		return malformed
	}
	return nil
}

// member looks at the token that was read last, a name or the end of a value.
func (r *keyReading) member(token jsontext.Token) error {
	if r.mayNUL && token.Kind() == '"' && strings.ContainsRune(token.String(), 0) {
		return violation.New("", "", "must not hold NUL characters")
	}
	if r.decoder.StackDepth() != 1 {
		return nil
	}
	if _, length := r.decoder.StackIndex(1); length%2 != 0 {
		r.name = token.String()
		return nil
	}
	switch r.name {
	case "id":
		if token.Kind() != '"' || len(token.String()) > MaxKeyIDBytes {
			return invalidKeyID()
		}
		r.key.ID = token.String()
	case "is_passwordless":
		if token.Kind() != 't' && token.Kind() != 'f' {
			return violation.New("/is_passwordless", "", "must be a boolean")
		}
		r.key.Passwordless = token.Bool()
	}
	return nil
}

func invalidKeyID() error {
	return violation.New("/id", "", "must be a non-empty string of at most 2,048 bytes")
}
