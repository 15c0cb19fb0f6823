package schema

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// recentNumbers is how many phone numbers a schema remembers at most, in about half a megabyte.
const recentNumbers = 4096

// phoneMemo remembers the forms of the phone numbers that were seen last. Parsing one takes longer than all the rest of
// a validation, and an update that changes something else sends the number again that the identity has. A form
// follows from the text alone, so a remembered one is always right. It is safe for concurrent use; the zero
// value is empty.
type phoneMemo struct {
	seed  maphash.Seed
	slots [recentNumbers]atomic.Pointer[phoneForm]
}

type phoneForm struct {
	text string
	form form
}

func newPhoneMemo() *phoneMemo { return &phoneMemo{seed: maphash.MakeSeed()} }

// normalize is the function of that name.
func (m *phoneMemo) normalize(text string) form {
	if !strings.HasPrefix(text, "+") || len(text) > 2*maxPhoneDigits {
		return normalize(text) // too cheap, or too long, to remember
	}
	slot := &m.slots[maphash.String(m.seed, text)%recentNumbers]
	if known := slot.Load(); known != nil && known.text == text {
		return known.form
	}
	f := normalize(text)
	slot.Store(&phoneForm{strings.Clone(text), f})
	return f
}
