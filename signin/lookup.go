package signin

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

const (
	// NewLookupCodeCount is the number of lookup codes in a new list.
	NewLookupCodeCount = 12
	// lookupCodeChars is how many characters of base 32 one has, 5 bits each.
	lookupCodeChars = 10
	// maxLookupSalts bounds how many hashes an attempt makes, where a list was put together
	// from several.
	maxLookupSalts = 4

	saltBytes = 16
	hashBytes = 32
)

// lookupParameters are those of an Argon2id string of this package: a first part that all
// codes of a list share, so that one hash is enough to look for a code among them. The
// numbers are those that OWASP recommends, and the default of passwords.
const (
	lookupMemoryKiB  = 19 << 10
	lookupPasses     = 2
	lookupParameters = "$argon2id$v=19$m=19456,t=2,p=1$"
)

// LookupCode adds a lookup code to the proof of a first factor. A code works once, even
// if several calls try it at the same time. Spaces, dashes and letter case do not matter
// in codes of [Service.NewLookupCodes].
//
// Errors: [ErrSignedOut]; [ErrStepUp]; [ErrNoFactor]; [ErrWrongCode]; [*ThrottledError];
// [storage.ErrInTransaction].
func (s *Service) LookupCode(ctx context.Context, first Proof, code string) (SignIn, error) {
	i, err := s.SecondFactor(ctx, first)
	if err != nil {
		return SignIn{}, err
	}
	stored, counters, err := s.matchLookupCode(ctx, i, code)
	if err != nil {
		return SignIn{}, err
	}
	used, err := s.manager.EditIdentity(ctx, i.ID, func(current *identity.Identity, e *identity.Edit) error {
		return useLookupCode(current, e, stored)
	}, s.IfCurrent(i))
	if err != nil {
		return SignIn{}, plain(err)
	}
	if err := s.succeed(ctx, counters...); err != nil {
		return SignIn{}, err
	}
	if err := s.unlockTOTP(ctx, i.ID); err != nil {
		return SignIn{}, err
	}
	who := s.SignedIn(used, append(slices.Clone(first.Methods), credentials.MethodLookupCode)...)
	who.CodesLeft = len(unusedCodes(used))
	return who, nil
}

// matchLookupCode counts an attempt and finds the stored form of a code, which is still to
// be used. The counters are those on which it succeeds then.
func (s *Service) matchLookupCode(ctx context.Context, i *identity.Identity, code string) (stored string, counters []counterOf, err error) {
	if len(i.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes) == 0 {
		return "", nil, ErrNoFactor
	}
	counters = s.withClient(ctx, s.ofLookupCode(i.ID))
	if err := s.attempt(ctx, counters...); err != nil {
		return "", nil, err
	}
	stored, err = s.findLookupCode(ctx, unusedCodes(i), code)
	if err != nil {
		return "", nil, err
	}
	if stored == "" {
		return "", nil, ErrWrongCode
	}
	return stored, counters, nil
}

// useLookupCode makes e the use of a stored code, if it is there and was not used.
func useLookupCode(current *identity.Identity, e *identity.Edit, stored string) error {
	if !slices.Contains(unusedCodes(current), stored) {
		return ErrWrongCode
	}
	e.LookupCodeUsed = stored
	return nil
}

// unusedCodes returns the codes of i that were not used, as they are stored.
func unusedCodes(i *identity.Identity) []string {
	var unused []string
	for _, c := range i.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes {
		if c.UsedAt.IsZero() {
			unused = append(unused, c.Code)
		}
	}
	return unused
}

// findLookupCode returns the stored form of a code, empty if it is none of them. A string
// that is a hash is never a code itself.
func (s *Service) findLookupCode(ctx context.Context, stored []string, code string) (found string, err error) {
	typed := strings.TrimSpace(code)
	normal := normalizeCode(code)
	hashes := map[string]string{} // of the code, by what comes before the digest
	for _, kept := range stored {
		prefix, salt, hashed := cutLookupHash(kept)
		candidate := typed
		if hashed {
			if hashes[prefix] == "" {
				if len(hashes) == maxLookupSalts {
					continue
				}
				if hashes[prefix], err = s.hashLookupCode(ctx, prefix, salt, normal); err != nil {
					return "", err
				}
			}
			candidate = hashes[prefix]
		} else if strings.HasPrefix(kept, "$") {
			continue // some other hash
		}
		if candidate == "" {
			continue
		}
		right := subtle.ConstantTimeCompare([]byte(kept), []byte(candidate))
		if !hashed { // a plain list of ours was shown with dashes
			right |= subtle.ConstantTimeCompare([]byte(kept), []byte(normal))
		}
		if right == 1 {
			found = kept
		}
	}
	return found, nil
}

