//go:build unix

package faulttest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
)

// evidence is what an audit looks at: a database as it was found, what it was known
// to hold earlier, and what was done to it since.
type evidence struct {
	path       string
	store      storage.Storage
	manager    *idem.Manager
	identities []*identity.Identity
	// before is what the last audit found.
	before map[uuid.UUID]account.Version
	// records are the journals of everyone who wrote since.
	records []record
}

// audits are all that is checked after a crash. Each returns what is wrong.
var audits = []func(context.Context, *evidence) []error{
	auditIntegrity,
	auditClaims,
	auditHistory,
	auditFeed,
}

// audit opens the database at path, which nobody else writes to, and runs all audits.
// It returns what the database holds.
func audit(ctx context.Context, path string, before map[uuid.UUID]account.Version, records []record) (map[uuid.UUID]account.Version, error) {
	manager, store, err := openManager(path)
	if err != nil {
		return nil, err
	}
	e := &evidence{path: path, store: store, manager: manager, before: before, records: records}
	var problems []error
	for i, err := range manager.Identities(ctx, idem.Query{}) {
		if err != nil {
			problems = append(problems, err)
			break
		}
		e.identities = append(e.identities, i)
	}
	for _, audit := range audits {
		problems = append(problems, audit(ctx, e)...)
	}
	after := map[uuid.UUID]account.Version{}
	for _, i := range e.identities {
		after[i.ID], _ = account.VersionOf(i) // auditHistory has reported it
	}
	return after, errors.Join(append(problems, store.Close())...)
}

// auditIntegrity has SQLite look at its own structures.
func auditIntegrity(ctx context.Context, e *evidence) []error {
	db, err := sql.Open("sqlite", "file:"+e.path)
	if err != nil {
		return []error{err}
	}
	defer db.Close()
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&answer); err != nil {
		return []error{err}
	}
	if answer != "ok" {
		return []error{fmt.Errorf("integrity_check says: %s", answer)}
	}
	return nil
}

// auditClaims compares what the identities claim with the rows that keep it unique,
// and looks each up.
func auditClaims(ctx context.Context, e *evidence) []error {
	db, err := sql.Open("sqlite", "file:"+e.path)
	if err != nil {
		return []error{err}
	}
	defer db.Close()
	kept, err := keptClaims(ctx, db)
	if err != nil {
		return []error{err}
	}
	var problems []error
	claimed := 0
	for _, i := range e.identities {
		for _, claim := range storage.Claims(i) {
			claimed++
			if owner := kept[keyOf(claim)]; owner != i.ID {
				problems = append(problems, fmt.Errorf("%s claims %s %q, which is kept for %s", i.ID, claim.Kind, claim.Value, owner))
			}
			if err := lookUp(ctx, e.manager, claim, i); err != nil {
				problems = append(problems, err)
			}
		}
	}
	if claimed != len(kept) {
		problems = append(problems, fmt.Errorf("%d claims are kept, and identities have %d", len(kept), claimed))
	}
	return problems
}

type claimKey struct{ kind, value string }

// keyOf is how the table of identifiers has a claim.
func keyOf(claim storage.Claim) claimKey {
	if claim.Kind == storage.ClaimKindExternalID || claim.Kind == storage.ClaimKindKey {
		return claimKey{string(claim.Kind), claim.Value}
	}
	return claimKey{claim.Type, claim.Value}
}

func keptClaims(ctx context.Context, db *sql.DB) (map[claimKey]uuid.UUID, error) {
	rows, err := db.QueryContext(ctx, "SELECT type, identifier, identity_id FROM idem_identifiers")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	kept := map[claimKey]uuid.UUID{}
	for rows.Next() {
		var (
			key   claimKey
			owner []byte
		)
		if err := rows.Scan(&key.kind, &key.value, &owner); err != nil {
			return nil, err
		}
		if kept[key], err = uuid.FromBytes(owner); err != nil {
			return nil, err
		}
	}
	return kept, rows.Err()
}

// lookUp finds by a claim the identity that has it.
func lookUp(ctx context.Context, manager *idem.Manager, claim storage.Claim, want *identity.Identity) error {
	var (
		found *identity.Identity
		err   error
	)
	switch claim.Kind {
	case storage.ClaimKindIdentifier:
		found, err = manager.FindByIdentifier(ctx, credentials.Type(claim.Type), claim.Value)
	case storage.ClaimKindExternalID:
		found, err = manager.FindByExternalID(ctx, claim.Value)
	default:
		return nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s by its %s: %w", want.ID, claim.Kind, err)
	case !found.Equal(want):
		return fmt.Errorf("%s by its %s is %s", want.ID, claim.Kind, found.ID)
	}
	return nil
}

