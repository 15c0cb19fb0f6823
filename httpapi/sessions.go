package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Sessions gives access to the application's own sessions. Its methods must be safe for
// concurrent use. An error from a method is logged and answered with 500.
type Sessions interface {
	// List returns a page of the sessions of the identity id, newest first. If active is nil,
	// it selects all sessions. Otherwise it selects the active sessions if *active is true, and
	// the inactive sessions if it is false.
	List(ctx context.Context, id uuid.UUID, active *bool, page SessionPage) ([]Session, error)
	// End ends all sessions of the identity id.
	End(ctx context.Context, id uuid.UUID) error
}

// SessionPage selects a part of a list of sessions.
type SessionPage struct {
	// Offset is the number of sessions to skip at the beginning. Limit is the maximum number of
	// sessions to return; it is at least 1.
	Offset, Limit int
}

// Session is a session in the JSON format of Kratos.
type Session struct {
	ID                          uuid.UUID              `json:"id"`
	Active                      bool                   `json:"active"`
	ExpiresAt                   time.Time              `json:"expires_at,omitzero"`
	AuthenticatedAt             time.Time              `json:"authenticated_at,omitzero"`
	AuthenticatorAssuranceLevel string                 `json:"authenticator_assurance_level,omitempty"` // "aal1" or "aal2"
	AuthenticationMethods       []AuthenticationMethod `json:"authentication_methods"`
	IssuedAt                    time.Time              `json:"issued_at,omitzero"`
	Devices                     []SessionDevice        `json:"devices"`
}

// AuthenticationMethod is a method by which the owner of a [Session] signed in.
type AuthenticationMethod struct {
	Method      string    `json:"method"` // such as "password" or "totp"
	AAL         string    `json:"aal,omitempty"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
}

// SessionDevice is a device on which a [Session] was used.
type SessionDevice struct {
	ID        uuid.UUID `json:"id"`
	IPAddress string    `json:"ip_address,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	Location  string    `json:"location,omitempty"`
}

// WithSessions lets the handler list and end the application's sessions. Without this option,
// listing sessions answers 501. Ending sessions then answers 501 too, unless [WithSignIn] is
// given; with WithSignIn, every sign-in of the identity ends.
func WithSessions(sessions Sessions) Option {
	return Option{func(c *config) error {
		if sessions == nil {
			return errors.New("WithSessions: the sessions are nil")
		}
		c.sessions = sessions
		return nil
	}}
}

// sessionParameters are as listParameters are for a list.
var sessionParameters = map[string]bool{"active": false, "page_size": false, "page_token": false, "per_page": false, "page": false}

func (h *Handler) listSessions(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	query, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	if err := checkParameters(query, sessionParameters); err != nil {
		return answer{}, err
	}
	active, err := readActive(query)
	if err != nil {
		return answer{}, err
	}
	page, err := readSessionPage(query)
	if err != nil {
		return answer{}, err
	}
	if h.sessions == nil {
		return answer{}, errNotImplemented
	}
	id, _ := parseID(params[0])
	if _, err := h.manager.GetIdentity(r.Context(), id); err != nil {
		return answer{}, err
	}
	found, err := h.sessions.List(r.Context(), id, active, SessionPage{Offset: page.Offset, Limit: page.Limit + 1}) // one more tells whether there are more
	if err != nil {
		return answer{}, fmt.Errorf("list sessions: %w", err)
	}
	more := len(found) > page.Limit
	found = slices.Clone(found[:min(len(found), page.Limit)]) // what List has returned may be the application's own
	for n := range found {
		found[n].normalize()
	}
	if found == nil {
		found = []Session{}
	}
	body, err := json.Marshal(found)
	if err != nil {
		return answer{}, fmt.Errorf("list sessions: %w", err)
	}
	return answer{status: http.StatusOK, header: http.Header{"Link": {h.sessionLinks(id, active, page, more)}}, body: body}, nil
}

// normalize gives times and empty lists the form that they have in the whole API.
func (s *Session) normalize() {
	for _, t := range []*time.Time{&s.ExpiresAt, &s.AuthenticatedAt, &s.IssuedAt} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
	methods := make([]AuthenticationMethod, len(s.AuthenticationMethods))
	copy(methods, s.AuthenticationMethods)
	for n := range methods {
		if !methods[n].CompletedAt.IsZero() {
			methods[n].CompletedAt = methods[n].CompletedAt.UTC().Truncate(time.Microsecond)
		}
	}
	s.AuthenticationMethods = methods
	if s.Devices == nil {
		s.Devices = []SessionDevice{}
	}
}

func readActive(query url.Values) (*bool, error) {
	switch text := query.Get("active"); text {
	case "":
		return nil, nil
	case "true", "false":
		active := text == "true"
		return &active, nil
	}
	return nil, badParameter("The parameter active must be true or false.")
}

// readSessionPage reads which page is asked for. page_size and page_token win over per_page
// and page, since SDKs send both.
func readSessionPage(query url.Values) (SessionPage, error) {
	sizeName := "page_size"
	numbered := !query.Has("page_size") && !query.Has("page_token")
	if numbered {
		sizeName = "per_page"
	}
	size, err := readSize(query, sizeName)
	if err != nil {
		return SessionPage{}, err
	}
	page := SessionPage{Limit: size}
	if numbered {
		number, err := readNumber(query, "page")
		if err != nil {
			return page, err
		}
		page.Offset = max(0, min(number, maxSessionOffset/size)) * size
		return page, nil
	}
	if token := query.Get("page_token"); token != "" {
		page.Offset, err = strconv.Atoi(token)
		if err != nil || page.Offset < 0 || page.Offset > maxSessionOffset {
			return page, badParameter("The page_token is not one that a list has given out.")
		}
	}
	return page, nil
}

// maxSessionOffset bounds how far into a list of sessions one can ask.
const maxSessionOffset = 1 << 30

func (h *Handler) sessionLinks(id uuid.UUID, active *bool, page SessionPage, more bool) string {
	link := func(relation string, offset int) string {
		query := url.Values{"page_size": {strconv.Itoa(page.Limit)}}
		if active != nil {
			query.Set("active", strconv.FormatBool(*active))
		}
		if offset > 0 {
			query.Set("page_token", strconv.Itoa(offset))
		}
		return fmt.Sprintf(`<%s/admin/identities/%s/sessions?%s>; rel="%s"`, h.view.BaseURL, id, query.Encode(), relation)
	}
	links := link("first", 0)
	if more {
		links += ", " + link("next", page.Offset+page.Limit)
	}
	return links
}

func (h *Handler) deleteSessions(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	if h.sessions == nil && h.desk == nil {
		return answer{}, errNotImplemented
	}
	id, _ := parseID(params[0])
	if _, err := h.manager.GetIdentity(r.Context(), id); err != nil {
		return answer{}, err
	}
	if h.desk != nil { // first: it is what ends them, whatever the application keeps
		if err := h.desk.SignOutEverywhere(r.Context(), id); err != nil {
			return answer{}, err
		}
	}
	if h.sessions != nil {
		if err := h.sessions.End(r.Context(), id); err != nil {
			return answer{}, fmt.Errorf("end sessions: %w", err)
		}
	}
	return answer{status: http.StatusNoContent}, nil
}
