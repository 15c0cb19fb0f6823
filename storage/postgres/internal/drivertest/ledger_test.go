package drivertest_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// A ledger holds what writers were told against what the database has in the end: nothing
// acknowledged is lost or happened twice, nothing refused has happened, and the feed is
// complete, without gaps, and in order.

// shared are the identities that all writers update.
const shared = 12

func sharedID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", n))
}

// trail is the public metadata of an identity: the names of the updates that it has seen.
type trail struct {
	Names []string `json:"names"`
	Count int      `json:"count"`
}

func trailOf(i *identity.Identity) (tr trail, err error) {
	err = json.Unmarshal(i.MetadataPublic, &tr)
	return tr, err
}

// ledger is what writers were told. It is safe for concurrent use.
type ledger struct {
	mu  sync.Mutex
	ops map[string]*op
	// log is where each step is written too, for a writer in another process.
	log io.Writer
}

// op is one operation: what it was and what its writer was told.
type op struct {
	Name     string
	Kind     string // "update", "create", "delete" or "count"
	Identity uuid.UUID
	Counter  int   // the record that a count adds 1 to
	Reached  int64 // what it made of it
	Phase    string
	Told     string // the error, if there was one
}

// The phases of an operation.
const (
	begun        = "begun"
	acknowledged = "acknowledged"
	refused      = "refused"
	unknown      = "unknown"
)

func newLedger() *ledger { return &ledger{ops: map[string]*op{}} }

func (l *ledger) note(o op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ops[o.Name] = &o
	if l.log != nil {
		line, _ := json.Marshal(o) // it cannot fail
		_, _ = l.log.Write(append(line, '\n'))
	}
}

// read takes down what a writer in another process has written.
func (l *ledger) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o op
		if json.Unmarshal(lines.Bytes(), &o) == nil && o.Name != "" {
			l.note(o)
		}
	}
}

// do runs one operation and notes what came of it.
func (l *ledger) do(o op, run func(o *op) error) error {
	o.Phase = begun
	l.note(o)
	err := run(&o)
	switch {
	case err == nil:
		o.Phase = acknowledged
	case errors.Is(err, storage.ErrOutcomeUnknown):
		o.Phase = unknown
	default:
		o.Phase = refused
	}
	if err != nil {
		o.Told = err.Error()
	}
	l.note(o)
	return err
}

func (l *ledger) count(phase string) (count int) {
	return l.countOf(phase, "create", "update", "delete", "count")
}

// countOf is how many operations of these kinds are in a phase.
func (l *ledger) countOf(phase string, kinds ...string) (count int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.ops {
		if o.Phase == phase && slices.Contains(kinds, o.Kind) {
			count++
		}
	}
	return count
}

// createShared creates the identities that writers share.
func createShared(t testing.TB, store storage.Storage) {
	t.Helper()
	for n := range shared {
		_, err := store.Create(t.Context(), ledgerPerson(sharedID(n)))
		require.NoError(t, err)
	}
}

func ledgerPerson(id uuid.UUID) *identity.Identity {
	return &identity.Identity{ID: id, SchemaID: "person", State: identity.StateActive, Traits: json.RawMessage(`{}`), MetadataPublic: json.RawMessage(`{"names":[],"count":0}`)}
}

// writer makes operations until ctx ends. It returns the first error that no writer should
// get, other than those of a database that is not there.
func (l *ledger) writer(ctx context.Context, name string, store storage.Storage) error {
	var own []uuid.UUID
	for n := 0; ctx.Err() == nil; n++ {
		o := op{Name: fmt.Sprintf("%s/%d", name, n), Kind: "update", Identity: sharedID(rand.IntN(shared))}
		var err error
		switch dice := rand.IntN(24); {
		case dice < 3:
			o.Kind, o.Identity = "create", uuid.New()
			err = l.do(o, func(o *op) error {
				_, err := store.Create(context.Background(), ledgerPerson(o.Identity))
				return err
			})
			if err == nil {
				own = append(own, o.Identity)
			}
		case dice < 5 && len(own) > 0:
			o.Kind, o.Identity = "delete", own[len(own)-1]
			own = own[:len(own)-1]
			err = l.do(o, func(o *op) error { return store.Delete(context.Background(), o.Identity, time.Now(), nil) })
		case dice >= 20:
			o.Kind, o.Identity, o.Counter = "count", uuid.Nil, rand.IntN(counters)
			err = l.do(o, func(o *op) error { return countUp(store, o) })
		default:
			err = l.do(o, func(o *op) error {
				_, err := store.Update(context.Background(), o.Identity, func(i *identity.Identity) (*identity.Identity, error) {
					tr, err := trailOf(i)
					if err != nil {
						return nil, err
					}
					tr.Names, tr.Count = append(tr.Names, o.Name), tr.Count+1
					if i.MetadataPublic, err = json.Marshal(tr); err != nil {
						return nil, err
					}
					if dice < 9 {
						i.ExternalID = o.Name // a claim
					}
					return i, nil
				})
				return err
			})
		}
		switch {
		case err == nil, errors.Is(err, storage.ErrOutcomeUnknown):
		case errors.Is(err, storage.ErrUnavailable):
			time.Sleep(20 * time.Millisecond)
		default:
			return fmt.Errorf("%s: %s: %w", o.Name, o.Kind, err)
		}
	}
	return nil
}

