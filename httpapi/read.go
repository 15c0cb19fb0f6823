package httpapi

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

func (h *Handler) getIdentity(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	return h.read(r, func() (*identity.Identity, error) {
		id, _ := parseID(params[0]) // a malformed id names no identity, as the nil id does
		return h.manager.GetIdentity(r.Context(), id)
	})
}

func (h *Handler) getIdentityByExternalID(_ http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	return h.read(r, func() (*identity.Identity, error) {
		return h.manager.FindByExternalID(r.Context(), params[0])
	})
}

// read answers with the identity that find returns, as the request's parameters
// and conditions have it.
func (h *Handler) read(r *http.Request, find func() (*identity.Identity, error)) (answer, error) {
	query, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	view := h.view
	if view.Configs, err = includedCredentials(query); err != nil {
		return answer{}, err
	}
	conditions, err := readConditions(r)
	if err != nil {
		return answer{}, err
	}
	i, err := find()
	if err != nil {
		return answer{}, err
	}
	notModified, err := conditions.check(i)
	if err != nil {
		return answer{}, err
	}
	if notModified {
		return answer{status: http.StatusNotModified, revision: i.Revision}, nil
	}
	return answer{status: http.StatusOK, revision: i.Revision, body: view.Append(nil, i)}, nil
}

// readQuery parses the query, where net/http would drop what it cannot read.
func readQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badParameter("The query cannot be parsed.")
	}
	return query, nil
}

func badParameter(reason string) *problem {
	return &problem{
		status: http.StatusBadRequest, id: "bad_request", message: "A parameter of the request is not valid.", reason: reason,
	}
}

func includedCredentials(query url.Values) ([]credentials.Type, error) {
	var types []credentials.Type
	for n, name := range query["include_credential"] {
		t, err := credentials.ParseType(name)
		if err != nil {
			return nil, badParameter(fmt.Sprintf("include_credential number %d is not a credential type; there are %s.", n+1, typeNames()))
		}
		types = append(types, t)
	}
	return types, nil
}

func typeNames() string {
	text := ""
	for n, t := range credentials.Types() {
		if n > 0 {
			text += ", "
		}
		text += string(t)
	}
	return text
}
