package idem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/idemkit/idem/credentials/passwordpolicy"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// PasswordCandidate is a new plain password and the identity that it is for. It prints
// as a placeholder.
type PasswordCandidate struct {
	// Password is the plain password.
	Password string `json:"-"`
	// Identifiers are what the identity will sign in with, normalised, sorted and each
	// once. There are none where the traits are not valid.
	Identifiers []string
	// Traits are the traits that the identity will have, a JSON object, as they were
	// given.
	Traits json.RawMessage
}

const candidatePlaceholder = "[password candidate]"

// Format implements [fmt.Formatter] with a placeholder.
func (c PasswordCandidate) Format(f fmt.State, _ rune) { fmt.Fprint(f, candidatePlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c PasswordCandidate) LogValue() slog.Value { return slog.StringValue(candidatePlaceholder) }

// PasswordPolicy checks a new plain password before it is hashed. An error refuses the password.
// The error's text is shown to the caller that sets the password, and must not contain the
// password. A PasswordPolicy is called from many goroutines.
type PasswordPolicy func(ctx context.Context, candidate PasswordCandidate) error

// WithPasswordPolicy sets the policy for every new plain password: in creates, updates,
// patches and imports by administrators, and in the calls that set one password. By
// default only passwords that [Manager.SetPassword] and package signin set are checked,
// because imports must be able to keep old passwords. [passwordpolicy.Policy] checks
// those in any case.
func WithPasswordPolicy(policy PasswordPolicy) Option {
	return Option{func(c *config) error {
		if policy == nil {
			return errors.New("idem: WithPasswordPolicy: the policy is nil")
		}
		c.policy = policy
		return nil
	}}
}

// WithMinPasswordLength sets how many characters (code points) a password must have that
// [Manager.SetPassword] or package signin sets, at least 8. The default is 8; NIST SP
// 800-63B-4 asks for 15 where a password is enough to sign in
// ([passwordpolicy.AloneMinLength]).
func WithMinPasswordLength(n int) Option {
	return Option{func(c *config) error {
		if n < passwordpolicy.DefaultMinLength {
			return fmt.Errorf("idem: WithMinPasswordLength: the length must be at least %d", passwordpolicy.DefaultMinLength)
		}
		c.passwords.MinLength = n
		return nil
	}}
}

// plainPassword is the pointer to a plain password in a request.
const plainPassword = "/credentials/password/config/password"

// checkPolicy asks the application's policy about the plain password of in, if any.
// derived is nil where the traits are not valid.
func (m *Manager) checkPolicy(ctx context.Context, in input, derived *schema.Derived) error {
	imported := in.credentials
	if m.policy == nil || in.judged || imported == nil || imported.Password == nil || imported.Password.Password == "" {
		return nil
	}
	candidate := PasswordCandidate{Password: imported.Password.Password, Traits: in.traits, Identifiers: identifiers(derived)}
	if err := m.policy(ctx, candidate); err != nil {
		return violation.New(plainPassword, "", err.Error())
	}
	return nil
}

// identifiers returns what derived signs in with, each once.
func identifiers(derived *schema.Derived) []string {
	if derived == nil {
		return nil
	}
	var all []string
	for _, i := range derived.Identifiers {
		all = append(all, i.Value)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
