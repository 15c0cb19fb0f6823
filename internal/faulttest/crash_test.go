//go:build unix

package faulttest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/internal/faulttest/linear"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlite"
)

var kills = flag.Int("kills", 4, "how often each of the tests of crashes kills its writers")

// TestKill kills writers with SIGKILL at random moments, opens what they left, and
// audits it: every acknowledged change is there, no half change is, the revisions have
// no gap, the change feed is complete and in order, identifiers and documents agree, no
// write of a record is lost or made twice, and SQLite finds its file in order.
//
// The long form is
//
//	go test ./internal/faulttest -run TestKill -kills 100 -timeout 30m
func TestKill(t *testing.T) {
	for _, c := range []struct {
		name                string
		writers, goroutines int // of each
		kills               int
	}{
		{name: "one process", writers: 1, goroutines: 8, kills: *kills},
		{name: "two processes on one file", writers: 2, goroutines: 8, kills: *kills},
		{name: "two processes on one file, 64 goroutines in all", writers: 2, goroutines: 32, kills: max(10, *kills)},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := newCrashRun(t, crashWriter{Goroutines: c.goroutines})
			for range c.kills {
				require.NoError(t, run.crash(c.writers))
			}
			// Else the audits had nothing to look at.
			require.Positive(t, run.acknowledged, "nothing was acknowledged")
			require.Positive(t, run.counts, "nothing was counted")
			t.Logf("%d kills of %d writers: %d changes and %d writes of records acknowledged, %d refused, %d under way when they were killed, of which %d had happened",
				c.kills, c.writers, run.acknowledged, run.counts, run.refused, run.underWay, run.happened)
		})
	}
}

// TestKillFindsEarlyAcknowledgement holds the proof itself to a store that answers
// before it has written.
func TestKillFindsEarlyAcknowledgement(t *testing.T) {
	run := newCrashRun(t, crashWriter{Goroutines: 4, Early: true})
	for range 20 {
		if err := run.crash(1); err != nil {
			require.ErrorContains(t, err, "acknowledged")
			return
		}
	}
	t.Fatal("20 kills of a store that acknowledges too early lost nothing")
}

// crashRun is one database through many crashes.
type crashRun struct {
	t      *testing.T
	writer crashWriter
	random *rand.Rand
	round  int
	// known is what the last audit found, and counted where the counters stood.
	known   map[uuid.UUID]account.Version
	counted map[string]int64

	acknowledged, counts, refused, underWay, happened int
}

func newCrashRun(t *testing.T, writer crashWriter) *crashRun {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	writer.Database = databasePath(t)
	return &crashRun{t: t, writer: writer, random: rand.New(rand.NewPCG(seed, 0))}
}

// crash starts so many writers, kills them, and audits what they left.
func (r *crashRun) crash(writers int) error {
	r.round++
	var (
		children []*child
		journals []string
	)
	for n := range writers {
		w := r.writer
		w.Name = fmt.Sprintf("%d/%d", r.round, n)
		w.Seed = r.random.Uint64()
		w.Journal = filepath.Join(r.t.TempDir(), "journal")
		journals = append(journals, w.Journal)
		children = append(children, start(r.t, "crash writer", w))
	}
	// One crash in eight comes while the file is being opened.
	if r.random.IntN(8) > 0 {
		for _, c := range children {
			c.hear(r.t, "at work")
		}
	}
	time.Sleep(time.Duration(r.random.IntN(300)) * time.Millisecond)
	for _, c := range children {
		c.kill(r.t)
	}

	var records []record
	for _, path := range journals {
		written, err := readJournal(path)
		if err != nil {
			return err
		}
		records = append(records, written...)
	}
	records, counts := splitCounts(records)
	before := r.known
	var err, countErr error
	r.known, err = audit(r.t.Context(), r.writer.Database, before, records)
	r.counted, countErr = auditCounters(r.t.Context(), r.writer.Database, r.counted, counts)
	r.count(records)
	for _, c := range counts {
		if c.Phase == acknowledged {
			r.counts++
		}
	}
	return errors.Join(err, countErr)
}

func (r *crashRun) count(records []record) {
	operations, err := operationsOf(records)
	require.NoError(r.t, err)
	found := map[string]bool{}
	for _, v := range r.known {
		for _, token := range v.Trail {
			found[token] = true
		}
	}
	for token, o := range operations {
		switch o.Phase {
		case acknowledged:
			r.acknowledged++
		case refused:
			r.refused++
		default:
			r.underWay++
			if found[token] {
				r.happened++
			}
		}
	}
}

// crashWriter is the process that is killed.
type crashWriter struct {
	Name, Database, Journal string
	Seed                    uint64
	Goroutines              int
	// Early puts a store between that acknowledges too early.
	Early bool
}

