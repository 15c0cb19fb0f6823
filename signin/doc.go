// Package signin signs people in with the credentials that idem keeps: passwords, one-time
// codes by e-mail and SMS, authenticator apps, lookup codes and accounts at identity
// providers. It makes only the security decisions. The application provides the pages, the
// cookies and the mail server.
//
//	desk, err := signin.New(manager, key)
//	who, err := desk.Password(ctx, identifier, password)
//	if err == nil && len(who.SecondFactors) > 0 {
//		who, err = desk.TOTP(ctx, who.Proof, code)
//	}
//
// Start reading at [Service], then [Proof] and [SignIn].
//
// # Sessions
//
// A [Proof] is what an application keeps in its session, on the server or sealed. For each
// request the application calls [Service.Current], which says whether the proof is still
// valid. An application must give the browser a new session id at every sign-in and at
// every step-up. A change of how an identity signs in ends all its proofs. The call that
// makes the change returns a new proof for the session that asked.
//
// # Attempts
//
// Every attempt is counted before its secret is compared, in a durable step of its own. If
// the secret was right, the count is taken back. So neither a crash nor a race gives
// another attempt, and an attempt whose outcome is unknown counts as failed. Counters are
// records of the store ([storage.Record]) whose keys are HMACs: a copy of the database
// does not reveal which identity they belong to.
//
// Throttling is per identifier, per identity and method, and, if the application names the
// client ([WithClient]), per client. An attacker who fails on purpose makes the owner wait
// for at most 15 minutes. With the token of an earlier sign-in ([WithDevice]) the owner
// has a separate counter and does not wait. Throttling does not detect one password that
// is tried on many identifiers: the application's edge must limit that by address.
//
// # Transactions
//
// A method that counts attempts cannot run within a transaction of the application,
// because a rollback would undo the count: it returns [storage.ErrInTransaction].
// [Service.Current] and [Service.SignOutEverywhere] can; see [Service.WithStorage].
//
// # Mail
//
// Put each mail into a queue: sending it while the client waits would reveal whether an
// account exists. A link in a mail must change nothing when it is fetched, because
// scanners fetch it. Let its page ask for a click, and put handle and code into the
// fragment of the URL, which is not sent to servers.
package signin
