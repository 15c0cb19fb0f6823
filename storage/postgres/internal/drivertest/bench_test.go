package drivertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/postgres"
)

// benchPeople is how many identities the benchmarks find.
const benchPeople = 20_000

// benchPerson is an identity with 300 bytes of traits, an identifier and an address.
func benchPerson(id uuid.UUID) *identity.Identity {
	email := id.String() + "@example.com"
	now := time.Now()
	return &identity.Identity{
		ID: id, SchemaID: "person", State: identity.StateActive, StateChangedAt: now, CreatedAt: now, UpdatedAt: now,
		Traits: json.RawMessage(fmt.Sprintf(`{"email":%q,"about":%q}`, email, strings.Repeat("x", 240))),
		Credentials: credentials.Set{credentials.TypePassword: {
			Type: credentials.TypePassword, Identifiers: []string{email}, CreatedAt: now, UpdatedAt: now,
		}},
		VerifiableAddresses: []identity.VerifiableAddress{{ID: id, Value: email, Via: "email", Status: identity.AddressPending, CreatedAt: now, UpdatedAt: now}},
	}
}

// contest runs two ways to work in turns, for as long, each with as many callers, and reports
// how many operations the second made for each of the first.
func contest(b *testing.B, callers int, bare, store func(ctx context.Context, n int64) error) {
	var made [2]atomic.Int64
	var spent [2]time.Duration
	var next atomic.Int64
	for range b.N {
		for way, run := range []func(ctx context.Context, n int64) error{bare, store} {
			began := time.Now()
			var group sync.WaitGroup
			for range callers {
				group.Go(func() {
					for time.Since(began) < 300*time.Millisecond {
						if err := run(b.Context(), next.Add(1)); err != nil {
							b.Error(err)
							return
						}
						made[way].Add(1)
					}
				})
			}
			group.Wait()
			spent[way] += time.Since(began)
		}
	}
	rate := func(way int) float64 { return float64(made[way].Load()) / spent[way].Seconds() }
	b.ReportMetric(rate(1)/rate(0), "store/bare")
	b.ReportMetric(rate(1), "store/s")
	b.ReportMetric(rate(0), "bare/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStore compares the store with the bare driver, in turns, on one server: an update
// with an autocommit UPDATE … WHERE id of as many bytes, a create with an INSERT of them, a
// get with a SELECT. Each turn takes 0.3 s; run it with -benchtime 20x.
func BenchmarkStore(b *testing.B) {
	address := newDatabase(b, server(b))
	pool, err := pgxpool.New(b.Context(), withParameters(b, address, "pool_max_conns=32"))
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	store, err := postgres.NewPgx(b.Context(), pool)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	_, err = pool.Exec(b.Context(), `CREATE TABLE bare (id uuid PRIMARY KEY, document bytea) WITH (fillfactor = 80)`)
	require.NoError(b, err)
	ids := make([]uuid.UUID, benchPeople)
	for start := 0; start < benchPeople; start += 1000 {
		people := make([]*identity.Identity, 1000)
		for n := range people {
			ids[start+n] = uuid.Must(uuid.NewV7())
			people[n] = benchPerson(ids[start+n])
		}
		_, errs := store.CreateMany(b.Context(), people)
		for _, err := range errs {
			require.NoError(b, err)
		}
	}
	_, err = pool.Exec(b.Context(), `INSERT INTO bare SELECT id, document FROM idem_identities`)
	require.NoError(b, err)
	_, err = pool.Exec(b.Context(), `ANALYZE`)
	require.NoError(b, err)
	var document []byte
	require.NoError(b, pool.QueryRow(b.Context(), `SELECT document FROM bare LIMIT 1`).Scan(&document))
	any := func() uuid.UUID { return ids[rand.IntN(len(ids))] }

	bareUpdate := func(ctx context.Context, _ int64) error {
		_, err := pool.Exec(ctx, `UPDATE bare SET document = $2 WHERE id = $1`, any().String(), document)
		return err
	}
	update := func(edit func(i *identity.Identity, n int64)) func(ctx context.Context, n int64) error {
		return func(ctx context.Context, n int64) error {
			_, err := store.Update(ctx, any(), func(i *identity.Identity) (*identity.Identity, error) {
				edit(i, n)
				return i, nil
			})
			return err
		}
	}
	plain := update(func(i *identity.Identity, n int64) {
		i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))
	})
	claims := update(func(i *identity.Identity, n int64) {
		email := fmt.Sprintf("%d.%s", n, i.ID)
		i.Credentials = credentials.Set{credentials.TypePassword: {Type: credentials.TypePassword, Identifiers: []string{email}}}
		i.VerifiableAddresses[0].Value = email
	})
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("update/callers=%d", callers), func(b *testing.B) { contest(b, callers, bareUpdate, plain) })
	}
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("update of claims/callers=%d", callers), func(b *testing.B) { contest(b, callers, bareUpdate, claims) })
	}
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("create/callers=%d", callers), func(b *testing.B) {
			contest(b, callers, func(ctx context.Context, _ int64) error {
				_, err := pool.Exec(ctx, `INSERT INTO bare VALUES ($1, $2)`, uuid.Must(uuid.NewV7()).String(), document)
				return err
			}, func(ctx context.Context, _ int64) error {
				_, err := store.Create(ctx, benchPerson(uuid.Must(uuid.NewV7())))
				return err
			})
		})
	}
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("get/callers=%d", callers), func(b *testing.B) {
			contest(b, callers, func(ctx context.Context, _ int64) error {
				var raw []byte
				return pool.QueryRow(ctx, `SELECT document FROM bare WHERE id = $1`, any().String()).Scan(&raw)
			}, func(ctx context.Context, _ int64) error {
				_, err := store.Get(ctx, any())
				return err
			})
		})
	}
	// How long it takes to number 2,000 changes, for each second that eight callers take to make
	// as many.
	b.Run("numbering", func(b *testing.B) {
		const changes = 2000
		var writing, numbering time.Duration
		for range b.N {
			began := time.Now()
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					for n := range changes / 8 {
						if err := plain(b.Context(), int64(n)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
			writing += time.Since(began)
			_, err := store.LastChange(b.Context())
			require.NoError(b, err)
			_, err = pool.Exec(b.Context(), `INSERT INTO idem_pending (token, identity_id, revision, operation, time, fields, actor)
				SELECT token, identity_id, revision, operation, time, fields, actor FROM idem_changes LIMIT $1`, changes)
			require.NoError(b, err)
			began = time.Now()
			_, err = store.LastChange(b.Context())
			require.NoError(b, err)
			numbering += time.Since(began)
		}
		b.ReportMetric(numbering.Seconds()/writing.Seconds(), "numbering/updates")
		b.ReportMetric(0, "ns/op")
	})
}
