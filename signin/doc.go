// Package signin signs people in with the credentials that idem keeps: passwords, one-time
// codes by e-mail and SMS, authenticator apps, lookup codes and accounts at identity
// providers. It makes the decisions that must be right, and nothing else: the
// application has the pages, the cookies and the mail server.
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
// request it asks [Service.Current] whether the proof still counts. An application must
// give the browser a new session id at every sign-in and at every step-up. Whatever
// changes how an identity signs in ends all its proofs, and the call that changed it
// returns a new one for the session that asked.
//
// # Attempts
//
// Every attempt is counted before it is compared, in a step of its own that is durable,
// and taken back if it was right. So no crash and no race gives another try, and after an
// error whose outcome is unknown the answer is no. Counters are records of the store
// ([storage.Record]) whose keys are an HMAC: a copy of the database does not tell whose
// they are.
//
// Throttling is per identifier, per identity and method, and, where the application says
// who is asking ([WithClient]), per client. A stranger who fails on purpose makes the
// owner wait for 15 minutes at most; with the token of an earlier sign-in ([WithDevice])
// the owner has a counter of their own and does not wait. One password that is tried on
// many identifiers is not seen here: that is for the application's edge, by address.
//
// # Transactions
//
// What counts attempts cannot run within a transaction of the application, whose rollback
// would undo the count: the error is [storage.ErrInTransaction]. [Service.Current] and
// [Service.SignOutEverywhere] can; see [Service.WithStorage].
//
// # Mail
//
// Sending a mail while the client waits would tell whether there is an account: put it
// into a queue. A link in a mail must change nothing when it is fetched, since scanners
// fetch it: let the page behind it ask for a click, and put handle and code into the
// fragment of the URL, which is not sent to servers.
package signin
