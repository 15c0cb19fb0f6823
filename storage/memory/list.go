package memory

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// List implements [storage.Storage].
func (s *Store) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = storage.DefaultLimit
	}
	found, err := s.page(ctx, q, limit)
	if err != nil {
		return storage.Page{}, err
	}
	// Copied outside of the lock: what is kept is never modified.
	page := storage.Page{More: len(found) > limit}
	for _, i := range found[:min(len(found), limit)] {
		page.Identities = append(page.Identities, i.Clone())
	}
	return page, nil
}

// page returns the kept identities of the page and, if there is one, the next.
func (s *Store) page(ctx context.Context, q storage.Query, limit int) ([]*identity.Identity, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	ids, matches := s.candidates(q.Filter)
	start, found := slices.BinarySearchFunc(ids, q.After, compareIDs)
	if found {
		start++
	}
	var page []*identity.Identity
	skip := q.Offset
	for _, id := range ids[start:] {
		i := s.identities[id]
		if matches != nil && !matches(i) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if page = append(page, i); len(page) > limit {
			break
		}
	}
	return page, nil
}

// Count implements [storage.Storage].
func (s *Store) Count(ctx context.Context, filter storage.Filter) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	ids, matches := s.candidates(filter)
	if matches == nil {
		return len(ids), nil
	}
	count := 0
	for _, id := range ids {
		if matches(s.identities[id]) {
			count++
		}
	}
	return count, nil
}

// candidates returns sorted ids of identities, and what tells which of them match
// the filter, nil if all do.
func (s *Store) candidates(f storage.Filter) (ids []uuid.UUID, matches func(*identity.Identity) bool) {
	switch {
	case f.IDs != nil:
		for _, id := range f.IDs {
			if _, found := s.identities[id]; found {
				ids = append(ids, id)
			}
		}
	case f.Identifiers != nil:
		for _, i := range f.Identifiers {
			if id, found := s.owners[identifierClaim(i)]; found {
				ids = append(ids, id)
			}
		}
	case f.Prefixes != nil:
		for claim, id := range s.owners {
			if hasPrefix(claim, f.Prefixes) {
				ids = append(ids, id)
			}
		}
	case f.OrganizationID.Valid:
		return s.order, f.Matches
	default:
		return s.order, nil
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids), nil
}

func identifierClaim(i storage.Identifier) storage.Claim {
	return storage.Claim{Kind: storage.KindIdentifier, Type: string(i.Type), Value: i.Value}
}

func hasPrefix(claim storage.Claim, prefixes []storage.Identifier) bool {
	return slices.ContainsFunc(prefixes, func(p storage.Identifier) bool {
		return claim.Kind == storage.KindIdentifier && claim.Type == string(p.Type) && strings.HasPrefix(claim.Value, p.Value)
	})
}
