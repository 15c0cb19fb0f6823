package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// network serves a fixture's handler on a socket, for what only a real connection can do.
type network struct {
	*httptest.Server
	// inFlight counts the requests that the handler is at work on.
	inFlight atomic.Int64
	// complaints is what net/http logs, such as a panic that the handler let through.
	complaints lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// listen serves until the end of the test, which fails if a request is never finished
// or net/http saw a panic. configure may be nil.
func (f *fixture) listen(t *testing.T, configure func(*http.Server)) *network {
	t.Helper()
	n := &network{}
	n.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.inFlight.Add(1)
		defer n.inFlight.Add(-1)
		f.handler.ServeHTTP(w, r)
	}))
	n.Config.ErrorLog = log.New(&n.complaints, "", 0)
	if configure != nil {
		configure(n.Config)
	}
	n.Start()
	t.Cleanup(func() {
		n.Close()
		require.NotContains(t, n.complaints.String(), "panic")
	})
	return n
}

// patience is how long a test waits for what should be there at once.
const patience = 30 * time.Second

func (n *network) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	connection, err := net.Dial("tcp", n.Listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, connection.SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { _ = connection.Close() })
	return connection.(*net.TCPConn)
}

// waitFor waits until the handler is at work on that many requests.
func (n *network) waitFor(t *testing.T, requests int64) {
	t.Helper()
	require.Eventually(t, func() bool { return n.inFlight.Load() == requests }, patience, time.Millisecond)
}

// receive reads one answer and holds it to what all answers have in common.
func receive(t *testing.T, method string, from io.Reader) response {
	t.Helper()
	r, err := readResponse(method, from)
	require.NoError(t, err)
	requireWellFormed(t, method, r)
	return r
}

func readResponse(method string, from io.Reader) (response, error) {
	buffered, ok := from.(*bufio.Reader)
	if !ok {
		buffered = bufio.NewReader(from)
	}
	answer, err := http.ReadResponse(buffered, &http.Request{Method: method})
	if err != nil {
		return response{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	return response{status: answer.StatusCode, header: answer.Header, body: content}, err
}

// wire is a request as it goes over the wire, up to its body of length bytes.
func wire(method, path, mediaType string, length int) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: id.example.com\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", method, path, mediaType, length)
}

// everything is all that the handler shows of all identities, to be compared.
func (f *fixture) everything(t *testing.T) string {
	t.Helper()
	r := f.do(t, http.MethodGet, "/admin/identities"+allConfigs+"&page_size=500", "")
	require.Equal(t, http.StatusOK, r.status)
	return string(r.body)
}
