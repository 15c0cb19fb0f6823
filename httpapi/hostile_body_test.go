package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
)

func TestABodyThatDribbles(t *testing.T) {
	onBodiesInMemory(t, func(t *testing.T, f *fixture, e endpoint, b body) {
		server := f.listen(t, nil)
		connection := server.dial(t)
		_, err := io.WriteString(connection, wire(e.method, e.at(firstID), b.mediaType, len(b.content)))
		require.NoError(t, err)
		const pieces = 16
		for n := range pieces {
			piece := b.content[n*len(b.content)/pieces : (n+1)*len(b.content)/pieces]
			_, err := io.WriteString(connection, piece)
			require.NoError(t, err)
			time.Sleep(time.Millisecond)
		}
		r := receive(t, e.method, connection)
		require.Less(t, r.status, 300, "a slow client is one like any other: %s", r.body)
	})
}

func TestABodyThatStalls(t *testing.T) {
	for _, c := range []struct {
		name      string
		configure func(*http.Server)
		end       func(t *testing.T, n *network, connection interface{ Close() error }, r *bufio.Reader, method string)
	}{
		{"until the client gives up", nil, func(t *testing.T, n *network, connection interface{ Close() error }, _ *bufio.Reader, _ string) {
			n.waitFor(t, 1)
			require.NoError(t, connection.Close())
		}},
		{"until the server gives up", func(s *http.Server) { s.ReadTimeout = 200 * time.Millisecond }, func(t *testing.T, _ *network, _ interface{ Close() error }, r *bufio.Reader, method string) {
			requireRefusal(t, invalid(""), receive(t, method, r))
			_, err := r.ReadByte()
			require.ErrorIs(t, err, io.EOF, "the connection is of no use any more")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBodies(t, func(t *testing.T, f *fixture, e endpoint, b body) {
				before := f.everything(t)
				server := f.listen(t, c.configure)
				connection := server.dial(t)
				_, err := io.WriteString(connection, wire(e.method, e.at(firstID), b.mediaType, len(b.content))+b.content[:len(b.content)-1])
				require.NoError(t, err)
				c.end(t, server, connection, bufio.NewReader(connection), e.method)
				server.waitFor(t, 0)
				require.Equal(t, before, f.everything(t))
			})
		})
	}
}

// endless is a body without an end, which counts what is read of it.
type endless struct{ read int }

func (b *endless) Read(p []byte) (int, error) {
	for n := range p {
		p[n] = ' '
	}
	b.read += len(p)
	return len(p), nil
}

func (b *endless) Close() error { return nil }

func TestAnEndlessBody(t *testing.T) {
	onBodiesInMemory(t, func(t *testing.T, f *fixture, e endpoint, b body) {
		state := f.everything(t)
		limit := httpapi.DefaultMaxBody
		if e.operation == "batchPatchIdentities" {
			limit = httpapi.DefaultMaxBatchBody
		}
		r := newRequest(t, e.method, e.at(firstID), "", "Content-Type", b.mediaType)
		r.ContentLength = -1
		content := &endless{}
		r.Body = content
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		requireRefusal(t, refusal{status: http.StatusRequestEntityTooLarge}, f.serve(r))
		runtime.ReadMemStats(&after)
		require.Less(t, content.read, 2*limit)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16*limit))
		require.Equal(t, state, f.everything(t))
	})
}

// TestAHugeBody sends far more than the limit over a connection, on which the answer
// must come though the client is still sending.
func TestAHugeBody(t *testing.T) {
	const size = 64 << 20
	chunk := strings.Repeat(" ", 32<<10)
	for _, c := range []struct {
		name, header, chunk string
	}{
		{"that says its size", fmt.Sprintf("Content-Length: %d", size), chunk},
		{"that says an absurd size", "Content-Length: 9223372036854775807", chunk},
		{"in chunks", "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(chunk), chunk)},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := f.create(t, fullCreate).ID
				state := f.everything(t)
				server := f.listen(t, nil)
				connection := server.dial(t)
				_, err := fmt.Fprintf(connection, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n\r\n", identityPath(id), c.header)
				require.NoError(t, err)
				done := make(chan struct{})
				go func() {
					defer close(done)
					for sent := 0; sent < size; sent += len(chunk) {
						if _, err := io.WriteString(connection, c.chunk); err != nil {
							return // the server has heard enough
						}
					}
				}()
				requireRefusal(t, refusal{status: http.StatusRequestEntityTooLarge}, receive(t, http.MethodPut, connection))
				require.NoError(t, connection.Close())
				<-done
				require.Equal(t, state, f.everything(t))
			})
		})
	}
}

// deep frames put a value where it lies in some part of a body.
var deep = []string{
	`%s`, `{"traits":%s}`, `{"traits":{"a":%s}}`, `{"metadata_public":%s}`, `{"metadata_admin":{"a":%s}}`, `{"schema_url":%s}`, `{"nonsense":%s}`,
	`{"state":%s}`, `{"credentials":%s}`, `{"credentials":{"password":{"config":{"password":%s}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":[%s]}}}}`,
	`{"credentials":{"oidc":{"config":{"config":%s}}}}`, `{"verifiable_addresses":%s}`, `{"identities":%s}`, `{"identities":[{"create":%s}]}`,
	`{"identities":[{"create":{"traits":%s}}]}`, `[{"op":"add","path":"/metadata_public","value":%s}]`, `[{"op":%s,"path":"/x"}]`, `[{"op":"test","path":"","value":%s}]`,
	`[%s]`,
}

func TestDeepJSON(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	const levels = 100_000
	values := map[string]string{
		"arrays":            nested(levels),
		"objects":           strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels),
		"arrays, cut off":   strings.Repeat("[", levels),
		"objects, cut off":  strings.Repeat(`{"a":`, levels),
		"arrays never open": strings.Repeat("]", levels),
		"behind a quote":    `"\"` + strings.Repeat("[", levels) + `"` + strings.Repeat("[", levels),
	}
	onBodiesInMemory(t, func(t *testing.T, f *fixture, e endpoint, b body) {
		before := f.everything(t)
		for name, value := range values {
			for _, frame := range deep {
				r := f.do(t, e.method, e.at(firstID), fmt.Sprintf(frame, value), "Content-Type", b.mediaType)
				require.Equal(t, http.StatusBadRequest, r.status, "%s in %s: %.500s", name, frame, r.body)
				require.Less(t, len(r.body), 1000)
			}
		}
		if e.operation == "patchIdentity" {
			path := strings.Repeat("/a", levels)
			for _, operation := range []string{
				`{"op":"add","path":"/metadata_public` + path + `","value":1}`, `{"op":"remove","path":"` + path + `"}`,
				`{"op":"copy","from":"` + path + `","path":"/metadata_public"}`, `{"op":"move","from":"/metadata_public","path":"/metadata_public` + path + `"}`,
			} {
				requireStatus(t, http.StatusBadRequest, f.do(t, e.method, e.at(firstID), "["+operation+"]", "Content-Type", mediaJSONPatch))
			}
		}
		require.Equal(t, before, f.everything(t))
	})
}

func requireStatus(t *testing.T, want int, r response) {
	t.Helper()
	require.Equal(t, want, r.status, "%.500s", r.body)
}
