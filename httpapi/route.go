package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one operation: what it is called and what serves it.
type route struct {
	operation string
	serve     func(h *Handler, w http.ResponseWriter, r *http.Request, params []string) (answer, error)
}

// resource is a path and the operations on it by method. A "*" in the path stands
// for one segment, whatever it holds.
type resource struct {
	path    []string
	methods map[string]route
}

// The tables of routes. They are never modified. Own tables, rather than a mux,
// because a mux answers some paths with redirects, which lose the prefix that the
// handler is mounted under, and cannot tell an encoded slash in an external id from a
// separator.
var (
	adminResources = []resource{
		{split("admin/identities"), map[string]route{
			http.MethodGet:   {"listIdentities", (*Handler).listIdentities},
			http.MethodPost:  {"createIdentity", (*Handler).createIdentity},
			http.MethodPatch: {"batchPatchIdentities", (*Handler).batchPatchIdentities},
		}},
		{split("admin/identities/*"), map[string]route{
			http.MethodGet:    {"getIdentity", (*Handler).getIdentity},
			http.MethodPut:    {"updateIdentity", (*Handler).updateIdentity},
			http.MethodPatch:  {"patchIdentity", (*Handler).patchIdentity},
			http.MethodDelete: {"deleteIdentity", (*Handler).deleteIdentity},
		}},
		{split("admin/identities/*/credentials/*"), map[string]route{
			http.MethodDelete: {"deleteIdentityCredentials", (*Handler).deleteCredential},
		}},
		{split("admin/identities/*/changes"), map[string]route{
			http.MethodGet: {"listIdentityChanges", (*Handler).listIdentityChanges},
		}},
		{split("admin/identities/*/sessions"), map[string]route{
			http.MethodGet:    {"listIdentitySessions", (*Handler).listSessions},
			http.MethodDelete: {"deleteIdentitySessions", (*Handler).deleteSessions},
		}},
		{split("admin/recovery/code"), map[string]route{
			http.MethodPost: {"createRecoveryCodeForIdentity", (*Handler).createRecoveryCode},
		}},
		{split("admin/recovery/link"), map[string]route{
			http.MethodPost: {"createRecoveryLinkForIdentity", (*Handler).createRecoveryLink},
		}},
		{split("admin/changes"), map[string]route{
			http.MethodGet: {"listChanges", (*Handler).listChanges},
		}},
		{split("admin/identities/by/external/*"), map[string]route{
			http.MethodGet: {"getIdentityByExternalID", (*Handler).getIdentityByExternalID},
		}},
		{split("openapi.json"), map[string]route{
			http.MethodGet: {"getOpenAPI", (*Handler).getOpenAPI},
		}},
	}
	schemaResources = []resource{
		{split("schemas"), map[string]route{
			http.MethodGet: {"listIdentitySchemas", (*Handler).listSchemas},
		}},
		{split("schemas/*"), map[string]route{
			http.MethodGet: {"getIdentitySchema", (*Handler).getSchema},
		}},
	}
)

func split(path string) []string { return strings.Split(path, "/") }

// found is what a request's path and method lead to: a route and the segments that
// its path leaves open, or an error.
type found struct {
	route
	params []string
	err    error
}

func (h *Handler) match(r *http.Request) found {
	// A prefix that was stripped with its last slash leaves a path without its first.
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	if h.prefix != "" {
		below, ok := strings.CutPrefix("/"+path, h.prefix+"/")
		if !ok {
			return found{err: errNoRoute}
		}
		path = below
	}
	var memory [8]string // no route has more
	segments := memory[:0]
	for segment := range strings.SplitSeq(path, "/") {
		unescaped, err := url.PathUnescape(segment)
		if err != nil {
			return found{err: errNoRoute}
		}
		segments = append(segments, unescaped)
	}
	for _, candidate := range h.resources {
		params, ok := candidate.match(segments)
		if !ok {
			continue
		}
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if matched, ok := candidate.methods[method]; ok {
			return found{route: matched, params: params}
		}
		return found{err: methodNotAllowed(candidate.allowed())}
	}
	return found{err: errNoRoute}
}

func (c resource) match(segments []string) (params []string, ok bool) {
	if len(segments) != len(c.path) {
		return nil, false
	}
	for n, want := range c.path {
		switch {
		case want == "*" && segments[n] != "":
			params = append(params, segments[n])
		case want != segments[n]:
			return nil, false
		}
	}
	return params, true
}

// allowed lists the methods for the Allow header.
func (c resource) allowed() []string {
	var methods []string
	for method := range c.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return methods
}
