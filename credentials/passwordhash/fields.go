package passwordhash

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// fault says what part of an encoded hash is wrong. Parsers return no other error: an error of another package may
// quote its input.
type fault string

func (f fault) Error() string { return string(f) }

func faultf(format string, args ...any) fault { return fault(fmt.Sprintf(format, args...)) }

// minKeyBytes is the least length of the key of a key-derivation hash, in bytes. A shorter one is guessed more easily
// than the password.
const minKeyBytes = 16

// splitFields splits "$name$a$b" into the given number of fields after the name, here "a" and "b".
func splitFields(encoded string, count int) ([]string, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != count+2 {
		return nil, faultf("must have %d fields after its name, not %d", count, len(fields)-2)
	}
	return fields[2:], nil
}

// decodeBase64 decodes base64 in the standard alphabet, the URL alphabet or the one of passlib and OpenLDAP, which has
// "." for "+", padded or not. There must be no bits left over at the end.
func decodeBase64(name, text string) ([]byte, error) {
	decoded, err := base64Encoding.Strict().DecodeString(canonicalBase64(text))
	if err != nil || strings.HasSuffix(text, "=") && len(text)%4 != 0 || strings.HasSuffix(text, "===") {
		return nil, faultf("its %s is not valid base64", name)
	}
	return decoded, nil
}

var base64Encoding = base64.StdEncoding.WithPadding(base64.NoPadding)

func canonicalBase64(text string) string {
	return standardAlphabet.Replace(strings.TrimRight(text, "="))
}

var standardAlphabet = strings.NewReplacer("-", "+", ".", "+", "_", "/")

// decodeHex decodes hexadecimal digits in either letter case.
func decodeHex(name, text string) ([]byte, error) {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		return nil, faultf("its %s is not hexadecimal", name)
	}
	return decoded, nil
}

// decodeSaltAndKey decodes the two last fields of a key-derivation hash.
func decodeSaltAndKey(salt, key string) (s, k []byte, err error) {
	if s, err = decodeBase64("salt", salt); err != nil {
		return nil, nil, err
	}
	if len(s) == 0 {
		return nil, nil, fault("its salt is empty")
	}
	if k, err = decodeBase64("key", key); err != nil {
		return nil, nil, err
	}
	return s, k, checkKey(k)
}

func checkKey(key []byte) error {
	if len(key) < minKeyBytes {
		return faultf("its key is shorter than %d bytes", minKeyBytes)
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
