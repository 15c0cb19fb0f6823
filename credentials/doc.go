// Package credentials holds what an identity can prove itself with: the types of
// credentials, how imported ones merge into those there are, which may be removed,
// and how passwords are hashed and verified.
//
// The package does no I/O and reads no clock: time and identifiers come in as
// arguments, and randomness is read from crypto/rand or from the source a [Hasher]
// was given.
//
// Start reading at [Credential] and [Set]; then [Import], whose Prepare does all
// slow and fallible work and whose result's Apply is a pure rule that can run
// inside a store's transaction; then [Hash], [Verify] and [Hasher].
//
// Nothing here prints a secret: every type that holds one prints as a placeholder
// with fmt and log/slog, and leaves it out of encoding/json. What fmt prints of an
// unexported field it prints by reflection, past every method; keep credentials in
// exported fields, or do not print what holds them.
package credentials
