package drivertest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
)

var (
	kills      = flag.Int("kills", 2, "how often a server, and a process of an application, is killed")
	promotions = flag.Int("promotions", 1, "how often a standby takes over")
	cuts       = flag.Int("cuts", 50, "how many connections are cut before an answer")
)

// openStores opens stores on one database: one of pgx, one of database/sql, as two processes
// have them.
func openStores(t testing.TB, address string, options ...postgres.Option) []storage.Storage {
	t.Helper()
	one, err := postgres.NewPgx(t.Context(), openPgx(t, address), options...)
	require.NoError(t, err)
	two, err := postgres.New(t.Context(), openSQL(t, "pgx", address), options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, errors.Join(one.Close(), two.Close())) })
	return []storage.Storage{one, two}
}

// requireLedger audits a ledger and requires that nothing is lost.
func requireLedger(t testing.TB, l *ledger, store storage.Storage) {
	t.Helper()
	v := l.audit(t, store)
	t.Log(l.summary(len(v.lost)))
	require.Empty(t, v.lost, "acknowledged, and lost")
	require.Positive(t, l.count(acknowledged), "nothing was acknowledged")
}

// TestCutAnswers cuts connections before an answer gets through, so that the store does not
// know whether what it has sent has happened.
func TestCutAnswers(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"pgx", "postgres"} {
		t.Run(driver, func(t *testing.T) {
			database := newSchema(t, newDatabase(t, server(t)))
			g := newGate(t, database)
			stores := openStores(t, g.address(t, database))
			if driver == "postgres" {
				store, err := postgres.New(t.Context(), openSQL(t, driver, g.address(t, database)))
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				stores = []storage.Storage{store}
			}
			createShared(t, stores[0])
			l := newLedger()
			l.load(t, stores, 8, func() {
				g.cut.Store(23)
				for deadline := time.Now().Add(time.Minute); g.cuts.Load() < int64(*cuts) && time.Now().Before(deadline); {
					time.Sleep(10 * time.Millisecond)
				}
				g.cut.Store(0)
			})
			requireLedger(t, l, stores[0])
			t.Logf("%d connections cut", g.cuts.Load())
			require.GreaterOrEqual(t, g.cuts.Load(), int64(*cuts))
			// A record does not show a write that another has followed.
			require.Zero(t, l.countOf(unknown, "create", "update", "delete"), "a server that is there tells what became of a write")
		})
	}
}

// TestServerKill kills the server with all its processes under load.
//
// The long form is: go test -run TestServerKill -kills 20 -timeout 30m
func TestServerKill(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	name := c.name("kill")
	address := c.run("start", name)
	stores := openStores(t, address)
	createShared(t, stores[0])
	l := newLedger()
	l.load(t, stores, 16, func() {
		for range *kills {
			time.Sleep(500 * time.Millisecond)
			c.run("kill", name)
			c.run("start", name)
		}
		time.Sleep(500 * time.Millisecond)
	})
	requireLedger(t, l, stores[0])
	t.Logf("%d kills of the server", *kills)
}

// TestPromotion stops a primary at once, with a synchronous standby, which takes over under
// load. The application knows both servers by its connection string.
//
// The long form is: go test -run TestPromotion -promotions 5 -timeout 30m
func TestPromotion(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	primary := c.name("ha")
	first := c.run("start", primary)
	gates := []*gate{newGate(t, first), newGate(t, first)}
	gates[1].lead(t, "")
	stores := openStores(t, severalHosts(t, first, gates), postgres.WithResolve(30*time.Second))
	createShared(t, stores[0])
	l := newLedger()
	for n := range *promotions {
		standby := c.name("ha")
		gates[(n+1)%2].lead(t, c.run("standby", standby, primary))
		l.load(t, stores, 16, func() {
			time.Sleep(time.Second)
			began := time.Now()
			c.run("stop", primary, "immediate")
			gates[n%2].lead(t, "")
			gates[n%2].drop()
			c.run("promote", standby)
			time.Sleep(time.Second)
			t.Logf("the standby took over in %v", time.Since(began)-time.Second)
		})
		primary = standby
	}
	requireLedger(t, l, stores[0])
	t.Logf("%d promotions", *promotions)
}

// severalHosts is the address of whichever server behind the gates takes writes.
func severalHosts(t testing.TB, of string, gates []*gate) string {
	t.Helper()
	u, err := url.Parse(of)
	require.NoError(t, err)
	var hosts []string
	for _, g := range gates {
		hosts = append(hosts, g.listener.Addr().String())
	}
	u.Host = strings.Join(hosts, ",")
	return u.Scheme + "://" + u.User.String() + "@" + u.Host + u.Path + "?" + u.RawQuery + "&target_session_attrs=read-write&connect_timeout=5"
}

// TestAsynchronousStandby shows what an asynchronous standby that lags behind loses when it
// takes over: acknowledged changes, as the documentation says. What is left is whole.
func TestAsynchronousStandby(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	primary, standby := c.name("async"), c.name("async")
	address := c.run("start", primary)
	stores := openStores(t, address)
	createShared(t, stores[0])
	c.run("standby", standby, primary, "async")
	l := newLedger()
	l.load(t, stores, 4, func() {
		time.Sleep(500 * time.Millisecond)
		c.run("stop", standby)
		time.Sleep(500 * time.Millisecond)
	})
	c.run("stop", primary, "immediate")
	address = c.run("start", standby)
	c.run("promote", standby)
	v := l.audit(t, openStores(t, address)[0])
	t.Log(l.summary(len(v.lost)))
	require.NotEmpty(t, v.lost)
}

