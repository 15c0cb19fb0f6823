package identity

// EndsSignIns reports whether a change from before to after must end the sign-ins that
// there are, by giving the identity another [Identity.SignInEpoch]: a password, link, key,
// authenticator app or recovery code was added, replaced or removed, or the identity
// became inactive.
//
// A change of traits, addresses, metadata or organization does not, nor does the use of a
// recovery code or of a key. A password that is hashed again looks like a new one here:
// callers that know better do not ask.
func EndsSignIns(before, after *Identity) bool {
	return before.State == StateActive && after.State != StateActive ||
		!before.Credentials.SameFactors(after.Credentials)
}
