package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
)

// sessions are an application's own.
type sessions struct {
	all   map[uuid.UUID][]httpapi.Session
	ended []uuid.UUID
	err   error
}

func (s *sessions) List(_ context.Context, id uuid.UUID, _ *bool, page httpapi.SessionPage) ([]httpapi.Session, error) {
	found := s.all[id]
	found = found[min(page.Offset, len(found)):]
	return found[:min(page.Limit, len(found))], s.err
}

func (s *sessions) End(_ context.Context, id uuid.UUID) error {
	s.ended = append(s.ended, id)
	return s.err
}

func TestSessions(t *testing.T) {
	manager := newManager(t)
	i, other := create(t, manager, `{"email":"ada@example.com"}`), create(t, manager, `{"email":"grace@example.com"}`)
	at := "/people/" + i.ID.String()
	own := &sessions{all: map[uuid.UUID][]httpapi.Session{}}
	signedIn := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for n := range 45 {
		own.all[i.ID] = append(own.all[i.ID], httpapi.Session{
			ID: uuid.New(), Active: n == 0, AuthenticatedAt: signedIn.Add(-time.Duration(n) * time.Hour), ExpiresAt: signedIn.Add(24 * time.Hour),
			AuthenticatorAssuranceLevel: "aal2", AuthenticationMethods: []httpapi.AuthenticationMethod{{Method: "password"}, {Method: "totp"}},
			Devices: []httpapi.SessionDevice{{IPAddress: "203.0.113.7", UserAgent: fmt.Sprintf("Browser/%d <script>", n), Location: "Vienna"}},
		})
	}
	var refused string
	c := newClient(t, console.New(manager, func(r *http.Request) error {
		if httpapi.Operation(r) == refused {
			return httpapi.Forbidden("")
		}
		return nil
	}, console.WithSessions(own)))

	body := c.get(at).Body.String()
	for _, shown := range []string{`datetime="2026-11-01T12:00:00Z"`, "203.0.113.7", "Browser/0 &lt;script&gt;", "Vienna", "<bdi>totp</bdi>", "aal2", `<span class="tag good">active</span>`, `<span class="tag">ended</span>`} {
		require.Contains(t, body, shown)
	}
	// Every part is reached by the links, and leads back.
	seen := map[string]bool{}
	for page := body; ; {
		for _, agent := range regexp.MustCompile(`Browser/\d+`).FindAllString(page, -1) {
			seen[agent] = true
		}
		older := regexp.MustCompile(`href="\.\./(people/[^"#]+)#sessions" rel="next"`).FindStringSubmatch(page)
		if older == nil {
			require.Contains(t, page, `?sessions=20#sessions" rel="prev"`)
			break
		}
		page = c.get("/" + older[1]).Body.String()
	}
	require.Len(t, seen, 45)
	for _, address := range []string{"?sessions=x", "?sessions=-1", "?sessions=99999999999"} {
		require.Contains(t, c.get(at+address).Body.String(), "Browser/0 ", address)
	}
	require.Contains(t, c.get("/people/"+other.ID.String()).Body.String(), "There are no sessions.")

	// A client that may not list them sees none, and the application is not called.
	refused = "listIdentitySessions"
	require.NotContains(t, c.get(at).Body.String(), "Browser/")
	refused = ""

	// They end with the sign-ins.
	require.Equal(t, http.StatusSeeOther, c.post(at+"?act=signout", personForm(i)).Code)
	require.Equal(t, []uuid.UUID{i.ID}, own.ended)

	// An application that fails leaves the rest of the page.
	own.err = errors.New("dial tcp: 10.0.0.7 refused")
	w := c.get(at)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "The application could not list the sessions.")
	require.Contains(t, w.Body.String(), `name="/traits/email"`)
	w = c.post(at+"?act=signout", personForm(get(t, manager, i)))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "10.0.0.7")
	require.False(t, strings.Contains(c.get(at).Body.String(), "10.0.0.7"))

	without := newClient(t, console.New(manager, httpapi.AllowAll, console.WithSessions(nil)))
	require.NotContains(t, without.get(at).Body.String(), "Sessions")
	require.Equal(t, http.StatusSeeOther, without.post(at+"?act=signout", personForm(get(t, manager, i))).Code)
}
