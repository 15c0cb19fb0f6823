package sqlitedb

import (
	"encoding/binary"
	"sync/atomic"

	"github.com/google/uuid"
)

// DefaultUpdateCache is how many identities a store remembers for their next update; see [WithUpdateCache].
const DefaultUpdateCache = 4096

// maxRecentDocument bounds the document of an identity that is remembered, and so what all of them take.
const maxRecentDocument = 4 << 10

// recent remembers what the last updates wrote, for the next update of the same identity to begin with. It saves that
// update the reading of the row. It is no cache for reads: what it holds may be out of date, since another process
// can write to the file. A write finds out, for it names the revision and the change that it was made from. Whatever
// else an update comes to from here, a refusal or no change at all, it must come to again from the database.
//
// An identity has its place in a set of a few, so that looking one up takes no lock. It is safe for concurrent use; the
// nil recent remembers nothing.
type recent struct{ sets []set }

// set holds the identities that were written last of those that share it: the first is the newest.
type set [places]atomic.Pointer[row]

// places is how many identities share a set. With two, a tenth of a population that fills a quarter of all places would
// push each other out at every update.
const places = 4

func newRecent(identities int) *recent {
	if identities == 0 {
		return nil
	}
	return &recent{sets: make([]set, (identities+places-1)/places)}
}

func (r *recent) set(id uuid.UUID) *set {
	// The last bytes are random in every version of UUIDs that is in use.
	return &r.sets[binary.BigEndian.Uint64(id[8:])%uint64(len(r.sets))]
}

// get returns what is remembered of id. The identity must not be modified.
func (r *recent) get(id uuid.UUID) (row, bool) {
	if r == nil {
		return row{}, false
	}
	set := r.set(id)
	for n := range set {
		if known := set[n].Load(); known != nil && known.identity.ID == id {
			return *known, true
		}
	}
	return row{}, false
}

// put remembers a row that was made from one whose document had the size before. Its identity must not be modified any
// more. It may share memory with the identity before, and keeps the whole document of that in memory if it does.
func (r *recent) put(written row, before int) {
	if r == nil {
		return
	}
	if max(written.size, before) > maxRecentDocument {
		r.forget(written.identity.ID)
		return
	}
	// The row takes the first place. Each of the others moves back by one: up to the place that the identity had before, or
	// else the last one moves out. If two goroutines do this at once, a row that moves may be there twice or be gone. Both
	// are allowed.
	set := r.set(written.identity.ID)
	moving := &written
	for n := range set {
		moving = set[n].Swap(moving)
		if moving == nil || moving.identity.ID == written.identity.ID {
			return
		}
	}
}

// forget gives up what is remembered of id.
func (r *recent) forget(id uuid.UUID) {
	if r == nil {
		return
	}
	set := r.set(id)
	for n := range set {
		if known := set[n].Load(); known != nil && known.identity.ID == id {
			set[n].CompareAndSwap(known, nil)
		}
	}
}
