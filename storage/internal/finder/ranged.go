package finder

import (
	"context"

	"github.com/google/uuid"
)

// NewRanged returns a source of the rows of an index in ranges. entries returns up to limit
// of them in the order of key and id: those behind after and before the key to.
func NewRanged(ranges []Range, entries func(ctx context.Context, after Entry, to []byte, limit int) ([]Entry, error)) Source {
	return &ranged{ranges: ranges, entries: entries}
}

type ranged struct {
	ranges  []Range
	entries func(ctx context.Context, after Entry, to []byte, limit int) ([]Entry, error)
	last    *Entry // the last that was read of the first range; nil if none was
}

// Next implements [Source].
func (s *ranged) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	for len(s.ranges) > 0 && len(ids) < limit {
		after, wanted := Entry{Key: s.ranges[0].From}, limit-len(ids)
		if s.last != nil {
			after = *s.last
		}
		entries, err := s.entries(ctx, after, s.ranges[0].To, wanted)
		if err != nil {
			return nil, false, err
		}
		for _, e := range entries {
			ids, s.last = append(ids, e.ID), &e
		}
		if len(entries) < wanted {
			s.ranges, s.last = s.ranges[1:], nil
		}
	}
	return ids, len(s.ranges) == 0, nil
}
