package query

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/idemkit/idem/identity"
)

// MaxIndexKey is the largest length of an index key, in bytes. Longer keys are cut. That keeps their order, but
// different values can get the same key.
const MaxIndexKey = 256

// The first byte of a key tells the type of the value, in the order in which a list is sorted.
const (
	keyAbsent byte = 0x00
	keyObject byte = 0x08
	keyFalse  byte = 0x10
	keyTrue   byte = 0x11
	keyNumber byte = 0x18
	keyTime   byte = 0x20
	keyString byte = 0x28
	keyFolded byte = 0x40 // beside the key of the same string, for prefixes
)

// Index makes the keys by which a store finds identities with a value at a path. It is immutable and safe for
// concurrent use.
type Index struct {
	path    []token
	pointer string
	views   *views
}

// NewIndex returns the index of the values at path, a JSON pointer as in an expression. The error is an
// [*violation.Error]: the path does not exist, or is that of an object of which only the members can be compared.
func NewIndex(path string) (Index, error) {
	tokens, fault := resolvePath(path)
	if fault != nil {
		return Index{}, fault.err()
	}
	return Index{path: tokens, pointer: path, views: &views{}}, nil
}

// resolvePath reads a path to values that have an order.
func resolvePath(path string) ([]token, *refusal) {
	tokens, reason := parsePointer(path)
	if reason == "" {
		var target *shape
		if target, reason = identityShape.resolve(tokens); reason == "" && target.form == formRecord {
			reason = describe(tokens) + " has attributes: must name one of them: " + target.names()
		}
	}
	if reason != "" {
		return nil, &refusal{path: path, reason: reason}
	}
	return tokens, nil
}

// Path returns the JSON pointer that the index was made with.
func (x Index) Path() string { return x.pointer }

// Keys returns the keys of i, sorted and without duplicates. There is one for each value at the path. A string
// has a second, folded key for prefix searches. An identity without a value at the path has one key that means
// "absent". So there is at least one key. No key is longer than [MaxIndexKey].
//
// Compared byte for byte, keys have the order of the values: absent, objects (which are all equal), false,
// true, numbers, times, strings by code point. The folded keys come last, from [FoldedKeys] on.
func (x Index) Keys(i *identity.Identity) [][]byte {
	var keys [][]byte
	v := x.views.open(context.Background(), i)
	defer x.views.close(v)
	v.root().some(v, x.path, func(n node) bool {
		if n.kind != kindAbsent {
			keys = append(keys, cut(appendKey(nil, n, MaxIndexKey)))
		}
		if n.kind == kindString {
			keys = append(keys, foldedKey(n.string()))
		}
		return false
	})
	if len(keys) == 0 {
		return [][]byte{{keyAbsent}}
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

// FoldedKeys returns the lower bound of the folded keys of an [Index]. Below it each value has one key.
func FoldedKeys() []byte { return []byte{keyFolded} }

// IsTextKey reports whether a key that is not folded is that of a string.
func IsTextKey(key []byte) bool { return len(key) > 0 && key[0] == keyString }

// appendKey appends the key of a value. Numbers have as many of their digits as said.
func appendKey(key []byte, n node, digits int) []byte {
	switch n.kind {
	case kindObject:
		return append(key, keyObject)
	case kindBool:
		return append(key, boolKey(n.string()))
	case kindNumber:
		return parseDecimal(n.string()).appendKey(append(key, keyNumber), digits)
	case kindTime:
		return appendTimeKey(key, n.time)
	case kindString:
		return append(append(key, keyString), n.string()...)
	}
	return append(key, keyAbsent)
}

func boolKey(text string) byte {
	if text == "true" {
		return keyTrue
	}
	return keyFalse
}

func appendTimeKey(key []byte, t time.Time) []byte {
	key = binary.BigEndian.AppendUint64(append(key, keyTime), uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(key, uint32(t.Nanosecond()))
}

func foldedKey(s string) []byte { return cut(append([]byte{keyFolded}, Fold(s)...)) }

func cut(key []byte) []byte { return key[:min(len(key), MaxIndexKey)] }

// key returns the key of a value that an expression compares with.
func (l literal) key() []byte {
	switch l.kind {
	case kindBool:
		return []byte{boolKey(l.text)}
	case kindNumber:
		return cut(l.number.appendKey([]byte{keyNumber}, MaxIndexKey))
	case kindTime:
		return appendTimeKey(nil, l.time)
	}
	return cut(append([]byte{keyString}, l.text...))
}
