// Package otelidem tells OpenTelemetry what idem does: with a span and a measurement for
// every operation of a store and of a Manager. idem itself depends on no telemetry, and
// logs with log/slog.
//
// Make one [Telemetry] with [New], and wrap with it the store that a Manager is made of,
// and the Manager:
//
//	telemetry, err := otelidem.New(otelidem.WithSystem("sqlite"))
//	manager, err := idem.New(telemetry.Storage(store), schemas)
//	traced := telemetry.Manager(manager)
//
// The two are independent. The handler of package httpapi takes the Manager that is not
// wrapped: a request has its span from the application's HTTP instrumentation, and the
// operations of the store are within it.
//
// # Spans
//
// A call of [Manager] is a span of kind internal that is named as its error and its log
// line are, such as "update identity". A call of [Storage] is a span of kind client, named
// by the operation and what it is of, such as "update identities", as the semantic
// conventions for databases have it.
//
// error.type is the text of the error's [idem.Kind], such as "conflict"; "refused" for a
// change that its caller's function gave up, for a reason of its own; "panic" for a call
// that did not return. Only a fault, which is what idem logs as an error, sets the span's
// status to Error: that something is not there, or is taken, is an answer.
//
// # Metrics
//
// db.client.operation.duration and idem.operation.duration are histograms, in seconds, of
// the calls of a Storage and of a Manager, by operation and error.type: errors are counted
// where error.type is set.
//
// # What is never told
//
// No identifier, no address, no trait, no external id, no actor, no secret and no text of
// an error is in a span or a measurement. The id of an identity is in spans alone.
package otelidem
