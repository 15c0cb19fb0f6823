package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// keep plants a secret that the desk has made, and that nobody may see but the caller that got it. Codes are short: the
// log that is looked through has no times, whose digits could be those of a code.
func (p *plants) keep(secret string) string { return p.plantText(secret, nobody) }

// withoutTime leaves the time of a line out.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// timeless is logger without times.
func (p *plants) timeless() *slog.Logger {
	everything := &slog.HandlerOptions{Level: slog.Level(math.MinInt), ReplaceAttr: withoutTime}
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(&p.text, everything), slog.NewJSONHandler(&p.json, everything)))
}

// plantingHasher plants the hashes that it makes.
type plantingHasher struct {
	passwordhash.Hasher
	*plants
}

func (h plantingHasher) Hash(ctx context.Context, password []byte) (string, error) {
	hash, err := h.Hasher.Hash(ctx, password)
	if err == nil {
		h.plantText(hash[strings.LastIndex(hash, "$")+1:], configs)
	}
	return hash, err
}

// failingSessions are sessions of an application that fails.
type failingSessions struct{ err error }

func (s failingSessions) List(context.Context, uuid.UUID, *bool, httpapi.SessionPage) ([]httpapi.Session, error) {
	return nil, s.err
}
func (s failingSessions) End(context.Context, uuid.UUID) error { return s.err }

// TestSecretsOfSignInStayIn signs people in and out in every way, right and wrong, in Go and over HTTP, with a store that
// works and one that fails. Passwords, one-time codes, handles, links, seeds of authenticator apps and their codes, lookup
// codes, tokens of devices and the key of the desk are in no line of the log at any level, in no error, in no printed
// value, in no entry of the change feed, and in no answer but the one that gives them out.
func TestSecretsOfSignInStayIn(t *testing.T) {
	t.Parallel()
	onFaultyStores(t, func(t *testing.T, f *fixture, store *faultyStore, _ *bytes.Buffer) {
		p := &plants{}
		hasher, err := passwordhash.NewBcrypt(4)
		require.NoError(t, err)
		f.manager, err = idem.New(store, newSchemas(t), idem.WithClock(f.now), idem.WithIDs(f.newID), idem.WithHasher(plantingHasher{hasher, p}), idem.WithLogger(p.timeless()))
		require.NoError(t, err)
		key := []byte(p.plant(nobody) + p.plant(nobody))[:signin.KeyBytes]
		p.keep(string(key))
		var seed [32]byte
		desk, err := signin.New(f.manager, key, signin.WithRandom(rand.NewChaCha8(seed)), signin.WithTrustedProvider("google", "example.com"))
		require.NoError(t, err)
		sessionCause := p.plant(cause)
		f.handler = httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithBaseURL(baseURL), httpapi.WithSessions(failingSessions{errors.New(sessionCause)}),
			httpapi.WithSignIn(desk, func(c signin.Code) string {
				p.keep(c.Handle)
				if c.Code != "" {
					p.keep(c.Code)
				}
				return "https://example.com/recover#" + url.Values{"handle": {c.Handle}, "code": {c.Code}}.Encode()
			}))
		s := &signInScan{plants: p, t: t, f: f, desk: desk}

		s.password = p.plant(nobody)
		created, err := f.manager.CreateIdentity(t.Context(), identity.Create{
			SchemaID: personSchema, Traits: []byte(`{"email":"ada@example.com"}`),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: s.password}},
		})
		require.NoError(t, err)
		s.id = created.ID
		_, err = f.manager.MarkVerified(t.Context(), s.id, identity.ViaEmail, "ada@example.com")
		require.NoError(t, err)

		s.wholeLife()
		s.overHTTP()
		require.Contains(t, p.seen.String(), sessionCause, "the cause of a fault is logged")

		// The same with a store that says why it fails.
		storeCause := p.plant(cause)
		store.fail = func() error { return errors.New(storeCause) }
		s.failing = true
		s.wholeLife()
		s.overHTTP()
		store.fail = func() error { return nil }
		require.Contains(t, p.seen.String(), storeCause)
	})
}

