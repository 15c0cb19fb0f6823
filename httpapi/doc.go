// Package httpapi is the identity admin API over HTTP: an [http.Handler] that an
// application mounts on its own router.
//
// It speaks the wire format of the identity admin API of Ory Kratos, so that
// clients and scripts written for it work, and holds no rules of its own: what an
// operation means is package idem's to say. What it adds is strictness about what
// comes in (one JSON value, in UTF-8, no unknown or repeated names, bounded in size
// and depth), entity tags (RFC 9110, section 8.8.3) and errors that programs can
// read. The routes that Kratos does not have are those of the change feed (GET
// /admin/changes and GET /admin/identities/{id}/changes, each a page of JSON, or with
// Accept: text/event-stream a stream) and GET /openapi.json, which describes them all.
//
// Any number of requests may be served at once. Errors are answered in Kratos's envelope,
// or as problem details (RFC 9457) to a client that accepts application/problem+json.
//
// Start reading at [New].
package httpapi
