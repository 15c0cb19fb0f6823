package signin

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// CompleteVerification marks the address that a code went to as verified, if the identity
// still has it. It does not sign in: the result has only the identity.
//
// Errors: [ErrWrongCode]; [*ThrottledError]; [storage.ErrInTransaction].
func (s *Service) CompleteVerification(ctx context.Context, handle, code string) (SignIn, error) {
	t, err := s.try(ctx, Verification, handle, code)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.consume(ctx, t); err != nil {
		return SignIn{}, err
	}
	marked, err := s.manager.EditIdentity(ctx, t.live.Identity, func(current *identity.Identity, e *identity.Edit) error {
		if _, ok := s.stillGood(current, t.live); !ok {
			return ErrWrongCode
		}
		verified := true
		e.Verifications = map[uuid.UUID]identity.Verification{t.live.Address: {Verified: &verified}}
		return nil
	})
	if err != nil {
		return SignIn{}, notAnyMore(err)
	}
	return SignIn{Identity: marked}, nil
}

// SignInWithCode signs in with a code that was sent to a verified address.
//
// Errors: [ErrWrongCode]; [*ThrottledError]; [storage.ErrInTransaction].
func (s *Service) SignInWithCode(ctx context.Context, handle, code string) (SignIn, error) {
	t, err := s.try(ctx, CodeSignIn, handle, code)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.consume(ctx, t); err != nil {
		return SignIn{}, err
	}
	i, _, err := s.owner(ctx, t.live)
	if err != nil {
		return SignIn{}, err
	}
	return s.SignedIn(i, credentials.MethodCode), nil
}

// SecondFactor is a second factor for [Service.Recover]. Make one with [WithTOTP],
// [WithLookupCode] or [WithSecurityKey]. It is a function, so it prints without the
// secret.
type SecondFactor struct {
	method credentials.Method
	code   func() string // behind a function, so that fmt cannot reach it
	check  func(ctx context.Context, i *identity.Identity) error
}

// WithTOTP returns a second factor that is a code of the authenticator app.
func WithTOTP(code string) SecondFactor {
	return SecondFactor{method: credentials.MethodTOTP, code: func() string { return code }}
}

// WithLookupCode returns a second factor that is a lookup code.
func WithLookupCode(code string) SecondFactor {
	return SecondFactor{method: credentials.MethodLookupCode, code: func() string { return code }}
}

// WithSecurityKey returns a second factor that is a security key, which the caller
// checks: check gets the identity whose key it must be, counts the attempt, and returns
// an error if it is not. Package contrib/webauthn makes one.
func WithSecurityKey(check func(ctx context.Context, i *identity.Identity) error) SecondFactor {
	return SecondFactor{method: credentials.MethodSecurityKey, check: check}
}

// Recover sets a new password by a recovery code, ends every other sign-in, and signs in at
// [credentials.AAL1]. If the identity has a second factor, one must be given; it is asked for only after the
// code is right. The password is checked as [idem.Manager.SetPassword] says. After ten refused passwords the
// code is used up.
//
// The address that the code was sent to becomes verified. If it was not verified before, a stranger may have
// prepared the account: its links, keys, authenticator app and lookup codes are removed in the same step,
// and no second factor is asked for. Other addresses of the identity stay, because they come from its traits.
// The stranger may own them, verify them later, and recover the account with them: an application whose people
// have several addresses must remove those that are not verified.
//
// Errors: [ErrWrongCode]; [*SecondFactorError], after which nothing was consumed; KindInvalid for the
// password; [*ThrottledError]; [ErrLocked]; [storage.ErrInTransaction].
func (s *Service) Recover(ctx context.Context, handle, code, newPassword string, second ...SecondFactor) (SignIn, error) {
	t, err := s.try(ctx, Recovery, handle, code)
	if err != nil {
		return SignIn{}, err
	}
	i, address, err := s.owner(ctx, t.live)
	if err != nil {
		return SignIn{}, err
	}
	strange := t.byAddress() && !address.verified
	var used usedSecond
	if !strange {
		if used, err = s.secondForRecovery(ctx, i, second); err != nil {
			return SignIn{}, joined(err, s.takeBack(ctx, t, false))
		}
	}
	if err := s.manager.CheckPassword(ctx, i, newPassword); err != nil {
		return SignIn{}, joined(err, s.takeBack(ctx, t, true), s.undo(ctx, used.counters...))
	}
	if err := used.claim(ctx); err != nil {
		return SignIn{}, joined(err, s.takeBack(ctx, t, false))
	}
	if err := s.consume(ctx, t); err != nil {
		return SignIn{}, err
	}
	recovered, err := s.manager.EditIdentity(ctx, i.ID, func(current *identity.Identity, e *identity.Edit) error {
		return s.recovery(current, e, t, newPassword, used)
	}, s.IfCurrent(i))
	if err != nil {
		return SignIn{}, notAnyMore(err)
	}
	if err := s.succeed(ctx, used.counters...); err != nil {
		return SignIn{}, err
	}
	who := s.SignedIn(recovered, credentials.MethodRecovery)
	who.SecondFactors = nil // one came along, or there is none
	return who, nil
}

