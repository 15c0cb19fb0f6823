// Package faulttest holds the tests of what a store of idem promises when things go
// wrong: nothing acknowledged is lost, and nothing wrong is let in.
//
//   - crash_test.go kills writing processes with SIGKILL and looks at what they left;
//   - linear_test.go checks histories of concurrent operations for linearizability, by
//     package linear;
//   - fault_test.go fails every step of every operation, by package fault; cancel_test.go ends the
//     context at each, disk_test.go fills the disk, locks it and forbids it, and
//     damage_test.go damages the files;
//   - process_test.go has several processes share one file.
//
// Each of these proofs is itself tested against stores that break the promise. The
// normal run is short; the long forms are
//
//	go test ./internal/faulttest -run TestKill -kills 100 -timeout 30m
//	go test ./internal/faulttest -run TestLinearizable$ -operations 100000 -timeout 60m
//
// There is no code here but tests, for Unix. The packages below it have what the tests of
// other stores use too.
package faulttest
