package server

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/httpapi"
)

// Sessions are those of an application in which everybody is signed in twice, until their
// sessions are ended.
type Sessions struct {
	mu    sync.Mutex
	ended map[uuid.UUID]bool
}

// List implements [httpapi.Sessions].
func (s *Sessions) List(_ context.Context, id uuid.UUID, active *bool, page httpapi.SessionPage) ([]httpapi.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isActive := !s.ended[id]
	if active != nil && *active != isActive {
		return nil, nil
	}
	issued := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var all []httpapi.Session
	for n := range 2 {
		at := issued.Add(-time.Duration(n) * time.Hour)
		all = append(all, httpapi.Session{
			ID: uuid.NewSHA1(id, []byte{byte(n)}), Active: isActive, IssuedAt: at, AuthenticatedAt: at, ExpiresAt: at.AddDate(0, 1, 0),
			AuthenticatorAssuranceLevel: "aal2",
			AuthenticationMethods: []httpapi.AuthenticationMethod{
				{Method: "password", AAL: "aal1", CompletedAt: at}, {Method: "totp", AAL: "aal2", CompletedAt: at},
			},
			Devices: []httpapi.SessionDevice{{ID: uuid.NewSHA1(id, []byte{7}), IPAddress: "192.0.2.7", UserAgent: "a browser", Location: "London"}},
		})
	}
	all = all[min(page.Offset, len(all)):]
	return all[:min(page.Limit, len(all))], nil
}

// End implements [httpapi.Sessions].
func (s *Sessions) End(_ context.Context, id uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = map[uuid.UUID]bool{}
	}
	s.ended[id] = true
	return nil
}
