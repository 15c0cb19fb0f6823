package signin

import (
	"context"
	"errors"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// Password signs in with an identifier, in any spelling that normalises alike, and a
// password.
//
// Errors: [idem.ErrWrongPassword], for an unknown identifier too; [idem.ErrInactive], if
// the password is right; [*ThrottledError]; [storage.ErrInTransaction].
func (s *Service) Password(ctx context.Context, identifier, password string) (SignIn, error) {
	normal := schema.NormalizeIdentifier(string(credentials.TypePassword), identifier)
	counters := s.withClient(ctx, s.ofIdentifier(ctx, normal))
	if err := s.attempt(ctx, counters...); err != nil {
		return SignIn{}, err
	}
	i, err := s.manager.VerifyPassword(ctx, identifier, password)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.succeed(ctx, counters...); err != nil {
		return SignIn{}, err
	}
	who := s.SignedIn(i, credentials.MethodPassword)
	who.Device, err = s.newDevice(normal)
	return who, err
}

// ChangePassword gives the identity of a proof another password. previous is the current
// password; it is empty for an identity without a password, which then gets its first.
// The new password is checked as [idem.Manager.SetPassword] says.
//
// Errors: [ErrSignedOut]; [ErrStepUp]; [idem.ErrWrongPassword] for previous;
// [*ThrottledError]; KindInvalid for what is wrong with the new password.
func (s *Service) ChangePassword(ctx context.Context, proof Proof, previous, next string) (Changed, error) {
	before, err := s.StepUp(ctx, proof)
	if err != nil {
		return Changed{}, err
	}
	if hasPassword(before) {
		if before, err = s.verifyOwn(ctx, before, previous); err != nil {
			return Changed{}, err
		}
	}
	after, err := s.manager.SetPassword(ctx, before.ID, next, s.IfCurrent(before))
	if err != nil {
		return Changed{}, plain(err)
	}
	return s.Changed(proof, before, after), nil
}

func hasPassword(i *identity.Identity) bool {
	config := i.Credentials[credentials.TypePassword].Config
	return config.HashedPassword != "" || config.UsePasswordMigrationHook
}

// verifyOwn checks the password of i, and counts as Password does.
func (s *Service) verifyOwn(ctx context.Context, i *identity.Identity, password string) (*identity.Identity, error) {
	identifiers := i.Credentials[credentials.TypePassword].Identifiers
	if len(identifiers) == 0 {
		return nil, ErrNoFactor // a password that nobody can sign in with: recovery replaces it
	}
	counters := s.withClient(ctx, s.ofIdentifier(ctx, identifiers[0]))
	if err := s.attempt(ctx, counters...); err != nil {
		return nil, err
	}
	verified, err := s.manager.VerifyPassword(ctx, identifiers[0], password)
	if errors.Is(err, idem.ErrInactive) {
		return nil, ErrSignedOut
	}
	if err != nil {
		return nil, err
	}
	if verified.ID != i.ID || verified.SignInEpoch != i.SignInEpoch {
		return nil, ErrSignedOut
	}
	return verified, s.succeed(ctx, counters...)
}
