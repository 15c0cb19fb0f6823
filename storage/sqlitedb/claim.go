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

// claims are claims of an identity as the statements take them. Their arguments are made by the caller, and not by the
// writer.
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
	if len(rest.list) == 0 {
		return nil
	}
	args := append(make([]any, 0, 1+2*manyClaims), id[:])
	for len(rest.list) > 0 {
		n, count := insertIdentifier, 1
		switch {
		case len(rest.list) >= manyClaims:
			n, count = insertManyIdentifiers, manyClaims
		case len(rest.list) >= someClaims:
			n, count = insertSomeIdentifiers, someClaims
		}
		switch rows, err := t.exec(ctx, n, append(args, rest.next(count).args...)...); {
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
	if len(claims) == 0 {
		return nil
	}
	owner := any(id[:])
	for _, claim := range claims {
		if _, err := t.exec(ctx, deleteIdentifier, claimtype.Kept(claim), claim.Value, owner); err != nil {
			return err
		}
	}
	return nil
}
