package console

import (
	"fmt"
	"log/slog"
	"strconv"

	"github.com/google/uuid"

	"github.com/idemkit/idem/httpapi"
)

// sessionsLength is how many sessions a person's page shows at once.
const sessionsLength = 20

// sessionList is a part of the application's sessions of a person, the newest first.
type sessionList struct {
	Sessions []httpapi.Session
	// Newer and Older are links to the other parts, empty where there is none.
	Newer, Older string
	// Failed tells that the application could not list them.
	Failed bool
}

// sessionList returns the sessions that the page of id shows. It is nil where there are none to show to the request's
// sender. An application that fails to list them leaves the rest of the page usable.
func (req *request) sessionList(id uuid.UUID) *sessionList {
	if req.sessions == nil || !req.May(opSessions) {
		return nil
	}
	offset, err := strconv.Atoi(req.r.URL.Query().Get("sessions"))
	if err != nil || offset < 0 || offset > maxSessionOffset {
		offset = 0
	}
	found, err := req.sessions.List(req.r.Context(), id, nil, httpapi.SessionPage{Offset: offset, Limit: sessionsLength + 1})
	if err != nil {
		req.logger.LogAttrs(req.r.Context(), slog.LevelError, "console: sessions cannot be listed", slog.Any("error", err))
		return &sessionList{Failed: true}
	}
	link := func(offset int) string {
		return req.relative("people/" + id.String() + "?sessions=" + strconv.Itoa(offset) + "#sessions")
	}
	list := &sessionList{Sessions: found}
	if offset > 0 {
		list.Newer = link(max(0, offset-sessionsLength))
	}
	if len(found) > sessionsLength {
		list.Sessions, list.Older = found[:sessionsLength], link(offset+sessionsLength)
	}
	return list
}

// maxSessionOffset bounds how far into the sessions a page leads.
const maxSessionOffset = 1 << 20

// endSessions ends the application's sessions of a person, where it has given them.
func (req *request) endSessions(id uuid.UUID) error {
	if req.sessions == nil {
		return nil
	}
	if err := req.sessions.End(req.r.Context(), id); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
