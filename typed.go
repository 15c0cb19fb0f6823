package idem

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// The calls below change one thing about an identity in one atomic step, and leave the
// rest as it is, traits included, which are not validated again. Their errors are those of
// UpdateIdentity.

// SetPassword gives the identity id a password, which replaces the one it has. Every
// sign-in of the identity ends, see [identity.EndsSignIns]. The password is checked by
// [passwordpolicy.Policy], with the identity's identifiers and the length that
// [WithMinPasswordLength] sets, and then by the policy of [WithPasswordPolicy].
//
// Errors: KindInvalid, with a violation at /credentials/password/config/password;
// KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) SetPassword(ctx context.Context, id uuid.UUID, password string, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "set password", id, func(current *identity.Identity, e *identity.Edit) error {
		e.Credentials = &credentials.Import{Password: &credentials.ImportPassword{Password: password}}
		e.EndSignIns = true // also where a hasher without salt gives the hash that there is
		return m.checkBuiltIn(current, password)
	}, preconditions)
}

// CheckPassword checks whether [Manager.SetPassword] would accept password for the
// identity i, by the same rules and policies. It changes nothing. Errors: KindInvalid.
func (m *Manager) CheckPassword(ctx context.Context, i *identity.Identity, password string) error {
	return runError(ctx, m, "check password", i.ID, func(ctx context.Context) error {
		if err := m.checkBuiltIn(i, password); err != nil {
			return err
		}
		in := input{traits: i.Traits, credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: password}}}
		return m.checkPolicy(ctx, in, i.Derived())
	})
}

func (m *Manager) checkBuiltIn(i *identity.Identity, password string) error {
	err := m.passwords.Check(password, identifiers(i.Derived()))
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		return invalid.Under(plainPassword)
	}
	return err
}

// SetState gives the identity id a state. If it becomes inactive, every sign-in of it
// ends, see [identity.EndsSignIns].
//
// Errors: KindInvalid for an unknown state; KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) SetState(ctx context.Context, id uuid.UUID, state identity.State, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "set state", id, func(_ *identity.Identity, e *identity.Edit) error {
		if state == "" {
			return violation.New("/state", "enum", `must be "active" or "inactive"`)
		}
		e.State = state
		return nil
	}, preconditions)
}

// ErrNoAddress is the error of a call about an address that the identity does not have.
var ErrNoAddress = errors.New("the identity has no such address")

// MarkVerified marks a verifiable address of the identity id as verified now. via is
// "email" or "sms"; value is the address in any spelling that normalises alike. An
// address that is already verified keeps its time of verification.
//
// Errors: KindNotFound if there is no such identity, or, with [ErrNoAddress] as the
// cause, if its traits do not give that address; KindPrecondition; KindVetoed.
func (m *Manager) MarkVerified(ctx context.Context, id uuid.UUID, via, value string, preconditions ...Precondition) (*identity.Identity, error) {
	value = schema.Normalize(value)
	return m.editing(ctx, "mark address verified", id, func(current *identity.Identity, e *identity.Edit) error {
		at := slices.IndexFunc(current.VerifiableAddresses, func(a identity.VerifiableAddress) bool {
			return a.Via == via && schema.Normalize(a.Value) == value // it may be stored in a form of older rules
		})
		if at < 0 {
			return ErrNoAddress
		}
		verified := true
		e.Verifications = map[uuid.UUID]identity.Verification{current.VerifiableAddresses[at].ID: {Verified: &verified}}
		return nil
	}, preconditions)
}

// AddCredentials merges credentials into those of the identity id: links, keys and
// recovery codes are added; a password and an authenticator app replace the existing
// ones. A new credential ends every sign-in of the identity, see [identity.EndsSignIns].
//
// Errors: KindInvalid; KindNotFound; KindConflict for a link or key of another identity;
// KindPrecondition; KindVetoed.
func (m *Manager) AddCredentials(ctx context.Context, id uuid.UUID, imported credentials.Import, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "add credentials", id, func(_ *identity.Identity, e *identity.Edit) error {
		e.Credentials = &imported
		return nil
	}, preconditions)
}

// ReplaceLookupCodes replaces all recovery codes of the identity id. An empty list
// removes the credential. Every sign-in of the identity ends, see
// [identity.EndsSignIns].
//
// Errors: KindInvalid; KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) ReplaceLookupCodes(ctx context.Context, id uuid.UUID, codes []credentials.RecoveryCode, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "replace lookup codes", id, func(_ *identity.Identity, e *identity.Edit) error {
		if len(codes) == 0 {
			e.Removed = append(e.Removed, credentials.TypeLookupSecret)
			return nil
		}
		e.Replaced = append(e.Replaced, credentials.TypeLookupSecret)
		e.Credentials = &credentials.Import{LookupSecret: &credentials.ImportLookupSecret{Codes: codes}}
		return nil
	}, preconditions)
}

// EndSignIns ends every sign-in of the identity id by giving it another
// [identity.Identity.SignInEpoch]. Errors: KindNotFound; KindPrecondition; KindVetoed.
func (m *Manager) EndSignIns(ctx context.Context, id uuid.UUID, preconditions ...Precondition) (*identity.Identity, error) {
	return m.editing(ctx, "end sign-ins", id, func(_ *identity.Identity, e *identity.Edit) error {
		e.EndSignIns = true
		return nil
	}, preconditions)
}
