package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/storage"
)

// Types under which claims that are no identifiers are kept among the identifiers. No
// credential has such a type.
const (
	typeExternalID = "external_id"
	typeKey        = "key"
)

// claimType returns the type under which a claim is kept among the identifiers. It is not
// known if the claim is of a kind or type that is not kept.
func claimType(claim storage.Claim) (t string, known bool) {
	switch claim.Kind {
	case storage.ClaimKindIdentifier:
		return claim.Type, credentials.Type(claim.Type).IsKnown()
	case storage.ClaimKindExternalID:
		return typeExternalID, true
	case storage.ClaimKindKey:
		return typeKey, true
	case storage.ClaimKindAddress:
		return claim.Type, claim.Type == storage.TypeVerifiableAddress || claim.Type == storage.TypeRecoveryAddress
	}
	return "", false
}

// keptType is claimType for a claim that is kept for sure.
func keptType(claim storage.Claim) string {
	t, _ := claimType(claim)
	return t
}

// checkFree refuses what another identity claims. What id itself claims already was
// claimed by an update that came between; that the identity has moved is found next.
func (t *transaction) checkFree(ctx context.Context, id uuid.UUID, claims []storage.Claim) (refusal, failure error) {
	for _, claim := range claims {
		var owner []byte
		switch err := queryRow(ctx, t, selectOwner, []any{keptType(claim), claim.Value}, &owner); {
		case err == nil && !bytes.Equal(owner, id[:]):
			return storage.NewConflictError(claim), nil
		case err == nil:
		case !errors.Is(err, sql.ErrNoRows):
			return nil, err
		}
	}
	return nil, nil
}

func (t *transaction) claim(ctx context.Context, id uuid.UUID, claims []storage.Claim) error {
	for _, claim := range claims {
		if _, err := t.exec(ctx, insertIdentifier, keptType(claim), claim.Value, id[:]); err != nil {
			return err
		}
	}
	return nil
}

// release frees what id claims of claims: a key may have been another identity's already
// when keys became claims.
func (t *transaction) release(ctx context.Context, id uuid.UUID, claims []storage.Claim) error {
	for _, claim := range claims {
		if _, err := t.exec(ctx, deleteIdentifier, keptType(claim), claim.Value, id[:]); err != nil {
			return err
		}
	}
	return nil
}
