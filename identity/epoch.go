package identity

// EndsSignIns reports whether a change from before to after must end the existing sign-ins
// by giving the identity another [Identity.SignInEpoch]. It is true if a password, link,
// key, authenticator app or recovery code was added, replaced or removed, or if the
// identity became inactive.
//
// It is false for a change of traits, addresses, metadata or organization, and for the use
// of a recovery code or a key. EndsSignIns cannot tell a rehash of the same password from a
// new password: a caller that only rehashes must not call it.
func EndsSignIns(before, after *Identity) bool {
	return before.State == StateActive && after.State != StateActive ||
		!before.Credentials.SameFactors(after.Credentials)
}
