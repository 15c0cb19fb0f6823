package httpapi

import "net/http"

func (h *Handler) deleteIdentity(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	conditions, err := readConditions(r)
	if err != nil {
		return answer{}, err
	}
	id, _ := parseID(params[0])
	if err := h.manager.DeleteIdentity(r.Context(), id, conditions.preconditions()...); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}
