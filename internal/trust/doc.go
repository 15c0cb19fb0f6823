// Package trust holds the tests of what a store of idem promises when things go
// wrong: nothing acknowledged is lost, and nothing wrong is let in.
//
//   - crash_test.go kills writing processes with SIGKILL and looks at what they left.
//
// The proof is itself tested against a store that breaks the promise. The normal run
// is short; the long form is
//
//	go test ./internal/trust -run TestKill -kills 100 -timeout 30m
//
// There is no code here but tests.
package trust
