//go:build unix

package faulttest_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
)

// Counters are records of the store that writers count up: one that loses a write, or
// makes one twice, shows in its number.

// counters is how many there are. They belong to no identity.
const counters = 8

// kindCount is the Kind of a journal's record of a count; its Token names the counter, and
// its Revision is the number that was reached.
const kindCount = "count"

func counterKey(name string) (key storage.RecordKey) {
	copy(key[:], "counter "+name)
	return key
}

// countRecord adds one to a counter, which belongs to owner, and returns what it made.
func countRecord(ctx context.Context, m *idem.Manager, name string, owner uuid.UUID) (reached int64, err error) {
	err = m.UpdateRecord(ctx, counterKey(name), func(current *storage.Record) (*storage.Record, error) {
		reached = 1
		if current != nil {
			reached = int64(binary.BigEndian.Uint64(current.Value)) + 1
		}
		return &storage.Record{
			Identity: owner, Value: binary.BigEndian.AppendUint64(nil, uint64(reached)),
			Expires: time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC),
		}, nil
	})
	return reached, err
}

// countUp counts one of the shared counters up, or one of an identity, and writes it down.
func (g *crashGoroutine) countUp(ctx context.Context, id uuid.UUID) {
	if g.random.IntN(4) == 0 {
		// Of this only what the database makes of it is audited: the identity may go.
		_, err := countRecord(ctx, g.manager, id.String()[:20], id)
		if err != nil && !isRefusal(err) {
			g.journal.write(record{Phase: failed, Kind: kindCount, Error: err.Error()})
		}
		return
	}
	name := fmt.Sprint(g.random.IntN(counters))
	g.journal.write(record{Phase: called, Kind: kindCount, Token: name})
	reached, err := countRecord(ctx, g.manager, name, uuid.Nil)
	r := record{Phase: acknowledged, Kind: kindCount, Token: name, Revision: reached}
	if err != nil {
		r.Phase, r.Error = failed, err.Error()
	}
	g.journal.write(r)
}

// splitCounts takes the counts out of a journal.
func splitCounts(records []record) (others, counts []record) {
	for _, r := range records {
		if r.Kind == kindCount {
			counts = append(counts, r)
		} else {
			others = append(others, r)
		}
	}
	return others, counts
}

// auditCounters holds the counters against what writers were told since the last audit,
// when they stood at before. It returns where they stand.
func auditCounters(ctx context.Context, path string, before map[string]int64, counts []record) (map[string]int64, error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	stand := map[string]int64{}
	var problems []error
	for n := range counters {
		name, key := fmt.Sprint(n), counterKey(fmt.Sprint(n))
		var value []byte
		switch err := db.QueryRowContext(ctx, `SELECT value FROM idem_records WHERE key = ?`, key[:]).Scan(&value); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, err
		default:
			stand[name] = int64(binary.BigEndian.Uint64(value))
		}
	}
	called := map[string]int64{}
	told := map[string]map[int64]bool{}
	for _, r := range counts {
		switch r.Phase {
		case failed:
			problems = append(problems, fmt.Errorf("a count failed: %s", r.Error))
		case acknowledged:
			if told[r.Token] == nil {
				told[r.Token] = map[int64]bool{}
			}
			if told[r.Token][r.Revision] {
				problems = append(problems, fmt.Errorf("counter %s was told to have reached %d twice", r.Token, r.Revision))
			}
			told[r.Token][r.Revision] = true
			if r.Revision <= before[r.Token] || r.Revision > stand[r.Token] {
				problems = append(problems, fmt.Errorf("counter %s was told to have reached %d; it was at %d and is at %d", r.Token, r.Revision, before[r.Token], stand[r.Token]))
			}
		default:
			called[r.Token]++
		}
	}
	for name, at := range stand {
		if at-before[name] > called[name] {
			problems = append(problems, fmt.Errorf("counter %s went from %d to %d in %d calls", name, before[name], at, called[name]))
		}
	}
	for query, problem := range map[string]string{
		`SELECT count(*) FROM idem_records WHERE identity_id NOT IN (SELECT id FROM idem_identities)`:                 "%d records belong to identities that are gone",
		`SELECT (SELECT count(*) FROM idem_records WHERE identity_id IS NULL) - (SELECT records FROM idem_anonymous)`: "the number of records without an identity is off by %d",
	} {
		var count int
		if err := db.QueryRowContext(ctx, query).Scan(&count); err != nil {
			return nil, err
		}
		if count != 0 {
			problems = append(problems, fmt.Errorf(problem, count))
		}
	}
	return stand, errors.Join(problems...)
}

