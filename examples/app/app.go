package main

import (
	"context"
	"database/sql"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/webauthn"
	"github.com/idemkit/idem/credentials/passwordpolicy"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage/sqlitedb"
)

const applicationName = "Example"

//go:embed person.schema.json
var personSchema []byte

//go:embed static
var static embed.FS

// config is what differs between this application and one in a test.
type config struct {
	baseURL string // that browsers see, without a slash at the end
	db      *sql.DB
	key     []byte // of package signin; a copy of the database must not hold it
	mailer  mailer
	google  *provider // nil for an application without it
	logger  *slog.Logger
	now     func() time.Time // nil for time.Now
}

// app is the application.
type app struct {
	config
	store    *sqlitedb.Store
	manager  *idem.Manager
	desk     *signin.Service
	passkeys *webauthn.Service
	sessions *scs.SessionManager
	outbox   *outbox
	pages    map[string]*template.Template
	csp      string
}

func newApp(ctx context.Context, c config) (_ *app, err error) {
	a := &app{config: c}
	if a.now == nil {
		a.now = time.Now
	}
	base, err := url.Parse(c.baseURL)
	if err != nil {
		return nil, err
	}
	person, err := schema.Parse("person", personSchema)
	if err != nil {
		return nil, err
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		return nil, err
	}
	if _, err := c.db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS members (id TEXT PRIMARY KEY, name TEXT NOT NULL)"); err != nil {
		return nil, err
	}
	if a.store, err = sqlitedb.New(ctx, c.db); err != nil {
		return nil, err
	}
	// By default idem judges only the passwords that package signin sets. Here it judges those of a sign-up too.
	policy := idem.WithPasswordPolicy(func(_ context.Context, candidate idem.PasswordCandidate) error {
		return passwordpolicy.Policy{}.Check(candidate.Password, candidate.Identifiers)
	})
	if a.manager, err = idem.New(a.store, schemas, idem.WithLogger(c.logger), idem.WithClock(a.now), policy); err != nil {
		return nil, err
	}
	// Google issues the addresses of gmail.com, so it knows their owners. Of other addresses it knows only that somebody
	// could once read their mail.
	if a.desk, err = signin.New(a.manager, c.key, signin.WithTrustedProvider(googleName, "gmail.com")); err != nil {
		return nil, err
	}
	site := webauthn.Config{RPID: base.Hostname(), RPName: applicationName, Origins: []string{c.baseURL}}
	if a.passkeys, err = webauthn.New(a.desk, a.manager, site); err != nil {
		return nil, err
	}
	if a.google != nil {
		if err := a.google.discover(ctx, c.baseURL+"/google/callback"); err != nil {
			return nil, err
		}
	}
	if a.pages, err = parsePages(); err != nil {
		return nil, err
	}
	a.csp = contentSecurityPolicy(a.google)
	a.sessions = newSessions(base.Scheme == "https")
	a.outbox = newOutbox(c.mailer, c.logger)
	return a, nil
}

// close ends what newApp began, after the last request.
func (a *app) close() {
	a.outbox.close()
	_ = a.store.Close() // the database is the caller's
}

// action serves a route. Its error becomes an answer by fail.
type action func(w http.ResponseWriter, r *http.Request) error

// handler returns all routes. GET changes nothing but the session of the browser that asks.
func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]action{
		"GET /{$}":         a.home,
		"GET /sign-up":     a.signUpPage,
		"POST /sign-up":    a.signUp,
		"GET /verify":      a.verifyPage,
		"POST /verify":     a.verify,
		"GET /sign-in":     a.signInPage,
		"POST /sign-in":    a.signIn,
		"POST /sign-out":   a.signOut,
		"GET /recover":     a.recoverPage,
		"POST /recover":    a.sendRecovery,
		"GET /password":    a.newPasswordPage,
		"POST /password":   a.newPassword,
		"GET /second":      a.secondFactorPage,
		"POST /second":     a.secondFactor,
		"GET /account":     a.member(a.account),
		"POST /everywhere": a.member(a.signOutEverywhere),

		"POST /account/verify":       a.member(a.sendVerification),
		"POST /account/email":        a.member(a.changeEmail),
		"POST /account/password":     a.member(a.changePassword),
		"POST /account/app":          a.member(a.beginApp),
		"GET /account/app":           a.member(a.appPage),
		"POST /account/app/code":     a.member(a.finishApp),
		"POST /account/app/remove":   a.member(a.removeApp),
		"POST /account/lookup-codes": a.member(a.newLookupCodes),

		"POST /passkey/sign-in/begin":  a.beginPasskeySignIn,
		"POST /passkey/sign-in/finish": a.finishPasskeySignIn,
		"POST /passkey/begin":          a.member(a.beginPasskey),
		"POST /passkey/finish":         a.member(a.finishPasskey),
		"POST /passkey/remove":         a.member(a.removePasskeys),

		"POST /google":         a.beginGoogle,
		"GET /google/callback": a.finishGoogle,
		"GET /google/sign-up":  a.googleSignUpPage,
		"POST /google/sign-up": a.googleSignUp,
		"POST /google/link":    a.member(a.linkGoogle),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := serve(w, r); err != nil {
				a.fail(w, r, err)
			}
		})
	}
	root := http.NewServeMux()
	root.Handle("GET /static/", http.FileServerFS(static))
	// This refuses a POST that a page of another site sends (CSRF). Browsers say where a request comes from.
	root.Handle("/", a.sessions.LoadAndSave(http.NewCrossOriginProtection().Handler(mux)))
	return a.withHeaders(http.MaxBytesHandler(root, 64<<10))
}

// withHeaders sets the headers of every answer.
func (a *app) withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", a.csp)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // an account's pages must not stay in a shared browser
		if strings.HasPrefix(a.baseURL, "https:") {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// contentSecurityPolicy allows scripts, styles and requests of this site alone, so injected HTML cannot run code. Forms may lead
// to the provider too, because browsers apply form-action to redirects.
func contentSecurityPolicy(google *provider) string {
	forms := "'self'"
	if google != nil {
		forms += " " + google.origin()
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}
