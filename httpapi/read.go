package httpapi

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

func (h *Handler) getIdentity(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	id, _ := parseID(params[0]) // a malformed id names no identity, as the nil id does
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	view, err := h.viewOf(r)
	if err != nil {
		return answer{}, err
	}
	i, err := h.manager.GetIdentity(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	return h.readAnswer(view, conditions, i)
}

func (h *Handler) getIdentityByExternalID(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	view, err := h.viewOf(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := readConditionsFound(r, uuid.Nil); err != nil {
		return answer{}, err // malformed, whether or not the identity exists
	}
	i, err := h.manager.FindByExternalID(r.Context(), params[0])
	if err != nil {
		return answer{}, err
	}
	conditions, err := readConditionsFound(r, i.ID)
	if err != nil {
		return answer{}, err
	}
	return h.readAnswer(view, conditions, i)
}

// viewOf is what of an identity the parameters of a request ask for.
func (h *Handler) viewOf(r *http.Request) (wire.View, error) {
	query, err := readQuery(r)
	if err != nil {
		return wire.View{}, err
	}
	view := h.view
	view.Configs, err = includedCredentials(query)
	return view, err
}

func (h *Handler) readAnswer(view wire.View, conditions conditions, i *identity.Identity) (answer, error) {
	notModified, err := conditions.check(i)
	switch {
	case err != nil:
		return answer{}, err
	case notModified:
		return answer{status: http.StatusNotModified, etag: entityTag(i)}, nil
	}
	return h.identityAnswer(http.StatusOK, view, i), nil
}
