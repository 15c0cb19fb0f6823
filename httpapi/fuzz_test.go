package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage/memory"
)

// FuzzHandler lets the handler answer any request there can be, over a store with an
// identity of each schema. Whatever comes in: the answer is no fault of ours, it has the
// form that all answers have, one that refuses has changed nothing, and afterwards every
// identity can be read, and sent back as it was read without any effect.
//
// header holds lines of a name, a colon and a value. It runs long with
//
//	go test ./httpapi -run '^$' -fuzz FuzzHandler$ -fuzztime 10m -parallel 1
func FuzzHandler(f *testing.F) {
	state := newFuzzState(f)
	for _, e := range endpoints {
		bodies := e.bodies
		if bodies == nil {
			bodies = []body{{}}
		}
		for _, b := range bodies {
			header := "Content-Type: " + b.mediaType
			for _, method := range append(e.methods(), "OPTIONS") {
				f.Add(method, e.at(firstID), header, []byte(b.content))
			}
			for _, query := range e.queries {
				f.Add(e.method, e.at(firstID)+"?"+query, header, []byte(b.content))
			}
			f.Add(e.method, e.at(absentID), header+"\nIf-Match: \"1\"\nAccept: application/problem+json", []byte(b.content))
			f.Add(e.method, e.at(firstID), header+"\nIf-None-Match: W/\"1-"+firstID+"\", \"2\"", []byte(b.content))
		}
	}
	for _, c := range badBodies {
		if len(c.body) > 4096 {
			continue // teaches the fuzzer nothing but to be slow
		}
		f.Add("PUT", identityPath(firstID), "Content-Type: application/json", []byte(c.body))
		f.Add("POST", "/admin/identities", "Content-Type: application/json", []byte(c.body))
		f.Add("PATCH", "/admin/identities", "Content-Type: application/json", []byte(`{"identities":[{"create":`+c.body+`}]}`))
		f.Add("PATCH", identityPath(firstID), "Content-Type: application/merge-patch+json", []byte(c.body))
	}
	f.Add("PATCH", identityPath(firstID), "Content-Type: application/merge-patch+json", []byte(fullUpdate))
	f.Add("POST", "/admin/identities", "Content-Type: application/json", []byte(strings.NewReplacer("4711", "9", "sample.org", "sample.com", "3 0000", "3 0001").Replace(fullCreate)))
	for _, path := range []string{changesPath, identityChangesPath(firstID), identityChangesPath(absentID), changesPath + "?after=9"} {
		f.Add("GET", path, "Accept: text/event-stream\nLast-Event-ID: 1", []byte(nil))
		f.Add("HEAD", path, "Accept: text/event-stream", []byte(nil))
	}
	for _, path := range trickyPaths(firstID) {
		f.Add("GET", path, "", []byte(nil))
		f.Add("PUT", path, "Content-Type: application/json", []byte(`{}`))
	}

	f.Fuzz(func(t *testing.T, method, target, header string, body []byte) {
		state.try(t, method, target, header, body)
	})
}

// FuzzHandlerFields gets past the JSON: it puts any value into any field of a good body,
// or any text if it is no value, and makes a create, a batch, an update and patches of it.
func FuzzHandlerFields(f *testing.F) {
	state := newFuzzState(f)
	values := []string{`"a"`, `"a@example.org"`, `"` + storedHash + `"`, `{"a":1}`, `["a"]`, `null`, `true`, `1e3`, `"2026-01-02T03:04:05Z"`, `"otpauth://totp/x?secret=MFRA"`}
	for field := range textFields {
		f.Add(uint(field*(1+len(textFields))), []byte(values[field%len(values)]))
	}
	for _, text := range texts {
		f.Add(uint(len(text.literal)), []byte(text.literal))
	}
	f.Fuzz(func(t *testing.T, field uint, value []byte) {
		literal := string(value)
		if !json.Valid(value) {
			quoted, err := json.Marshal(literal)
			require.NoError(t, err)
			literal = string(quoted)
		}
		const header = "Content-Type: application/json"
		body := fmt.Sprintf(textFields[field%uint(len(textFields))], literal)
		state.try(t, "POST", "/admin/identities", header, []byte(body))
		state.try(t, "PATCH", "/admin/identities", header, []byte(`{"identities":[{"create":`+body+`}]}`))
		of := state.identities[field/uint(len(textFields))%uint(len(state.identities))]
		path := identityPath(of.ID.String())
		state.try(t, "PUT", path, header, []byte(body))
		state.try(t, "PATCH", path, "Content-Type: application/merge-patch+json", []byte(body))
		state.try(t, "PATCH", path, header, fmt.Appendf(nil, patchFields[field%uint(len(patchFields))], literal))
	})
}

// try makes one request and checks what [FuzzHandler] requires of every answer.
func (s *fuzzState) try(t *testing.T, method, target, header string, body []byte) {
	world := s.open(t)
	answer := world.serve(fuzzRequest(method, target, header, body))
	requireAnswer(t, method, answer)
	require.Less(t, answer.status, 500, "%s", answer.body)
	if answer.status >= 300 || method == http.MethodGet || method == http.MethodHead {
		require.Equal(t, s.whole, world.whole(t), "what was refused, or only read, has changed something")
		return
	}
	if location := answer.header.Get("Location"); location != "" {
		require.Equal(t, http.StatusOK, world.serve(fuzzRequest("GET", strings.TrimPrefix(location, baseURL), "", nil)).status)
	}
	world.requireSound(t)
}

// fuzzState is what the store holds before each request.
type fuzzState struct {
	schemas    *schema.Registry
	identities []*identity.Identity
	whole      string
}

