package httpapi

import (
	"context"
	"errors"
	"net/http"
)

// WithOperation returns a shallow copy of r for which [Operation] returns operation. Other
// handlers use it to call the same authorize function, as package console does.
func WithOperation(r *http.Request, operation string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), operationKey{}, operation))
}

// Denied returns the answer to an error of an authorize function. status is 401 or 403. header
// holds the header fields to set; nil means none. reason is for the client and may be empty. If
// err was not made by [Unauthorized] or [Forbidden], the answer is 403 without a reason.
func Denied(err error) (status int, header http.Header, reason string) {
	var d *denial
	if !errors.As(err, &d) {
		return http.StatusForbidden, nil, ""
	}
	return d.status, d.header.Clone(), d.reason
}
