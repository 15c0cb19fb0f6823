package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
)

// TestGoogleCallback refuses whatever does not belong to what this browser has begun.
func TestGoogleCallback(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.issuer.is("1815", "grace@gmail.com", nil)
	refused := func(got answer, what string) {
		t.Helper()
		require.Equal(t, http.StatusUnauthorized, got.status, what)
		require.Contains(t, got.body, "did not work", what)
	}
	// begin returns where the provider sends a browser that has begun.
	begin := func(c *client) *url.URL {
		follow := c.CheckRedirect
		defer func() { c.CheckRedirect = follow }()
		c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/google/callback" {
				return http.ErrUseLastResponse
			}
			return nil
		}
		back, err := url.Parse(c.post("/google").header.Get("Location"))
		require.NoError(t, err)
		require.NotEmpty(t, back.Query().Get("state"))
		return back
	}
	mine, other := s.client(t), s.client(t)
	refused(mine.get("/google/callback?state=&code=x"), "nothing was begun")
	back := begin(mine)
	refused(other.get(back.RequestURI()), "begun in another browser")
	begin(other)
	refused(other.get(back.RequestURI()), "the state of another browser")
	require.Equal(t, "/google/sign-up", mine.get(back.RequestURI()).path)
	refused(mine.get(back.RequestURI()), "a second time")
	back = begin(mine)
	refused(mine.get("/google/callback?error=access_denied&state="+back.Query().Get("state")), "the person has said no")
	refused(mine.get(back.RequestURI()), "a state that has come back once")

	// The code of another's sign-in, brought into this one: PKCE.
	theirs, own := begin(other), begin(mine)
	refused(mine.get("/google/callback?state="+own.Query().Get("state")+"&code="+theirs.Query().Get("code")), "the code of another")
	for what, claims := range map[string]map[string]any{
		"another nonce": {"nonce": "x"}, "no nonce": {"nonce": ""}, "another audience": {"aud": "another application"},
		"another issuer": {"iss": "https://evil.example"}, "an old token": {"exp": time.Now().Add(-time.Hour).Unix()},
		"no verified address": {"email_verified": false}, "no address": {"email": ""},
	} {
		s.issuer.is("1815", "grace@gmail.com", claims)
		refused(mine.post("/google"), what)
	}
}

// TestGoogleAndAddressTaken comes from Google with an address that has an account here, in all ways that differ.
func TestGoogleAndAddressTaken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.member(t, "ada@company.example")
	s.issuer.is("ada's", "ada@company.example", nil)

	// Google does not issue that address, so the visitor must sign in here first: an account at the provider is not enough.
	stranger := s.client(t)
	stranger.signUp("eve@example.com")
	got := stranger.post("/google")
	require.Equal(t, "/sign-in", got.path)
	require.Contains(t, got.body, "There is an account with that address")
	got = stranger.signIn("eve@example.com", password)
	require.NotContains(t, got.body, "Link the Google account")
	require.Equal(t, "/account", stranger.post("/google/link").path)
	require.NotContains(t, stranger.get("/account").body, "<li>google</li>")
	stranger.post("/google") // and the same while the other account is signed in
	require.NotContains(t, stranger.get("/account").body, "Link the Google account")
	stranger.post("/google/link")
	require.NotContains(t, stranger.get("/account").body, "<li>google</li>")

	s.later(2 * time.Hour)
	secret := func() string { owner.signIn("ada@company.example", password); return owner.enrol() }()
	visitor := s.client(t)
	visitor.post("/google")
	require.Equal(t, "/second", visitor.signIn("ada@company.example", password).path)
	require.Equal(t, "/sign-in", visitor.post("/google/link").path, "not before the second factor")
	visitor.post("/google")
	visitor.signIn("ada@company.example", password)
	got = visitor.post("/second", "code", s.appCode(t, secret))
	require.Contains(t, got.body, "Link the Google account ada@company.example")
	got = visitor.post("/google/link")
	require.Contains(t, got.body, "<li>google</li>")
	require.Contains(t, s.mail.take(t, "ada@company.example").text, "authenticator app")
	require.Contains(t, s.mail.take(t, "ada@company.example").text, "Google was linked")
	require.Equal(t, "/second", s.client(t).post("/google").path, "Google is a first factor alone")

	// An account of gmail.com that nobody has verified here may be a stranger's: it is not joined.
	squatter := s.client(t)
	require.Equal(t, "/verify", squatter.post("/sign-up", "name", "Eve", "email", "grace@gmail.com", "password", password).path)
	s.issuer.is("grace's", "grace@gmail.com", nil)
	require.Equal(t, "/sign-in", s.client(t).post("/google").path)
	squatter.post("/verify", "code", s.mail.code(t, "grace@gmail.com"))

	// And one that was verified here is: it is the same mailbox.
	got = s.client(t).post("/google")
	require.Equal(t, "/account", got.path)
	require.Contains(t, got.body, "<li>google</li>")
	require.Contains(t, s.mail.take(t, "grace@gmail.com").text, "Google was linked")
}

// TestGoogleAndNewEmail comes from Google with an address that somebody else only wants.
func TestGoogleAndNewEmail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	eve := s.member(t, "eve@example.com")
	eve.post("/account/email", "email", "grace@gmail.com")
	s.issuer.is("grace's", "grace@gmail.com", nil)
	grace := s.client(t)
	require.Equal(t, "/google/sign-up", grace.post("/google").path)
	got := grace.post("/google/sign-up", "name", "Grace")
	require.Contains(t, got.body, "Hello, Grace")
	require.Contains(t, got.body, "(verified)")
	require.NotContains(t, eve.get("/account").body, "grace@gmail.com")
	require.Equal(t, "/account", grace.post("/account/password", "new", another).path, "the first password needs no old one")
	require.Equal(t, "/account", s.client(t).signIn("grace@gmail.com", another).path)
}

// TestGoogleSignUpOfOthers gives the address of another domain no trust.
func TestGoogleSignUpOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for subject, address := range map[string]string{"1": "ada@company.example", "2": "ada@notgmail.com", "3": "ada@gmail.com.evil.example"} {
		s.issuer.is(subject, address, nil)
		c := s.client(t)
		require.Equal(t, "/google/sign-up", c.post("/google").path)
		require.Equal(t, http.StatusBadRequest, c.post("/google/sign-up", "name", "").status)
		require.Contains(t, c.post("/google/sign-up", "name", "Ada").body, "(not verified)", address)
		i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:"+subject)
		require.NoError(t, err)
		require.False(t, isVerified(i, address))
	}
	late := s.client(t)
	s.issuer.is("4", "late@gmail.com", nil)
	late.post("/google")
	s.later(11 * time.Minute)
	require.Equal(t, "/sign-in", late.post("/google/sign-up", "name", "Late").path)
}

// TestGoogleLinkExpires offers a link for ten minutes.
func TestGoogleLinkExpires(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.member(t, email)
	s.issuer.is("1815", email, nil)
	c.post("/google")
	require.Contains(t, c.get("/account").body, "Link the Google account")
	s.later(11 * time.Minute)
	require.NotContains(t, c.get("/account").body, "Link the Google account")
	require.NotContains(t, c.post("/google/link").body, "<li>google</li>")
}
