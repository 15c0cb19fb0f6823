package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
)

// checkFree refuses what another identity claims. What id itself claims already was
// claimed by an update that came between; that the identity has moved is found next.
func (t *transaction) checkFree(ctx context.Context, id uuid.UUID, claims []storage.Claim) (refusal, failure error) {
	for start := 0; start < len(claims); start += checkedClaims {
		group := claims[start:min(start+checkedClaims, len(claims))]
		switch taken, err := t.anyTaken(ctx, id, group); {
		case err != nil:
			return nil, err
		case taken:
			return t.firstTaken(ctx, id, group)
		}
	}
	return nil, nil
}

// anyTaken reports whether another identity than id has one of at most checkedClaims claims.
func (t *transaction) anyTaken(ctx context.Context, id uuid.UUID, claims []storage.Claim) (bool, error) {
	args := make([]any, 0, 2*checkedClaims+1)
	for n := range checkedClaims {
		claim := claims[min(n, len(claims)-1)] // the last one fills up
		args = append(args, claimtype.Kept(claim), claim.Value)
	}
	var one int
	err := queryRow(ctx, t, selectTaken, append(args, id[:]), &one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// firstTaken returns the conflict of the first of claims that another identity than id has.
func (t *transaction) firstTaken(ctx context.Context, id uuid.UUID, claims []storage.Claim) (refusal, failure error) {
	for _, claim := range claims {
		var owner []byte
		switch err := queryRow(ctx, t, selectOwner, []any{claimtype.Kept(claim), claim.Value}, &owner); {
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
	for len(claims) > 0 {
		n, count := insertIdentifier, 1
		if len(claims) >= insertedClaims {
			n, count = insertIdentifiers, insertedClaims
		}
		args := make([]any, 0, 3*insertedClaims)
		for _, claim := range claims[:count] {
			args = append(args, claimtype.Kept(claim), claim.Value, id[:])
		}
		if _, err := t.exec(ctx, n, args...); err != nil {
			return err
		}
		claims = claims[count:]
	}
	return nil
}

// release frees what id claims of claims: a key may have been another identity's already
// when keys became claims.
func (t *transaction) release(ctx context.Context, id uuid.UUID, claims []storage.Claim) error {
	for _, claim := range claims {
		if _, err := t.exec(ctx, deleteIdentifier, claimtype.Kept(claim), claim.Value, id[:]); err != nil {
			return err
		}
	}
	return nil
}
