package linear

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Require makes a history of so many operations on a subject and requires that it is
// linearizable.
func Require(t *testing.T, s Subject, operations int) {
	t.Helper()
	all, err := history(t, s, operations)
	require.NoError(t, err)
	began := time.Now()
	result, seen := check(all)
	if result == porcupine.Illegal {
		t.Log(stuckAt(all))
	}
	require.Equal(t, porcupine.Ok, result)
	t.Logf("%d operations, of which %v; checked in %s", len(all), seen, time.Since(began).Round(time.Millisecond))
}

// RequireFound requires that a few short histories show a subject not to be linearizable.
// Each history opens a new subject.
func RequireFound(t *testing.T, open func() Subject) {
	t.Helper()
	for range 5 {
		all, err := history(t, open(), 600)
		if err != nil {
			return // a call came to what no call may
		}
		if result, _ := check(all); result == porcupine.Illegal {
			return
		}
	}
	t.Fatal("five histories of a broken store passed")
}

// check returns whether the history is linearizable, and how often each kind of call
// succeeded and was refused.
func check(history []porcupine.Operation) (porcupine.CheckResult, map[string]int) {
	seen := map[string]int{}
	for _, o := range history {
		outcome := string(o.Input.(call).Kind)
		if refusal := o.Output.(answer).Refusal; refusal != "" {
			outcome += ": " + refusal
		}
		seen[outcome]++
	}
	return porcupine.CheckOperationsTimeout(model, history, checkTimeout), seen
}

// checkTimeout bounds the search for an order.
const checkTimeout = 5 * time.Minute

const (
	workers = 8
	// hotGroups is how many groups are in use at a time, and groupOperations about how
	// many operations each sees before the next has its turn.
	hotGroups       = 3
	groupOperations = 600
)

// history makes so many operations, on many goroutines, and returns them with the
// times of their calls and answers. The error is what no call may come to.
func history(t *testing.T, s Subject, count int) ([]porcupine.Operation, error) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var (
		running   sync.WaitGroup
		began     = time.Now()
		histories [workers][]porcupine.Operation
		errs      [workers]error
		known     = &knownIDs{ids: map[int][]uuid.UUID{}}
	)
	for worker := range workers {
		running.Go(func() {
			w := caller{
				random: rand.New(rand.NewPCG(seed, uint64(worker))), name: fmt.Sprint(worker),
				known: known, revisions: map[uuid.UUID]int64{}, subject: s,
			}
			for n := range count / workers {
				first := n * workers / (groupOperations * hotGroups) * hotGroups
				c := w.next(first + w.random.IntN(hotGroups))
				called := time.Since(began)
				a, err := s.do(t.Context(), worker, c)
				answered := time.Since(began)
				if err != nil {
					errs[worker] = fmt.Errorf("%s: %w", c.Kind, err)
					return
				}
				if c.Kind.isOfRecord() {
					a.latest = s.time().tick(0)
				}
				w.learn(c, a)
				for _, part := range c.parts() {
					histories[worker] = append(histories[worker], porcupine.Operation{
						ClientId: worker, Input: part, Call: called.Nanoseconds(), Output: a, Return: answered.Nanoseconds(),
					})
				}
			}
		})
	}
	running.Wait()
	var all []porcupine.Operation
	for _, h := range histories {
		all = append(all, h...)
	}
	return all, errors.Join(errs[:]...)
}

// knownIDs are the last ids that were created in each group.
type knownIDs struct {
	mu  sync.Mutex
	ids map[int][]uuid.UUID
}

func (k *knownIDs) add(group int, id uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ids := append(k.ids[group], id)
	k.ids[group] = ids[max(0, len(ids)-emails-1):]
}

func (k *knownIDs) remove(group int, id uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids[group] = slices.DeleteFunc(k.ids[group], func(known uuid.UUID) bool { return known == id })
}

func (k *knownIDs) pick(group int, random *rand.Rand) uuid.UUID {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ids[group]) == 0 {
		return uuid.UUID{15: 1} // nobody's
	}
	return k.ids[group][random.IntN(len(k.ids[group]))]
}

// caller decides what one goroutine calls.
type caller struct {
	subject   Subject
	random    *rand.Rand
	name      string
	count     int
	known     *knownIDs
	revisions map[uuid.UUID]int64
}

func (w *caller) next(group int) call {
	w.count++
	c := call{
		Group: group, ID: w.known.pick(group, w.random), Token: fmt.Sprintf("%s.%d", w.name, w.count),
		Email: w.random.IntN(emails), External: w.random.IntN(3),
	}
	if w.random.IntN(3) == 0 {
		return w.nextOfRecord(c)
	}
	switch roll := w.random.IntN(100); {
	case roll < 12:
		c.Kind, c.ID = callCreate, uuid.Nil
		if ids := w.subject.ids(group); ids != nil {
			c.ID = ids[w.random.IntN(len(ids))]
		}
	case roll < 27:
		c.Kind = callGet
	case roll < 37:
		c.Kind = callFindIdentifier
	case roll < 47:
		c.Kind = callFindExternal
		c.External = 1 + w.random.IntN(2)
	case roll < 72:
		c.Kind = callUpdate
	case roll < 92:
		c.Kind = callPatch
	default:
		c.Kind = callDelete
	}
	if writes := c.Kind == callUpdate || c.Kind == callPatch || c.Kind == callDelete; writes && w.random.IntN(3) == 0 {
		c.IfRevision = w.revisions[c.ID]
	}
	return c
}

// nextOfRecord makes a call on a record of c.
func (w *caller) nextOfRecord(c call) call {
	c.Record, c.Now = w.random.IntN(records), w.subject.time().tick(w.random.IntN(3))
	c.Expires = c.Now + 1 + w.random.Int64N(5)
	if w.random.IntN(3) > 0 {
		c.Expires += w.random.Int64N(200)
	}
	switch roll := w.random.IntN(100); {
	case roll < 55:
		c.Kind = callMark
		if w.random.IntN(2) == 0 {
			c.ID = uuid.Nil
		}
	case roll < 70:
		c.Kind = callTake
	case roll < 95:
		c.Kind = callLook
	default:
		c.Kind = callPrune
	}
	return c
}

// parts are the operations that a call is made of: to prune works on one record after the
// other.
func (c call) parts() []call {
	if c.Kind != callPrune {
		return []call{c}
	}
	parts := make([]call, records)
	for n := range parts {
		parts[n] = c
		parts[n].Record = n
	}
	return parts
}

func (w *caller) learn(c call, a answer) {
	// Some of the deleted stay known, for what is not there is asked for too.
	if c.Kind == callDelete && a.Refusal == "" && w.random.IntN(4) > 0 {
		w.known.remove(c.Group, c.ID)
	}
	if a.row.Revision == 0 {
		return
	}
	w.revisions[a.row.ID] = a.row.Revision
	if c.Kind == callCreate {
		w.known.add(c.Group, a.row.ID)
	}
}
