// Package otelidem reports what idem does to OpenTelemetry: a span and a measurement for
// every call of a Manager, those that package httpapi makes included. idem itself depends
// on no telemetry, and logs with log/slog.
//
//	observe, err := otelidem.Observer()
//	manager, err := idem.New(store, schemas, idem.WithObserver(observe))
//
// # Spans
//
// A span has the name of the operation, as the error and the log line have it, such as
// "update identity". Its kind is internal. Its attributes are idem.operation.name,
// idem.identity.id where the call is about one identity, and error.type where it failed.
//
// error.type is the name of the error's [idem.Kind], such as "conflict", or "panic" for a
// call that did not return. Only a fault sets the status of the span to Error: the kinds
// internal and unavailable, which idem logs as errors, and "panic". That something is not
// there, or is taken, is an answer.
//
// Watch has neither span nor measurement: it may last for ever.
//
// # Metrics
//
// idem.operation.duration is a histogram, in seconds, of all calls by idem.operation.name
// and error.type. Calls that failed are those with an error.type.
//
// # What is never told
//
// No identifier, address, trait, external id, actor, secret or text of an error is in a
// span or a measurement. The id of an identity is in spans alone.
package otelidem
