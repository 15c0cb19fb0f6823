package credentials

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/violation"
)

// ParseBytes reads the JSON value of a field that holds binary data. The value is a string of base64, in the standard or
// the URL alphabet, padded or not, or an array of numbers from 0 to 255. Servers and browsers write base64; some SDKs
// write arrays. null and an empty raw give nil. The result shares no memory with raw.
//
// The error is a [*violation.Error] with the pointer "".
func ParseBytes(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(raw))
	switch decoder.PeekKind() {
	case 'n':
		return nil, nil
	case '"':
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, notBytes()
		}
		decoded, ok := decodeBase64(token.String())
		if !ok {
			return nil, notBytes()
		}
		return decoded, nil
	case '[':
		return parseNumbers(decoder)
	}
	return nil, notBytes()
}

func parseNumbers(decoder *jsontext.Decoder) ([]byte, error) {
	decoded := []byte{}
	for {
		token, err := decoder.ReadToken()
		switch {
		case err != nil:
			return nil, notBytes()
		case token.Kind() == ']':
			return decoded, nil
		case token.Kind() == '[' && decoder.StackDepth() == 1:
			continue
		case token.Kind() != '0':
			return nil, notBytes()
		}
		number, err := token.Float()
		if err != nil || number != float64(byte(number)) {
			return nil, notBytes()
		}
		decoded = append(decoded, byte(number))
	}
}

func notBytes() error {
	return violation.New("", "", "must be base64 or an array of numbers from 0 to 255")
}

var standardAlphabet = strings.NewReplacer("-", "+", "_", "/")

// decodeBase64 decodes either alphabet of RFC 4648, padded or not, without bits left over at the end.
func decodeBase64(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false // which the standard library skips
	}
	plain := standardAlphabet.Replace(strings.TrimRight(text, "="))
	if pad := len(text) - len(plain); pad > 2 || pad > 0 && len(text)%4 != 0 {
		return nil, false
	}
	decoded, err := base64.RawStdEncoding.Strict().DecodeString(plain)
	return decoded, err == nil
}

// sameBytes reports whether two texts are base64 of the same bytes, or equal.
func sameBytes(a, b string) bool {
	if a == b {
		return true
	}
	x, xOK := decodeBase64(a)
	y, yOK := decodeBase64(b)
	return xOK && yOK && bytes.Equal(x, y)
}
