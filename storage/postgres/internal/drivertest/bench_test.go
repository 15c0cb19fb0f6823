package drivertest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
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

// bench is a store and a bare table with the same documents, over one pool.
type bench struct {
	pool     *pgxpool.Pool
	store    *postgres.Store
	ids      []uuid.UUID
	document []byte
}

// newBench fills a new database.
func newBench(b *testing.B) (*bench, string) {
	address := newDatabase(b, server(b))
	e := openBench(b, address)
	for start := 0; start < benchPeople; start += 1000 {
		people := make([]*identity.Identity, 1000)
		for n := range people {
			people[n] = benchPerson(uuid.Must(uuid.NewV7()))
			e.ids = append(e.ids, people[n].ID)
		}
		_, errs := e.store.CreateMany(b.Context(), people)
		require.NoError(b, errors.Join(errs...))
	}
	for _, statement := range []string{
		`CREATE TABLE bare (id uuid PRIMARY KEY, document bytea) WITH (fillfactor = 80)`,
		`INSERT INTO bare SELECT id, document FROM idem_identities`,
		`ANALYZE`,
	} {
		_, err := e.pool.Exec(b.Context(), statement)
		require.NoError(b, err)
	}
	require.NoError(b, e.pool.QueryRow(b.Context(), `SELECT document FROM bare LIMIT 1`).Scan(&e.document))
	return e, address
}

func openBench(b testing.TB, address string) *bench {
	pool, err := pgxpool.New(b.Context(), withParameters(b, address, "pool_max_conns=32"))
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	store, err := postgres.NewPgx(b.Context(), pool)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return &bench{pool: pool, store: store}
}

// through is e with connections to another address.
func (e *bench) through(b *testing.B, address string) *bench {
	other := openBench(b, address)
	other.ids, other.document = e.ids, e.document
	return other
}

func (e *bench) any() uuid.UUID { return e.ids[rand.IntN(len(e.ids))] }

func (e *bench) bareUpdate(ctx context.Context, _ int64) error {
	_, err := e.pool.Exec(ctx, `UPDATE bare SET document = $2 WHERE id = $1`, e.any().String(), e.document)
	return err
}

// update returns what updates an identity by edit.
func (e *bench) update(edit func(i *identity.Identity, n int64)) func(ctx context.Context, n int64) error {
	return func(ctx context.Context, n int64) error {
		_, err := e.store.Update(ctx, e.any(), func(i *identity.Identity) (*identity.Identity, error) {
			edit(i, n)
			return i, nil
		})
		return err
	}
}

// plain changes no claim.
func plain(i *identity.Identity, n int64) {
	i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))
}

// BenchmarkStore compares the store with the bare driver, in turns, on one server: an update
// with an autocommit UPDATE … WHERE id of as many bytes, a create with an INSERT of them, a
// get with a SELECT. Each turn takes 0.3 s; run it with -benchtime 20x.
func BenchmarkStore(b *testing.B) {
	e, _ := newBench(b)
	pool, store, any, document := e.pool, e.store, e.any, e.document
	update := e.update(plain)
	claims := e.update(func(i *identity.Identity, n int64) {
		email := fmt.Sprintf("%d.%s", n, i.ID)
		i.Credentials = credentials.Set{credentials.TypePassword: {Type: credentials.TypePassword, Identifiers: []string{email}}}
		i.VerifiableAddresses[0].Value = email
	})
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("update/callers=%d", callers), func(b *testing.B) { contest(b, callers, e.bareUpdate, update) })
	}
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("update of claims/callers=%d", callers), func(b *testing.B) { contest(b, callers, e.bareUpdate, claims) })
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
						if err := update(b.Context(), int64(n)); err != nil {
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

// BenchmarkRoundTrip is BenchmarkStore for updates with a server that is 1 ms away.
func BenchmarkRoundTrip(b *testing.B) {
	near, address := newBench(b)
	g := newGate(b, address)
	g.delay = 500 * time.Microsecond // in each direction
	e := near.through(b, g.address(b, address))
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("update/callers=%d", callers), func(b *testing.B) { contest(b, callers, e.bareUpdate, e.update(plain)) })
	}
}

const benchVariable = "IDEM_BENCH_PROCESS"

// BenchmarkProcesses compares four processes with one that has as many callers as the four
// together, in turns.
func BenchmarkProcesses(b *testing.B) {
	_, address := newBench(b)
	for _, callers := range []int{8, 64} {
		b.Run(fmt.Sprintf("update/callers=%d", callers), func(b *testing.B) {
			one, four := []*benchProcess{startBenchProcess(b, address, callers)}, []*benchProcess{}
			for range 4 {
				four = append(four, startBenchProcess(b, address, callers/4))
			}
			var made [2]int
			for range b.N {
				for way, processes := range [][]*benchProcess{one, four} {
					for _, p := range processes {
						p.begin(b)
					}
					for _, p := range processes {
						made[way] += p.made(b)
					}
				}
			}
			b.ReportMetric(float64(made[1])/float64(made[0]), "four/one")
			b.ReportMetric(float64(made[0])/benchTurn.Seconds()/float64(b.N), "one/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// benchTurn is how long each turn of processes takes.
const benchTurn = 500 * time.Millisecond

// benchProcess is another process that updates identities for a turn whenever it is told to.
type benchProcess struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func startBenchProcess(b *testing.B, address string, callers int) *benchProcess {
	command := exec.Command(os.Args[0], "-test.run", "^TestBenchProcess$")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", benchVariable, callers, address))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	require.NoError(b, err)
	in, err := command.StdinPipe()
	require.NoError(b, err)
	require.NoError(b, command.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		require.NoError(b, command.Wait())
	})
	return &benchProcess{in, bufio.NewReader(out)}
}

func (p *benchProcess) begin(b *testing.B) {
	_, err := io.WriteString(p.in, "begin\n")
	require.NoError(b, err)
}

func (p *benchProcess) made(b *testing.B) (made int) {
	line, err := p.out.ReadString('\n')
	require.NoError(b, err)
	_, err = fmt.Sscanln(line, &made)
	require.NoError(b, err)
	return made
}

// TestBenchProcess is the other process of BenchmarkProcesses.
func TestBenchProcess(t *testing.T) {
	given := os.Getenv(benchVariable)
	if given == "" {
		return
	}
	var (
		callers int
		address string
	)
	_, err := fmt.Sscan(given, &callers, &address)
	require.NoError(t, err)
	e := openBench(t, address)
	rows, err := e.pool.Query(t.Context(), `SELECT id FROM bare`)
	require.NoError(t, err)
	e.ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	require.NoError(t, err)
	update := e.update(plain)
	for turns := bufio.NewScanner(os.Stdin); turns.Scan(); {
		var (
			group sync.WaitGroup
			made  atomic.Int64
			began = time.Now()
		)
		for range callers {
			group.Go(func() {
				for time.Since(began) < benchTurn {
					assert.NoError(t, update(t.Context(), rand.Int64()))
					made.Add(1)
				}
			})
		}
		group.Wait()
		fmt.Println(made.Load())
	}
}