// signInScan is one run through everything that the desk does.
type signInScan struct {
	*plants
	t        *testing.T
	f        *fixture
	desk     *signin.Service
	id       uuid.UUID
	password string
	failing  bool // whether nothing can succeed
	steps    int
}

// step notes what a call has returned: its value and its error print nothing, and nothing is logged. right tells that the
// call is to succeed.
func (s *signInScan) step(right bool, value any, err error) {
	s.t.Helper()
	s.steps++
	if right && !s.failing {
		require.NoError(s.t, err)
	} else if !right {
		require.Error(s.t, err)
	}
	s.requireError(s.t, err, cause)
	s.requirePrinted(s.t, value)
	s.requireNotLogged(s.t, fmt.Sprintf("step %d, %T", s.steps, value))
}

// later lets so much time pass that nobody has to wait.
func (s *signInScan) later() {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.time = s.f.time.Add(25 * time.Hour)
}

func (s *signInScan) wrong(secret string) string {
	if secret == "" {
		return s.plant(nobody)
	}
	last := byte('1')
	if secret[len(secret)-1] == last {
		last = '2'
	}
	return secret[:len(secret)-1] + string(last)
}

func (s *signInScan) signIn() signin.SignIn {
	s.t.Helper()
	s.later()
	who, err := s.desk.Password(s.t.Context(), "ada@example.com", s.password)
	if who.Device != "" {
		s.keep(who.Device)
	}
	s.step(true, who, err)
	return who
}

