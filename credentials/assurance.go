package credentials

import "slices"

// Method is a way in which a person proved their identity.
type Method string

const (
	MethodPassword Method = "password"
	// MethodFederated is a sign-in at an identity provider (oidc or saml).
	MethodFederated Method = "federated"
	// MethodCode is a one-time code that was sent by e-mail or SMS.
	MethodCode Method = "code"
	// MethodRecovery is a code that recovers an account. A sign-in with it has AAL1, even
	// if other methods were proven too.
	MethodRecovery Method = "recovery"
	// MethodPasskey is a discoverable key whose assertion had user verification.
	MethodPasskey Method = "passkey"
	// MethodPasswordlessKey is a WebAuthn key that is enough to sign in, used without user
	// verification.
	MethodPasswordlessKey Method = "passwordless_key"
	// MethodSecurityKey is a WebAuthn key that is a second factor.
	MethodSecurityKey Method = "security_key"
	// MethodTOTP is a code of an authenticator app.
	MethodTOTP Method = "totp"
	// MethodLookupCode is a recovery code of a list.
	MethodLookupCode Method = "lookup_code"
)

// Methods returns all methods. The slice is the caller's.
func Methods() []Method {
	return []Method{
		MethodPassword, MethodFederated, MethodCode, MethodRecovery, MethodPasskey,
		MethodPasswordlessKey, MethodSecurityKey, MethodTOTP, MethodLookupCode,
	}
}

// IsFirstFactor reports whether a sign-in can begin with m.
func (m Method) IsFirstFactor() bool {
	switch m {
	case MethodPassword, MethodFederated, MethodCode, MethodRecovery, MethodPasskey, MethodPasswordlessKey:
		return true
	}
	return false
}

// IsSecondFactor reports whether m can be added to a sign-in that began with another method,
// to raise its level. A code by mail is not a second factor: a person that reads the mail
// can often recover the first factor as well.
func (m Method) IsSecondFactor() bool {
	switch m {
	case MethodSecurityKey, MethodTOTP, MethodLookupCode:
		return true
	}
	return false
}

// AAL is an authenticator assurance level (NIST SP 800-63B): 0 if nothing was proven, 1 for
// one factor, 2 for two factors.
type AAL int

// The supported levels.
const (
	AAL0 AAL = iota
	AAL1
	AAL2
)

// Assurance returns the level of a sign-in that proved these methods, in any order. A
// passkey gives [AAL2]. So does one of password, federated, code and passwordless key
// together with one of security key, authenticator app and lookup code. With
// [MethodRecovery] the level is [AAL1] at most.
func Assurance(methods ...Method) AAL {
	has := func(is func(Method) bool) bool { return slices.ContainsFunc(methods, is) }
	switch {
	case !has(func(m Method) bool { return m.IsFirstFactor() || m.IsSecondFactor() }):
		return AAL0
	case slices.Contains(methods, MethodRecovery):
		return AAL1
	case slices.Contains(methods, MethodPasskey), has(Method.IsFirstFactor) && has(Method.IsSecondFactor):
		return AAL2
	}
	return AAL1
}

// SecondFactors returns the second factors that the owner of s can use now, in the order of
// [Methods]: a security key, an authenticator app whose codes are accepted ([ParseTOTP]),
// and lookup codes that were not used.
func (s Set) SecondFactors() []Method {
	var methods []Method
	if slices.ContainsFunc(s[TypeWebAuthn].Config.Keys, func(k Key) bool { return !k.Passwordless }) {
		methods = append(methods, MethodSecurityKey)
	}
	if _, err := ParseTOTP(s[TypeTOTP].Config.TOTPURL); err == nil {
		methods = append(methods, MethodTOTP)
	}
	if slices.ContainsFunc(s[TypeLookupSecret].Config.RecoveryCodes, func(c RecoveryCode) bool { return c.UsedAt.IsZero() }) {
		methods = append(methods, MethodLookupCode)
	}
	return methods
}

// HighestAAL returns the level that the owner of s can reach.
func (s Set) HighestAAL() AAL {
	switch {
	case len(s[TypePasskey].Config.Keys) > 0, s.hasFirstFactor() && len(s.SecondFactors()) > 0:
		return AAL2
	case s.hasFirstFactor():
		return AAL1
	}
	return AAL0
}