func newFuzzState(f *testing.F) *fuzzState {
	fixture := newFixture(f, "memory", memory.New())
	for _, create := range []string{
		fullCreate,
		`{"schema_id":"free","traits":{"a":{"b":[null,1.50,"é"]}},"metadata_public":[{"deep":[[]]}],"metadata_admin":"x"}`,
		`{"schema_id":"b2b/device","state":"inactive","external_id":"d","traits":{"serial":"A1","email":"d@example.org"}}`,
	} {
		r := fixture.serve(fuzzRequest("POST", "/admin/identities", "Content-Type: application/json", []byte(create)))
		require.Equal(f, http.StatusCreated, r.status, "%s", r.body)
	}
	page, err := fixture.manager.ListIdentities(f.Context(), idem.Query{})
	require.NoError(f, err)
	require.Equal(f, firstID, page.Identities[0].ID.String())
	state := &fuzzState{schemas: newSchemas(f), identities: page.Identities}
	state.whole = state.open(f).whole(f)
	return state
}

// fuzzWorld is a handler over a store that holds what fuzzState says.
type fuzzWorld struct{ handler http.Handler }

func (s *fuzzState) open(t testing.TB) fuzzWorld {
	store := memory.New()
	for _, i := range s.identities {
		_, err := store.Create(context.Background(), i)
		require.NoError(t, err)
	}
	clock := &fixture{time: noon.Add(time.Hour), ids: 1000}
	manager, err := idem.New(store, s.schemas, idem.WithIDs(clock.newID),
		idem.WithClock(func() time.Time { clock.tick(); return clock.now() }),
		idem.WithHasher(instantHasher{}))
	require.NoError(t, err)
	clock.desk, err = signin.New(manager, bytes.Repeat([]byte{7}, signin.KeyBytes))
	require.NoError(t, err)
	return fuzzWorld{httpapi.New(manager, httpapi.AllowAll, append(clock.signIn(), httpapi.WithBaseURL(baseURL))...)}
}

// instantHasher hashes every password alike.
type instantHasher struct{}

func (instantHasher) Hash(context.Context, []byte) (string, error) { return storedHash, nil }

func (instantHasher) NeedsRehash(passwordhash.Hash) bool { return false }

func (w fuzzWorld) serve(r *http.Request) response {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	recorder := &leaver{httptest.NewRecorder(), cancel}
	w.handler.ServeHTTP(recorder, r.WithContext(ctx))
	return response{status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
}

// leaver is a client that leaves a stream, which would not end, as soon as it begins.
type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l *leaver) Write(p []byte) (int, error) {
	if l.Header().Get("Content-Type") == "text/event-stream" {
		l.leave()
	}
	return l.ResponseRecorder.Write(p)
}

// whole is everything that the handler shows of all identities.
func (w fuzzWorld) whole(t testing.TB) string {
	r := w.serve(fuzzRequest("GET", "/admin/identities"+allConfigs+"&page_size=500", "", nil))
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	return string(r.body)
}

// requireSound checks that every identity can be sent back as it is read, with and
// without its secrets, and that doing so changes nothing.
func (w fuzzWorld) requireSound(t testing.TB) {
	before := w.whole(t)
	var all []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(before), &all))
	for _, raw := range all {
		var listed struct{ ID string }
		require.NoError(t, json.Unmarshal(raw, &listed))
		path := identityPath(listed.ID)
		for _, query := range []string{"", allConfigs} {
			read := w.serve(fuzzRequest("GET", path+query, "", nil))
			require.Equal(t, http.StatusOK, read.status)
			again := w.serve(fuzzRequest("PUT", path, "Content-Type: application/json\nIf-Match: "+read.etag(), read.body))
			require.Equal(t, http.StatusOK, again.status, "%s\nof %s", again.body, read.body)
			require.Equal(t, read.etag(), again.etag())
		}
		empty := w.serve(fuzzRequest("PATCH", path, "Content-Type: application/merge-patch+json", []byte(`{}`)))
		require.Equal(t, http.StatusOK, empty.status, "%s", empty.body)
	}
	require.Equal(t, before, w.whole(t))
}

// fuzzRequest makes a request even of what no server would let through.
func fuzzRequest(method, target, header string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(string(body)))
	r.Method = method
	path, query, _ := strings.Cut(target, "?")
	r.URL = &url.URL{Path: path, RawQuery: query}
	if unescaped, err := url.PathUnescape(path); err == nil {
		r.URL.Path, r.URL.RawPath = unescaped, path
	}
	for line := range strings.Lines(header) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":"); ok {
			r.Header.Add(name, strings.TrimSpace(value))
		}
	}
	return r
}

// requireAnswer checks the form of an answer, which is that of RFC 9457 or a stream where
// that was asked for.
func requireAnswer(t testing.TB, method string, r response) {
	if r.header.Get("Content-Type") == "text/event-stream" {
		require.Equal(t, http.StatusOK, r.status)
		require.NotEmpty(t, r.header.Get("Cache-Control"))
		return
	}
	if r.header.Get("Content-Type") != "application/problem+json" {
		requireWellFormed(t, method, r)
		return
	}
	require.GreaterOrEqual(t, r.status, 400)
	require.NotEmpty(t, r.header.Get("Cache-Control"))
	if method == http.MethodHead {
		require.Empty(t, r.body)
		return
	}
	var problem struct {
		Status            int
		Title, Detail, ID string
		Details           map[string]any
	}
	require.NoError(t, json.Unmarshal(r.body, &problem), "%s", r.body)
	require.Equal(t, r.status, problem.Status)
	require.NotEmpty(t, problem.ID)
	require.NotNil(t, problem.Details)
}
