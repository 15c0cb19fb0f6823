// Package credentials defines the credentials of an identity: their types, how imported credentials merge into existing
// ones, and which credentials may be removed. Package [github.com/idemkit/idem/credentials/passwordhash] handles
// password hashes.
//
// The package does no I/O and reads no clock: time and identifiers come in as arguments.
//
// Start reading at [Credential] and [Set]; then [Import]. [Import.Prepare] does all work that is slow or can fail.
// [Prepared.Apply] is a pure rule that can run inside a store's transaction.
//
// Nothing here prints a secret: every type that holds one prints as a placeholder with fmt and log/slog, and leaves
// it out of encoding/json. fmt prints an unexported field by reflection, without calling its methods. So keep
// credentials in exported fields, or do not print the struct that holds them.
package credentials
