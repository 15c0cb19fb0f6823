// Package passwordhash reads, verifies and makes password hashes.
//
// [Parse] reads a hash that another system made, in any of [Formats]. It refuses one that could never match, and one
// that would cost too much to verify. [Verify] compares a password with a hash. A [Hasher] makes the hashes of new
// passwords. A [Limiter] bounds how many of these computations run at once.
//
// What is wrong with a hash or a password is a [*violation.Error]. No error and no print holds any part of either.
package passwordhash
