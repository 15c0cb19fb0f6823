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

// claims are claims of an identity as the statements take them. Their arguments are made once, by the caller, for the
// check and for the insert, which the writer makes.
type claims struct {
	list []storage.Claim
	args []any // type and value of each in turn
}

func newClaims(list []storage.Claim) claims {
	c := claims{list, make([]any, 0, 2*len(list))}
	for _, claim := range list {
		c.args = append(c.args, claimtype.Kept(claim), claim.Value)
	}
	return c
}

// next cuts the first count claims off, or all if there are fewer.
func (c *claims) next(count int) claims {
	count = min(count, len(c.list))
	first := claims{c.list[:count], c.args[:2*count]}
	c.list, c.args = c.list[count:], c.args[2*count:]
	return first
}

// checkFree refuses what another identity claims. What id itself claims already was
// claimed by an update that came between; that the identity has moved is found next.
func (t *transaction) checkFree(ctx context.Context, id uuid.UUID, rest claims) (refusal, failure error) {
	for len(rest.list) > 0 {
		group := rest.next(checkedClaims)
		switch taken, err := t.anyTaken(ctx, id, group); {
		case err != nil:
			return nil, err
		case taken:
			return t.firstTaken(ctx, id, group.list)
		}
	}
	return nil, nil
}

// anyTaken reports whether another identity than id has one of at most checkedClaims claims.
func (t *transaction) anyTaken(ctx context.Context, id uuid.UUID, group claims) (bool, error) {
	args := make([]any, 2*checkedClaims+1) // a claim that is NULL equals none
	copy(args, group.args)
	args[2*checkedClaims] = id[:]
	var one int
	err := queryRow(ctx, t, selectTaken, args, &one)
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

// errTaken says that somebody has a claim already.
var errTaken = errors.New("sqlitedb: a claim is taken")

// claim makes the claims of id. It returns errTaken if one is taken, and may have made some of them then.
func (t *transaction) claim(ctx context.Context, id uuid.UUID, rest claims) error {
	owner := any(id[:])
	args := make([]any, 0, 3*manyClaims)
	for len(rest.list) > 0 {
		n, count := insertIdentifier, 1
		switch {
		case len(rest.list) >= manyClaims:
			n, count = insertManyIdentifiers, manyClaims
		case len(rest.list) >= someClaims:
			n, count = insertSomeIdentifiers, someClaims
		}
		group := rest.next(count)
		args = args[:0]
		for at := 0; at < len(group.args); at += 2 {
			args = append(args, group.args[at], group.args[at+1], owner)
		}
		switch rows, err := t.exec(ctx, n, args...); {
		case err != nil:
			return err
		case rows < int64(count):
			return errTaken
		}
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
