package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestManyAndLargeHeaders(t *testing.T) {
	repeated := func(count int, format string) string {
		var lines strings.Builder
		for n := range count {
			fmt.Fprintf(&lines, format, n)
		}
		return lines.String()
	}
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		server := f.listen(t, nil)
		for _, c := range []struct {
			name, lines string
			status      int // of a GET and of a PUT
		}{
			{"a thousand headers", repeated(1000, "X-%[1]d: %[1]d\r\n"), 200},
			{"a header of 512 KiB", "X-Large: " + strings.Repeat("x", 512<<10) + "\r\n", 200},
			{"20,000 parts of Accept", "Accept: " + repeated(20_000, "a/b;q=0.%d,") + "*/*\r\n", 200},
			{"20,000 lines of Accept", repeated(20_000, "Accept: application/x%d\r\n"), 200},
			{"20,000 tags, none of them right", "If-Match: " + repeated(20_000, `"9%d", `) + "\"x\"\r\n", 412},
			{"20,000 tags, the last of them right", "If-Match: " + repeated(20_000, `"9%d", `) + "\"1\"\r\n", 200},
			{"100,000 commas for tags", "If-Match: " + strings.Repeat(",", 100_000) + "\r\n", 400},
			{"an open quote for a tag", "If-Match: \"" + strings.Repeat("x", 100_000) + "\r\n", 400},
			{"tags that are not UTF-8", "If-Match: \"\xff\xfe\"\r\n", 412},
			{"a revision that no number holds", "If-Match: \"" + strings.Repeat("9", 10_000) + "\"\r\n", 412},
		} {
			t.Run(c.name, func(t *testing.T) {
				for _, method := range []string{http.MethodGet, http.MethodPut} {
					state := f.everything(t)
					connection := server.dial(t)
					const body = `{"traits":{"username":"ada"}}`
					_, err := fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
						method, identityPath(id), len(body), c.lines, body)
					require.NoError(t, err)
					requireStatus(t, c.status, receive(t, method, connection))
					if c.status != 200 || method == http.MethodGet {
						require.Equal(t, state, f.everything(t))
					}
				}
				f.do(t, http.MethodDelete, identityPath(id), "")
				id = f.create(t, fullCreate).ID
			})
		}
		t.Run("more than the server takes", func(t *testing.T) {
			state := f.everything(t)
			connection := server.dial(t)
			go func() { // the server may hang up before the end
				_, _ = fmt.Fprintf(connection, "DELETE %s HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", identityPath(id), strings.Repeat("x", 4<<20))
			}()
			r, err := readResponse(http.MethodDelete, connection)
			if err == nil { // an answer of net/http's own
				require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, r.status)
			}
			require.Equal(t, state, f.everything(t))
		})
	})
}

func TestOddMethods(t *testing.T) {
	methods := []string{"OPTIONS", "TRACE", "PROPFIND", "BREW", "get", "Put", "P", "M-SEARCH", "!#$%&'*+-.^_`|~", strings.Repeat("X", 10_000)}
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		state := f.everything(t)
		server := f.listen(t, nil)
		for _, e := range endpoints {
			connection := server.dial(t)
			reader := bufio.NewReader(connection)
			for _, method := range methods {
				body := e.body()
				_, err := io.WriteString(connection, wire(method, e.at(id), body.mediaType, len(body.content))+body.content)
				require.NoError(t, err)
				requireRefusal(t, refusal{status: http.StatusMethodNotAllowed}, receive(t, method, reader))
			}
		}
		require.Equal(t, state, f.everything(t))
	})
}

func TestHTTP10(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		server := f.listen(t, nil)
		for _, e := range endpoints {
			if e.writes || e.bodies != nil {
				continue
			}
			connection := server.dial(t)
			_, err := fmt.Fprintf(connection, "%s %s HTTP/1.0\r\n\r\n", e.method, e.at(id))
			require.NoError(t, err)
			reader := bufio.NewReader(connection)
			requireStatus(t, http.StatusOK, receive(t, e.method, reader))
			_, err = reader.ReadByte()
			require.ErrorIs(t, err, io.EOF, "the connection ends with the answer")
		}
		connection := server.dial(t)
		const body = `{"state":"inactive"}`
		_, err := fmt.Fprintf(connection, "PUT %s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", identityPath(id), len(body), body)
		require.NoError(t, err)
		requireStatus(t, http.StatusOK, receive(t, http.MethodPut, connection))
		require.Equal(t, "inactive", f.read(t, id).State)
	})
}

