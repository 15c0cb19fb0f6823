// Package httpapi serves the identity admin API over HTTP. Its [http.Handler] is mounted on the
// application's own router.
//
// It uses the wire format of the identity admin API of Ory Kratos, so clients and scripts
// written for Kratos work. It has no rules of its own: package idem defines what an operation
// means.
//
// This package adds the following. Input is strict: a body is one JSON value in UTF-8, without
// unknown or repeated names, and with a bounded size and depth. Answers carry entity tags (RFC
// 9110, section 8.8.3). Programs can read the errors.
//
// Kratos does not have these routes: GET /admin/changes and GET /admin/identities/{id}/changes,
// which serve the change feed, and GET /openapi.json, which describes all routes. A change feed
// route answers with a page of JSON, or with a stream if the request has Accept:
// text/event-stream.
//
// A handler serves any number of requests at once. It writes errors in Kratos's envelope, or as
// problem details (RFC 9457) if the client accepts application/problem+json.
//
// Start reading at [New].
package httpapi
