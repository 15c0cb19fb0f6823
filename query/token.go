package query

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/idemkit/idem/violation"
)

// tokenCheckSize is the length of the check sum of a token, in bytes.
const tokenCheckSize = 8

// Token returns a page token for the page that begins behind p. p must be a position of this Sort. The token is
// valid only for this Sort and the same binding. binding must hold everything that selects the identities: the
// texts of the expression, the search, and so on.
//
// A token is not encrypted. It holds the id and the sort keys, and so reveals the first [MaxSortKey] characters
// of the values that the list is sorted by. It is not signed: a caller can make one for any position.
func (s Sort) Token(p Position, binding ...string) string {
	payload := bytes.Clone(p.ID[:])
	for _, key := range p.Keys {
		payload = binary.AppendUvarint(payload, uint64(len(key)))
		payload = append(payload, key...)
	}
	return base64.RawURLEncoding.EncodeToString(append(s.tokenCheck(payload, binding), payload...))
}

// ParseToken returns the position of a token that [Sort.Token] made with an equal Sort and the same binding. The
// error for any other token is an [*violation.Error].
func (s Sort) ParseToken(token string, binding ...string) (Position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	var p Position
	if err != nil || len(raw) < tokenCheckSize+len(p.ID) {
		return Position{}, errToken()
	}
	check, payload := raw[:tokenCheckSize], raw[tokenCheckSize:]
	if !bytes.Equal(check, s.tokenCheck(payload, binding)) {
		return Position{}, errToken()
	}
	payload = payload[copy(p.ID[:], payload):]
	for range s.orders {
		length, n := binary.Uvarint(payload)
		if n <= 0 || length == 0 || length > uint64(len(payload)-n) {
			return Position{}, errToken()
		}
		p.Keys = append(p.Keys, payload[n:n+int(length)])
		payload = payload[n+int(length):]
	}
	if len(payload) > 0 {
		return Position{}, errToken()
	}
	return p, nil
}

// tokenCheck tells a mangled token, or one of another list, from a good one.
func (s Sort) tokenCheck(payload []byte, binding []string) []byte {
	all := []byte("idem sorted page token v1")
	for _, part := range append([]string{s.String()}, binding...) {
		all = binary.AppendUvarint(all, uint64(len(part)))
		all = append(all, part...)
	}
	sum := sha256.Sum256(append(all, payload...))
	return sum[:tokenCheckSize]
}

func errToken() *violation.Error {
	return violation.New("", "", "is not a page token that a list with this filter and this order has given out")
}
