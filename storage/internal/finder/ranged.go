package finder

import (
	"context"

	"github.com/google/uuid"
)

// RangeReader reads the rows of one index.
type RangeReader interface {
	// Read returns the ids of up to limit rows in the order of key and id, those behind after
	// and before the key to, and the last of these rows.
	Read(ctx context.Context, after Entry, to []byte, limit int) (ids []uuid.UUID, last Entry, err error)
	// Count returns how many rows a range has, at most most.
	Count(ctx context.Context, r Range, most int) (int, error)
	// Sorted returns the ids of up to limit rows of a range behind an id, in the order of
	// their ids. An id may be there several times.
	Sorted(ctx context.Context, r Range, after uuid.UUID, limit int) ([]uuid.UUID, error)
}

// NewRanged returns a source of the rows of an index in ranges.
func NewRanged(ranges []Range, reader RangeReader) Source {
	return &ranged{ranges: ranges, reader: reader}
}

type ranged struct {
	ranges []Range
	reader RangeReader
	last   *Entry // the last that was read of the first range; nil if none was
}

// few reports whether the source has one range with at most most rows.
func (s *ranged) few(ctx context.Context, most int) (bool, error) {
	count, err := s.reader.Count(ctx, s.ranges[0], most+1)
	return err == nil && count <= most, err
}

// Next implements [Source].
func (s *ranged) Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error) {
	for len(s.ranges) > 0 && len(ids) < limit {
		after, wanted := Entry{Key: s.ranges[0].From}, limit-len(ids)
		if s.last != nil {
			after = *s.last
		}
		more, last, err := s.reader.Read(ctx, after, s.ranges[0].To, wanted)
		if err != nil {
			return nil, false, err
		}
		if ids, s.last = append(ids, more...), &last; len(more) < wanted {
			s.ranges, s.last = s.ranges[1:], nil
		}
	}
	return ids, len(s.ranges) == 0, nil
}
