package postgres

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Lists are passed as the text of an array, which every driver can send: they differ in
// how they take slices. The statement casts it.

// array returns the text of an array. element appends the text of the n-th element, which
// must need no quotes.
func array(count int, element func(text []byte, n int) []byte) string {
	text := append(make([]byte, 0, 2+16*count), '{')
	for n := range count {
		if n > 0 {
			text = append(text, ',')
		}
		text = element(text, n)
	}
	return string(append(text, '}'))
}

// integers is a bigint[].
func integers[T any](of []T, value func(T) int64) string {
	return array(len(of), func(text []byte, n int) []byte { return strconv.AppendInt(text, value(of[n]), 10) })
}

// ids is a uuid[], of which the nil id is NULL.
func ids[T any](of []T, value func(T) uuid.UUID) string {
	return array(len(of), func(text []byte, n int) []byte {
		id := value(of[n])
		if id == uuid.Nil {
			return append(text, "NULL"...)
		}
		return append(text, id.String()...)
	})
}

// byteStrings is a text[] that can be cast to a bytea[].
func byteStrings[T any](of []T, value func(T) string) string {
	return array(len(of), func(text []byte, n int) []byte {
		text = append(text, `"\\x`...)
		text = hex.AppendEncode(text, []byte(value(of[n])))
		return append(text, '"')
	})
}

// texts is a text[].
func texts[T any](of []T, value func(T) string) string {
	return array(len(of), func(text []byte, n int) []byte {
		text = append(text, '"')
		text = append(text, quoted.Replace(value(of[n]))...)
		return append(text, '"')
	})
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
