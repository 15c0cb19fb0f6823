// Package httpapi is the identity admin API over HTTP: an [http.Handler] that an
// application mounts on its own router.
//
// It speaks the wire format of the identity admin API of Ory Kratos, so that
// clients and scripts written for it work, and holds no rules of its own: what an
// operation means is package idem's to say. What it adds is strictness about what
// comes in (one JSON value, in UTF-8, no unknown or repeated names, bounded in size
// and depth), entity tags (RFC 9110, section 8.8.3) and errors that programs can
// read.
//
// Start reading at [New].
package httpapi
