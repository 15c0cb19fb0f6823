package linear

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
)

// Subject is something that calls can be made to.
type Subject interface {
	// do makes a call; worker says who calls.
	do(ctx context.Context, worker int, c call) (answer, error)
	// ids are those that creates of a group choose from; none if they cannot.
	ids(group int) []uuid.UUID
	// time is the clock of the callers.
	time() *clock
}

// managers makes the calls to managers over the handles on one state, each worker to one of
// them.
type managers struct {
	managers []*idem.Manager
	clock    clock
}

// Managers returns the managers over the handles on one state.
func Managers(handles []storage.Storage) (Subject, error) {
	s := &managers{}
	for _, handle := range handles {
		m, err := account.NewManager(handle, idem.WithClock(s.clock.now))
		if err != nil {
			return nil, err
		}
		s.managers = append(s.managers, m)
	}
	return s, nil
}

func (s *managers) time() *clock { return &s.clock }

func (s *managers) ids(int) []uuid.UUID { return nil }

func (s *managers) do(ctx context.Context, worker int, c call) (answer, error) {
	m := s.managers[worker%len(s.managers)]
	var preconditions []idem.Precondition
	if c.IfRevision != 0 {
		preconditions = append(preconditions, idem.IfRevision(c.IfRevision))
	}
	v := c.version()
	switch c.Kind {
	case callCreate:
		// An import of one is a create by another way.
		if worker%2 == 0 {
			results, _ := m.CreateIdentities(ctx, []identity.Create{v.Create()})
			return answerOf(results[0].Identity, results[0].Err)
		}
		return answerOf(m.CreateIdentity(ctx, v.Create()))
	case callGet:
		return answerOf(m.GetIdentity(ctx, c.ID))
	case callFindIdentifier:
		return answerOf(m.FindByIdentifier(ctx, credentials.TypePassword, v.Email))
	case callFindExternal:
		return answerOf(m.FindByExternalID(ctx, v.External))
	case callUpdate:
		return answerOf(m.UpdateIdentity(ctx, c.ID, v.Update(), preconditions...))
	case callPatch:
		return answerOf(m.PatchIdentity(ctx, c.ID, account.PatchTo(c.Token), preconditions...))
	case callDelete:
		return answerOf(nil, m.DeleteIdentity(ctx, c.ID, preconditions...))
	case callMark, callTake, callLook:
		var seen record
		err := m.UpdateRecord(ctx, c.recordKey(), c.change(&seen))
		return answerOfRecord(seen, err)
	case callPrune:
		_, err := m.PruneRecords(ctx)
		return answer{}, err
	}
	return answer{}, fmt.Errorf("no such call: %q", c.Kind)
}

// stores makes the calls to the handles themselves.
type stores struct {
	stores []storage.Storage
	clock  clock
}

// Stores returns the handles on one state, in which ids of deleted identities come back: only
// a store lets them be used again.
func Stores(handles []storage.Storage) Subject { return &stores{stores: handles} }

func (s *stores) time() *clock { return &s.clock }

// ids are so few that those of deleted identities come back.
func (s *stores) ids(group int) []uuid.UUID {
	return []uuid.UUID{{0: 1, 14: byte(group >> 8), 15: byte(group)}, {0: 2, 14: byte(group >> 8), 15: byte(group)}}
}

func (s *stores) do(ctx context.Context, worker int, c call) (answer, error) {
	store := s.stores[worker%len(s.stores)]
	check := func(current *identity.Identity) error {
		if c.IfRevision != 0 && c.IfRevision != current.Revision {
			return storage.ErrRevision
		}
		return nil
	}
	switch c.Kind {
	case callCreate:
		return answerOf(store.Create(ctx, c.version().Identity(c.ID)))
	case callGet:
		return answerOf(store.Get(ctx, c.ID))
	case callFindIdentifier:
		return answerOf(store.Find(ctx, storage.IdentifierClaim(credentials.TypePassword, c.version().Email)))
	case callFindExternal:
		return answerOf(store.Find(ctx, storage.ExternalIDClaim(c.version().External)))
	case callUpdate, callPatch:
		return answerOf(store.Update(ctx, c.ID, func(current *identity.Identity) (*identity.Identity, error) {
			if err := check(current); err != nil {
				return nil, err
			}
			if c.Kind == callUpdate {
				return c.version().Identity(c.ID), nil
			}
			v, err := account.VersionOf(current)
			if err != nil {
				return nil, err
			}
			return v.Next(c.Token).Identity(c.ID), nil
		}))
	case callDelete:
		return answerOf(nil, store.Delete(ctx, c.ID, account.Noon, check))
	case callMark, callTake, callLook:
		var seen record
		err := store.UpdateRecord(ctx, c.recordKey(), time.UnixMicro(c.Now), c.change(&seen))
		return answerOfRecord(seen, err)
	case callPrune:
		_, err := store.PruneRecords(ctx, time.UnixMicro(c.Now))
		return answer{}, err
	}
	return answer{}, fmt.Errorf("no such call: %q", c.Kind)
}

// version is what the call writes.
func (c call) version() account.Version {
	v := account.Version{Email: fmt.Sprintf("%d-%d@example.com", c.Group, c.Email), Trail: []string{c.Token}}
	if c.External > 0 {
		v.External = fmt.Sprintf("%d-%d", c.Group, c.External)
	}
	return v
}

// answerOf turns what a call returned into an answer, or into an error that no call
// may come to.
func answerOf(i *identity.Identity, err error) (answer, error) {
	var conflict *storage.ConflictError
	switch {
	case errors.As(err, &conflict):
		return answer{Refusal: string(conflict.Kind)}, nil
	case errors.Is(err, storage.ErrNotFound):
		return answer{Refusal: refusalNotFound}, nil
	case errors.Is(err, storage.ErrRevision):
		return answer{Refusal: refusalRevision}, nil
	case err != nil || i == nil:
		return answer{}, err
	}
	v, err := account.VersionOf(i)
	if err != nil {
		return answer{}, err
	}
	r := row{ID: i.ID, Revision: i.Revision}
	if _, err := fmt.Sscanf(v.Email, "%d-%d@", new(int), &r.Email); err != nil {
		return answer{}, err
	}
	if v.External != "" {
		if _, err := fmt.Sscanf(v.External, "%d-%d", new(int), &r.External); err != nil {
			return answer{}, err
		}
	}
	for _, token := range v.Trail {
		r.Trail = chain(r.Trail, token)
	}
	return answer{row: r}, nil
}
