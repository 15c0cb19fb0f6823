package httpapi

import (
	"net/http"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

func (h *Handler) createIdentity(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	var c identity.Create
	err := h.readJSON(w, r, h.maxBody, func(body []byte) (err error) {
		c, err = wire.ReadCreate(body)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	if err := checkNoTag(r); err != nil {
		return answer{}, err
	}
	created, err := h.manager.CreateIdentity(r.Context(), c)
	if err != nil {
		return answer{}, err
	}
	a := h.identityAnswer(http.StatusCreated, h.view, created)
	a.location = h.view.BaseURL + "/admin/identities/" + created.ID.String()
	return a, nil
}
