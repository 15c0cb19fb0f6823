package credentials

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// keyBytes are the members of a key that hold binary data, by their path. The names in the attestation are those of
// either spelling that exports have.
var keyBytes = map[string]bool{
	"/id": true, "/public_key": true, "/authenticator/aaguid": true, "/authenticator/AAGUID": true,
	"/attestation/object": true, "/attestation/client_data_json": true, "/attestation/clientDataJSON": true, "/attestation/client_dataJSON": true,
	"/attestation/client_data_hash": true, "/attestation/clientDataHash": true, "/attestation/client_data_json_hash": true,
	"/attestation/authenticator_data": true, "/attestation/authenticatorData": true,
}

// normalizeKey returns a key with its binary data as padded standard base64, which is how keys are answered. What is
// not binary data stays byte for byte, and so does a text that is not base64: ids of some exports are none. Malformed
// JSON is returned as it is, for [ParseKey] to refuse.
func normalizeKey(key []byte) []byte {
	var normal []byte
	copied := 0
	eachBytes(key, func(_ string, raw jsontext.Value, end int) {
		value, err := ParseBytes(raw)
		if err != nil || value == nil {
			return
		}
		normal = append(normal, key[copied:end-len(raw)]...)
		normal = append(normal, `"`+base64.StdEncoding.EncodeToString(value)+`"`...)
		copied = end
	})
	if normal == nil {
		return key
	}
	return append(normal, key[copied:]...)
}

// checkBytes reports the members of a key that should hold binary data and hold an array, an object or a number that is
// none. A text that is not base64 is accepted, see normalizeKey.
func checkBytes(key []byte) error {
	var errs []error
	eachBytes(key, func(pointer string, raw jsontext.Value, _ int) {
		if _, err := ParseBytes(raw); err != nil && raw.Kind() != '"' {
			errs = append(errs, violation.New(pointer, "contentEncoding", notBytes().Error()))
		}
	})
	return violation.Join(errs...)
}

// eachBytes calls visit for each member of a key that holds binary data, with its pointer, its value, and where the value
// ends. It ends where the JSON is malformed.
func eachBytes(key []byte, visit func(pointer string, raw jsontext.Value, end int)) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(key))
	for {
		if _, err := decoder.ReadToken(); err != nil {
			return
		}
		pointer := string(decoder.StackPointer())
		if !isName(decoder) || !keyBytes[pointer] {
			continue
		}
		raw, err := decoder.ReadValue()
		if err != nil {
			return
		}
		visit(pointer, raw, int(decoder.InputOffset()))
	}
}

// isName reports whether the token that was read last is the name of a member.
func isName(decoder *jsontext.Decoder) bool {
	kind, length := decoder.StackIndex(decoder.StackDepth())
	return kind == '{' && length%2 != 0
}

// sameKeyID reports whether two ids of keys are the same bytes.
func sameKeyID(a, b string) bool { return sameBytes(a, b) }

// userHandleIdentifierPrefix begins the identifier of a user handle that is not text.
const userHandleIdentifierPrefix = "base64:"

// UserHandleIdentifier returns the identifier of a passkey credential with that user handle. If the handle is text, the
// identifier is the handle itself, as in exports of the API that we are compatible with. If the handle is not valid
// UTF-8, has control characters or begins with "base64:", the identifier is "base64:" and then its padded standard
// base64. So no two handles have the same identifier.
func UserHandleIdentifier(userHandle []byte) string {
	if text := string(userHandle); isText(text) && !strings.HasPrefix(text, userHandleIdentifierPrefix) {
		return text
	}
	return userHandleIdentifierPrefix + base64.StdEncoding.EncodeToString(userHandle)
}

// FormerUserHandleIdentifier returns the identifier that an older rule gave to a user handle. Credentials that have not
// changed since then still have it. It is not unique: a lookup by it must compare the user handle.
func FormerUserHandleIdentifier(userHandle []byte) string {
	if text := string(userHandle); isText(text) {
		return text
	}
	return base64.StdEncoding.EncodeToString(userHandle)
}
