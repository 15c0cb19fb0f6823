package httpapi

import "net/http"

func (h *Handler) deleteIdentity(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	id, _ := parseID(params[0])
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	if err := h.manager.DeleteIdentity(r.Context(), id, conditions.preconditions()...); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}
