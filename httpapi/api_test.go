package httpapi_test

import (
	"bytes"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files in testdata")

//go:embed testdata/*.schema.json
var schemaFiles embed.FS

// baseURL is what the handler under test is told to begin its links with.
const baseURL = "https://id.example.com/auth"

// The ids of the schemas, the first of which is the default. One of them needs
// escaping in a path.
const (
	personSchema = "person"
	deviceSchema = "b2b/device"
	freeSchema   = "free"
)

// noon is when the clock of every test starts.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fixture is a handler whose time and ids are known. Each request takes place a
// second after the one before, so that whatever writes a time shows it.
type fixture struct {
	desk      *signin.Service
	sessions  sessions
	storeName string
	store     storage.Storage
	manager   *idem.Manager
	handler   http.Handler

	mu   sync.Mutex
	time time.Time
	ids  int
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.time
}

func (f *fixture) tick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.time = f.time.Add(time.Second)
}

func (f *fixture) newID() uuid.UUID {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids++
	return uuid.MustParse(fmt.Sprintf("018f0000-0000-7000-8000-%012x", f.ids))
}

// stamp is how a time looks on the wire.
func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// onBothStores runs a test on the stores that come with idem.
func onBothStores(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, newFixture(t, "memory", memory.New())) })
	t.Run("sqlite", func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "identities.db"))
		require.NoError(t, err)
		test(t, newFixture(t, "sqlite", store))
	})
}

// newFixture serves what is in store, which it closes at the end of the test.
func newFixture(t testing.TB, name string, store storage.Storage, options ...idem.Option) *fixture {
	t.Helper()
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	hasher, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	f := &fixture{storeName: name, store: store, time: noon}
	f.manager, err = idem.New(store, newSchemas(t), append([]idem.Option{
		idem.WithClock(f.now), idem.WithIDs(f.newID), idem.WithHasher(hasher),
		idem.WithLogger(slog.New(slog.DiscardHandler)),
	}, options...)...)
	require.NoError(t, err)
	f.desk, err = signin.New(f.manager, bytes.Repeat([]byte{7}, signin.KeyBytes))
	require.NoError(t, err)
	f.handler = httpapi.New(f.manager, httpapi.AllowAll, append(f.signIn(), httpapi.WithBaseURL(baseURL))...)
	return f
}

// signIn are the options by which a handler serves recovery and sessions.
func (f *fixture) signIn() []httpapi.Option {
	return []httpapi.Option{
		httpapi.WithSignIn(f.desk, func(c signin.Code) string {
			link := "https://example.com/recover#handle=" + c.Handle
			if c.Code != "" {
				link += "&code=" + c.Code
			}
			return link
		}),
		httpapi.WithSessions(&f.sessions),
	}
}

func newSchemas(t testing.TB) *schema.Registry {
	t.Helper()
	parse := func(id, file string) *schema.Schema {
		parsed, err := schema.Parse(id, readSchemaFile(t, file))
		require.NoError(t, err)
		return parsed
	}
	schemas, err := schema.NewRegistry(
		parse(personSchema, "person"), parse(deviceSchema, "device"), parse(freeSchema, "free"))
	require.NoError(t, err)
	return schemas
}

func readSchemaFile(t testing.TB, name string) []byte {
	t.Helper()
	document, err := schemaFiles.ReadFile("testdata/" + name + ".schema.json")
	require.NoError(t, err)
	return document
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) etag() string { return r.header.Get("Etag") }

// do sends a request, a second after the one before. header is a list of names and
// values. A body is sent as JSON unless a Content-Type is among them. Every answer
// is held to what all answers have in common.
func (f *fixture) do(t *testing.T, method, path, body string, header ...string) response {
	t.Helper()
	answer := f.serve(newRequest(t, method, path, body, header...))
	requireWellFormed(t, method, answer)
	return answer
}

