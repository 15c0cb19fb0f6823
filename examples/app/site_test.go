package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

const (
	email    = "ada@example.com"
	password = "analytical engine"
	another  = "difference engine"
)

// postbox keeps mail for a test to read.
type postbox struct {
	mu    sync.Mutex
	mails []mail
}

func (b *postbox) send(_ context.Context, m mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, m)
	return nil
}

// take waits for a mail to an address and removes it.
func (b *postbox) take(t testing.TB, to string) mail {
	t.Helper()
	var found mail
	require.Eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for n, m := range b.mails {
			if m.to == to {
				found = m
				b.mails = append(b.mails[:n:n], b.mails[n+1:]...)
				return true
			}
		}
		return false
	}, 10*time.Second, time.Millisecond, "no mail to %s", to)
	return found
}

// none fails if a mail to an address has come.
func (b *postbox) none(t testing.TB, to string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.mails {
		require.NotEqual(t, to, m.to, m.text)
	}
}

// code waits for a mail to an address and returns the code in it.
func (b *postbox) code(t testing.TB, to string) string {
	t.Helper()
	text := b.take(t, to).text
	code := regexp.MustCompile(`^[0-9]{6}\b`).FindString(text)
	require.NotEmpty(t, code, text)
	return code
}

// appLog is what the application has logged. It holds no fault, no secret and no address.
type appLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *appLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *appLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// site is the application, served for a test.
type site struct {
	*app
	url    string
	mail   *postbox
	log    appLog
	issuer *issuer

	mu   sync.Mutex
	time time.Time // stands still, since codes of an app change with it
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{mail: &postbox{}, issuer: newIssuer(t), time: time.Now()}
	db, err := openDatabase(filepath.Join(t.TempDir(), "app.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	s.url = "http://localhost:" + port // passkeys need a name, not a number
	s.app, err = newApp(t.Context(), config{
		baseURL: s.url, db: db, key: randomKey(), mailer: s.mail, google: s.issuer.provider(), now: s.clock,
		logger: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	server.Config.Handler = s.handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		s.close()
		for _, not := range []string{"level=ERROR", password, another, email, "otpauth:"} {
			require.NotContains(t, s.log.String(), not, "in the log")
		}
	})
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

// later moves the clock on.
func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

// client is a browser without pages: it keeps cookies and follows redirects.
type client struct {
	t testing.TB
	*http.Client
	site *site
}

func (s *site) client(t testing.TB) *client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &client{t, &http.Client{Jar: jar}, s}
}

// answer is what came at the end of all redirects.
type answer struct {
	status int
	path   string
	body   string
	header http.Header
}

func (c *client) do(method, path string, form url.Values, header ...string) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.site.url+path, strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n < len(header); n += 2 {
		request.Header.Set(header[n], header[n+1])
	}
	response, err := c.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return answer{response.StatusCode, response.Request.URL.Path, string(body), response.Header}
}

func (c *client) get(path string) answer { c.t.Helper(); return c.do(http.MethodGet, path, nil) }

func (c *client) post(path string, fields ...string) answer {
	c.t.Helper()
	form := url.Values{}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	return c.do(http.MethodPost, path, form)
}

// session is the id of the session in the cookie.
func (c *client) session() string {
	u, err := url.Parse(c.site.url)
	require.NoError(c.t, err)
	for _, cookie := range c.Jar.Cookies(u) {
		if cookie.Name == "session" {
			return cookie.Value
		}
	}
	return ""
}

// signUp makes an account with a verified address.
func (c *client) signUp(email string) {
	c.t.Helper()
	require.Equal(c.t, "/verify", c.post("/sign-up", "name", "Ada", "email", email, "password", password).path)
	require.Equal(c.t, "/sign-in", c.post("/verify", "code", c.site.mail.code(c.t, email)).path)
	require.NotEmpty(c.t, c.site.log.String())
}

func (c *client) signIn(email, password string) answer {
	c.t.Helper()
	return c.post("/sign-in", "email", email, "password", password)
}

// member is a client that has signed up and signed in.
func (s *site) member(t testing.TB, email string) *client {
	c := s.client(t)
	c.signUp(email)
	require.Equal(t, "/account", c.signIn(email, password).path)
	return c
}

// between returns what stands between two texts of a page.
func between(t testing.TB, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	require.True(t, found, "%q is not in %s", before, text)
	value, _, found := strings.Cut(rest, after)
	require.True(t, found)
	return value
}

// appCode is the code that an authenticator app with that secret shows now.
func (s *site) appCode(t testing.TB, secret string) string {
	t.Helper()
	app, err := credentials.ParseTOTP(fmt.Sprintf("otpauth://totp/x?secret=%s", secret))
	require.NoError(t, err)
	return app.Code(app.Step(s.clock()))
}

// enrol adds an authenticator app to a member, moves on to its next code, and returns its secret.
func (c *client) enrol() string {
	c.t.Helper()
	secret := between(c.t, c.post("/account/app").body, `id="secret">`, "<")
	require.Equal(c.t, "/account", c.post("/account/app/code", "code", c.site.appCode(c.t, secret)).path)
	c.site.later(time.Minute)
	return secret
}
