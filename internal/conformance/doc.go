// Package conformance holds, in a module of its own, the tests that need what the
// library must not depend on: the API's description is checked with an OpenAPI
// validator, and the API with the client that most of its users have.
//
//   - openapi: every answer of the handler is one that openapi.json describes, and
//     every one that it describes is given.
//   - sdk: the official Go client works, over both stores.
//   - concurrency: no change is lost, over HTTP and both stores.
package conformance
