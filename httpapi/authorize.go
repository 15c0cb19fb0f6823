package httpapi

import (
	"context"
	"errors"
	"net/http"
)

// WithOperation returns a shallow copy of r for which [Operation] returns operation. It is for handlers beside this
// one that ask the same authorize function, as package console does.
func WithOperation(r *http.Request, operation string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), operationKey{}, operation))
}

// Denied tells how an error of an authorize function is answered: the status, 401 or 403, the header fields to set,
// nil for none, and the reason for the client, which may be empty. An error that [Unauthorized] or [Forbidden] did
// not make is a 403 without a reason.
func Denied(err error) (status int, header http.Header, reason string) {
	var d *denial
	if !errors.As(err, &d) {
		return http.StatusForbidden, nil, ""
	}
	return d.status, d.header.Clone(), d.reason
}