// writeUntilKilled does whatever changes identities, on many goroutines, and writes
// down each call before it is made and each answer after it came.
func writeUntilKilled(w crashWriter, _ <-chan string) error {
	store, err := sqlite.Open(context.Background(), w.Database)
	if err != nil {
		return err
	}
	var through storage.Storage = store
	if w.Early {
		through = linear.Broken["creates come early"](store)
	}
	manager, err := account.NewManager(through)
	if err != nil {
		return err
	}
	j, err := openJournal(w.Journal)
	if err != nil {
		return err
	}
	shared := &population{}
	for i, err := range manager.Identities(context.Background(), idem.Query{}) {
		if err != nil {
			return err
		}
		shared.add(i.ID)
	}
	fmt.Println("at work")

	var running sync.WaitGroup
	for n := range w.Goroutines {
		running.Go(func() {
			g := &crashGoroutine{
				manager: manager, journal: j, population: shared,
				name: fmt.Sprintf("%s/%d", w.Name, n), random: rand.New(rand.NewPCG(w.Seed, uint64(n))),
			}
			for {
				g.step(context.Background())
			}
		})
	}
	running.Wait()
	return nil
}

// population holds the ids that the goroutines of a writer know.
type population struct {
	mu  sync.Mutex
	ids []uuid.UUID
}

func (p *population) add(id uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = append(p.ids, id)
}

// pick returns one of the ids, and how many there are.
func (p *population) pick(random *rand.Rand) (uuid.UUID, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ids) == 0 {
		return uuid.Nil, 0
	}
	return p.ids[random.IntN(len(p.ids))], len(p.ids)
}

func (p *population) remove(id uuid.UUID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, known := range p.ids {
		if known == id {
			p.ids = append(p.ids[:n], p.ids[n+1:]...)
			return
		}
	}
}

type crashGoroutine struct {
	manager    *idem.Manager
	journal    *journal
	population *population
	name       string
	random     *rand.Rand
	count      int
}

// token returns the token of one more operation.
func (g *crashGoroutine) token() string {
	g.count++
	return fmt.Sprintf("%s/%d", g.name, g.count)
}

// step makes one operation. The population stays at about 60, so that every identity
// sees many changes.
func (g *crashGoroutine) step(ctx context.Context) {
	id, size := g.population.pick(g.random)
	switch roll := g.random.IntN(100); {
	case size < 20 || roll < 6:
		g.create(ctx)
	case roll < 9:
		g.importSome(ctx)
	case roll < 55:
		g.update(ctx, id)
	case roll < 78:
		g.patch(ctx, id)
	case roll < 90 || size < 40:
		g.countUp(ctx, id)
	default:
		g.remove(ctx, id)
	}
}

// fresh is a version that does not exist yet. Some claim what another has.
func (g *crashGoroutine) fresh() account.Version {
	token := g.token()
	v := account.Version{Email: g.email(token), Trail: []string{token}}
	if g.random.IntN(2) == 0 {
		v.External = fmt.Sprintf("crm/%d", g.random.IntN(100))
	}
	return v
}

func (g *crashGoroutine) email(token string) string {
	if g.random.IntN(4) == 0 {
		return fmt.Sprintf("shared-%d@example.com", g.random.IntN(40))
	}
	return emailOf(token)
}

func (g *crashGoroutine) create(ctx context.Context) {
	v := g.fresh()
	g.journal.write(record{Phase: called, Kind: "create", Token: v.Token()})
	created, err := g.manager.CreateIdentity(ctx, v.Create())
	g.answer(record{Kind: "create", Token: v.Token()}, created, err)
}

func (g *crashGoroutine) importSome(ctx context.Context) {
	var (
		versions [5]account.Version
		creates  []identity.Create
	)
	for n := range versions {
		versions[n] = g.fresh()
		creates = append(creates, versions[n].Create())
		g.journal.write(record{Phase: called, Kind: "create", Token: versions[n].Token()})
	}
	results, _ := g.manager.CreateIdentities(ctx, creates)
	for n, result := range results {
		g.answer(record{Kind: "create", Token: versions[n].Token()}, result.Identity, result.Err)
	}
}

// update reads, changes and writes back what it has read, unless someone came between.
func (g *crashGoroutine) update(ctx context.Context, id uuid.UUID) {
	current, err := g.manager.GetIdentity(ctx, id)
	if err != nil {
		return // deleted meanwhile
	}
	v, err := account.VersionOf(current)
	if err != nil {
		g.journal.write(record{Phase: failed, Kind: "read", ID: id, Error: err.Error()})
		return
	}
	v = v.Next(g.token())
	if g.random.IntN(3) == 0 {
		v.Email = g.email(v.Token())
	}
	u := v.Update()
	u.State = []identity.State{identity.StateActive, identity.StateInactive}[g.random.IntN(2)]
	g.journal.write(record{Phase: called, Kind: "change", Token: v.Token(), ID: id})
	updated, err := g.manager.UpdateIdentity(ctx, id, u, idem.IfRevision(current.Revision))
	g.answer(record{Kind: "change", Token: v.Token(), ID: id}, updated, err)
}

func (g *crashGoroutine) patch(ctx context.Context, id uuid.UUID) {
	token := g.token()
	g.journal.write(record{Phase: called, Kind: "change", Token: token, ID: id})
	patched, err := g.manager.PatchIdentity(ctx, id, account.PatchTo(token))
	g.answer(record{Kind: "change", Token: token, ID: id}, patched, err)
}

