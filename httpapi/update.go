package httpapi

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

func (h *Handler) updateIdentity(w http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	// No identity has the nil id, which stands for a malformed one. So a bad body is refused even where there is no
	// identity.
	id, _ := parseID(params[0])
	var u identity.Update
	err := h.readJSON(w, r, h.maxBody, func(body []byte) (err error) {
		u, err = wire.ReadUpdate(body, id)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	updated, err := h.manager.UpdateIdentity(r.Context(), id, u, conditions.preconditions()...)
	if err != nil {
		return answer{}, err
	}
	return h.identityAnswer(http.StatusOK, h.view, updated), nil
}

// parseID reads an id as a path may write it.
func parseID(s string) (id uuid.UUID, ok bool) { return wire.ParseID(s) }
