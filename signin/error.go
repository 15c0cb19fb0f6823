package signin

import (
	"errors"
	"fmt"
	"time"

	"github.com/idemkit/idem/credentials"
)

// The errors of this package, beside those of [idem.Manager] as it returns them, such as
// [idem.ErrWrongPassword] and [idem.ErrInactive].
var (
	// ErrWrongCode is the error for a code or handle that is wrong, used, too old, or no
	// longer valid because the identity has changed. It does not reveal which.
	ErrWrongCode = errors.New("the code is wrong or not valid any more")
	// ErrSignedOut is the error for a proof that is no longer valid: the identity's
	// sign-ins were ended, or it is inactive or gone.
	ErrSignedOut = errors.New("the sign-in has ended")
	// ErrStepUp is the error for a proof that is not enough for the call: it is too old,
	// or below the level that the identity can reach. Let the person sign in again.
	ErrStepUp = errors.New("a fresh sign-in at the identity's highest level is needed")
	// ErrNoFactor is the error for a credential that the identity does not have.
	ErrNoFactor = errors.New("the identity has no such credential to sign in with")
	// ErrLocked is the error of an authenticator app after [MaxTOTPFailures] wrong codes
	// in a row. Another second factor unlocks it. A new app ([Service.FinishTOTP]) is not
	// locked.
	ErrLocked = errors.New("the authenticator app is locked: sign in with another second factor")
)

// ThrottledError is the error of an attempt that came too soon after failures, or of a
// code that was asked for too often. No secret was compared, and the attempt was not
// counted. A code that its address refused counts among those that the client asked for.
type ThrottledError struct {
	// RetryAfter is the time to wait before the next attempt.
	RetryAfter time.Duration
}

// Error says how long to wait.
func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many attempts: try again in %s", e.RetryAfter.Round(time.Second))
}

// SecondFactorError is the error of a recovery that needs a second factor. Nothing was
// consumed: call again with a second factor.
type SecondFactorError struct {
	// Methods are the second factors that the identity can use.
	Methods []credentials.Method
	// Wrong reports whether a second factor was given and was wrong.
	Wrong bool
}

// Error says what is needed.
func (e *SecondFactorError) Error() string {
	if e.Wrong {
		return "the second factor is wrong"
	}
	return "a second factor is needed"
}
