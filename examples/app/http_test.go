package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// memberPages are the routes that need somebody who has signed in.
var memberPages = []string{
	"GET /account", "POST /everywhere", "POST /account/verify", "POST /account/email", "POST /account/password", "POST /account/app",
	"GET /account/app", "POST /account/app/code", "POST /account/app/remove", "POST /account/lookup-codes", "POST /passkey/begin",
	"POST /passkey/finish", "POST /passkey/remove", "POST /google/link",
}

// otherPosts are the other routes that change something.
var otherPosts = []string{
	"POST /sign-up", "POST /verify", "POST /sign-in", "POST /sign-out", "POST /recover", "POST /password", "POST /second",
	"POST /passkey/sign-in/begin", "POST /passkey/sign-in/finish", "POST /google", "POST /google/sign-up",
}

// TestCrossOrigin posts from a page of another site, with the cookies of somebody who has signed in.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.member(t, email)
	for _, route := range append(otherPosts, memberPages...) {
		method, path, _ := strings.Cut(route, " ")
		if method == http.MethodGet {
			continue
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			got := c.do(method, path, url.Values{"email": {email}, "password": {password}}, header...)
			require.Equal(t, http.StatusForbidden, got.status, "%s %v", route, header)
		}
	}
	require.Equal(t, "/account", c.get("/account").path, "still signed in")
}

// TestHalfSignedIn comes to every page of members with no sign-in, and with one whose second factor is missing.
func TestHalfSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.member(t, email)
	secret := c.enrol()
	before, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
	require.NoError(t, err)
	half := s.client(t)
	for _, c := range []*client{s.client(t), half} {
		for _, route := range memberPages {
			if c == half {
				require.Equal(t, "/second", half.signIn(email, password).path)
			}
			method, path, _ := strings.Cut(route, " ")
			got := c.do(method, path, url.Values{"email": {"eve@example.com"}, "old": {password}, "new": {another}})
			require.Equal(t, "/sign-in", got.path, route)
			require.NotContains(t, got.body, email)
		}
	}
	after, err := s.manager.GetIdentity(t.Context(), before.ID)
	require.NoError(t, err)
	require.True(t, before.Equal(after))
	require.Equal(t, "/second", half.signIn(email, password).path)
	require.Equal(t, "/account", half.post("/second", "kind", "totp", "code", s.appCode(t, secret)).path)
}

// TestSessionFixation gives the browser another session id at each step up, and the old one is worth nothing.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.client(t)
	c.signUp(email)
	c.post("/recover", "email", "eve@example.com") // begun by somebody else in this browser
	old := map[string]bool{c.session(): true}
	next := func(what string) {
		t.Helper()
		require.False(t, old[c.session()], what)
		old[c.session()] = true
	}
	c.signIn(email, password)
	next("sign-in")
	require.Equal(t, "/recover", c.get("/password").path, "what was begun before is gone")
	secret := c.enrol()
	next("an app")
	require.Equal(t, "/second", c.signIn(email, password).path)
	next("a first factor")
	require.Equal(t, "/account", c.post("/second", "code", s.appCode(t, secret)).path)
	next("a second factor")
	require.Contains(t, c.post("/account/lookup-codes").body, `class="lookup"`)
	next("lookup codes")
	require.Equal(t, "/account", c.get("/account").path)
	require.False(t, s.sessionIsGone(t, c.session()))
	_, plain, err := s.sessions.Store.Find(c.session())
	require.NoError(t, err)
	require.False(t, plain, "the store has only the hash of an id")
	c.post("/sign-out")
	for id := range old {
		require.True(t, s.sessionIsGone(t, id), "it was replaced, or signed out")
	}
}

// sessionIsGone reports whether a request with that session's id is one of a stranger.
func (s *site) sessionIsGone(t testing.TB, id string) bool {
	c := s.client(t)
	return c.do(http.MethodGet, "/account", nil, "Cookie", "session="+id).path == "/sign-in"
}

