package httpapi_test

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// BenchmarkPeople is BenchmarkHTTP with people as applications have them: with a phone number, a postal address, a
// password and metadata. It is the benchmark that counts.
func BenchmarkPeople(b *testing.B) {
	const population = 1000
	handler := func(b *testing.B, store storage.Storage, count int) (http.Handler, []uuid.UUID) {
		b.Cleanup(func() { require.NoError(b, store.Close()) })
		person, err := schema.Parse(benchtest.SchemaID, []byte(benchtest.Schema))
		require.NoError(b, err)
		schemas, err := schema.NewRegistry(person)
		require.NoError(b, err)
		return benchPeople(b, store, schemas, count, benchtest.Create)
	}
	for _, operation := range []struct {
		name    string
		request func(people []uuid.UUID, n int) (method, path, body string)
	}{
		{"PUT", func(people []uuid.UUID, n int) (method, path, body string) {
			who := n % population
			return http.MethodPut, "/admin/identities/" + people[who].String(), benchtest.UpdateBody(who, n, benchtest.Email(who, 0))
		}},
		{"PUT-email", func(people []uuid.UUID, n int) (method, path, body string) {
			who := n % population
			return http.MethodPut, "/admin/identities/" + people[who].String(), benchtest.UpdateBody(who, n, benchtest.Email(who, n))
		}},
		{"GET", func(people []uuid.UUID, n int) (method, path, body string) {
			return http.MethodGet, "/admin/identities/" + people[n%population].String(), ""
		}},
		{"list-100", func([]uuid.UUID, int) (method, path, body string) {
			return http.MethodGet, "/admin/identities?page_size=100", ""
		}},
		{"POST", func(_ []uuid.UUID, n int) (method, path, body string) {
			return http.MethodPost, "/admin/identities", benchtest.CreateBody(population + n)
		}},
	} {
		benchHTTP(b, operation.name, handler, population, operation.request)
	}
}

// BenchmarkConstant is the least that a GET can cost: an answer of the size that a person has, which is there already.
// What is more in [BenchmarkPeople] is ours.
func BenchmarkConstant(b *testing.B) {
	answer := bytes.Repeat([]byte("x"), 1400)
	handler := func(b *testing.B, store storage.Storage, _ int) (http.Handler, []uuid.UUID) {
		b.Cleanup(func() { require.NoError(b, store.Close()) })
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			header := w.Header()
			header.Set("Content-Type", "application/json; charset=utf-8")
			header.Set("Cache-Control", "private, no-cache, no-store, must-revalidate")
			header.Set("ETag", `"1"`)
			header.Set("Content-Length", strconv.Itoa(len(answer)))
			_, _ = w.Write(answer)
		}), nil
	}
	benchHTTP(b, "GET", handler, 0, func([]uuid.UUID, int) (method, path, body string) { return http.MethodGet, "/", "" })
}
