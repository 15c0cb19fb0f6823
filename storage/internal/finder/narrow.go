package finder

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// narrow returns the ids of the few identities that may match f, not nil, or else sources of
// them. Without either all identities may match.
func narrow(ctx context.Context, s Store, f storage.Filter) (few []uuid.UUID, sources []Source, err error) {
	conditions := f.Where.Conditions()
	if f.IDs != nil {
		return slices.Clone(f.IDs), nil, nil
	}
	for _, c := range conditions {
		if ids, ok := idsOf(c); ok {
			return ids, nil, nil
		}
	}
	claims, ok := claimsOf(f.Identifiers), f.Identifiers != nil
	for _, c := range conditions {
		if ok {
			break
		}
		claims, ok = claimsOfCondition(c)
	}
	if ok {
		owners, err := s.Owners(ctx, claims)
		return append([]uuid.UUID{}, owners...), nil, err
	}
	if indexed, ok := s.(Indexed); ok {
		sources = ofIndexes(indexed, f, conditions)
	}
	if f.Prefixes != nil {
		if source := s.Prefixed(f.Prefixes); source != nil {
			sources = append(sources, source)
		}
	}
	return nil, sources, nil
}

// selectedOrganization is the organization of all that match f, if f says so.
func selectedOrganization(f storage.Filter) uuid.NullUUID {
	if f.OrganizationID.Valid {
		return f.OrganizationID
	}
	for _, c := range f.Where.Conditions() {
		if c.Path != "/organization_id" || len(c.Tests) != 1 || c.Tests[0].Op != query.OpEqual {
			continue
		}
		if id, ok := idOf(c.Tests[0]); ok {
			return uuid.NullUUID{UUID: id, Valid: true}
		}
	}
	return uuid.NullUUID{}
}

// idsOf returns the ids of which one must be that of the identity, if c says so.
func idsOf(c query.Condition) (ids []uuid.UUID, ok bool) {
	if c.Path != "/id" {
		return nil, false
	}
	ids = []uuid.UUID{}
	for _, t := range c.Tests {
		if t.Op != query.OpEqual {
			return nil, false
		}
		if id, ok := idOf(t); ok { // a text that is no id equals none
			ids = append(ids, id)
		}
	}
	return ids, true
}

func idOf(t query.Test) (uuid.UUID, bool) {
	text, _ := t.Text()
	id, err := uuid.Parse(text)
	return id, err == nil
}

func claimsOf(identifiers []storage.Identifier) []storage.Claim {
	var claims []storage.Claim
	for _, i := range identifiers {
		claims = append(claims, storage.IdentifierClaim(i.Type, i.Value))
	}
	return claims
}

// claimsOfCondition returns claims of which the identity must have one, if c says so.
func claimsOfCondition(c query.Condition) (claims []storage.Claim, ok bool) {
	for _, t := range c.Tests {
		value, isText := t.Text()
		if t.Op != query.OpEqual || !isText {
			return nil, false
		}
		of := claimsAt(c.Path, value)
		if of == nil {
			return nil, false
		}
		claims = append(claims, of...)
	}
	return claims, true
}

// claimsAt returns the claims that an identity with a value at path may have made on it.
func claimsAt(path, value string) (claims []storage.Claim) {
	switch path {
	case "/external_id":
		return []storage.Claim{storage.ExternalIDClaim(value)}
	case "/verifiable_addresses/value":
		return addressClaims(storage.TypeVerifiableAddress, value)
	case "/recovery_addresses/value":
		return addressClaims(storage.TypeRecoveryAddress, value)
	case "/identifiers":
		for _, t := range credentials.Types() {
			claims = append(claims, storage.IdentifierClaim(t, value))
		}
		return claims
	}
	of, isCredential := strings.CutPrefix(path, "/credentials/")
	name, isIdentifiers := strings.CutSuffix(of, "/identifiers")
	if isCredential && isIdentifiers {
		return []storage.Claim{storage.IdentifierClaim(credentials.Type(name), value)}
	}
	return nil
}

func addressClaims(t, value string) []storage.Claim {
	return []storage.Claim{storage.AddressClaim(t, "email", value), storage.AddressClaim(t, "sms", value)}
}

// single are the paths at which an identity has one value at most, so that conditions on one
// of them are about the same value.
var single = []string{"/id", "/external_id", "/schema_id", "/state", "/organization_id", "/created_at", "/updated_at", "/state_changed_at"}

// ofIndexes returns a source for each condition that a declared index serves.
func ofIndexes(s Indexed, f storage.Filter, conditions []query.Condition) (sources []Source) {
	within := map[string]Range{}
	for _, c := range conditions {
		if !s.HasIndex(c.Path) {
			continue
		}
		if len(c.Tests) == 1 && c.Tests[0].Op != query.OpStartsWith && slices.Contains(single, c.Path) {
			from, to := c.Tests[0].Range()
			if r, ok := within[c.Path]; ok {
				from, to = slices.MaxFunc([][]byte{from, r.From}, bytes.Compare), slices.MinFunc([][]byte{to, r.To}, bytes.Compare)
			}
			within[c.Path] = Range{from, to}
			continue
		}
		var ranges []Range
		for _, t := range c.Tests {
			from, to := t.Range()
			ranges = append(ranges, Range{from, to})
		}
		sources = append(sources, s.Ranged(c.Path, ranges))
	}
	for path, r := range within {
		sources = append(sources, s.Ranged(path, []Range{r}))
	}
	if needles := slices.Concat(f.Search.Needles(), f.Where.Needles()); len(needles) > 0 {
		if source := s.Searched(needles); source != nil {
			sources = append(sources, source)
		}
	}
	return sources
}

// equality is a key of an index that all that match have.
type equality struct {
	path string
	key  []byte
}

// equalityOf returns the one key that passes c.
func equalityOf(c query.Condition) (equality, bool) {
	if len(c.Tests) != 1 {
		return equality{}, false
	}
	from, to := c.Tests[0].Range()
	return equality{c.Path, from}, bytes.Equal(to, append(slices.Clone(from), 0)) || c.Tests[0].Op == query.OpAbsent
}

// equalities returns an equality that an index serves.
func equalities(s Store, f storage.Filter) (equality, bool) {
	indexed, ok := s.(Indexed)
	if !ok {
		return equality{}, false
	}
	for _, c := range f.Where.Conditions() {
		if e, ok := equalityOf(c); ok && indexed.HasIndex(c.Path) {
			return e, true
		}
	}
	return equality{}, false
}