// counters is how many records there are that writers count up.
const counters = 4

func counterKey(n int) storage.RecordKey { return storage.RecordKey{0: 'c', 31: byte(n)} }

// countUp adds 1 to a counter, and notes what it has reached.
func countUp(store storage.Storage, o *op) error {
	return store.UpdateRecord(context.Background(), counterKey(o.Counter), time.Now(), func(current *storage.Record) (*storage.Record, error) {
		o.Reached = 1
		if current != nil {
			o.Reached += int64(binary.BigEndian.Uint64(current.Value))
		}
		return &storage.Record{Value: binary.BigEndian.AppendUint64(nil, uint64(o.Reached)), Expires: time.Now().AddDate(1, 0, 0)}, nil
	})
}

// auditCounters holds the counters against what writers were told of them, and returns what
// was lost.
func (l *ledger) auditCounters(t testing.TB, store storage.Storage) (lost []string) {
	t.Helper()
	for n := range counters {
		stand := int64(0)
		require.NoError(t, store.UpdateRecord(t.Context(), counterKey(n), time.Now(), func(current *storage.Record) (*storage.Record, error) {
			if current != nil {
				stand = int64(binary.BigEndian.Uint64(current.Value))
			}
			return current, nil
		}))
		told, open := map[int64]string{}, int64(0)
		for _, o := range l.ops {
			switch {
			case o.Kind != "count" || o.Counter != n || o.Phase == refused:
			case o.Phase != acknowledged:
				open++ // it may have happened
			default:
				require.Empty(t, told[o.Reached], "counter %d was told twice to have reached %d", n, o.Reached)
				told[o.Reached] = o.Name
				if o.Reached > stand {
					lost = append(lost, o.Name)
				}
			}
		}
		require.LessOrEqual(t, stand, int64(len(told))+open, "counter %d was counted up by a call that was refused, or twice by one", n)
	}
	return lost
}

// verdict is what an audit found.
type verdict struct {
	lost []string // acknowledged, and not there
}

// audit holds the database against the ledger, apart from what was lost, which it returns.
func (l *ledger) audit(t testing.TB, store storage.Storage) verdict {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[uuid.UUID]*identity.Identity{}
	for q := (storage.Query{}); ; {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err)
		for _, i := range page.Identities {
			there[i.ID] = i
		}
		if q.After = page.Next; q.After.ID == uuid.Nil {
			break
		}
	}
	revisions := auditFeed(t, store, there)

	v := verdict{l.auditCounters(t, store)}
	seen := map[string]bool{}
	for id, i := range there {
		tr, err := trailOf(i)
		require.NoError(t, err)
		require.Equal(t, i.Revision-1, int64(tr.Count), "the counter of %s has missed or doubled an update", id)
		require.Len(t, tr.Names, tr.Count)
		for _, name := range tr.Names {
			require.False(t, seen[name], "the update %s happened twice", name)
			seen[name] = true
			require.NotNil(t, l.ops[name], "an update that nobody made: %s", name)
			require.NotEqual(t, refused, l.ops[name].Phase, "the update %s was refused (%s), and happened", name, l.ops[name].Told)
			require.Equal(t, id, l.ops[name].Identity)
		}
		if i.ExternalID != "" {
			found, err := store.Find(t.Context(), storage.ExternalIDClaim(i.ExternalID))
			require.NoError(t, err)
			require.Equal(t, id, found.ID)
		}
	}
	deleted := map[uuid.UUID]string{}
	for _, o := range l.ops {
		if o.Kind == "delete" {
			deleted[o.Identity] = o.Phase
		}
	}
	for _, o := range l.ops {
		switch {
		case o.Kind == "update" && o.Phase == acknowledged && !seen[o.Name],
			o.Kind == "create" && o.Phase == acknowledged && revisions[o.Identity] == 0,
			o.Kind == "create" && o.Phase == acknowledged && there[o.Identity] == nil && (deleted[o.Identity] == "" || deleted[o.Identity] == refused),
			o.Kind == "delete" && o.Phase == acknowledged && there[o.Identity] != nil:
			v.lost = append(v.lost, o.Name)
		case o.Kind == "create" && o.Phase == refused:
			require.Zero(t, revisions[o.Identity], "the create %s was refused, and happened", o.Name)
		}
	}
	return v
}

