// Package otelidem reports the operations of idem to OpenTelemetry. Every call of a Manager
// produces a span and a measurement, including the calls that package httpapi makes. idem
// itself depends on no telemetry library and logs with log/slog.
//
//	observe, err := otelidem.Observer()
//	manager, err := idem.New(store, schemas, idem.WithObserver(observe))
//
// # Spans
//
// The name of a span is the name of the operation, such as "update identity". Errors and log
// lines use the same name. The kind of a span is internal. Its attributes are
// idem.operation.name, idem.identity.id if the call is about one identity, and error.type if
// the call failed.
//
// error.type is the name of the error's [idem.Kind], such as "conflict". It is "panic" for a
// call that did not return. Only a fault sets the status of the span to Error. Faults are the
// kinds internal and unavailable, which idem logs as errors, and "panic". An error such as not
// found or conflict is a normal answer and not a fault.
//
// Watch produces no span and no measurement, because it can run forever.
//
// # Metrics
//
// idem.operation.duration is a histogram of the duration of all calls, in seconds. Its
// attributes are idem.operation.name and error.type. A call failed if it has an error.type.
//
// # What is never reported
//
// Spans and measurements contain no identifier, address, trait, external id, actor, secret or
// error text. The id of an identity appears in spans only.
package otelidem