// auditHistory holds what is there against what was there and what was done since:
// every acknowledged change is there, at the revision that was acknowledged; none that
// was refused is; and whatever else is there was under way.
func auditHistory(_ context.Context, e *evidence) []error {
	var problems []error
	after := map[uuid.UUID]account.Version{}
	for _, i := range e.identities {
		v, err := account.VersionOf(i)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		after[i.ID] = v
		if int64(len(v.Trail)) != v.Revision {
			problems = append(problems, fmt.Errorf("%s has had %d changes and is at revision %d", v.ID, len(v.Trail), v.Revision))
		}
	}
	operations, err := operationsOf(e.records)
	if err != nil {
		return append(problems, err)
	}

	deletions := map[uuid.UUID]string{} // by phase
	for _, o := range operations {
		if o.Kind == "delete" && o.Phase != refused && deletions[o.ID] != acknowledged {
			deletions[o.ID] = o.Phase
		}
	}
	for id, v := range after {
		if deletions[id] == acknowledged {
			problems = append(problems, fmt.Errorf("%s is back after its deletion was acknowledged", id))
		}
		problems = append(problems, auditTrail(v, e.before[id], operations)...)
	}
	for id := range e.before {
		if _, there := after[id]; !there && deletions[id] == "" {
			problems = append(problems, fmt.Errorf("%s is gone, and nobody deleted it", id))
		}
	}
	for token, o := range operations {
		if o.Kind == "delete" || o.Phase != acknowledged {
			continue
		}
		v, there := after[o.ID]
		switch {
		case !there && deletions[o.ID] == "":
			problems = append(problems, fmt.Errorf("%s is gone: its %s %q was acknowledged", o.ID, o.Kind, token))
		case there && (int64(len(v.Trail)) < o.Revision || v.Trail[o.Revision-1] != token):
			problems = append(problems, fmt.Errorf("%s lost its %s %q, acknowledged as revision %d", o.ID, o.Kind, token, o.Revision))
		}
	}
	return problems
}

// operationsOf returns the last phase of every operation, by token.
func operationsOf(records []record) (map[string]record, error) {
	operations := map[string]record{}
	for _, r := range records {
		last, known := operations[r.Token]
		switch {
		case r.Phase == failed:
			return nil, fmt.Errorf("a %s of %s failed: %s", r.Kind, r.ID, r.Error)
		case r.Phase == called && known, r.Phase != called && last.Phase != called:
			return nil, fmt.Errorf("the journal has %q %q twice or without its call", r.Token, r.Phase)
		}
		operations[r.Token] = r
	}
	return operations, nil
}

// auditTrail checks every change that an identity says it has had.
func auditTrail(v, before account.Version, operations map[string]record) []error {
	var problems []error
	if len(v.Trail) < len(before.Trail) || !slices.Equal(v.Trail[:len(before.Trail)], before.Trail) {
		return []error{fmt.Errorf("%s lost changes that an earlier audit found: %q, then %q", v.ID, before.Trail, v.Trail)}
	}
	for n := len(before.Trail); n < len(v.Trail); n++ {
		token, revision := v.Trail[n], int64(n+1)
		o, known := operations[token]
		switch {
		case !known:
			problems = append(problems, fmt.Errorf("%s has a change %q that nobody made", v.ID, token))
		case o.Phase == refused:
			problems = append(problems, fmt.Errorf("%s has the change %q, which was refused", v.ID, token))
		case o.Kind == "create" && revision != 1, o.Kind == "change" && revision == 1, o.Kind == "delete":
			problems = append(problems, fmt.Errorf("%s has the %s %q as revision %d", v.ID, o.Kind, token, revision))
		case o.ID != v.ID && (o.Kind != "create" || o.Phase == acknowledged):
			problems = append(problems, fmt.Errorf("%s has the change %q of %s", v.ID, token, o.ID))
		case o.Phase == acknowledged && o.Revision != revision:
			problems = append(problems, fmt.Errorf("%s has the change %q as revision %d, acknowledged as %d", v.ID, token, revision, o.Revision))
		case slices.Contains(v.Trail[:n], token):
			problems = append(problems, fmt.Errorf("%s has the change %q twice", v.ID, token))
		}
	}
	return problems
}

// auditFeed compares the change feed with the identities: it must have no gap, and every
// change of each identity once, in order.
func auditFeed(ctx context.Context, e *evidence) []error {
	var problems []error
	revisions := map[uuid.UUID]int64{}
	for last := int64(0); ; {
		changes, err := e.store.Changes(ctx, storage.ChangeQuery{After: last})
		if err != nil {
			return append(problems, err)
		}
		if len(changes) == 0 {
			break
		}
		for _, c := range changes {
			if c.Sequence != last+1 {
				problems = append(problems, fmt.Errorf("the feed goes from %d to %d", last, c.Sequence))
			}
			last = c.Sequence
			if c.Revision != revisions[c.IdentityID]+1 || (c.Operation == storage.OperationCreate) != (c.Revision == 1) {
				problems = append(problems, fmt.Errorf("the feed has the %s of %s as revision %d, after %d", c.Operation, c.IdentityID, c.Revision, revisions[c.IdentityID]))
			}
			revisions[c.IdentityID] = c.Revision
			if c.Operation == storage.OperationDelete {
				delete(revisions, c.IdentityID)
			}
		}
	}
	for _, i := range e.identities {
		if revisions[i.ID] != i.Revision {
			problems = append(problems, fmt.Errorf("%s is at revision %d, and in the feed at %d", i.ID, i.Revision, revisions[i.ID]))
		}
		delete(revisions, i.ID)
	}
	for id, revision := range revisions {
		problems = append(problems, fmt.Errorf("the feed has %s at revision %d, and it is not there", id, revision))
	}
	return problems
}
