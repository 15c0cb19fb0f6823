package wire

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

const (
	// MaxBatchSize is how many identities a batch may create.
	MaxBatchSize = 1000
	// MaxBatchPasswords is how many of them may have a plain password, since each takes a hash.
	MaxBatchPasswords = 200
)

// BatchItem is one identity of a batch.
type BatchItem struct {
	// Create is the identity to create, if Err is nil.
	Create identity.Create
	// PatchID is the client's own name for the item; not Valid if it gave none.
	PatchID uuid.NullUUID
	// Err, a [*violation.Error] with pointers into the item's create, is what is wrong with the item.
	Err error
}

type batchBody struct {
	Identities []batchItemBody `json:"identities"`
	// WithPartialInserts is how every batch works: one item stops no other.
	WithPartialInserts *bool `json:"with_partial_inserts"`
}

// batchItemBody keeps its create unread, so that a fault in one item stops no other.
type batchItemBody struct {
	Create  jsontext.Value `json:"create"`
	PatchID *string        `json:"patch_id"`
}

// ReadBatch reads the body of a batch. A fault in an item's create is the item's Err; the error is for the batch as a
// whole, a [*violation.Error].
func ReadBatch(body []byte) ([]BatchItem, error) {
	var b batchBody
	if err := decode(body, &b); err != nil {
		return nil, err
	}
	if len(b.Identities) > MaxBatchSize {
		return nil, violation.New("/identities", "maxItems", fmt.Sprintf("may have at most %d entries", MaxBatchSize))
	}
	if b.WithPartialInserts != nil && !*b.WithPartialInserts {
		return nil, violation.New("/with_partial_inserts", "const", "must be true: the items of a batch are independent")
	}
	items, passwords := make([]BatchItem, len(b.Identities)), 0
	for n, item := range b.Identities {
		if item.PatchID != nil {
			id, ok := ParseID(*item.PatchID)
			if !ok {
				return nil, violation.New(fmt.Sprintf("/identities/%d/patch_id", n), "format", "must be a UUID")
			}
			items[n].PatchID = uuid.NullUUID{UUID: id, Valid: true}
		}
		if len(item.Create) == 0 {
			items[n].Err = violation.New("", "required", "is missing")
			continue
		}
		items[n].Create, items[n].Err = ReadCreate(item.Create)
		if c := items[n].Create.Credentials; items[n].Err == nil && c != nil && c.Password != nil && c.Password.Password != "" {
			passwords++
		}
	}
	if passwords > MaxBatchPasswords {
		return nil, violation.New("/identities", "maxItems", fmt.Sprintf("may have at most %d entries with a plain password", MaxBatchPasswords))
	}
	return items, nil
}