// auditFeed holds the feed against the identities that are there. It returns the last
// revision of each identity that it names.
func auditFeed(t testing.TB, store storage.Storage, there map[uuid.UUID]*identity.Identity) map[uuid.UUID]int64 {
	t.Helper()
	revisions, gone := map[uuid.UUID]int64{}, map[uuid.UUID]bool{}
	for after := int64(0); ; {
		found, err := store.Changes(t.Context(), storage.ChangeQuery{After: after, Limit: 1000})
		require.NoError(t, err)
		for _, c := range found {
			require.Equal(t, after+1, c.Sequence, "the feed has a gap")
			after = c.Sequence
			require.Equal(t, revisions[c.IdentityID]+1, c.Revision, "the feed is out of order, or not complete")
			revisions[c.IdentityID] = c.Revision
			gone[c.IdentityID] = c.Operation == storage.OperationDelete
		}
		if len(found) == 0 {
			break
		}
	}
	for id, revision := range revisions {
		if i := there[id]; i == nil {
			require.True(t, gone[id], "the feed does not tell that %s is gone", id)
		} else {
			require.Equal(t, revision, i.Revision, "the feed lacks the last change of %s", id)
		}
	}
	for id := range there {
		require.NotZero(t, revisions[id], "the feed lacks %s", id)
	}
	return revisions
}

// load runs writers while disturb runs, and then requires that they only got errors that
// they may get. A reader follows the feed meanwhile, and must see what the feed has in the
// end.
func (l *ledger) load(t testing.TB, stores []storage.Storage, writers int, disturb func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		bad   []error
		live  []storage.Change
		name  = fmt.Sprintf("w%d", rand.Uint32())
	)
	for n := range writers {
		group.Go(func() {
			if err := l.writer(ctx, fmt.Sprintf("%s.%d", name, n), stores[n%len(stores)]); err != nil {
				mu.Lock()
				defer mu.Unlock()
				bad = append(bad, err)
			}
		})
	}
	from, err := stores[0].LastChange(t.Context())
	if !errors.Is(err, storage.ErrUnavailable) { // to number changes takes room on the disk: without it, from the first on
		require.NoError(t, err)
	}
	group.Go(func() { live = follow(ctx, stores[len(stores)-1], from) })
	disturb()
	stop()
	group.Wait()
	require.Empty(t, bad)
	for n, c := range live {
		require.Equal(t, from+int64(n)+1, c.Sequence, "the reader that followed the feed has missed something")
	}
	if len(live) > 0 {
		kept, err := stores[0].Changes(t.Context(), storage.ChangeQuery{After: from, Limit: len(live)})
		require.NoError(t, err)
		require.True(t, slices.EqualFunc(kept, live, func(a, b storage.Change) bool {
			return a.Sequence == b.Sequence && a.IdentityID == b.IdentityID && a.Revision == b.Revision && a.Operation == b.Operation
		}), "the reader that followed the feed has seen another feed than there is in the end")
	}
}

// follow reads the feed until ctx ends.
func follow(ctx context.Context, store storage.Storage, after int64) (live []storage.Change) {
	for ctx.Err() == nil {
		found, err := store.Changes(ctx, storage.ChangeQuery{After: after})
		if err != nil || len(found) == 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		live, after = append(live, found...), found[len(found)-1].Sequence
	}
	return live
}

// summary is the line of a ledger that is logged.
func (l *ledger) summary(lost int) string {
	return fmt.Sprintf("%d acknowledged, %d of them of records, %d refused, %d unknown, %d lost",
		l.count(acknowledged), l.countOf(acknowledged, "count"), l.count(refused), l.count(unknown)+l.count(begun), lost)
}

// TestLedgerFinds holds the ledger itself to stores that are not right.
func TestLedgerFinds(t *testing.T) {
	for _, c := range []struct {
		name string
		ops  []op
		lost int
	}{
		{"an update that is lost", []op{{Name: "lost", Kind: "update", Identity: sharedID(1), Phase: acknowledged}}, 1},
		{"a create that is lost", []op{{Name: "lost", Kind: "create", Identity: sharedID(1000), Phase: acknowledged}}, 1},
		{"a delete that is lost", []op{{Name: "lost", Kind: "delete", Identity: sharedID(1), Phase: acknowledged}}, 1},
		{"a count that is lost", []op{{Name: "lost", Kind: "count", Counter: 1, Reached: 1, Phase: acknowledged}}, 1},
		{"nothing", []op{{Name: "x", Kind: "update", Identity: sharedID(1), Phase: unknown}, {Name: "y", Kind: "create", Identity: sharedID(1000), Phase: refused}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := openPgxStore()(t, newSchema(t, newDatabase(t, server(t))))
			defer func() { require.NoError(t, store.Close()) }()
			createShared(t, store)
			l := newLedger()
			for _, o := range c.ops {
				l.note(o)
			}
			require.Len(t, l.audit(t, store).lost, c.lost, strings.Join(l.audit(t, store).lost, " "))
		})
	}
}