// notAnyMore is the error of a code whose identity has changed, or is gone, since the code
// was compared: like that of one that was wrong from the beginning.
func notAnyMore(err error) error {
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, ErrSignedOut) {
		return ErrWrongCode
	}
	return plain(err)
}

// joined is err, together with what went wrong afterwards, if anything did.
func joined(err error, after ...error) error {
	if undone := errors.Join(after...); undone != nil {
		return errors.Join(err, undone)
	}
	return err
}

// recovery makes e a recovery of current.
func (s *Service) recovery(current *identity.Identity, e *identity.Edit, t tried, password string, used usedSecond) error {
	address, ok := s.stillGood(current, t.live)
	if !ok {
		return ErrWrongCode
	}
	e.Credentials = &credentials.Import{Password: &credentials.ImportPassword{Password: password}}
	e.EndSignIns = true
	if used.lookup != "" {
		if err := useLookupCode(current, e, used.lookup); err != nil {
			return err
		}
	}
	if !t.byAddress() {
		return nil
	}
	if !address.verified {
		e.Removed = append(e.Removed, credentials.TypeOIDC, credentials.TypeSAML, credentials.TypeTOTP,
			credentials.TypeLookupSecret, credentials.TypeWebAuthn, credentials.TypePasskey)
	}
	for _, a := range current.VerifiableAddresses {
		if a.Via == address.via && a.Value == address.value && !a.Verified {
			verified := true
			e.Verifications = map[uuid.UUID]identity.Verification{a.ID: {Verified: &verified}}
		}
	}
	return nil
}

// usedSecond is a second factor that was right, and is still to be claimed or used.
type usedSecond struct {
	counters []counterOf
	lookup   string // a lookup code as it is stored
	step     func(ctx context.Context) error
}

func (u usedSecond) claim(ctx context.Context) error {
	if u.step == nil {
		return nil
	}
	return u.step(ctx)
}

// secondForRecovery checks the second factor that must come with the recovery of i.
func (s *Service) secondForRecovery(ctx context.Context, i *identity.Identity, second []SecondFactor) (usedSecond, error) {
	methods := i.Credentials.SecondFactors()
	if len(methods) == 0 {
		return usedSecond{}, nil
	}
	at := slices.IndexFunc(second, func(f SecondFactor) bool { return slices.Contains(methods, f.method) })
	if at < 0 {
		return usedSecond{}, &SecondFactorError{Methods: methods}
	}
	var (
		used usedSecond
		err  error
	)
	switch f := second[at]; f.method {
	case credentials.MethodTOTP:
		var step totpStep
		if step, used.counters, err = s.matchTOTP(ctx, i, f.code()); err == nil {
			used.step = func(ctx context.Context) error {
				return wrongSecond(s.claimStep(ctx, i.ID, step), methods)
			}
		}
	case credentials.MethodLookupCode:
		used.lookup, used.counters, err = s.matchLookupCode(ctx, i, f.code())
	default:
		err = f.check(ctx, i)
	}
	return used, wrongSecond(err, methods)
}

// wrongSecond is err, the error of a second factor, as that of a recovery: the recovery code was right.
func wrongSecond(err error, methods []credentials.Method) error {
	if errors.Is(err, ErrWrongCode) {
		return &SecondFactorError{Methods: methods, Wrong: true}
	}
	return err
}

// tried is a code that was right, was counted as a failure, and is still to be taken back
// or consumed.
type tried struct {
	key    storage.RecordKey
	owner  uuid.UUID
	handle []byte // as it is kept
	live   live
}

// byAddress reports whether the code went to an address, and is not an administrator's.
func (t tried) byAddress() bool { return t.live.Address != uuid.Nil }

