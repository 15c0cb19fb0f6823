// Package indexing knows the indexes that applications declare, for the stores that keep
// them in tables of their database: what a database records of them, what every writer must
// keep up, what a process that opens the database must drop and build.
package indexing

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// SearchPath is the path of the search index.
const SearchPath = ""

// State is the state of an index.
type State string

// The states.
const (
	StateBuilding State = "building"
	StateComplete State = "complete"
	// StateStale is an index that a process wrote to which folds text by another edition of
	// Unicode. It is not kept up, and the next process that opens the database makes it again.
	StateStale State = "stale"
	// StateDropped is an index that is not kept up and whose rows are being deleted.
	StateDropped State = "dropped"
)

// Record is what a database records of an index.
type Record struct {
	// Number is that of the rows of the index, and never used again.
	Number      int64
	Path        string // SearchPath, or that of the values
	FoldVersion string // the [query.FoldVersion] of its rows
	State       State
}

// Set are the indexes that a database records, of one version. It is immutable.
type Set struct {
	// Version is that of what is recorded, and changes with it.
	Version int64
	// Values are the indexes of values that every writer keeps up.
	Values []Index
	// Search is the search index, nil if there is none to be kept up.
	Search *Index
	// Outdated are the numbers of indexes that processes keep up that fold text otherwise.
	// Before a process of this edition writes it must mark them as stale.
	Outdated []int64
}

// Index is an index that every writer keeps up.
type Index struct {
	Number   int64
	Path     string
	Complete bool
	keys     query.Index // not of the search index
}

// NewSet returns the set of what a database records.
func NewSet(version int64, records []Record) (*Set, error) {
	s := &Set{Version: version}
	for _, r := range records {
		switch {
		case r.State != StateBuilding && r.State != StateComplete:
			continue
		case r.FoldVersion != query.FoldVersion:
			s.Outdated = append(s.Outdated, r.Number)
			continue
		}
		index := Index{Number: r.Number, Path: r.Path, Complete: r.State == StateComplete}
		if r.Path == SearchPath {
			s.Search = &index
			continue
		}
		var err error
		if index.keys, err = query.NewIndex(r.Path); err != nil {
			return nil, fmt.Errorf("the database has an index that this release cannot keep up: %w", err)
		}
		s.Values = append(s.Values, index)
	}
	return s, nil
}

// CheckPath returns an error if there can be no index of the values at path.
func CheckPath(path string) error {
	_, err := query.NewIndex(path)
	return err
}

// IsEmpty reports whether a writer has no index to keep up.
func (s *Set) IsEmpty() bool { return len(s.Values) == 0 && s.Search == nil }

// Greatest returns the greatest number of an index that a writer keeps up, 0 if it keeps up
// none.
func (s *Set) Greatest() int64 { return s.greatest(func(Index) bool { return true }) }

// GreatestComplete returns the greatest number of a complete index, 0 if there is none.
func (s *Set) GreatestComplete() int64 { return s.greatest(func(i Index) bool { return i.Complete }) }

func (s *Set) greatest(of func(Index) bool) (number int64) {
	for _, i := range s.Values {
		if of(i) {
			number = max(number, i.Number)
		}
	}
	if s.Search != nil && of(*s.Search) {
		number = max(number, s.Search.Number)
	}
	return number
}

// CompleteUpTo returns s with those indexes complete whose numbers are at most number.
func (s *Set) CompleteUpTo(number int64) *Set {
	result := *s
	result.Values = slices.Clone(s.Values)
	for n := range result.Values {
		result.Values[n].Complete = result.Values[n].Number <= number
	}
	if s.Search != nil {
		search := *s.Search
		search.Complete = search.Number <= number
		result.Search = &search
	}
	return &result
}

// Find returns the complete index of a path, nil if there is none.
func (s *Set) Find(path string) *Index {
	return first(s.Values, func(i Index) bool { return i.Path == path && i.Complete })
}

// ByNumber returns the index with a number, nil if a writer keeps up none.
func (s *Set) ByNumber(number int64) *Index {
	if s.Search != nil && s.Search.Number == number {
		return s.Search
	}
	return first(s.Values, func(i Index) bool { return i.Number == number })
}

func first(all []Index, is func(Index) bool) *Index {
	at := slices.IndexFunc(all, is)
	if at < 0 {
		return nil
	}
	return &all[at]
}

// Keys returns the keys that an index of values has of an identity before and after a
// change, each sorted. Before is nil for a new identity and after for a deleted one.
func (i Index) Keys(before, after *identity.Identity) (old, now [][]byte) {
	if before != nil {
		old = i.keys.Keys(before)
	}
	if after != nil {
		now = i.keys.Keys(after)
	}
	return old, now
}

// Without returns those of keys that are not among others. Both are sorted.
func Without(keys, others [][]byte) (rest [][]byte) {
	for _, key := range keys {
		if _, found := slices.BinarySearchFunc(others, key, bytes.Compare); !found {
			rest = append(rest, key)
		}
	}
	return rest
}

// Cache remembers what a database records, as it was last read. It is safe for concurrent
// use.
type Cache struct{ last atomic.Pointer[Set] }

// Last returns what was read last, nil if nothing was.
func (c *Cache) Last() *Set { return c.last.Load() }

// Remember makes s what was read last.
func (c *Cache) Remember(s *Set) { c.last.Store(s) }

// With calls find with the indexes that read returns. An index that is dropped meanwhile
// has lost rows, so that find must begin again. In the end it is called with nil: then it
// must use no index.
func With[T any](ctx context.Context, read func(ctx context.Context) (*Set, error), find func(s *Set) (T, error)) (found T, err error) {
	for range 3 {
		before, err := read(ctx)
		if err != nil {
			return found, err
		}
		found, err = find(before)
		if before.IsEmpty() {
			return found, err
		}
		after, readErr := read(ctx)
		if readErr != nil {
			return found, cmp.Or(err, readErr)
		}
		if after.Version == before.Version {
			return found, err
		}
	}
	return find(nil)
}
