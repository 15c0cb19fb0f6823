// Package console is a web page for the people who run an application: they look at its identities and change them
// safely. It is an [http.Handler] that the application mounts on its own router, under any prefix, beside or without
// package httpapi.
//
//	router.Handle("/console/", http.StripPrefix("/console", console.New(manager, authorize)))
//
// Everything is rendered on the server with html/template. The one stylesheet and the one script are embedded, and the
// pages work without the script. No page refers to another host, and a strict Content-Security-Policy says so to the
// browser. The console keeps no session and sets no cookie: authorize decides on every request, as it does for
// package httpapi and with the same names of operations.
//
// # Writes
//
// Every write is a POST of a form. http.CrossOriginProtection refuses a POST that comes from another site. A form
// holds the revision of the identity that it was rendered for. If the identity has changed since, nothing is written,
// and the page shows the differences.
//
// Start reading at [New].
package console
