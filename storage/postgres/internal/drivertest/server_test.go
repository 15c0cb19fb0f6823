package drivertest_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

// cluster runs servers of a test's own, by scripts/postgres.
type cluster struct {
	t      testing.TB
	script string
	bin    string
}

func newCluster(t testing.TB) *cluster {
	t.Helper()
	script, err := filepath.Abs("../../../../scripts/postgres")
	require.NoError(t, err)
	return &cluster{t: t, script: script, bin: servicetest.PostgresBin(t)}
}

// run runs the script and returns what it prints.
func (c *cluster) run(args ...string) string {
	c.t.Helper()
	command := exec.Command(c.script, args...)
	command.Env = append(os.Environ(), "IDEM_POSTGRES_BIN="+c.bin)
	var out, failure bytes.Buffer
	command.Stdout, command.Stderr = &out, &failure
	require.NoError(c.t, command.Run(), "%v: %s", args, failure.String())
	return strings.TrimSpace(out.String())
}

// name returns a name for a server that no other test uses, and removes the server when the
// test ends.
func (c *cluster) name(kind string) string {
	name := fmt.Sprintf("%s_%d", kind, time.Now().UnixNano())
	c.t.Cleanup(func() { c.run("remove", name) })
	return name
}

// gate is a proxy before a server, which can be led to another one, closed, and told to cut
// connections.
type gate struct {
	listener net.Listener
	target   atomic.Pointer[string] // host and port; nil closes the gate
	// cut is after how many answers a connection is cut before the answer gets through; 0
	// never.
	cut     atomic.Int64
	answers atomic.Int64
	cuts    atomic.Int64
	// closing says that the first cut closes the gate.
	closing atomic.Bool
	// delay is how long each part of a request and of an answer takes.
	delay time.Duration

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	group sync.WaitGroup
}

func newGate(t testing.TB, address string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{listener: listener, conns: map[net.Conn]struct{}{}}
	g.lead(t, address)
	g.group.Go(g.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		g.drop()
		g.group.Wait()
	})
	return g
}

// lead leads new connections to the server of address, or nowhere if it is empty.
func (g *gate) lead(t testing.TB, address string) {
	t.Helper()
	if address == "" {
		g.target.Store(nil)
		return
	}
	u, err := url.Parse(address)
	require.NoError(t, err)
	g.target.Store(&u.Host)
}

// address is that of a server, through the gate.
func (g *gate) address(t testing.TB, of string) string {
	t.Helper()
	u, err := url.Parse(of)
	require.NoError(t, err)
	u.Host = g.listener.Addr().String()
	return u.String()
}

// drop cuts all connections.
func (g *gate) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

func (g *gate) keep(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = struct{}{}
}

func (g *gate) accept() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		target := g.target.Load()
		if target == nil {
			_ = client.Close()
			continue
		}
		server, err := net.Dial("tcp", *target)
		if err != nil {
			_ = client.Close()
			continue
		}
		g.keep(client)
		g.keep(server)
		end := func() {
			_ = client.Close()
			_ = server.Close()
			g.mu.Lock()
			defer g.mu.Unlock()
			delete(g.conns, client)
			delete(g.conns, server)
		}
		g.group.Go(func() {
			defer end()
			_, _ = io.Copy(late{server, g.delay}, client)
		})
		g.group.Go(func() {
			defer end()
			g.answer(client, server)
		})
	}
}

// answer passes on what the server answers, until it cuts the connection.
func (g *gate) answer(client, server net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if cut := g.cut.Load(); cut > 0 && g.answers.Add(1)%cut == 0 {
			if g.closing.Load() {
				g.target.Store(nil)
			}
			g.cuts.Add(1)
			return
		}
		if _, err := (late{client, g.delay}).Write(buffer[:n]); err != nil {
			return
		}
	}
}

// late writes after a delay.
type late struct {
	io.Writer
	delay time.Duration
}

func (l late) Write(part []byte) (int, error) {
	time.Sleep(l.delay)
	return l.Writer.Write(part)
}