// TestServerGone takes the server away for longer than a store tries to find out what became
// of a write.
func TestServerGone(t *testing.T) {
	t.Parallel()
	const window = 500 * time.Millisecond
	database := newSchema(t, newDatabase(t, server(t)))
	g := newGate(t, database)
	for n, store := range openStores(t, g.address(t, database), postgres.WithResolve(window)) {
		t.Run(fmt.Sprintf("store %d", n), func(t *testing.T) {
			id := sharedID(n)
			_, err := store.Create(t.Context(), ledgerPerson(id))
			require.NoError(t, err)

			// The answer to the write is lost, and the server with it.
			changed := ledgerPerson(sharedID(100 + n))
			g.closing.Store(true)
			g.cut.Store(1)
			began := time.Now()
			_, err = store.Create(t.Context(), changed)
			require.ErrorIs(t, err, storage.ErrOutcomeUnknown)
			require.Greater(t, time.Since(began), window)
			require.Less(t, time.Since(began), window+20*time.Second)
			g.cut.Store(0)
			g.closing.Store(false)

			// Nothing can be sent: nothing has changed, and that is known soon.
			_, err = store.Create(t.Context(), ledgerPerson(sharedID(200+n)))
			require.ErrorIs(t, err, storage.ErrUnavailable)
			_, err = store.Get(t.Context(), id)
			require.ErrorIs(t, err, storage.ErrUnavailable)
			_, err = store.LastChange(t.Context())
			require.ErrorIs(t, err, storage.ErrUnavailable)

			g.lead(t, database)
			require.Eventually(t, func() bool {
				_, err := store.Get(t.Context(), id)
				return err == nil
			}, 10*time.Second, 10*time.Millisecond)
			_, err = store.Get(t.Context(), changed.ID)
			require.True(t, err == nil || errors.Is(err, storage.ErrNotFound))
		})
	}
}

// TestProcesses has three processes with 64 writers between them, of which one is killed
// again and again.
//
// The long form is: go test -run TestProcesses -kills 20 -timeout 30m
func TestProcesses(t *testing.T) {
	t.Parallel()
	address := newSchema(t, newDatabase(t, server(t)))
	store := openPgxStore()(t, address)
	defer func() { require.NoError(t, store.Close()) }()
	createShared(t, store)
	l := newLedger()
	ctx, stop := context.WithCancel(t.Context())
	var (
		reader sync.WaitGroup
		live   []storage.Change
	)
	from, err := store.LastChange(t.Context())
	require.NoError(t, err)
	reader.Go(func() { live = follow(ctx, store, from) })

	one, two, other := startWriter(t, l, address, 21), startWriter(t, l, address, 21), startWriter(t, l, address, 22)
	for range *kills {
		time.Sleep(time.Second)
		require.NoError(t, other.Process.Kill())
		other.end(t, true)
		other = startWriter(t, l, address, 22)
	}
	time.Sleep(time.Second)
	for _, p := range []*process{one, two, other} {
		p.stop(t)
	}
	stop()
	reader.Wait()
	for n, c := range live {
		require.Equal(t, from+int64(n)+1, c.Sequence, "the reader that followed the feed has missed something")
	}
	requireLedger(t, l, store)
	t.Logf("%d kills of one of three processes", *kills)
}

// process is a writer in another process.
type process struct {
	*exec.Cmd
	reading sync.WaitGroup
	input   interface{ Close() error }
}

const writerVariable = "IDEM_LEDGER_WRITER"

func startWriter(t *testing.T, l *ledger, address string, writers int) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], "-test.run", "^TestLedgerWriter$")}
	p.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", writerVariable, writers, address))
	p.Stderr = os.Stderr
	output, err := p.StdoutPipe()
	require.NoError(t, err)
	p.input, err = p.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	p.reading.Go(func() { l.read(output) })
	return p
}

// stop has the process end by itself.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.input.Close())
	p.end(t, false)
}

func (p *process) end(t *testing.T, killed bool) {
	t.Helper()
	p.reading.Wait()
	require.Equal(t, killed, p.Wait() != nil)
}

// TestLedgerWriter is the other process of TestProcesses. It writes until its input ends.
func TestLedgerWriter(t *testing.T) {
	given := os.Getenv(writerVariable)
	if given == "" {
		return
	}
	count, address, _ := strings.Cut(given, " ")
	writers := 0
	_, err := fmt.Sscan(count, &writers)
	require.NoError(t, err)
	pool, err := pgxpool.New(t.Context(), withParameters(t, address, "pool_max_conns=8"))
	require.NoError(t, err)
	defer pool.Close()
	store, err := postgres.NewPgx(t.Context(), pool)
	require.NoError(t, err)
	defer func() { assert.NoError(t, store.Close()) }()
	l := newLedger()
	l.log = os.Stdout
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		stop()
	}()
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() { assert.NoError(t, l.writer(ctx, fmt.Sprintf("p%d.%d", os.Getpid(), n), store)) })
	}
	group.Wait()
}
