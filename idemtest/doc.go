// Package idemtest gives an application's tests an [idem.Manager] of which everything
// is known: it keeps identities in memory, its clock stands still until it is told to
// move, its ids count from 1, and its passwords cost nothing to hash.
//
//	func TestSignIn(t *testing.T) {
//		identities := idemtest.New(t)
//		ada := identities.Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"))
//		shop := newShop(identities.Manager) // the application
//		…
//	}
//
// [New] takes the application's own schemas and Manager options, [Manager.Seed] makes
// the identities that a test begins with, [Manager.Clock] lets time pass, and
// [Manager.Server] has the admin API on a port of this machine. Each New is a world of
// its own, so tests can run in parallel.
//
// See example_test.go for an application and its test.
package idemtest