// TestOldSessionsEnd changes how somebody signs in, and blocks them: all other sessions end.
func TestOldSessionsEnd(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.member(t, email)
	for what, change := range map[string]func(){
		"password": func() {
			require.Equal(t, "/account", c.post("/account/password", "old", password, "new", another).path)
			require.Equal(t, "/account", c.post("/account/password", "old", another, "new", password).path)
		},
		"everywhere": func() { c.post("/everywhere"); c.signIn(email, password) },
		"blocked": func() {
			i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
			require.NoError(t, err)
			for _, state := range []identity.State{identity.StateInactive, identity.StateActive} {
				_, err = s.manager.SetState(t.Context(), i.ID, state)
				require.NoError(t, err)
			}
			c.signIn(email, password)
		},
	} {
		other := s.client(t)
		require.Equal(t, "/account", other.signIn(email, password).path)
		change()
		require.Equal(t, "/account", c.get("/account").path, what)
		require.Equal(t, "/sign-in", other.get("/account").path, what)
	}
}

// TestSignUpTellsNothing signs up with an address that has an account: the answer is as for any other, and its owner gets a
// mail instead of a code.
func TestSignUpTellsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.client(t).signUp(email)
	s.later(2 * time.Minute)
	fresh, taken := s.client(t), s.client(t)
	want := fresh.post("/sign-up", "name", "Eve", "email", "eve@example.com", "password", another)
	got := taken.post("/sign-up", "name", "Eve", "email", email, "password", another)
	require.Equal(t, want.path, got.path)
	require.Equal(t, want.status, got.status)
	require.Equal(t, strings.ReplaceAll(want.body, "eve@example.com", email), got.body)
	require.Contains(t, s.mail.take(t, email).subject, "You have an account")
	require.Equal(t, http.StatusUnauthorized, s.client(t).signIn(email, another).status, "the password is still the owner's")

	var members int
	require.NoError(t, s.db.QueryRow("SELECT count(*) FROM members").Scan(&members))
	count, err := s.manager.CountIdentities(t.Context(), idem.Query{})
	require.NoError(t, err)
	require.Equal(t, []int{2, 2}, []int{members, count}, "a row for each identity")

	want = fresh.post("/recover", "email", "nobody@example.com")
	got = taken.post("/recover", "email", email)
	require.Equal(t, http.StatusTooManyRequests, got.status, "a mail was sent a moment ago")
	s.later(2 * time.Hour)
	got = taken.post("/recover", "email", email)
	require.Equal(t, strings.ReplaceAll(want.body, "nobody@example.com", email), got.body)
	require.Equal(t, want.path, got.path)
}

// TestSignUpWithoutCode signs up where no code can be sent: the answer is the same for an address that has an account.
func TestSignUpWithoutCode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.client(t).signUp(email)
	s.client(t).post("/recover", "email", "grace@example.com")
	taken := s.client(t).post("/sign-up", "name", "Eve", "email", email, "password", another)
	fresh := s.client(t).post("/sign-up", "name", "Grace", "email", "grace@example.com", "password", another)
	require.Contains(t, fresh.body, "We could not send a code now")
	require.Equal(t, fresh.body, taken.body)
	require.Equal(t, "/sign-in", fresh.path)
	c := s.client(t)
	require.Contains(t, c.signIn("grace@example.com", another).body, "(not verified)")
	s.later(2 * time.Minute)
	require.Equal(t, "/verify", c.post("/account/verify").path)
	require.Equal(t, http.StatusUnauthorized, c.post("/verify", "code", "wrong").status)
	require.Equal(t, "/account", c.post("/verify", "code", s.mail.code(t, "grace@example.com")).path)
	require.Contains(t, c.get("/account").body, "(verified)")
}

// TestSignUpIsJudged refuses what a member must not have.
func TestSignUpIsJudged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.client(t)
	for text, fields := range map[string][3]string{
		"The field password must be at least 8":     {"Ada", email, "short"},
		"one of the most common":                    {"Ada", email, "password1"},
		"The field email":                           {"Ada", "no address", password},
		"The field name must have 1 to 100":         {" ", email, password},
		"must not be like what you sign in with":    {"Ada", email, email},
		"The field name must have 1 to 100 charact": {strings.Repeat("a", 101), email, password},
	} {
		got := c.post("/sign-up", "name", fields[0], "email", fields[1], "password", fields[2])
		require.Equal(t, http.StatusBadRequest, got.status, text)
		require.Contains(t, got.body, text)
	}
	for range signUpsPerHour {
		c.post("/sign-up", "name", "Ada", "email", "x", "password", password)
	}
	require.Equal(t, http.StatusTooManyRequests, c.post("/sign-up", "name", "Ada", "email", email, "password", password).status)
	count, err := s.manager.CountIdentities(t.Context(), idem.Query{})
	require.NoError(t, err)
	require.Zero(t, count)
}