func (g *crashGoroutine) remove(ctx context.Context, id uuid.UUID) {
	r := record{Kind: "delete", Token: g.token(), ID: id}
	r.Phase = called
	g.journal.write(r)
	err := g.manager.DeleteIdentity(ctx, id)
	g.answer(r, nil, err)
	if err == nil {
		g.population.remove(id)
	}
}

// answer writes down what became of a call.
func (g *crashGoroutine) answer(r record, i *identity.Identity, err error) {
	switch {
	case err == nil:
		r.Phase = acknowledged
	case isRefusal(err):
		r.Phase, r.Error = refused, err.Error()
	default:
		r.Phase, r.Error = failed, err.Error()
	}
	if i != nil {
		r.ID, r.Revision = i.ID, i.Revision
	}
	g.journal.write(r)
	if err == nil && r.Kind == "create" {
		g.population.add(i.ID)
	}
}

func isRefusal(err error) bool {
	return errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrRevision)
}

// TestAudit holds the audits to databases and journals that do not fit together.
func TestAudit(t *testing.T) {
	one, two := "one", "two"
	for _, c := range []struct {
		name string
		// records are the journal of a database in which the identity was created with
		// token one and changed with token two; ID and revisions as it has them are
		// filled in where they are left out.
		records []record
		sql     string
		problem string
	}{
		{name: "all is well", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: acknowledged, Kind: "create", Token: one, Revision: 1},
			{Phase: called, Kind: "change", Token: two}, {Phase: acknowledged, Kind: "change", Token: two, Revision: 2},
		}},
		{name: "a change under way may be there", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: acknowledged, Kind: "create", Token: one, Revision: 1},
			{Phase: called, Kind: "change", Token: two},
		}},
		{name: "a lost change", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: called, Kind: "change", Token: two},
			{Phase: called, Kind: "change", Token: "three"}, {Phase: acknowledged, Kind: "change", Token: "three", Revision: 3},
		}, problem: "lost its change"},
		{name: "a change in the place of another", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: called, Kind: "change", Token: two},
			{Phase: called, Kind: "change", Token: "three"}, {Phase: acknowledged, Kind: "change", Token: "three", Revision: 2},
		}, problem: "lost its change"},
		{name: "a refused change", records: []record{
			{Phase: called, Kind: "create", Token: one},
			{Phase: called, Kind: "change", Token: two}, {Phase: refused, Kind: "change", Token: two},
		}, problem: "which was refused"},
		{name: "a change nobody made", records: []record{{Phase: called, Kind: "create", Token: one}}, problem: "nobody made"},
		{name: "a deletion that did not last", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: called, Kind: "change", Token: two},
			{Phase: called, Kind: "delete", Token: "three"}, {Phase: acknowledged, Kind: "delete", Token: "three"},
		}, problem: "is back"},
		{name: "an identity that is gone", sql: "DELETE FROM idem_identities; DELETE FROM idem_identifiers", records: []record{
			{Phase: called, Kind: "create", Token: one}, {Phase: acknowledged, Kind: "create", Token: one, Revision: 1},
		}, problem: "is gone"},
		{name: "a fault", records: []record{{Phase: called, Kind: "create", Token: one}, {Phase: failed, Kind: "create", Token: one}},
			problem: "failed"},
		{name: "half a change", sql: `UPDATE idem_identities SET document = replace(document, '"token":"two"', '"token":"one"')`, problem: "half of"},
		{name: "a gap in the revisions", sql: "UPDATE idem_identities SET revision = 3", problem: "at revision 3"},
		{name: "an identifier too many", sql: "INSERT INTO idem_identifiers VALUES ('password', 'left', x'00000000000000000000000000000000')", problem: "claims are kept"},
		{name: "an identifier too few", sql: "DELETE FROM idem_identifiers WHERE type = 'password'", problem: "no such identity"},
		{name: "a change too few in the feed", sql: "DELETE FROM idem_changes WHERE sequence = 1", problem: "the feed"},
		{name: "a change too many in the feed", sql: "INSERT INTO idem_changes SELECT sequence + 1, identity_id, revision + 1, operation, time, fields, actor, sequence FROM idem_changes WHERE sequence = 2", problem: "in the feed at 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := databasePath(t)
			manager, store, err := openManager(path)
			require.NoError(t, err)
			created, err := manager.CreateIdentity(t.Context(), account.Version{Email: "a@example.com", External: "crm/1", Trail: []string{one}}.Create())
			require.NoError(t, err)
			_, err = manager.PatchIdentity(t.Context(), created.ID, account.PatchTo(two))
			require.NoError(t, err)
			require.NoError(t, store.Close())
			if c.sql != "" {
				_, err := openDatabase(t, path, "").ExecContext(t.Context(), c.sql)
				require.NoError(t, err)
			}
			for n := range c.records {
				if r := &c.records[n]; r.Kind != "create" || r.Phase == acknowledged {
					r.ID = created.ID
				}
			}
			before := map[uuid.UUID]account.Version{}
			if c.records == nil {
				before[created.ID] = account.Version{Trail: []string{one, two}}
			}
			_, err = audit(t.Context(), path, before, c.records)
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.problem)
		})
	}
}