func (s *signInScan) wholeLife() {
	t, ctx, desk := s.t, s.t.Context(), s.desk
	t.Helper()
	who := s.signIn()
	for _, attempt := range [][2]string{{"ada@example.com", s.plant(nobody)}, {s.plant(nobody), s.plant(nobody)}, {"ada@example.com", s.password + "\xff"}} {
		nobodyIn, err := desk.Password(signin.WithDevice(signin.WithClient(ctx, s.plant(nobody)), s.plant(nobody)), attempt[0], attempt[1])
		s.step(false, nobodyIn, err)
	}
	for range 2 * signin.FreeFailures { // until one is told to wait
		_, err := desk.Password(ctx, "ada@example.com", s.plant(nobody))
		s.step(false, nil, err)
	}
	who = s.signIn()

	// Codes of every purpose.
	for _, purpose := range []signin.Purpose{signin.Verification, signin.CodeSignIn, signin.Recovery} {
		s.later()
		sent, err := desk.IssueCode(ctx, purpose, identity.ViaEmail, "ada@example.com")
		if sent.Handle != "" {
			s.keep(sent.Handle)
			s.keep(sent.Code)
		}
		s.step(true, sent, err)
		complete := func(handle, code string) (signin.SignIn, error) {
			switch purpose {
			case signin.Verification:
				return desk.CompleteVerification(ctx, handle, code)
			case signin.CodeSignIn:
				return desk.SignInWithCode(ctx, handle, code)
			}
			next := s.plant(nobody)
			done, err := desk.Recover(ctx, handle, code, next)
			if err == nil {
				s.password = next
			}
			return done, err
		}
		for _, attempt := range [][2]string{{sent.Handle, s.wrong(sent.Code)}, {s.wrong(sent.Handle), sent.Code}, {sent.Code, sent.Handle}, {s.plant(nobody), s.plant(nobody)}, {"", ""}} {
			done, err := complete(attempt[0], attempt[1])
			s.step(false, done, err)
		}
		done, err := complete(sent.Handle, sent.Code)
		s.step(true, done, err)
	}
	s.later()
	admin, err := desk.IssueAdminCode(ctx, s.id, time.Hour)
	if admin.Handle != "" {
		s.keep(admin.Handle)
		s.keep(admin.Code)
	}
	s.step(true, admin, err)
	unknown, err := desk.IssueCode(ctx, signin.Recovery, identity.ViaEmail, "unknown@example.com")
	s.step(true, unknown, err)

	// An authenticator app, and a sign-in with it.
	who = s.signIn()
	enrolment, err := desk.BeginTOTP(ctx, who.Proof, "Idem")
	s.step(true, enrolment, err)
	s.totp(enrolment, who.Proof)

	// Lookup codes.
	who = s.signIn()
	who = s.secondFactor(who)
	fresh, changed, err := desk.NewLookupCodes(ctx, who.Proof)
	for _, one := range fresh {
		s.keep(one)
		s.keep(strings.ReplaceAll(one, "-", ""))
	}
	s.step(true, changed, err)
	who = s.signIn()
	for _, attempt := range []string{s.plant(nobody), "", "abcde-fghij"} {
		done, err := desk.LookupCode(ctx, who.Proof, attempt)
		s.step(false, done, err)
	}
	if len(fresh) > 0 {
		done, err := desk.LookupCode(ctx, who.Proof, fresh[0])
		s.step(true, done, err)
		done, err = desk.LookupCode(ctx, who.Proof, fresh[0])
		s.step(false, done, err)
	}

	// Links, removal, and the password.
	claims := signin.Claims{Provider: "google", Subject: s.plant(admins), Email: "ada@example.com", EmailVerified: true}
	decided, err := desk.DecideFederated(ctx, claims)
	s.step(true, decided, err)
	who = s.secondFactor(s.signIn())
	linked, err := desk.LinkFederated(ctx, who.Proof, claims)
	s.step(true, linked, err)
	who = s.secondFactor(s.signIn())
	removed, err := desk.RemoveFactor(ctx, who.Proof, credentials.TypeOIDC, "google:"+claims.Subject)
	s.step(true, removed, err)
	who = s.secondFactor(s.signIn())
	refused, err := desk.RemoveFactor(ctx, who.Proof, credentials.TypeWebAuthn, s.plant(nobody))
	s.step(false, refused, err)
	refused, err = desk.ChangePassword(ctx, who.Proof, s.plant(nobody), s.plant(nobody))
	s.step(false, refused, err)
	next := s.plant(nobody)
	changed, err = desk.ChangePassword(ctx, who.Proof, s.password, next)
	if err == nil {
		s.password = next
	}
	s.step(true, changed, err)
	for _, value := range []any{desk, signin.WithTOTP(s.plant(nobody)), signin.WithLookupCode(s.plant(nobody)), signin.WithClient(ctx, s.plant(nobody)), signin.WithDevice(ctx, s.plant(nobody))} {
		s.step(true, value, nil)
	}
	for _, proof := range []signin.Proof{{}, who.Proof} {
		s.step(false, nil, desk.Current(ctx, proof))
	}
	s.step(true, nil, desk.SignOutEverywhere(ctx, s.id))
	s.feed()
}

// totp enrols the app of an enrolment.
func (s *signInScan) totp(e signin.Enrolment, proof signin.Proof) {
	s.t.Helper()
	ctx := s.t.Context()
	if e.URL == "" { // the store has failed
		refused, err := s.desk.FinishTOTP(ctx, proof, s.plant(nobody), s.plant(nobody))
		s.step(false, refused, err)
		return
	}
	s.keep(e.Handle)
	u, err := url.Parse(e.URL)
	require.NoError(s.t, err)
	s.plantText(u.Query().Get("secret"), configs)
	app, err := credentials.ParseTOTP(e.URL)
	require.NoError(s.t, err)
	right := s.keep(app.Code(app.Step(s.f.now())))
	for _, attempt := range [][2]string{{e.Handle, s.wrong(right)}, {s.wrong(e.Handle), right}, {s.plant(nobody), s.plant(nobody)}} {
		refused, err := s.desk.FinishTOTP(ctx, proof, attempt[0], attempt[1])
		s.step(false, refused, err)
	}
	changed, err := s.desk.FinishTOTP(ctx, proof, e.Handle, right)
	s.step(true, changed, err)
}

