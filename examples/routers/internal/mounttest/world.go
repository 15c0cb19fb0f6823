package mounttest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/identity"
)

// world is a mounted handler and a client of it.
type world struct {
	identities  *idem.Manager
	url         string
	client      *http.Client
	cleansPaths bool
}

// response is an answer, read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

// document is what the checks read of an identity.
type document struct {
	ID         string          `json:"id"`
	ExternalID string          `json:"external_id"`
	SchemaURL  string          `json:"schema_url"`
	State      string          `json:"state"`
	Traits     json.RawMessage `json:"traits"`
}

// send sends a request with a session, or with none if token is empty. target is a
// path, or an absolute URL as links may be.
func (w *world) send(t *testing.T, token, method, target, body string, headers ...string) response {
	t.Helper()
	if strings.HasPrefix(target, "/") {
		target = w.url + target
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: application.SessionCookie, Value: token})
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Add(headers[n], headers[n+1])
	}
	answer, err := w.client.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return response{answer.StatusCode, answer.Header, content}
}

// admin sends a request with the session of an administrator.
func (w *world) admin(t *testing.T, method, target, body string, headers ...string) response {
	t.Helper()
	return w.send(t, application.AdminToken, method, target, body, headers...)
}

// require checks the status.
func (r response) require(t *testing.T, status int) response {
	t.Helper()
	require.Equal(t, status, r.status, "%s", r.body)
	return r
}

func (r response) document(t *testing.T) document {
	t.Helper()
	var d document
	require.NoError(t, json.Unmarshal(r.body, &d), "%s", r.body)
	return d
}

// requireRefused checks that it was the handler that refused, with its own envelope,
// and not the router before it.
func (r response) requireRefused(t *testing.T, status int) {
	t.Helper()
	r.require(t, status)
	require.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
	var envelope struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	require.NoError(t, json.Unmarshal(r.body, &envelope), "%s", r.body)
	require.Equal(t, status, envelope.Error.Code)
}

// create makes an identity behind the handler's back.
func (w *world) create(t *testing.T, c identity.Create) *identity.Identity {
	t.Helper()
	created, err := w.identities.CreateIdentity(t.Context(), c)
	require.NoError(t, err)
	return created
}

// requireUnchanged checks that nobody has touched i.
func (w *world) requireUnchanged(t *testing.T, i *identity.Identity) {
	t.Helper()
	now, err := w.identities.GetIdentity(t.Context(), i.ID)
	require.NoError(t, err)
	require.Equal(t, i.Revision, now.Revision)
}

func pathOf(i *identity.Identity) string { return Prefix + "/admin/identities/" + i.ID.String() }

// links returns the targets of a Link header by their relation, absolute or not, as
// they stand there.
func links(t *testing.T, header http.Header) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, link := range strings.Split(header.Get("Link"), ", ") {
		target, relation, ok := strings.Cut(link, ">; rel=")
		require.True(t, ok, "not a link: %q", link)
		target = strings.TrimPrefix(target, "<")
		_, err := url.Parse(target)
		require.NoError(t, err)
		found[strings.Trim(relation, `"`)] = target
	}
	return found
}