// serve lets the handler answer, a second after the request before. Unlike do it
// checks nothing, and so can be called from any goroutine.
func (f *fixture) serve(r *http.Request) response {
	f.tick()
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return response{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

func newRequest(t *testing.T, method, path, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	rawPath, query, _ := strings.Cut(path, "?")
	unescaped, err := url.PathUnescape(rawPath)
	require.NoError(t, err)
	r.URL = &url.URL{Path: unescaped, RawPath: rawPath, RawQuery: query}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(header); n += 2 {
		if header[n] == "Content-Type" {
			r.Header.Set(header[n], header[n+1])
			continue
		}
		r.Header.Add(header[n], header[n+1])
	}
	return r
}

// requireWellFormed checks what holds for every answer, an error's envelope above all.
func requireWellFormed(t testing.TB, method string, r response) {
	t.Helper()
	require.Equal(t, "private, no-cache, no-store, must-revalidate", r.header.Get("Cache-Control"))
	require.False(t, r.status >= 301 && r.status <= 308 && r.status != http.StatusNotModified, "a redirect to %s", r.header.Get("Location"))
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified {
		require.Empty(t, r.body)
		require.Empty(t, r.header.Get("Content-Type"))
		return
	}
	require.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
	require.NotEmpty(t, r.header.Get("Content-Length"))
	if method == http.MethodHead {
		require.Empty(t, r.body)
		return
	}
	require.Equal(t, fmt.Sprint(len(r.body)), r.header.Get("Content-Length"))
	require.True(t, json.Valid(r.body), "not JSON: %s", r.body)
	if r.status >= 400 {
		requireEnvelope(t, r)
	}
}

func requireEnvelope(t testing.TB, r response) {
	t.Helper()
	var envelope map[string]map[string]any
	require.NoError(t, json.Unmarshal(r.body, &envelope))
	require.Len(t, envelope, 1)
	e := envelope["error"]
	require.EqualValues(t, r.status, e["code"])
	require.Equal(t, http.StatusText(r.status), e["status"])
	require.NotEmpty(t, e["id"])
	require.NotEmpty(t, e["message"])
	require.IsType(t, map[string]any{}, e["details"], "details must be an object")
	for name, value := range e {
		require.Contains(t, []string{"code", "status", "id", "message", "reason", "details"}, name)
		if name == "reason" {
			require.NotEmpty(t, value)
		}
	}
	require.Empty(t, r.etag())
}

func (f *fixture) get(t *testing.T, id string, header ...string) response {
	t.Helper()
	return f.do(t, http.MethodGet, identityPath(id), "", header...)
}

func (f *fixture) put(t *testing.T, id, body string, header ...string) response {
	t.Helper()
	return f.do(t, http.MethodPut, identityPath(id), body, header...)
}

func (f *fixture) post(t *testing.T, body string, header ...string) response {
	t.Helper()
	return f.do(t, http.MethodPost, "/admin/identities", body, header...)
}

// revisionTag is the entity tag of a revision of an identity.
func revisionTag(id string, revision int) string { return fmt.Sprintf(`"%d-%s"`, revision, id) }

func identityPath(id string) string { return "/admin/identities/" + id }

// allConfigs is the query that shows an identity with everything it has.
const allConfigs = "?include_credential=password&include_credential=oidc&include_credential=saml&include_credential=totp" +
	"&include_credential=lookup_secret&include_credential=webauthn&include_credential=passkey&include_credential=code"

// whole reads an identity with the configs of all its credentials.
func (f *fixture) whole(t *testing.T, id string) response {
	t.Helper()
	r := f.get(t, id+allConfigs)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	return r
}

// create makes an identity that must succeed and returns it.
func (f *fixture) create(t *testing.T, body string) document {
	t.Helper()
	r := f.post(t, body)
	require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
	return r.document(t)
}

// update replaces an identity, which must succeed, and returns it.
func (f *fixture) update(t *testing.T, id, body string) document {
	t.Helper()
	r := f.put(t, id, body)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	require.Equal(t, string(r.body), string(f.get(t, id).body), "the answer must be what a read gives")
	return r.document(t)
}

// read reads an identity with the configs of all its credentials.
func (f *fixture) read(t *testing.T, id string) document {
	t.Helper()
	return f.whole(t, id).document(t)
}

// refusal is how a request is expected to fail.
type refusal struct {
	status   int
	id       string   // of the error; the usual one of the status if empty
	pointers []string // of the violations, in order
}

var usualErrorID = map[int]string{
	400: "validation_failed", 404: "not_found", 405: "method_not_allowed", 409: "conflict",
	412: "precondition_failed", 413: "body_too_large", 415: "unsupported_media_type",
}

func invalid(pointers ...string) refusal {
	return refusal{status: http.StatusBadRequest, pointers: pointers}
}

// requireRefusal checks how a request failed.
func requireRefusal(t *testing.T, want refusal, r response) {
	t.Helper()
	if want.id == "" {
		want.id = usualErrorID[want.status]
	}
	require.Equal(t, want.status, r.status, "%s", r.body)
	e := r.error(t)
	require.Equal(t, want.id, e.ID)
	require.Equal(t, want.pointers, e.pointers(), "%s", r.body)
	for _, v := range e.Details.Violations {
		require.NotEmpty(t, v.Message)
	}
}

// requireRefused sends an update that must fail, and checks that the identity, its
// entity tag and its secrets are to the byte what they were.
func (f *fixture) requireRefused(t *testing.T, want refusal, id, body string, header ...string) response {
	t.Helper()
	before := f.whole(t, id)
	r := f.put(t, id, body, header...)
	requireRefusal(t, want, r)
	after := f.whole(t, id)
	require.Equal(t, string(before.body), string(after.body))
	require.Equal(t, before.etag(), after.etag())
	return r
}

// errorBody is the inside of an error's envelope.
type errorBody struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Details struct {
		Violations []struct {
			Pointer, Keyword, Message string
			Alternatives              [][]any
		}
		Conflict map[string]string
	} `json:"details"`
}

func (e errorBody) pointers() []string {
	var pointers []string
	for _, v := range e.Details.Violations {
		pointers = append(pointers, v.Pointer)
	}
	return pointers
}

func (r response) error(t *testing.T) errorBody {
	t.Helper()
	var envelope struct{ Error errorBody }
	require.NoError(t, json.Unmarshal(r.body, &envelope))
	return envelope.Error
}

// document is an identity as it was answered.
type document struct {
	ID             string                `json:"id"`
	ExternalID     *string               `json:"external_id"`
	Credentials    map[string]credential `json:"credentials"`
	SchemaID       string                `json:"schema_id"`
	SchemaURL      string                `json:"schema_url"`
	State          string                `json:"state"`
	StateChangedAt string                `json:"state_changed_at"`
	Traits         json.RawMessage       `json:"traits"`
	Verifiable     []address             `json:"verifiable_addresses"`
	Recovery       []address             `json:"recovery_addresses"`
	MetadataPublic json.RawMessage       `json:"metadata_public"`
	MetadataAdmin  json.RawMessage       `json:"metadata_admin"`
	CreatedAt      string                `json:"created_at"`
	UpdatedAt      string                `json:"updated_at"`
	OrganizationID *string               `json:"organization_id"`

	etag string
}

type credential struct {
	Type        string
	Identifiers []string
	Config      json.RawMessage
	Version     int
	CreatedAt   string `json:"created_at"`
	UpdatedAt   string `json:"updated_at"`
}

type address struct {
	ID         string  `json:"id"`
	Value      string  `json:"value"`
	Verified   bool    `json:"verified"`
	Via        string  `json:"via"`
	Status     string  `json:"status"`
	VerifiedAt *string `json:"verified_at"`
	CreatedAt  string  `json:"created_at"`
	UpdatedAt  string  `json:"updated_at"`
}

func (r response) document(t *testing.T) document {
	t.Helper()
	d := document{etag: r.etag()}
	require.NoError(t, json.Unmarshal(r.body, &d))
	require.NotEmpty(t, d.etag)
	return d
}

// requireGolden compares a body, indented for reading, with a file.
func (f *fixture) requireGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	var indented strings.Builder
	encoder := json.NewEncoder(&indented)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(json.RawMessage(body)))
	file := filepath.Join("testdata", name+".golden.json")
	// One store writes and the other compares: both must answer alike.
	if *updateGolden && f.storeName == "memory" {
		require.NoError(t, os.WriteFile(file, []byte(indented.String()), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), indented.String())
}
