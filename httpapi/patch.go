package httpapi

import (
	"bytes"
	"maps"
	"net/http"
	"slices"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
)

// patchTypes are the media types of a patch: RFC 6902, which clients send as plain
// JSON too, and RFC 7396.
var patchTypes = map[string]func([]byte) idem.Patch{
	"application/json":             idem.JSONPatch,
	"application/json-patch+json":  idem.JSONPatch,
	"application/merge-patch+json": idem.MergePatch,
}

func (h *Handler) patchIdentity(w http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	var body bytes.Buffer
	mediaType, err := readBody(&body, w, r, h.maxBody, slices.Sorted(maps.Keys(patchTypes))...)
	if err != nil {
		return answer{}, err
	}
	id, _ := parseID(params[0]) // the nil id is nobody's
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	patched, err := h.manager.PatchIdentity(r.Context(), id, patchTypes[mediaType](body.Bytes()), conditions.preconditions()...)
	if err != nil {
		return answer{}, err
	}
	return h.identityAnswer(http.StatusOK, h.view, patched), nil
}

// deleteParameters are those of a request to delete a credential. Without identifier all of the type is deleted, so a
// misspelt one must not be ignored.
var deleteParameters = map[string]bool{"identifier": false}

func (h *Handler) deleteCredential(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	query, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	if err := checkParameters(query, deleteParameters); err != nil {
		return answer{}, err
	}
	if query.Has("identifier") && query.Get("identifier") == "" {
		return answer{}, badParameter("The parameter identifier is empty. Without it all of the credential is deleted.")
	}
	id, _ := parseID(params[0])
	conditions, err := readConditions(r, id)
	if err != nil {
		return answer{}, err
	}
	err = h.manager.DeleteCredential(r.Context(), id, credentials.Type(params[1]), query.Get("identifier"), conditions.preconditions()...)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}
