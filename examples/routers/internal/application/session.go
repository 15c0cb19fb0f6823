package application

import (
	"context"
	"net/http"

	"github.com/idemkit/idem/httpapi"
)

// Session is who is signed in to the application.
type Session struct {
	Name string
	// MayWrite tells whether they may change identities, and not only read them.
	MayWrite bool
}

// SessionCookie is the name of the cookie that holds the token of a session.
const SessionCookie = "session"

// SessionKey is under which key the context of a request holds its [Session].
type SessionKey struct{}

// Session returns the session that a token stands for.
func (a *Application) Session(token string) (Session, bool) {
	session, ok := a.sessions[token]
	return session, ok
}

// WithSession is the application's own middleware: it finds the session of a request,
// if there is one, and puts it into the request's context. Routers with middleware of
// another kind have their own form of it, in their program.
func (a *Application) WithSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie(SessionCookie); err == nil {
			if session, ok := a.Session(cookie.Value); ok {
				r = r.WithContext(context.WithValue(r.Context(), SessionKey{}, session))
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Authorize decides by the application's session who may use the admin API. A request without
// a session is refused, and so is one whose session does not allow the operation.
func Authorize(r *http.Request) error {
	session, ok := r.Context().Value(SessionKey{}).(Session)
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case !ok:
		return httpapi.Unauthorized(`Cookie cookie-name="`+SessionCookie+`"`, "Sign in first.")
	case !reads && !session.MayWrite:
		return httpapi.Forbidden("Your session may only read.")
	}
	return nil
}

// Actor names who changes an identity, for the change feed.
func Actor(r *http.Request) string {
	session, _ := r.Context().Value(SessionKey{}).(Session)
	return session.Name
}
