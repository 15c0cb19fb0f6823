package postgres

import (
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
)

// claimArrays are the values and the types of claims, in their order.
func claimArrays(claims []storage.Claim) []any {
	return []any{
		byteStrings(claims, func(c storage.Claim) string { return c.Value }),
		texts(claims, claimtype.Kept),
	}
}