// TestCodesAreForOneBrowser types the code of a mail where nobody has asked for it.
func TestCodesAreForOneBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	asked, other := s.client(t), s.client(t)
	asked.signUp(email)
	s.later(2 * time.Minute)
	asked.post("/recover", "email", email)
	other.post("/recover", "email", "eve@example.com")
	code := s.mail.code(t, email)
	got := other.post("/password", "code", code, "password", another)
	require.Equal(t, http.StatusUnauthorized, got.status)
	require.Contains(t, got.body, "The code is wrong")
	require.Equal(t, "/recover", s.client(t).post("/password", "code", code, "password", another).path)
	require.Equal(t, "/account", asked.post("/password", "code", code, "password", another).path)
}

// TestStepUp asks for a fresh sign-in before anything that decides who somebody is.
func TestStepUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.member(t, email)
	s.later(16 * time.Minute)
	for path, fields := range map[string][]string{
		"/account/email": {"email", "new@example.com"}, "/account/password": {"old", password, "new", another}, "/account/app": nil,
		"/account/lookup-codes": nil, "/passkey/begin": nil, "/passkey/remove": nil,
	} {
		got := c.post(path, fields...)
		require.Equal(t, "/sign-in", got.path, path)
		require.Contains(t, got.body, "sign in once more", path)
	}
	i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
	require.NoError(t, err)
	require.JSONEq(t, `{"email":"`+email+`"}`, string(i.Traits))
	require.Equal(t, "/account", c.get("/account").path, "but the member has not left")
}

// TestNewEmail asks for an address that is not verified yet. That does not block the owner of the address.
func TestNewEmail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	eve := s.member(t, "eve@example.com")
	require.Equal(t, "/verify", eve.post("/account/email", "email", email).path)
	s.mail.code(t, email)
	require.Equal(t, http.StatusUnauthorized, s.client(t).signIn(email, password).status, "nobody signs in with it")
	s.later(2 * time.Minute)
	require.Equal(t, "/password", s.client(t).post("/recover", "email", email).path)
	s.mail.none(t, email)
	s.later(2 * time.Minute)
	ada := s.client(t)
	ada.signUp(email)
	require.Equal(t, "/account", ada.signIn(email, password).path)
	require.Contains(t, ada.get("/account").body, "Hello, Ada")
	require.NotContains(t, eve.get("/account").body, email)
	require.Equal(t, http.StatusConflict, eve.post("/account/email", "email", email).status, "now somebody has it")
	for range emailChangesPerDay - 2 {
		eve.post("/account/email", "email", email)
	}
	require.Equal(t, http.StatusTooManyRequests, eve.post("/account/email", "email", email).status)

	// A sign-up with an address that somebody has leaves that person's pending one alone.
	s.later(2 * time.Hour)
	require.Equal(t, "/account", ada.signIn(email, password).path)
	require.Equal(t, "/verify", ada.post("/account/email", "email", "lovelace@example.com").path)
	s.mail.code(t, "lovelace@example.com")
	s.mail.take(t, email)
	s.later(2 * time.Minute)
	s.client(t).post("/sign-up", "name", "Eve", "email", email, "password", another)
	require.Contains(t, s.mail.take(t, email).subject, "You have an account")
	require.Contains(t, ada.get("/account").body, "lovelace@example.com")

	// So does one with a pending address that is verified already; the member can finish the change.
	i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
	require.NoError(t, err)
	_, err = s.manager.MarkVerified(t.Context(), i.ID, identity.ViaEmail, "lovelace@example.com")
	require.NoError(t, err)
	s.later(2 * time.Minute)
	s.client(t).post("/sign-up", "name", "Eve", "email", "lovelace@example.com", "password", another)
	require.Contains(t, s.mail.take(t, "lovelace@example.com").subject, "You have an account")
	require.Equal(t, "/account", ada.post("/account/verify").path)
	require.Equal(t, http.StatusUnauthorized, s.client(t).signIn(email, password).status)
	require.Equal(t, "/account", ada.signIn("lovelace@example.com", password).path)
	require.Contains(t, s.mail.take(t, email).text, "no longer belongs")
	require.Equal(t, "/verify", ada.post("/account/email", "email", email).path)
	s.mail.take(t, "lovelace@example.com")
	require.Equal(t, "/account", ada.post("/verify", "code", s.mail.code(t, email)).path)
	s.mail.take(t, "lovelace@example.com")

	// Recovery cancels a change that a stranger has asked for.
	s.later(2 * time.Hour)
	ada.signIn(email, password)
	require.Equal(t, "/verify", ada.post("/account/email", "email", "stranger@example.com").path)
	require.Contains(t, s.mail.take(t, email).text, "stranger@example.com")
	s.later(2 * time.Minute)
	ada.post("/recover", "email", email)
	require.Equal(t, "/account", ada.post("/password", "code", s.mail.code(t, email), "password", another).path)
	require.NotContains(t, ada.get("/account").body, "stranger@example.com")
}

