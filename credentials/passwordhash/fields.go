package passwordhash

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// fault says what part of an encoded hash is wrong. Parsers return nothing else, so
// that no error of another package, which may quote its input, gets out.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, args ...any) fault { return fault(fmt.Sprintf(format, args...)) }

// The length of the key of a key-derivation hash, in bytes. A shorter one is guessed
// more easily than the password; a longer one adds nothing but, with PBKDF2, cost.
const minKeyLength, maxKeyLength = 16, 128

// splitFields splits "$name$a$b" into the named number of fields behind the name,
// here "a" and "b".
func splitFields(encoded string, count int) ([]string, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != count+2 {
		return nil, faultf("must have %d fields behind its name, not %d", count, len(fields)-2)
	}
	return fields[2:], nil
}

// decodeBase64 decodes strictly: no stray bits at the end.
func decodeBase64(name, text string, encoding *base64.Encoding) ([]byte, error) {
	decoded, err := encoding.Strict().DecodeString(text)
	if err != nil {
		return nil, faultf("its %s is not valid base64", name)
	}
	return decoded, nil
}

// decodeSaltAndKey decodes the two last fields of a key-derivation hash.
func decodeSaltAndKey(salt, key string, encoding *base64.Encoding) (s, k []byte, err error) {
	if s, err = decodeBase64("salt", salt, encoding); err != nil {
		return nil, nil, err
	}
	if len(s) == 0 {
		return nil, nil, fault("its salt is empty")
	}
	if k, err = decodeBase64("key", key, encoding); err != nil {
		return nil, nil, err
	}
	return s, k, checkKey(k)
}

func checkKey(key []byte) error {
	switch {
	case len(key) < minKeyLength:
		return faultf("its key is shorter than %d bytes", minKeyLength)
	case len(key) > maxKeyLength:
		return faultf("its key is longer than %d bytes", maxKeyLength)
	}
	return nil
}

// parameter is one "name=value" of a hash: a decimal number within bounds.
type parameter struct {
	name     string
	min, max int
	value    *int
}

// parseParameters reads "m=1,t=2": all of the parameters, in their order.
func parseParameters(text string, parameters ...parameter) error {
	parts := strings.Split(text, ",")
	if len(parts) != len(parameters) {
		return faultf("must have %d parameters, not %d", len(parameters), len(parts))
	}
	for n, p := range parameters {
		digits, ok := strings.CutPrefix(parts[n], p.name+"=")
		if !ok {
			return faultf("its parameter %d must be %s", n+1, p.name)
		}
		value, err := parseNumber(p.name, digits, p.min, p.max)
		if err != nil {
			return err
		}
		*p.value = value
	}
	return nil
}

// parseNumber reads a decimal number without sign and leading zeros.
func parseNumber(name, digits string, least, most int) (int, error) {
	value, err := strconv.Atoi(digits)
	if strings.Trim(digits, "0123456789") != "" || digits == "" || len(digits) > 1 && digits[0] == '0' {
		return 0, faultf("its %s is not a decimal number", name)
	}
	if err != nil || value < least || value > most {
		return 0, faultf("its %s must be %d to %d", name, least, most)
	}
	return value, nil
}
