package httpapi_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

// BenchmarkHandler measures the handler without a network: from the request's bytes
// to the answer's.
func BenchmarkHandler(b *testing.B) {
	for _, s := range benchStores {
		handler, people := benchHandler(b, s.open(b), 1)
		b.Run("PUT/store="+s.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				serve(b, handler, http.MethodPut, people[0], updateBody(0, "person0@example.com", n))
			}
		})
		b.Run("GET/store="+s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				serve(b, handler, http.MethodGet, people[0], "")
			}
		})
	}
}

// benchStores are what the benchmarks run on: each gets an empty one.
var benchStores = []struct {
	name string
	open func(b *testing.B) storage.Storage
}{
	{"memory", func(*testing.B) storage.Storage { return memory.New() }},
	{"sqlite", func(b *testing.B) storage.Storage {
		store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "identities.db"))
		require.NoError(b, err)
		return store
	}},
}

// benchHandler serves a number of people, whose ids it returns, from store, which it
// closes at the end.
func benchHandler(b *testing.B, store storage.Storage, people int) (http.Handler, []uuid.UUID) {
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return benchPeople(b, store, newSchemas(b), people, func(n int) identity.Create {
		return identity.Create{Traits: fmt.Appendf(nil, `{"email":"person%d@example.com"}`, n)}
	})
}

// benchPeople serves what create makes of 0 to count-1.
func benchPeople(b *testing.B, store storage.Storage, schemas *schema.Registry, count int, create func(n int) identity.Create) (http.Handler, []uuid.UUID) {
	manager, err := idem.New(store, schemas)
	require.NoError(b, err)
	creates := make([]identity.Create, count)
	for n := range creates {
		creates[n] = create(n)
	}
	results, err := manager.CreateIdentities(b.Context(), creates)
	require.NoError(b, err)
	ids := make([]uuid.UUID, count)
	for n, result := range results {
		require.NoError(b, result.Err)
		ids[n] = result.Identity.ID
	}
	return httpapi.New(manager, httpapi.AllowAll), ids
}

func updateBody(who int, email string, n int) string {
	return fmt.Sprintf(`{"schema_id":"person","state":"active","traits":{"email":%q,"name":"Person %d"},"metadata_public":{"n":%d}}`, email, who, n)
}

func serve(b *testing.B, handler http.Handler, method string, id uuid.UUID, body string) {
	r := httptest.NewRequest(method, "/admin/identities/"+id.String(), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Code, w.Body)
	}
}

// BenchmarkHTTP measures the handler in a server of net/http over the loopback
// interface, with 1, 8 and 64 clients that keep their connections. Clients and server
// share the processors; the clients do as little as they can.
func BenchmarkHTTP(b *testing.B) {
	const population = 1000
	operations := []struct {
		name    string
		request func(people []uuid.UUID, n int) (method, path, body string)
	}{
		{"PUT/email=stays", func(people []uuid.UUID, n int) (method, path, body string) {
			who := n % population
			return http.MethodPut, "/admin/identities/" + people[who].String(), updateBody(who, fmt.Sprintf("person%d@example.com", who), n)
		}},
		{"PUT/email=changes", func(people []uuid.UUID, n int) (method, path, body string) {
			who := n % population
			return http.MethodPut, "/admin/identities/" + people[who].String(), updateBody(who, fmt.Sprintf("person%d.%d@example.com", who, n), n)
		}},
		{"GET", func(people []uuid.UUID, n int) (method, path, body string) {
			return http.MethodGet, "/admin/identities/" + people[n%population].String(), ""
		}},
		{"list", func([]uuid.UUID, int) (method, path, body string) {
			return http.MethodGet, "/admin/identities?page_size=100", ""
		}},
		{"POST", func(_ []uuid.UUID, n int) (method, path, body string) {
			return http.MethodPost, "/admin/identities", fmt.Sprintf(`{"traits":{"email":"new%d@example.com"}}`, n)
		}},
	}
	for _, o := range operations {
		benchHTTP(b, o.name, benchHandler, population, o.request)
	}
}

// benchHTTP measures a request on each store with 1, 8 and 64 clients.
func benchHTTP(b *testing.B, name string, serve func(b *testing.B, store storage.Storage, people int) (http.Handler, []uuid.UUID),
	population int, request func(people []uuid.UUID, n int) (method, path, body string)) {
	for _, s := range benchStores {
		for _, count := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/store=%s/clients=%d", name, s.name, count), func(b *testing.B) {
				handler, people := serve(b, s.open(b), population)
				server := httptest.NewServer(handler)
				b.Cleanup(server.Close)
				var clients []*client
				for range count {
					clients = append(clients, newClient(b, server))
				}
				var (
					next    atomic.Int64
					running sync.WaitGroup
				)
				benchtest.Measure(b, func() {
					for _, c := range clients {
						running.Go(func() {
							for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
								if status, err := c.do(request(people, n)); err != nil || status/100 != 2 {
									b.Error(status, err)
									return
								}
							}
						})
					}
					running.Wait()
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

// client is a connection that is kept. It does as little as it can: http.Transport and http.ReadResponse cost as much as
// the handler does.
type client struct {
	connection net.Conn
	reader     *bufio.Reader
	request    []byte
}

func newClient(b *testing.B, server *httptest.Server) *client {
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(b, err)
	b.Cleanup(func() { _ = connection.Close() }) // the server may have closed it
	return &client{connection: connection, reader: bufio.NewReaderSize(connection, 128<<10)}
}

// do sends a request and reads the answer, which must tell its length, to its end.
func (c *client) do(method, path, body string) (status int, err error) {
	c.request = fmt.Appendf(c.request[:0], "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, path, len(body), body)
	if _, err := c.connection.Write(c.request); err != nil {
		return 0, err
	}
	length := 0
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		switch text := string(bytes.TrimSuffix(line, []byte("\r\n"))); {
		case text == "":
			_, err := c.reader.Discard(length)
			return status, err
		case strings.HasPrefix(text, "HTTP/1.1 "):
			status, err = strconv.Atoi(text[9:12])
		case strings.HasPrefix(text, "Content-Length: "):
			length, err = strconv.Atoi(text[len("Content-Length: "):])
		case strings.HasPrefix(text, "Transfer-Encoding: "):
			err = errors.New("an answer without its length")
		}
		if err != nil {
			return 0, err
		}
	}
}
