// Package idemtest provides a predictable [idem.Manager] for an application's tests. It keeps
// identities in memory. Its clock moves only when the test moves it. Its ids count from 1.
// Hashing its passwords costs almost nothing.
//
//	func TestSignIn(t *testing.T) {
//		identities := idemtest.New(t)
//		ada := identities.Seed(t, `{"email":"ada@example.com"}`, idemtest.Password("analytical engine"))
//		shop := newShop(identities.Manager) // the application
//		…
//	}
//
// [New] takes the application's own schemas and Manager options. [Manager.Seed] creates the
// identities that a test begins with. [Manager.Clock] lets time pass. [Manager.Server] serves
// the admin API on a port of this machine. Each call of New returns an independent Manager, so
// tests can run in parallel.
//
// See example_test.go for an application and its test.
package idemtest