// try counts an attempt and compares.
func (s *Service) try(ctx context.Context, purpose Purpose, handle, code string) (tried, error) {
	clients := s.withClient(ctx)
	if err := s.attempt(ctx, clients...); err != nil {
		return tried{}, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil || len(raw) != 1+recordKeyBytes+handleBytes {
		raw = make([]byte, 1+recordKeyBytes+handleBytes) // the handle of nothing
	}
	secret := raw[1+recordKeyBytes:]
	t := tried{key: storage.RecordKey(raw[1 : 1+recordKeyBytes]), handle: s.handleMAC(secret)}
	found := false
	now := s.manager.Now()
	err = s.updateCodes(ctx, t.key, func(c *codes) uuid.UUID {
		found = false
		c.clean(now)
		n := slices.IndexFunc(c.Live, func(l live) bool {
			return l.Purpose == purpose && l.Attempts < MaxCodeAttempts && hmac.Equal(l.Handle, t.handle)
		})
		if n < 0 {
			return ownerOf(c)
		}
		found, t.live = true, c.Live[n]
		c.Live[n].Attempts++
		c.Failures, c.FailedAt = c.Failures+1, now.Unix()
		return ownerOf(c)
	})
	if err != nil {
		return tried{}, err
	}
	given := codeMAC(secret, code)
	if right := hmac.Equal(given, t.live.MAC); !found || !right {
		return tried{}, ErrWrongCode
	}
	if !t.byAddress() {
		t.owner = t.live.Identity
	}
	return t, s.succeed(ctx, clients...)
}

// ownerOf is the identity that a record of codes belongs to: none for that of an address. What is kept decides, not the
// handle, which the client can change: the codes of an address that nobody has are of an identity that there is not, and
// the store's refusal of such an owner would tell.
func ownerOf(c *codes) uuid.UUID {
	if len(c.Live) > 0 && c.Live[0].Address == uuid.Nil {
		return c.Live[0].Identity
	}
	return uuid.Nil
}

// updateCodes changes the codes of a record, if there is one. One that has nothing left
// goes.
func (s *Service) updateCodes(ctx context.Context, key storage.RecordKey, change func(c *codes) (owner uuid.UUID)) error {
	return s.manager.UpdateRecord(ctx, key, func(r *storage.Record) (*storage.Record, error) {
		if r == nil {
			return nil, nil
		}
		var c codes
		if err := readRecord(r, &c); err != nil {
			return nil, err
		}
		owner := change(&c)
		if len(c.Issued) == 0 && len(c.Live) == 0 && c.Failures == 0 {
			return nil, nil
		}
		return newRecord(owner, &c, c.expires())
	})
}

// consume makes the code used: of many who come with it, one is first. The failures of the
// address are forgotten.
func (s *Service) consume(ctx context.Context, t tried) error {
	first := false
	now := s.manager.Now()
	err := s.updateCodes(ctx, t.key, func(c *codes) uuid.UUID {
		first = false
		kept := c.Live
		c.Live = nil
		for _, l := range kept {
			if hmac.Equal(l.Handle, t.handle) && hmac.Equal(l.MAC, t.live.MAC) && l.Expires > now.Unix() {
				first = true
				c.Failures, c.FailedAt = 0, 0
				continue
			}
			c.Live = append(c.Live, l)
		}
		return t.owner
	})
	if err == nil && !first {
		err = ErrWrongCode
	}
	return err
}

// takeBack takes the failure back that try has counted. refused counts a password that
// the policy refused.
func (s *Service) takeBack(ctx context.Context, t tried, refused bool) error {
	now := s.manager.Now()
	return s.updateCodes(ctx, t.key, func(c *codes) uuid.UUID {
		for n := range c.Live {
			l := &c.Live[n]
			if !hmac.Equal(l.Handle, t.handle) {
				continue
			}
			l.Attempts = max(0, l.Attempts-1)
			c.Failures = max(0, c.Failures-1)
			if refused {
				l.Refusals++
			}
		}
		c.clean(now)
		return t.owner
	})
}

// owner returns the identity of a code and the address that it went to.
func (s *Service) owner(ctx context.Context, l live) (*identity.Identity, usable, error) {
	i, err := s.manager.GetIdentity(ctx, l.Identity)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, usable{}, ErrWrongCode
	}
	if err != nil {
		return nil, usable{}, err
	}
	address, ok := s.stillGood(i, l)
	if !ok {
		return nil, usable{}, ErrWrongCode
	}
	return i, address, nil
}

// stillGood reports whether a code is good for i: i is active, has the epoch that it had,
// and the address, which may still be used for this purpose.
func (s *Service) stillGood(i *identity.Identity, l live) (usable, bool) {
	if i.ID != l.Identity || i.State != identity.StateActive || s.epoch(i) != l.Epoch {
		return usable{}, false
	}
	if l.Address == uuid.Nil {
		return usable{}, true // by an administrator
	}
	all := addressesFor(i, l.Purpose)
	at := slices.IndexFunc(all, func(a usable) bool { return a.id == l.Address })
	if at < 0 {
		return usable{}, false
	}
	return all[at], true
}
