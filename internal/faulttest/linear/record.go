package linear

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
)

// records is how many records a group has.
const records = 2

// record is a record as the model has it. The zero record is none.
type record struct {
	// Trail stands for the tokens since the record came to be.
	Trail   uint64
	Owner   uuid.UUID
	Expires int64 // microseconds since 1970
}

func (k callKind) isOfRecord() bool {
	return k == callMark || k == callTake || k == callLook || k == callPrune
}

// stepRecord reports whether a call on a record may have come to an answer, and returns the
// state after it.
//
// A record that has expired is not there for any call whose clock says so. To others it may
// be there or not, because any write of a record may delete what has expired by its own
// clock. It must be there if no clock has reached its end before the answer.
func (g group) stepRecord(c call, got answer) (fits bool, next group) {
	kept, none := g.records[c.Record], record{}
	if c.Kind == callPrune {
		if kept.Expires <= c.Now {
			g.records[c.Record] = none
		}
		return got.Refusal == "", g
	}
	switch {
	case got.seen == none && kept != none && kept.Expires > got.latest,
		got.seen != none && (got.seen != kept || kept.Expires <= c.Now):
		return false, g
	}
	changed := got.seen
	switch c.Kind {
	case callMark:
		if c.ID != uuid.Nil && g.find(c) < 0 {
			if got.Refusal != "" || c.Expires > got.latest {
				return got.Refusal == refusalNotFound, g
			}
			changed = none // it had expired before it was written, and is not kept
			break
		}
		changed = record{Trail: chain(got.seen.Trail, c.Token), Owner: c.ID, Expires: c.Expires}
	case callTake:
		if got.seen == none {
			return got.Refusal == refusalNone, g
		}
		changed = none
	}
	g.records[c.Record] = changed
	return got.Refusal == "", g
}

// clock is what the callers of a history have for a clock: it counts calls on records.
type clock struct{ ticks atomic.Int64 }

// tick moves the clock on, by at most a few microseconds, and returns what it shows.
func (c *clock) tick(by int) int64 { return account.Noon.UnixMicro() + c.ticks.Add(int64(by)) }

func (c *clock) now() time.Time { return time.UnixMicro(c.tick(0)).UTC() }

// errNone refuses to take a record that is not there.
var errNone = errors.New("there is no record")

// recordKey is the key of the record that a call is about.
func (c call) recordKey() (key storage.RecordKey) {
	copy(key[:], fmt.Sprintf("record %d of group %d", c.Record, c.Group))
	return key
}

// change returns the change of a record that a call makes. It sets seen to what the change was
// given last.
func (c call) change(seen *record) func(current *storage.Record) (*storage.Record, error) {
	return func(current *storage.Record) (*storage.Record, error) {
		*seen = record{}
		if current != nil {
			if len(current.Value) != 8 || current.Key != c.recordKey() {
				return nil, errors.New("a record is not what was written")
			}
			*seen = record{binary.BigEndian.Uint64(current.Value), current.Identity, current.Expires.UnixMicro()}
		}
		switch {
		case c.Kind == callMark:
			return &storage.Record{
				Identity: c.ID, Expires: time.UnixMicro(c.Expires),
				Value: binary.BigEndian.AppendUint64(nil, chain(seen.Trail, c.Token)),
			}, nil
		case c.Kind == callTake && current == nil:
			return nil, errNone
		case c.Kind == callTake:
			return nil, nil
		}
		return current, nil
	}
}

// answerOfRecord is answerOf for a call on a record.
func answerOfRecord(seen record, err error) (answer, error) {
	switch {
	case err == nil:
		return answer{seen: seen}, nil
	case errors.Is(err, errNone):
		return answer{Refusal: refusalNone, seen: seen}, nil
	case errors.Is(err, storage.ErrNotFound):
		return answer{Refusal: refusalNotFound, seen: seen}, nil
	}
	return answer{}, err
}