// TestVerifyingOneAddress types the code of one address while another is pending: that one is not adopted.
func TestVerifyingOneAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first, second := s.client(t), s.client(t)
	first.post("/sign-up", "name", "Eve", "email", "eve@example.com", "password", password)
	require.Equal(t, "/account", second.signIn("eve@example.com", password).path)
	require.Equal(t, "/verify", second.post("/account/email", "email", email).path)
	first.post("/verify", "code", s.mail.code(t, "eve@example.com"))
	body := second.get("/account").body
	require.Contains(t, body, `<span id="email">eve@example.com</span> (verified)`)
	require.Contains(t, body, `<span id="new-email">`+email)
}

// TestGuessing has strangers guess: the owner's own browser does not wait, and a client does that guesses at many.
func TestGuessing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.member(t, email)
	handler := s.handler()
	guess := func(remote, email string) int {
		r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"email": {email}, "password": {"guess"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	for n := range 5 {
		require.Equal(t, http.StatusUnauthorized, guess(fmt.Sprintf("192.0.2.%d:1", n), email))
	}
	require.Equal(t, http.StatusTooManyRequests, guess("192.0.2.9:1", email))
	got := s.client(t).signIn(email, password)
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.Equal(t, "1", got.header.Get("Retry-After"))
	require.Equal(t, "/account", owner.signIn(email, password).path)
	for n := range 5 {
		require.Equal(t, http.StatusUnauthorized, guess("192.0.2.99:1", fmt.Sprintf("person%d@example.com", n)))
	}
	require.Equal(t, http.StatusTooManyRequests, guess("192.0.2.99:1", "person9@example.com"))
}

// TestHeaders looks at what protects pages and cookies.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.client(t)
	c.signUp(email)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got := c.signIn(email, password)
	require.Equal(t, http.StatusSeeOther, got.status)
	require.Len(t, got.header.Values("Set-Cookie"), 2)
	for _, cookie := range got.header.Values("Set-Cookie") {
		require.Contains(t, cookie, "HttpOnly")
		require.Contains(t, cookie, "SameSite=Lax")
		require.NotContains(t, cookie, "Domain")
	}
	require.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';")
	require.NotContains(t, got.header.Get("Content-Security-Policy"), "unsafe")
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
	} {
		require.Equal(t, value, got.header.Get(name))
	}
	require.Equal(t, "__Host-session", newSessions(true).Cookie.Name)
	require.True(t, newSessions(true).Cookie.Secure)
}

// TestClientOf counts the addresses of one household as one client.
func TestClientOf(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:1": "2001:db8:1:2::/64",
		"[::ffff:192.0.2.7]:1": "::ffff:192.0.2.7", "[fe80::1%eth0]:1": "fe80::/64", "pipe": "pipe",
	} {
		require.Equal(t, want, clientOf(&http.Request{RemoteAddr: remote}))
	}
}