// cutLookupHash returns what comes before the digest of a hash of this package, and its
// salt.
func cutLookupHash(stored string) (prefix string, salt []byte, ok bool) {
	rest, ok := strings.CutPrefix(stored, lookupParameters)
	if !ok {
		return "", nil, false
	}
	encoded, _, ok := strings.Cut(rest, "$")
	if !ok {
		return "", nil, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(encoded)
	return lookupParameters + encoded + "$", salt, err == nil && len(salt) > 0 && len(salt) <= 64
}

// hashLookupCode returns the stored form of a normalised code.
func (s *Service) hashLookupCode(ctx context.Context, prefix string, salt []byte, code string) (stored string, err error) {
	err = s.limiter.Do(ctx, func() error {
		stored = prefix + base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(code), salt, lookupPasses, lookupMemoryKiB, 1, hashBytes))
		return nil
	})
	return stored, err
}

// normalizeCode leaves out of a code what people write it with, and puts it in lower case.
func normalizeCode(code string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, strings.ToLower(code))
}

// base32Lower writes characters that are easy to tell apart when read aloud.
var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewLookupCodes gives the identity of a proof a new list of [NewLookupCodeCount] lookup
// codes, which replaces the current list. Show them at once: only their hashes are stored,
// unless [WithPlainLookupCodes] is set.
//
// Errors: [ErrSignedOut]; [ErrStepUp].
func (s *Service) NewLookupCodes(ctx context.Context, proof Proof) ([]string, Changed, error) {
	before, err := s.StepUp(ctx, proof)
	if err != nil {
		return nil, Changed{}, err
	}
	shown, stored, err := s.drawLookupCodes(ctx)
	if err != nil {
		return nil, Changed{}, err
	}
	after, err := s.manager.ReplaceLookupCodes(ctx, before.ID, stored, s.IfCurrent(before))
	if err != nil {
		return nil, Changed{}, plain(err)
	}
	return shown, s.Changed(proof, before, after), nil
}

func (s *Service) drawLookupCodes(ctx context.Context) (shown []string, stored []credentials.RecoveryCode, err error) {
	salt, err := s.randomBytes(saltBytes)
	if err != nil {
		return nil, nil, err
	}
	prefix := lookupParameters + base64.RawStdEncoding.EncodeToString(salt) + "$"
	for len(shown) < NewLookupCodeCount {
		raw, err := s.randomBytes((lookupCodeChars*5 + 7) / 8)
		if err != nil {
			return nil, nil, err
		}
		code := base32Lower.EncodeToString(raw)[:lookupCodeChars]
		kept := code
		if !s.plainLookup {
			if kept, err = s.hashLookupCode(ctx, prefix, salt, code); err != nil {
				return nil, nil, err
			}
		}
		shown = append(shown, fmt.Sprintf("%s-%s", code[:lookupCodeChars/2], code[lookupCodeChars/2:]))
		stored = append(stored, credentials.RecoveryCode{Code: kept})
	}
	return shown, stored, nil
}

// RemoveFactor removes a credential of the identity of a proof, by the rules of
// [credentials.Set.Remove]. identifier selects one of several, as in
// [idem.Manager.DeleteCredential].
//
// Errors: [ErrSignedOut]; [ErrStepUp]; those of [idem.Manager.DeleteCredential].
func (s *Service) RemoveFactor(ctx context.Context, proof Proof, t credentials.Type, identifier string) (Changed, error) {
	before, err := s.StepUp(ctx, proof)
	if err != nil {
		return Changed{}, err
	}
	after, err := s.manager.RemoveCredential(ctx, before.ID, t, identifier, s.IfCurrent(before))
	if err != nil {
		return Changed{}, plain(err)
	}
	return s.Changed(proof, before, after), nil
}
