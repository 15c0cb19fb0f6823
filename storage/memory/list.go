package memory

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/pager"
)

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// List implements [storage.Storage].
func (s *Store) List(ctx context.Context, q storage.Query) (storage.Page, error) {
	page, err := s.page(ctx, q)
	// Copied outside of the lock: what is kept is never modified.
	for n, i := range page.Identities {
		page.Identities[n] = i.Clone()
	}
	return page, err
}

// page returns a page of the kept identities, which must not be modified.
func (s *Store) page(ctx context.Context, q storage.Query) (storage.Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return storage.Page{}, err
	}
	ids, matches := s.candidates(q.Filter)
	start, found := slices.BinarySearchFunc(ids, q.After, compareIDs)
	if found {
		start++
	}
	page, skip := pager.New(q), q.Offset
	for _, id := range ids[start:] {
		i := s.identities[id]
		if matches != nil && !matches(i) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if !page.Add(i) {
			break
		}
	}
	return page.Page(), nil
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
			if id, found := s.owners[storage.IdentifierClaim(i.Type, i.Value)]; found {
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

func hasPrefix(claim storage.Claim, prefixes []storage.Identifier) bool {
	return slices.ContainsFunc(prefixes, func(p storage.Identifier) bool {
		return claim.Kind == storage.ClaimKindIdentifier && claim.Type == string(p.Type) && strings.HasPrefix(claim.Value, p.Value)
	})
}