// secondFactor adds a code of the app, after some that are wrong.
func (s *signInScan) secondFactor(who signin.SignIn) signin.SignIn {
	s.t.Helper()
	ctx := s.t.Context()
	for _, attempt := range []string{s.plant(nobody), "", "000000"} {
		done, err := s.desk.TOTP(ctx, who.Proof, attempt)
		s.step(false, done, err)
	}
	if s.failing {
		return who
	}
	current, err := s.f.manager.GetIdentity(ctx, s.id)
	require.NoError(s.t, err)
	app, err := credentials.ParseTOTP(current.Credentials[credentials.TypeTOTP].Config.TOTPURL)
	require.NoError(s.t, err)
	right := s.keep(app.Code(app.Step(s.f.now())))
	done, err := s.desk.TOTP(ctx, who.Proof, right)
	s.step(true, done, err)
	again, err := s.desk.TOTP(ctx, who.Proof, right)
	s.step(false, again, err)
	return done
}

// feed looks through the changes, in Go and over HTTP.
func (s *signInScan) feed() {
	s.t.Helper()
	changes, err := s.f.manager.ListChanges(s.t.Context(), storage.ChangeQuery{})
	s.step(true, changes, err)
	require.True(s.t, s.failing || len(changes) > 5)
	for _, path := range []string{changesPath, identityChangesPath(s.id.String()), identityPath(s.id.String()), "/admin/identities"} {
		r := s.f.do(s.t, http.MethodGet, path, "")
		require.True(s.t, s.failing || r.status == http.StatusOK)
		s.requireAnswer(s.t, path, r, path)
	}
	s.requireNotLogged(s.t, "the feed")
}

// overHTTP uses the routes of recovery and sessions.
func (s *signInScan) overHTTP() {
	s.t.Helper()
	for _, body := range []string{
		`{"identity_id":"SECRET"}`, `{"identity_id":"` + absentID + `","expires_in":"SECRET"}`, `{"identity_id":["SECRET"]}`, `{"identity_id":"` + s.id.String() + `","expires_in":"-1h","flow_type":"SECRET"}`, `SECRET`,
		`{"identity_id":"` + absentID + `"}`,
	} {
		for _, path := range []string{"/admin/recovery/code", "/admin/recovery/link", "/admin/recovery/link?return_to=" + s.plant(nobody)} {
			r := s.f.do(s.t, http.MethodPost, path, strings.ReplaceAll(body, "SECRET", s.plant(nobody)))
			require.GreaterOrEqual(s.t, r.status, 400, body)
			s.requireAnswer(s.t, path+" "+body, r, path)
			s.requireNotLogged(s.t, path+" "+body)
		}
	}
	for _, path := range []string{"/admin/recovery/code", "/admin/recovery/link"} {
		s.later()
		before := len(s.all)
		r := s.f.do(s.t, http.MethodPost, path, `{"identity_id":"`+s.id.String()+`","expires_in":"1h"}`)
		if s.failing {
			s.requireAnswer(s.t, path, r, path)
		} else {
			require.Less(s.t, r.status, 300, "%s", r.body)
			require.Greater(s.t, len(s.all), before, "the secrets that this answer gives out are looked for from now on")
			require.Contains(s.t, string(r.body), s.all[before].mark)
		}
		s.requireNotLogged(s.t, path)
		s.requireAnswer(s.t, "the identity", s.f.get(s.t, s.id.String()), "")
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		path := identityPath(s.id.String()) + "/sessions"
		r := s.f.do(s.t, method, path, "")
		require.Equal(s.t, http.StatusInternalServerError, r.status)
		s.requireAnswer(s.t, method+" "+path, r, path)
		s.requireNotLogged(s.t, method+" "+path)
	}
	s.feed()
}
