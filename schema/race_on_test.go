//go:build race

package schema_test

// raceDetector makes everything ten times slower.
const raceDetector = true
