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
// Identities share pairs of slots, so that looking one up takes no lock. It is safe for concurrent use; the nil recent
// remembers nothing.
type recent struct{ pairs []pair }

// pair holds the identities that were written last of those that share it: the first is the newer.
type pair [2]atomic.Pointer[row]

func newRecent(identities int) *recent {
	if identities == 0 {
		return nil
	}
	return &recent{pairs: make([]pair, (identities+1)/2)}
}

func (r *recent) pair(id uuid.UUID) *pair {
	// The last bytes are random in every version of UUIDs that is in use.
	return &r.pairs[binary.BigEndian.Uint64(id[8:])%uint64(len(r.pairs))]
}

// get returns what is remembered of id. The identity must not be modified.
func (r *recent) get(id uuid.UUID) (row, bool) {
	if r == nil {
		return row{}, false
	}
	p := r.pair(id)
	for n := range p {
		if known := p[n].Load(); known != nil && known.identity.ID == id {
			return *known, true
		}
	}
	return row{}, false
}

// put remembers a row, of which it keeps a copy, whose document has the given size.
func (r *recent) put(written row, size int) {
	if r == nil {
		return
	}
	if size > maxRecentDocument {
		r.forget(written.identity.ID)
		return
	}
	written.identity = written.identity.Clone()
	p := r.pair(written.identity.ID)
	if older := p[0].Load(); older != nil && older.identity.ID != written.identity.ID {
		p[1].Store(older)
	}
	p[0].Store(&written)
}

// forget gives up what is remembered of id.
func (r *recent) forget(id uuid.UUID) {
	if r == nil {
		return
	}
	p := r.pair(id)
	for n := range p {
		if known := p[n].Load(); known != nil && known.identity.ID == id {
			p[n].CompareAndSwap(known, nil)
		}
	}
}
