// Package identity holds what an identity is and the rules by which one version
// of it becomes the next.
//
// The rules are pure: they do no I/O, read no clock and draw no randomness. Time,
// new ids and what a schema derived from the traits come in as [Facts], so a rule
// can run inside a store's transaction, and run again on a retry, with the same
// outcome.
//
// Start reading at [Identity], then [Update.Apply], which is the rule behind
// updating an identity, and [Create.Apply].
package identity
