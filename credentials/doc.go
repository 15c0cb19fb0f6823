// Package credentials holds what an identity can prove itself with: the types of credentials, how imported ones merge
// into the existing ones, and which may be removed. Password hashes are the business of package
// [github.com/idemkit/idem/credentials/passwordhash].
//
// The package does no I/O and reads no clock: time and identifiers come in as arguments.
//
// Start reading at [Credential] and [Set]; then [Import]. [Import.Prepare] does all work that is slow or can fail.
// [Prepared.Apply] is a pure rule that can run inside a store's transaction.
//
// Nothing here prints a secret: every type that holds one prints as a placeholder with fmt and log/slog, and leaves
// it out of encoding/json. fmt prints an unexported field by reflection, without calling its methods. So keep
// credentials in exported fields, or do not print what holds them.
package credentials
