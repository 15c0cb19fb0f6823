//go:build !race

package schema_test

// raceDetector would make everything ten times slower.
const raceDetector = false
