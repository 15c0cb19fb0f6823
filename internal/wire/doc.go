// Package wire is the JSON of the identity admin API, in and out: the only package that knows its field names.
//
// [View.Append] writes an identity. [ReadCreate], [ReadUpdate] and [ReadBatch] read the bodies of requests, and
// [ResolvePatch] works out what a patch (RFC 6902, RFC 7396) changes. All of them are pure functions, safe for concurrent
// use. What they refuse is a [*violation.Error] with a pointer into the JSON that was read; no message holds a value,
// since a value can be a secret.
//
// The package knows nothing of HTTP, of storage, and of when a change happens.
package wire