// TestMalformedHTTP sends what net/http itself refuses, in its own words, and checks
// that none of it reaches an identity.
func TestMalformedHTTP(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		state := f.everything(t)
		server := f.listen(t, nil)
		for name, request := range map[string]string{
			"two lengths":             "DELETE %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
			"a negative length":       "DELETE %s HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
			"an unknown encoding":     "DELETE %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: cow\r\n\r\n",
			"no host":                 "DELETE %s HTTP/1.1\r\n\r\n",
			"a host of nonsense":      "DELETE %s HTTP/1.1\r\nHost: a b/c\r\n\r\n",
			"a header without a name": "DELETE %s HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
			"a header with a space":   "DELETE %s HTTP/1.1\r\nHost: x\r\nX Y: y\r\n\r\n",
			"a NUL in a header":       "DELETE %s HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
			"HTTP/0.9":                "DELETE %s\r\n\r\n",
			"HTTP/3.0":                "DELETE %s HTTP/3.0\r\nHost: x\r\n\r\n",
			"a space in the path":     "DELETE %s x HTTP/1.1\r\nHost: x\r\n\r\n",
			"a NUL in the path":       "DELETE %s\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
			"half an escape":          "DELETE %s%%2 HTTP/1.1\r\nHost: x\r\n\r\n",
			"a method with a slash":   "DEL/ETE %s HTTP/1.1\r\nHost: x\r\n\r\n",
			"no end of the headers":   "DELETE %s HTTP/1.1\r\nHost: x\r\n",
			"an end in between":       "DELETE %s HT",
		} {
			t.Run(name, func(t *testing.T) {
				connection := server.dial(t)
				_, err := fmt.Fprintf(connection, request, identityPath(id))
				require.NoError(t, err)
				require.NoError(t, connection.CloseWrite())
				answer, err := io.ReadAll(connection)
				require.NoError(t, err)
				if len(answer) > 0 {
					require.Regexp(t, `^HTTP/1\.[01] (4\d\d|501|505) `, string(answer))
				}
				require.Equal(t, state, f.everything(t))
			})
		}
		require.Zero(t, server.inFlight.Load())
	})
}

// TestAClientThatLeavesAStream leaves one where nothing happens, and one where much does.
func TestAClientThatLeavesAStream(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		server := f.listen(t, nil)
		var connections []*net.TCPConn
		for n := range 20 {
			connection := server.dial(t)
			_, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n", []string{changesPath, identityChangesPath(id)}[n%2])
			require.NoError(t, err)
			_, err = io.ReadFull(connection, make([]byte, 100))
			require.NoError(t, err)
			connections = append(connections, connection)
		}
		server.waitFor(t, 20)
		for n, connection := range connections {
			if n%2 == 0 {
				require.NoError(t, connection.SetLinger(0))
			}
			require.NoError(t, connection.Close())
			if n < 10 {
				f.update(t, id, fmt.Sprintf(`{"metadata_public":%d}`, n))
			}
		}
		server.waitFor(t, 0)
	})
}

// TestAClientThatHangsUp leaves in the middle of an answer too large for any buffer.
func TestAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(t *testing.T, f *fixture) {
		for range 6 {
			f.create(t, `{"schema_id":"free","metadata_public":"`+strings.Repeat("x", 1<<20-50_000)+`"}`)
		}
		server := f.listen(t, nil)
		for n := range 10 {
			connection := server.dial(t)
			require.NoError(t, connection.SetReadBuffer(4<<10))
			_, err := io.WriteString(connection, "GET /admin/identities HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
			_, err = io.ReadFull(connection, make([]byte, 1000))
			require.NoError(t, err)
			if n%2 == 0 {
				require.NoError(t, connection.SetLinger(0)) // with a reset rather than an orderly end
			}
			require.NoError(t, connection.Close())
		}
		server.waitFor(t, 0)
		connection := server.dial(t)
		_, err := io.WriteString(connection, "GET /schemas HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		requireStatus(t, http.StatusOK, receive(t, http.MethodGet, connection))
	})
}
