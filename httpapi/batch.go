package httpapi

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/internal/wire"
)

const (
	// MaxBatchSize is the maximum number of identities that a batch may create.
	MaxBatchSize = wire.MaxBatchSize
	// MaxBatchPasswords is the maximum number of identities in a batch that may have a plain
	// password. The limit exists because each plain password must be hashed.
	MaxBatchPasswords = wire.MaxBatchPasswords
)

// batchOutcome is the result of one item: an identity or an error.
type batchOutcome struct {
	patchID uuid.NullUUID
	id      uuid.UUID
	err     error
}

func (h *Handler) batchPatchIdentities(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	var items []wire.BatchItem
	err := h.readJSON(w, r, h.maxBatchBody, func(body []byte) (err error) {
		items, err = wire.ReadBatch(body)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	if err := checkNoTag(r); err != nil {
		return answer{}, err
	}
	outcomes := make([]batchOutcome, len(items))
	var (
		creates   []identity.Create
		positions []int
	)
	for n, item := range items {
		outcomes[n] = batchOutcome{patchID: item.PatchID, err: item.Err}
		if item.Err == nil {
			creates, positions = append(creates, item.Create), append(positions, n)
		}
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

// maxBatchViolations is how many violations the answer to a batch reports, shared evenly among its items. Without it the
// answer to a thousand bad items would be many times the size of the request.
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
		if o.patchID.Valid {
			w.UUIDMember("patch_id", o.patchID.UUID)
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return w.Bytes()
}
