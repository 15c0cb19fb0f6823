package storage

import (
	"bytes"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// Bounds of records.
const (
	// MaxRecordBytes bounds the value of a record.
	MaxRecordBytes = 4 << 10
	// MaxAnonymousRecords is how many records without an identity a store keeps. If
	// there are more, the ones that expire first are deleted.
	MaxAnonymousRecords = 100_000
	// ExpiredPerUpdate is how many expired records a write of a record deletes at most,
	// beside its own.
	ExpiredPerUpdate = 10
)

// ErrRecordSize says that the value of a record is longer than [MaxRecordBytes].
var ErrRecordSize = fmt.Errorf("the value of a record must be at most %d bytes long", MaxRecordBytes)

// RecordKey identifies a record. It should be a keyed hash, so that a copy of the
// database does not reveal the subject of a record.
type RecordKey = [32]byte

// Record is a small value that expires, such as a one-time code or a counter of failures.
//
// A store keeps Expires in whole microseconds, rounded down. A record that has already
// expired when it is written is not kept. Each write of a record also deletes up to
// [ExpiredPerUpdate] expired ones. Deleting an identity deletes its records.
//
// It prints as a placeholder.
type Record struct {
	Key RecordKey
	// Identity is the identity that the record belongs to. It may be the nil id.
	Identity uuid.UUID
	// Value is at most [MaxRecordBytes] long. Nil equals empty.
	Value []byte
	// Expires is the time from which the record no longer exists.
	Expires time.Time
}

// Clone returns a copy that shares no memory with r. The clone of nil is nil.
func (r *Record) Clone() *Record {
	if r == nil {
		return nil
	}
	clone := *r
	clone.Value = bytes.Clone(r.Value)
	return &clone
}

// Equal reports whether r and o are the same record. Both may be nil.
func (r *Record) Equal(o *Record) bool {
	if r == nil || o == nil {
		return r == o
	}
	return r.Key == o.Key && r.Identity == o.Identity && bytes.Equal(r.Value, o.Value) && r.Expires.Equal(o.Expires)
}

// Format implements [fmt.Formatter] with a placeholder.
func (r Record) Format(f fmt.State, _ rune) { fmt.Fprint(f, recordPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (r Record) LogValue() slog.Value { return slog.StringValue(recordPlaceholder) }

const recordPlaceholder = "[record]"

// ApplyRecord is the part of an update of a record that is the same in every store. kept
// is the record that the store has, nil if it has none. It calls change with a copy of
// it, or with nil if it has expired at now, and returns the record that the store must
// keep instead: nil to delete it, kept itself if nothing changes. The result shares no
// memory with the record that change returned. Errors: [ErrRecordSize]; an error of
// change, unchanged.
func ApplyRecord(key RecordKey, kept *Record, now time.Time, change func(current *Record) (*Record, error)) (*Record, error) {
	current := kept
	if kept != nil && !kept.Expires.After(now) {
		current = nil
	}
	changed, err := change(current.Clone())
	if err != nil {
		return nil, err
	}
	if changed != nil && len(changed.Value) > MaxRecordBytes {
		return nil, ErrRecordSize
	}
	next := changed.Clone()
	if next != nil {
		next.Key, next.Expires = key, time.UnixMicro(UnixMicro(next.Expires)).UTC()
		if !next.Expires.After(now) {
			next = nil
		}
	}
	if next.Equal(kept) {
		return kept, nil
	}
	return next, nil
}
