package storagetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// recordKey returns the n-th of a series of keys, which are in no order.
func recordKey(n int) (key storage.RecordKey) {
	binary.LittleEndian.PutUint64(key[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(key[24:], uint64(n))
	return key
}

// keep writes a record that must be written.
func keep(t *testing.T, store storage.Storage, key storage.RecordKey, now time.Time, r *storage.Record) {
	t.Helper()
	require.NoError(t, store.UpdateRecord(t.Context(), key, now, func(*storage.Record) (*storage.Record, error) { return r, nil }))
}

// record returns the record as it is at now, and leaves it as it is.
func record(t *testing.T, store storage.Storage, key storage.RecordKey, now time.Time) (found *storage.Record) {
	t.Helper()
	require.NoError(t, store.UpdateRecord(t.Context(), key, now, func(current *storage.Record) (*storage.Record, error) {
		found = current.Clone()
		return current, nil
	}))
	return found
}

func recordRoundTrip(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	values := [][]byte{nil, {}, {0}, []byte("\x00\xff text \u00e9"), make([]byte, storage.MaxRecordBytes)}
	for n, value := range values {
		for owner, id := range []uuid.UUID{uuid.Nil, i.ID} {
			key := recordKey(2*n + owner)
			require.Nil(t, record(t, store, key, noon))
			expires := noon.Add(time.Hour + 1500*time.Nanosecond).In(time.FixedZone("east", 3600))
			keep(t, store, key, noon, &storage.Record{Key: recordKey(999), Identity: id, Value: value, Expires: expires})
			found := record(t, store, key, noon)
			require.NotNil(t, found)
			require.Equal(t, key, found.Key, "the key of the result is ignored")
			require.Equal(t, id, found.Identity)
			require.Equal(t, string(value), string(found.Value))
			require.Equal(t, noon.Add(time.Hour+time.Microsecond), found.Expires)
		}
	}
	require.Nil(t, record(t, store, recordKey(999), noon))
	for n := range 2 * len(values) {
		keep(t, store, recordKey(n), noon, nil)
		require.Nil(t, record(t, store, recordKey(n), noon))
		keep(t, store, recordKey(n), noon, nil) // what is not there may be deleted
	}
	require.Len(t, changes(t, store, storage.ChangeQuery{}), 1, "records are not in the feed")
}

func recordChanges(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	key := recordKey(1)
	keep(t, store, key, noon, &storage.Record{Value: []byte("one"), Expires: noon.Add(time.Hour)})

	errChange := errors.New("refused by the change")
	err := store.UpdateRecord(t.Context(), key, noon, func(current *storage.Record) (*storage.Record, error) {
		current.Value[0] = 'X'
		return current, errChange
	})
	require.True(t, err == errChange, "the change's error is returned as it is, got %v", err)
	require.Equal(t, "one", string(record(t, store, key, noon).Value))

	tooLong := &storage.Record{Value: make([]byte, storage.MaxRecordBytes+1), Expires: noon.Add(time.Hour)}
	require.ErrorIs(t, store.UpdateRecord(t.Context(), key, noon, func(*storage.Record) (*storage.Record, error) { return tooLong, nil }), storage.ErrRecordSize)
	nobody := &storage.Record{Identity: fixedID(77), Expires: noon.Add(time.Hour)}
	require.ErrorIs(t, store.UpdateRecord(t.Context(), key, noon, func(*storage.Record) (*storage.Record, error) { return nobody, nil }), storage.ErrNotFound)
	require.PanicsWithValue(t, "a bug of the caller", func() {
		_ = store.UpdateRecord(t.Context(), key, noon, func(*storage.Record) (*storage.Record, error) { panic("a bug of the caller") })
	})
	require.Equal(t, "one", string(record(t, store, key, noon).Value))

	// An edit in place is kept, and no later edit reaches inside.
	var kept *storage.Record
	require.NoError(t, store.UpdateRecord(t.Context(), key, noon, func(current *storage.Record) (*storage.Record, error) {
		current.Value = append(current.Value[:0], "two"...)
		kept = current
		return current, nil
	}))
	kept.Value[0] = 'X'
	require.Equal(t, "two", string(record(t, store, key, noon).Value))

	// It may change hands.
	for _, owner := range []uuid.UUID{i.ID, uuid.Nil, i.ID} {
		keep(t, store, key, noon, &storage.Record{Identity: owner, Value: []byte("three"), Expires: noon.Add(time.Hour)})
		require.Equal(t, owner, record(t, store, key, noon).Identity)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = store.UpdateRecord(context.WithoutCancel(t.Context()), key, noon, func(*storage.Record) (*storage.Record, error) {
			runtime.Goexit()
			return nil, nil
		})
		t.Error("the goroutine goes on")
	}()
	<-done
	require.Equal(t, "three", string(record(t, store, key, noon).Value))
}

func recordExpiry(t *testing.T, store storage.Storage) {
	key, end := recordKey(1), noon.Add(time.Hour)
	keep(t, store, key, noon, &storage.Record{Value: []byte("one"), Expires: end})
	require.NotNil(t, record(t, store, key, end.Add(-time.Microsecond)))
	require.Nil(t, record(t, store, key, end))
	keep(t, store, key, end, &storage.Record{Value: []byte("two"), Expires: end.Add(time.Hour)})
	require.Equal(t, "two", string(record(t, store, key, end).Value))
	keep(t, store, key, end, &storage.Record{Value: []byte("three"), Expires: end})
	require.Nil(t, record(t, store, key, noon), "one that has expired already is not kept")

	for _, far := range []time.Time{time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(1<<55, 0), time.Unix(1<<60, 0)} {
		keep(t, store, key, noon, &storage.Record{Value: []byte("far"), Expires: far})
		require.NotNil(t, record(t, store, key, noon.AddDate(1000, 0, 0)), "%d", far.Unix())
	}
}

func recordPruning(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	const records = 60
	// With one clock all expire in the future, and none is removed by a later write.
	for n := range records {
		owner := uuid.Nil
		if n%2 == 0 {
			owner = i.ID
		}
		keep(t, store, recordKey(n), noon, &storage.Record{Identity: owner, Expires: noon.Add(time.Duration(n+1) * time.Minute)})
	}
	// At a time when 30 have expired, a write removes some of them, and not too many.
	later := noon.Add(30 * time.Minute)
	keep(t, store, recordKey(records), later, &storage.Record{Expires: later.AddDate(1, 0, 0)})
	pruned, err := store.PruneRecords(t.Context(), later)
	require.NoError(t, err)
	require.Equal(t, 30-storage.ExpiredPerUpdate, pruned, "each write removes up to ten expired records")
	for n := range records {
		require.Equal(t, n >= 30, record(t, store, recordKey(n), noon) != nil, "record %d", n)
	}
	pruned, err = store.PruneRecords(t.Context(), later)
	require.NoError(t, err)
	require.Zero(t, pruned)
	pruned, err = store.PruneRecords(t.Context(), later.AddDate(2, 0, 0))
	require.NoError(t, err)
	require.Equal(t, 31, pruned)
}

func recordsOfDeleted(t *testing.T, store storage.Storage) {
	gone, stays := create(t, store, person(1)), create(t, store, person(2))
	for n, owner := range []uuid.UUID{gone.ID, stays.ID, uuid.Nil, gone.ID} {
		keep(t, store, recordKey(n), noon, &storage.Record{Identity: owner, Expires: noon.Add(time.Hour)})
	}
	require.NoError(t, store.Delete(t.Context(), gone.ID, noon, nil))
	for n, there := range []bool{false, true, true, false} {
		require.Equal(t, there, record(t, store, recordKey(n), noon) != nil, "record %d", n)
	}
	create(t, store, person(1))
	require.Nil(t, record(t, store, recordKey(0), noon), "one that is created with the same id does not inherit")
}

// recordsBounded writes more records of nobody than are kept.
func recordsBounded(t *testing.T, store storage.Storage, fill func(*testing.T, storage.Storage, []storage.Record)) {
	i := create(t, store, person(1))
	const above = 50
	expires := func(n int) time.Time { return noon.Add(time.Hour + time.Duration(n)*time.Second) }
	keep(t, store, recordKey(-1), noon, &storage.Record{Identity: i.ID, Expires: noon.Add(time.Minute)})
	records := make([]storage.Record, storage.MaxAnonymousRecords-above)
	for n := range records {
		records[n] = storage.Record{Key: recordKey(n), Value: []byte{}, Expires: expires(n)}
	}
	fill(t, store, records)
	keepFrom := func(first int) {
		inParallel(above, func(n int) {
			n += first
			assert.NoError(t, store.UpdateRecord(t.Context(), recordKey(n), noon, func(*storage.Record) (*storage.Record, error) {
				return &storage.Record{Expires: expires(n)}, nil
			}))
		})
	}
	keepFrom(storage.MaxAnonymousRecords - above)
	require.NotNil(t, record(t, store, recordKey(0), noon), "as many are kept as are promised")
	keepFrom(storage.MaxAnonymousRecords)
	for n := range above {
		require.Nil(t, record(t, store, recordKey(n), noon), "record %d: those that expire first go first", n)
	}
	require.NotNil(t, record(t, store, recordKey(above), noon))
	require.NotNil(t, record(t, store, recordKey(-1), noon), "one of an identity does not count")

	// One that is deleted, and one that becomes an identity's, makes room for another.
	keep(t, store, recordKey(1000), noon, nil)
	keep(t, store, recordKey(1001), noon, &storage.Record{Identity: i.ID, Expires: expires(1001)})
	keep(t, store, recordKey(-2), noon, &storage.Record{Expires: expires(0)})
	keep(t, store, recordKey(-3), noon, &storage.Record{Expires: expires(1)})
	require.NotNil(t, record(t, store, recordKey(-2), noon))
	keep(t, store, recordKey(1001), noon, &storage.Record{Expires: expires(1001)})
	require.Nil(t, record(t, store, recordKey(-2), noon))

	// What is left of the first hundred, one of an identity, and one that came later.
	pruned, err := store.PruneRecords(t.Context(), expires(100))
	require.NoError(t, err)
	require.Equal(t, (100-above+1)+2, pruned)
}

// fillRecords writes records one by one.
func fillRecords(t *testing.T, store storage.Storage, records []storage.Record) {
	for _, r := range records {
		keep(t, store, r.Key, noon, &r)
	}
}

// recordRace has many take a code that is good once, and count, at the same time.
func recordRace(t *testing.T, store storage.Storage) {
	i := create(t, store, person(1))
	const racers = 50
	code, counter := recordKey(1), recordKey(2)
	keep(t, store, code, noon, &storage.Record{Identity: i.ID, Value: []byte("123456"), Expires: noon.Add(time.Hour)})
	errUsed := errors.New("used")
	var winners atomic.Int32
	inParallel(racers, func(int) {
		err := store.UpdateRecord(t.Context(), code, noon, func(current *storage.Record) (*storage.Record, error) {
			if current == nil {
				return nil, errUsed
			}
			return nil, nil
		})
		if err == nil {
			winners.Add(1)
		} else {
			assert.ErrorIs(t, err, errUsed)
		}
		err = store.UpdateRecord(t.Context(), counter, noon, func(current *storage.Record) (*storage.Record, error) {
			next := &storage.Record{Value: make([]byte, 8), Expires: noon.Add(time.Hour)}
			if current != nil {
				next = current
			}
			binary.BigEndian.PutUint64(next.Value, binary.BigEndian.Uint64(next.Value)+1)
			return next, nil
		})
		assert.NoError(t, err)
	})
	require.Equal(t, int32(1), winners.Load(), "exactly one of %d gets a code that is good once", racers)
	require.Equal(t, uint64(racers), binary.BigEndian.Uint64(record(t, store, counter, noon).Value))
}

// recordBesideDelete writes records of an identity while it is deleted and created: none
// may be left of one that is gone.
func recordBesideDelete(t *testing.T, store storage.Storage) {
	const rounds = 30
	for round := range rounds {
		i := create(t, store, person(round))
		inParallel(5, func(n int) {
			if n == 0 {
				assert.NoError(t, store.Delete(t.Context(), i.ID, noon, nil))
				return
			}
			err := store.UpdateRecord(t.Context(), recordKey(n), noon, func(*storage.Record) (*storage.Record, error) {
				return &storage.Record{Identity: i.ID, Expires: noon.Add(time.Hour)}, nil
			})
			if err != nil {
				assert.ErrorIs(t, err, storage.ErrNotFound)
			}
		})
		for n := range 5 {
			require.Nil(t, record(t, store, recordKey(n), noon), "a record of an identity that is gone")
		}
	}
}

// recordBesidePruning renews records while others prune by a clock that is ahead: what was
// renewed is there.
func recordBesidePruning(t *testing.T, store storage.Storage) {
	const rounds, renewed = 25, 6
	soon, late := noon.Add(time.Second), noon.Add(time.Hour)
	for round := range rounds {
		for n := range renewed {
			keep(t, store, recordKey(n), noon, &storage.Record{Value: []byte("old"), Expires: soon})
		}
		inParallel(renewed+2, func(n int) {
			switch n {
			case renewed:
				_, err := store.PruneRecords(t.Context(), soon)
				assert.NoError(t, err)
			case renewed + 1: // which deletes some that have expired by its clock
				assert.NoError(t, store.UpdateRecord(t.Context(), recordKey(n), soon, func(*storage.Record) (*storage.Record, error) {
					return &storage.Record{Value: []byte{byte(round)}, Expires: late}, nil
				}))
			default:
				assert.NoError(t, store.UpdateRecord(t.Context(), recordKey(n), noon, func(*storage.Record) (*storage.Record, error) {
					return &storage.Record{Value: []byte("new"), Expires: late}, nil
				}))
			}
		})
		for n := range renewed {
			found := record(t, store, recordKey(n), soon)
			require.NotNil(t, found, "a record that was renewed is gone")
			require.Equal(t, "new", string(found.Value))
		}
	}
}

func recordsPrint(t *testing.T, _ storage.Storage) {
	r := &storage.Record{Value: []byte("hush"), Key: recordKey(1)}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("record", "value", *r, "pointer", r)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		fmt.Fprintf(&out, verb+verb, *r, r)
	}
	require.NotContains(t, out.String(), "hush")
	require.NotContains(t, out.String(), "68757368")
}

// recordsInTransaction is what the store of an application's transaction does with records.
func recordsInTransaction(t *testing.T, store storage.Storage) {
	err := store.UpdateRecord(t.Context(), recordKey(1), noon, func(*storage.Record) (*storage.Record, error) {
		t.Error("the change was called")
		return nil, nil
	})
	require.ErrorIs(t, err, storage.ErrInTransaction)
	_, err = store.PruneRecords(t.Context(), noon)
	require.NoError(t, err)
	// What an identity leaves behind is gone with it in a transaction too.
	i := create(t, store, person(1))
	require.NoError(t, store.Delete(t.Context(), i.ID, noon, func(*identity.Identity) error { return nil }))
}
