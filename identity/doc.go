// Package identity defines identities and the rules that change them.
//
// The rules are pure: they do no I/O, read no clock and draw no randomness. Their
// inputs come in as [Facts]: the time, new ids, and the values that a schema derived
// from the traits. So a rule can run inside a store's transaction. It gives the same
// result when it runs again on a retry.
//
// Start reading at [Identity]. Then read [Update.Apply], the rule that updates an
// identity, and [Create.Apply].
package identity
