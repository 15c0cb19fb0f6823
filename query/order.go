package query

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

const (
	// MaxOrders is the largest number of paths to sort a list by.
	MaxOrders = 3
	// MaxSortKey is the number of code points of a string, or digits of a number, that count for sorting.
	MaxSortKey = 64
)

// Order is a path to sort by.
type Order struct {
	// Path is a JSON pointer, as in an expression.
	Path string
	// Descending reverses the order, except among identities that are equal.
	Descending bool
}

// Ascending sorts by the value at path: absent first, then objects (which are all equal), false, true,
// numbers, times, strings by code point. A list is sorted by its least element.
func Ascending(path string) Order { return Order{Path: path} }

// Descending sorts in the reverse order: absent comes last. A list is sorted by its greatest element.
func Descending(path string) Order { return Order{Path: path, Descending: true} }

// ParseOrders reads paths as [Parse] does, separated by commas: -created_at,traits.name. A "-" before a path
// means descending order. The empty text has no paths. The error is an [*violation.Error] whose message begins
// with the column. More than [MaxOrders] paths are an error too.
func ParseOrders(text string) ([]Order, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > MaxLength || !utf8.ValidString(text) {
		return nil, (&refusal{column: 1, reason: fmt.Sprintf("the order must be valid UTF-8 of at most %d bytes", MaxLength)}).err()
	}
	var (
		orders []Order
		p      = &parser{text: text}
	)
	for first := true; p.err == nil && (first || p.next(',')); first = false {
		descending := p.next('-')
		p.space()
		column := p.column(p.at)
		order := Order{Path: p.path(), Descending: descending}
		if p.err != nil {
			break
		}
		orders = append(orders, order)
		if _, fault := resolvePath(order.Path); fault != nil {
			fault.column = column
			return nil, fault.err()
		}
		if len(orders) > MaxOrders {
			return nil, (&refusal{column: column, reason: tooManyOrders}).err()
		}
	}
	if p.err == nil && p.at < len(p.text) {
		p.expected(`"," or the end`)
	}
	if p.err != nil {
		return nil, p.err.err()
	}
	return orders, nil
}

var tooManyOrders = fmt.Sprintf("a list can be sorted by at most %d paths", MaxOrders)

// Sort is an order of identities: by its paths, and then by id. The zero Sort is by id. A Sort is immutable and
// safe for concurrent use.
type Sort struct {
	orders []Order
	paths  [][]token
	views  *views
}

// NewSort returns the order by the first path, then by the second, and so on. The error is an
// [*violation.Error]: a path does not exist, or there are more than [MaxOrders].
func NewSort(orders ...Order) (Sort, error) {
	if len(orders) > MaxOrders {
		return Sort{}, (&refusal{reason: tooManyOrders}).err()
	}
	s := Sort{orders: append([]Order(nil), orders...), views: &views{}}
	for _, order := range orders {
		path, fault := resolvePath(order.Path)
		if fault != nil {
			return Sort{}, fault.err()
		}
		s.paths = append(s.paths, path)
	}
	return s, nil
}

// Orders returns the orders that s was made from. The slice is the caller's.
func (s Sort) Orders() []Order { return append([]Order(nil), s.orders...) }

// String returns the text that [ParseOrders] reads back. It is empty for the zero Sort.
func (s Sort) String() string {
	var b strings.Builder
	for n, order := range s.orders {
		if n > 0 {
			b.WriteByte(',')
		}
		if order.Descending {
			b.WriteByte('-')
		}
		writePath(&b, order.Path)
	}
	return b.String()
}

// Position is the place of an identity in a [Sort].
type Position struct {
	// Keys has an element for each path. Compared byte for byte they have the order of the values, whichever
	// direction the path is sorted in. Strings are cut to [MaxSortKey] code points and numbers to that many
	// digits, so that identities that differ behind that are in the order of their ids.
	Keys [][]byte
	ID   uuid.UUID
}

// Position returns the place of i.
func (s Sort) Position(i *identity.Identity) Position {
	p := Position{ID: i.ID}
	if len(s.paths) == 0 {
		return p
	}
	v := s.views.open(context.Background(), i)
	defer s.views.close(v)
	for n, path := range s.paths {
		p.Keys = append(p.Keys, v.sortKey(path, s.orders[n].Descending))
	}
	return p
}

func (v *view) sortKey(path []token, descending bool) []byte {
	var best []byte
	v.root().some(v, path, func(n node) bool {
		if n.kind == kindAbsent {
			return false
		}
		key := cutSortKey(appendKey(nil, n, MaxSortKey))
		if best == nil || (bytes.Compare(key, best) > 0) == descending {
			best = key
		}
		return false
	})
	if best == nil {
		return []byte{keyAbsent}
	}
	return best
}

func cutSortKey(key []byte) []byte {
	if key[0] != keyString || len(key) <= 1+MaxSortKey {
		return key
	}
	count := 0
	for at := range string(key[1:]) {
		if count++; count > MaxSortKey {
			return bytes.Clone(key[:1+at])
		}
	}
	return key
}

// Compare returns a negative number if a comes before b, a positive number if a comes after b, and 0 otherwise.
// Both must be positions of this Sort.
func (s Sort) Compare(a, b Position) int {
	for n := range s.orders {
		if order := bytes.Compare(a.Keys[n], b.Keys[n]); order != 0 {
			if s.orders[n].Descending {
				return -order
			}
			return order
		}
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}