// TestAuditCounters holds the audit of counters to databases and journals that do not fit
// together.
func TestAuditCounters(t *testing.T) {
	path := databasePath(t)
	manager, store, err := openManager(path)
	require.NoError(t, err)
	owner, err := manager.CreateIdentity(t.Context(), account.Version{Email: "a@example.com", Trail: []string{"one"}}.Create())
	require.NoError(t, err)
	for range 3 {
		_, err := countRecord(t.Context(), manager, "0", uuid.Nil)
		require.NoError(t, err)
	}
	_, err = countRecord(t.Context(), manager, "of somebody", owner.ID)
	require.NoError(t, err)
	require.NoError(t, store.Close())
	count := func(phase string, reached int64) record {
		return record{Phase: phase, Kind: kindCount, Token: "0", Revision: reached}
	}
	calls := []record{count(called, 0), count(called, 0)}
	before := map[string]int64{"0": 1}
	for _, c := range []struct {
		name    string
		records []record
		sql     string
		problem string
	}{
		{name: "all is well", records: append(calls, count(acknowledged, 2), count(acknowledged, 3))},
		{name: "one under way had happened", records: append(calls, count(acknowledged, 3))},
		{name: "a count that is lost", records: append(calls, count(acknowledged, 4)), problem: "reached 4"},
		{name: "a count that was there before", records: append(calls, count(acknowledged, 1)), problem: "reached 1"},
		{name: "two that are one", records: append(calls, count(acknowledged, 2), count(acknowledged, 2)), problem: "twice"},
		{name: "one too many", records: calls[:1], problem: "in 1 calls"},
		{name: "a failure", records: append(calls, count(failed, 0)), problem: "failed"},
		{name: "an owner who is gone", records: calls, sql: `UPDATE idem_records SET identity_id = x'00' WHERE identity_id IS NOT NULL`, problem: "gone"},
		{name: "a number that is off", records: calls, sql: `UPDATE idem_anonymous SET records = 7`, problem: "off by"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.sql != "" {
				_, err := openDatabase(t, path, "").ExecContext(t.Context(), c.sql)
				require.NoError(t, err)
			}
			_, err := auditCounters(t.Context(), path, before, c.records)
			if c.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.problem)
		})
	}
}

// TestLinearizableRecords has goroutines on two handles count records up, and looks whether
// their answers fit one order that agrees with the clock: no number comes twice, and one
// whose call began after another's had ended is higher.
func TestLinearizableRecords(t *testing.T) {
	path := databasePath(t)
	type answer struct {
		began, ended time.Time
		reached      int64
	}
	var (
		mu      sync.Mutex
		answers = map[string][]answer{}
		working sync.WaitGroup
	)
	for handle := range 2 {
		manager, store, err := openManager(path)
		require.NoError(t, err)
		defer func() { require.NoError(t, store.Close()) }()
		for worker := range 16 {
			working.Go(func() {
				for n := range 40 {
					name := fmt.Sprint((handle + worker + n) % 4)
					began := time.Now()
					reached, err := countRecord(t.Context(), manager, name, uuid.Nil)
					ended := time.Now()
					if !assert.NoError(t, err) {
						return
					}
					mu.Lock()
					answers[name] = append(answers[name], answer{began, ended, reached})
					mu.Unlock()
				}
			})
		}
	}
	working.Wait()
	for name, all := range answers {
		slices.SortFunc(all, func(a, b answer) int { return cmp.Compare(a.reached, b.reached) })
		latest := all[0].began
		for n, a := range all {
			require.Equal(t, int64(n+1), a.reached, "counter %s", name)
			require.False(t, a.ended.Before(latest), "counter %s reached %d before a call that came later had reached less", name, a.reached)
			if a.began.After(latest) {
				latest = a.began
			}
		}
	}
}
