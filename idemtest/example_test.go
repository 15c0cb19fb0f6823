package idemtest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
)

// shop is an application: it signs people in with a password and greets them for an
// hour. What it needs of idem it is given, as it is its clock.
type shop struct {
	identities *idem.Manager
	now        func() time.Time
	sessions   sync.Map // of session, by token
}

type session struct {
	identity uuid.UUID
	until    time.Time
}

func newShop(identities *idem.Manager, now func() time.Time) *shop {
	return &shop{identities: identities, now: now}
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/sign-in":
		s.signIn(w, r)
	default:
		s.greet(w, r)
	}
}

func (s *shop) signIn(w http.ResponseWriter, r *http.Request) {
	i, err := s.identities.VerifyPassword(r.Context(), r.FormValue("email"), r.FormValue("password"))
	switch {
	case errors.Is(err, idem.ErrInactive):
		http.Error(w, "Your account is closed.", http.StatusForbidden)
	case errors.Is(err, idem.ErrWrongPassword):
		http.Error(w, "Wrong email or password.", http.StatusUnauthorized)
	case err != nil:
		http.Error(w, "Try again later.", http.StatusInternalServerError)
	default:
		token := uuid.NewString()
		s.sessions.Store(token, session{identity: i.ID, until: s.now().Add(time.Hour)})
		http.SetCookie(w, &http.Cookie{Name: "session", Value: token})
	}
}

func (s *shop) greet(w http.ResponseWriter, r *http.Request) {
	i, err := s.signedIn(r)
	if err != nil {
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
		return
	}
	_, _ = w.Write(i.MetadataPublic)
}

// signedIn returns the identity whose session the request brings.
func (s *shop) signedIn(r *http.Request) (*identity.Identity, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return nil, err
	}
	found, _ := s.sessions.Load(cookie.Value)
	if current, ok := found.(session); ok && s.now().Before(current.until) {
		return s.identities.GetIdentity(r.Context(), current.identity)
	}
	return nil, errors.New("the session has ended")
}

// TestShop is the application's own test.
func TestShop(t *testing.T) {
	identities := idemtest.New(t)
	identities.Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"), idemtest.Metadata(`{"plan":"pro"}`, ""))
	identities.Seed(t, `{"email":"gone@example.com"}`, idemtest.Password("difference engine"), idemtest.Inactive())
	application := newShop(identities.Manager, identities.Clock.Now)

	require.Equal(t, http.StatusUnauthorized, signIn(application, "ada@example.com", "guessed").Code)
	require.Equal(t, http.StatusUnauthorized, signIn(application, "nobody@example.com", "guessed").Code)
	require.Equal(t, http.StatusForbidden, signIn(application, "gone@example.com", "difference engine").Code)

	signedIn := signIn(application, "Ada@Example.com", "analytical engine")
	require.Equal(t, http.StatusOK, signedIn.Code)
	require.JSONEq(t, `{"plan":"pro"}`, get(application, signedIn).Body.String())

	identities.Clock.Advance(59 * time.Minute)
	require.Equal(t, http.StatusOK, get(application, signedIn).Code)
	identities.Clock.Advance(time.Minute)
	require.Equal(t, http.StatusUnauthorized, get(application, signedIn).Code)
}

// TestShopAfterAnUpdate changes an identity while its owner is signed in, as an
// administrator would.
func TestShopAfterAnUpdate(t *testing.T) {
	identities := idemtest.New(t)
	ada := identities.Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"))
	application := newShop(identities.Manager, identities.Clock.Now)
	require.Equal(t, http.StatusOK, signIn(application, "ada@example.com", "analytical engine").Code)

	_, err := identities.UpdateIdentity(t.Context(), ada.ID, identity.Update{
		State: identity.StateInactive, Traits: ada.Traits,
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, signIn(application, "ada@example.com", "analytical engine").Code)
}

func signIn(application http.Handler, email, password string) *httptest.ResponseRecorder {
	form := url.Values{"email": {email}, "password": {password}}
	r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	application.ServeHTTP(w, r)
	return w
}

// get asks for the greeting with the cookies of an earlier answer.
func get(application http.Handler, signedIn *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, cookie := range signedIn.Result().Cookies() {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	application.ServeHTTP(w, r)
	return w
}
