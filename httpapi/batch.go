package httpapi

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/violation"
)

const (
	// MaxBatchSize is how many identities a batch may create.
	MaxBatchSize = 1000
	// MaxBatchPasswords is how many of them may have a plain password, since each
	// takes a hash.
	MaxBatchPasswords = 200
)

type batchBody struct {
	Identities []batchItem `json:"identities"`
	// WithPartialInserts is how every batch works: one item stops no other.
	WithPartialInserts *bool `json:"with_partial_inserts"`
}

// batchItem keeps its create unread, so that what is wrong with one stops no other.
type batchItem struct {
	Create  jsontext.Value `json:"create"`
	PatchID *string        `json:"patch_id"`
}

// batchOutcome is what became of an item: an identity or an error.
type batchOutcome struct {
	patchID string
	id      uuid.UUID
	err     error
}

func (h *Handler) batchPatchIdentities(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	var b batchBody
	if err := h.readJSON(w, r, h.maxBatchBody, &b); err != nil {
		return answer{}, err
	}
	if len(b.Identities) > MaxBatchSize {
		return answer{}, invalidBody(violation.Violation{Pointer: "/identities", Keyword: "maxItems", Message: fmt.Sprintf("may have at most %d entries", MaxBatchSize)})
	}
	if b.WithPartialInserts != nil && !*b.WithPartialInserts {
		return answer{}, invalidBody(violation.Violation{Pointer: "/with_partial_inserts", Keyword: "const", Message: "must be true: the items of a batch stand alone"})
	}
	outcomes, creates, positions, err := b.read()
	if err != nil {
		return answer{}, err
	}
	results, err := h.manager.CreateIdentities(r.Context(), creates)
	if err != nil {
		return answer{}, err
	}
	for k, n := range positions {
		outcomes[n].err = results[k].Err
		if results[k].Identity != nil {
			outcomes[n].id = results[k].Identity.ID
		}
	}
	return answer{status: http.StatusOK, body: h.batchAnswer(r, outcomes)}, nil
}

// read reads every item. Those that can be tried are returned as creates, with their
// positions; the others have their outcome already.
func (b batchBody) read() (outcomes []batchOutcome, creates []identity.Create, positions []int, err error) {
	outcomes = make([]batchOutcome, len(b.Identities))
	passwords := 0
	for n, item := range b.Identities {
		if item.PatchID != nil {
			id, ok := parseID(*item.PatchID)
			if !ok {
				return nil, nil, nil, invalidBody(violation.Violation{Pointer: fmt.Sprintf("/identities/%d/patch_id", n), Keyword: "format", Message: "must be a UUID"})
			}
			outcomes[n].patchID = id.String()
		}
		c, err := item.read()
		if err != nil {
			outcomes[n].err = err
			continue
		}
		if c.Credentials != nil && c.Credentials.Password != nil && c.Credentials.Password.Password != "" {
			passwords++
		}
		creates = append(creates, c)
		positions = append(positions, n)
	}
	if passwords > MaxBatchPasswords {
		return nil, nil, nil, invalidBody(violation.Violation{Pointer: "/identities", Keyword: "maxItems", Message: fmt.Sprintf("may have at most %d entries with a plain password", MaxBatchPasswords)})
	}
	return outcomes, creates, positions, nil
}

func (i batchItem) read() (identity.Create, error) {
	if len(i.Create) == 0 {
		return identity.Create{}, invalidBody(violation.Violation{Keyword: "required", Message: "is missing"})
	}
	var c createBody
	if err := decode(i.Create, &c); err != nil {
		return identity.Create{}, err
	}
	return c.toCreate()
}

// maxBatchViolations is how many violations the answer to a batch tells, shared evenly
// among its items: else what is wrong with a thousand would make an answer many times
// the size of the request.
const maxBatchViolations = 10 * MaxBatchSize

func (h *Handler) batchAnswer(r *http.Request, outcomes []batchOutcome) []byte {
	w := jsonwriter.New(nil)
	w.BeginObject()
	w.Name("identities")
	w.BeginArray()
	for n, o := range outcomes {
		w.BeginObject()
		w.Name("action")
		if o.err != nil {
			w.String("error")
			w.Name("error")
			h.explain(r, o.err).under(fmt.Sprintf("/identities/%d/create", n), maxBatchViolations/len(outcomes)).write(w)
		} else {
			w.String("create")
			w.UUIDMember("identity", o.id)
		}
		if o.patchID != "" {
			w.StringMember("patch_id", o.patchID)
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}
