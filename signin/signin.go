package signin

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

const (
	// KeyBytes is the length of the key of a [Service], in bytes.
	KeyBytes = 32
	// MaxFirstFactorAge is the greatest age of the proof of a first factor when the
	// second factor is given.
	MaxFirstFactorAge = 10 * time.Minute
	// MaxStepUpAge is the greatest age of a proof for a change of how its identity
	// signs in.
	MaxStepUpAge = 15 * time.Minute
)

// Service signs people in. Make one with [New] and share it: all methods are safe for
// concurrent use, and several processes may work on one store with the same key.
type Service struct {
	manager *idem.Manager
	keys    *keys // behind a pointer, so that fmt cannot reach the key
	limiter *passwordhash.Limiter
	decoy   *identity.Identity // searched for an address that nobody has; never changed
	config
}

const servicePlaceholder = "[sign-in service]"

// Format implements [fmt.Formatter] with a placeholder.
func (s *Service) Format(f fmt.State, _ rune) { fmt.Fprint(f, servicePlaceholder) }

// New returns a Service for the identities of manager. key is [KeyBytes] random bytes
// that all processes share and that are kept apart from the database. A different key
// invalidates all sign-ins, codes and counters.
//
// It fails if an argument or an option is invalid.
func New(manager *idem.Manager, key []byte, options ...Option) (*Service, error) {
	if manager == nil {
		return nil, errors.New("signin: the Manager is nil")
	}
	if len(key) != KeyBytes {
		return nil, fmt.Errorf("signin: the key must be %d bytes long", KeyBytes)
	}
	c := config{random: rand.Reader, trusted: map[string]map[string]bool{}}
	for _, option := range options {
		if option.apply == nil {
			return nil, errors.New("signin: an option is the zero Option: make one with a function of this package")
		}
		if err := option.apply(&c); err != nil {
			return nil, fmt.Errorf("signin: %w", err)
		}
	}
	return &Service{manager: manager, keys: newKeys(key), limiter: passwordhash.NewLimiter(c.hashing, passwordhash.Cost{}), decoy: newDecoy(), config: c}, nil
}

// WithStorage returns a copy of s that uses store, like [idem.Manager.WithStorage]. On
// the store of an application's transaction a method that counts attempts, or that keeps
// or uses a code or an enrolment, returns [storage.ErrInTransaction].
func (s *Service) WithStorage(store storage.Storage) *Service {
	other := *s
	other.manager = s.manager.WithStorage(store)
	return &other
}

// Proof says which identity a person has proven to be, and how. An application keeps it
// in its session. It is not secret, but the person must not be able to change it: keep
// it on the server, or sealed.
type Proof struct {
	// Identity is the identity that was proven.
	Identity uuid.UUID `json:"identity"`
	// Methods are the methods that proved it, in that order.
	Methods []credentials.Method `json:"methods"`
	// AAL is the assurance level of Methods ([credentials.Assurance]).
	AAL credentials.AAL `json:"aal"`
	// Epoch represents the sign-in epoch of the revision whose secrets were compared
	// ([identity.Identity.SignInEpoch]).
	Epoch uint64 `json:"epoch"`
	// At is when the last of Methods was proven, by the Manager's clock.
	At time.Time `json:"at"`
}

// SignIn is the result of a sign-in. It prints without its device token.
type SignIn struct {
	Proof Proof
	// Identity is the identity as it was when the secret was compared.
	Identity *identity.Identity
	// SecondFactors are the second factors of the identity that were not proven yet. An
	// application that requires a second factor must not sign the person in before one
	// is proven.
	SecondFactors []credentials.Method
	// CodesLeft is the number of unused lookup codes, after a sign-in with one.
	CodesLeft int
	// Device is a token for [WithDevice], after a sign-in by password. Keep it in a
	// long-lived cookie of its own.
	Device string `json:"-"`
}

func (s SignIn) printed() string {
	return fmt.Sprintf("sign-in(%v by %v, %v)", s.Proof.Identity, s.Proof.Methods, s.Proof.AAL)
}

// Format implements [fmt.Formatter]. It prints who signed in and how.
func (s SignIn) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.printed()) }

// LogValue implements [slog.LogValuer]. It logs who signed in and how.
func (s SignIn) LogValue() slog.Value { return slog.StringValue(s.printed()) }

// Address is an address at which its owner can be reached.
type Address struct {
	Via   string // "email" or "sms"
	Value string
}

// Changed is an identity whose way to sign in was changed by its owner.
type Changed struct {
	// Proof replaces the proof that was given to the call, which has ended with all
	// others.
	Proof Proof
	// Identity is the identity after the change.
	Identity *identity.Identity
	// Notify are the addresses that were verified before the change. Send them a notice,
	// so that the owner learns of a change that they did not make.
	Notify []Address
}

// Current returns nil if the proof is still valid, and [ErrSignedOut] if it is not. It
// costs one read, so an application's session check can call it for every request. Other
// errors are those of the Manager: it is then unknown whether the proof is valid.
func (s *Service) Current(ctx context.Context, proof Proof) error {
	_, err := s.current(ctx, proof)
	return err
}

// current returns the identity of a proof that counts.
func (s *Service) current(ctx context.Context, proof Proof) (*identity.Identity, error) {
	i, err := s.manager.GetIdentity(ctx, proof.Identity)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, ErrSignedOut
	case err != nil:
		return nil, err
	case i.State != identity.StateActive || s.epoch(i) != proof.Epoch || proof.AAL == credentials.AAL0:
		return nil, ErrSignedOut
	}
	return i, nil
}

// SignOutEverywhere ends every proof and code of the identity id. Errors: those of
// [idem.Manager.EndSignIns].
func (s *Service) SignOutEverywhere(ctx context.Context, id uuid.UUID) error {
	_, err := s.manager.EndSignIns(ctx, id)
	return err
}

// SignedIn returns the sign-in of a person who has proven by methods to be i. It is for
// packages that check a credential themselves, as contrib/webauthn does: i must be the
// revision whose secret was compared, and active.
func (s *Service) SignedIn(i *identity.Identity, methods ...credentials.Method) SignIn {
	return SignIn{Proof: s.proof(i, methods...), Identity: i, SecondFactors: missing(i, methods)}
}

func (s *Service) proof(i *identity.Identity, methods ...credentials.Method) Proof {
	return Proof{
		Identity: i.ID, Methods: slices.Clone(methods), AAL: credentials.Assurance(methods...),
		Epoch: s.epoch(i), At: s.manager.Now(),
	}
}

// missing returns the second factors of i that are not among methods; none if one is.
func missing(i *identity.Identity, methods []credentials.Method) []credentials.Method {
	if credentials.Assurance(methods...) == credentials.AAL2 || slices.ContainsFunc(methods, credentials.Method.IsSecondFactor) {
		return nil
	}
	return i.Credentials.SecondFactors()
}

// SecondFactor checks the proof of a first factor before a second factor is checked, and
// returns its identity. It is for packages that check a credential themselves.
//
// Errors: [ErrSignedOut]; [ErrStepUp] for a proof that is older than [MaxFirstFactorAge],
// or of no first factor.
func (s *Service) SecondFactor(ctx context.Context, first Proof) (*identity.Identity, error) {
	i, err := s.current(ctx, first)
	if err != nil {
		return nil, err
	}
	if !s.isFresh(first, MaxFirstFactorAge) || !slices.ContainsFunc(first.Methods, credentials.Method.IsFirstFactor) {
		return nil, ErrStepUp
	}
	return i, nil
}

// StepUp checks a proof, for a change of how its identity signs in, and returns that
// identity. It is for packages that change a credential themselves. They must make the
// change with the precondition [Service.IfCurrent].
//
// Errors: [ErrSignedOut]; [ErrStepUp] for a proof that is older than [MaxStepUpAge], or
// below the level that the identity can reach ([credentials.Set.HighestAAL]).
func (s *Service) StepUp(ctx context.Context, proof Proof) (*identity.Identity, error) {
	i, err := s.current(ctx, proof)
	if err != nil {
		return nil, err
	}
	if !s.isFresh(proof, MaxStepUpAge) || credentials.Assurance(proof.Methods...) < i.Credentials.HighestAAL() {
		return nil, ErrStepUp
	}
	return i, nil
}

// Changed returns the result of a change that was made with a proof. before and after
// are the identity before and after the change.
func (s *Service) Changed(proof Proof, before, after *identity.Identity) Changed {
	next := s.proof(after, proof.Methods...)
	next.At = proof.At
	return Changed{Proof: next, Identity: after, Notify: verified(before)}
}

// isFresh reports whether a proof is at most as old as most. One from the future, which a
// clock that was set back makes of many, is not.
func (s *Service) isFresh(proof Proof, most time.Duration) bool {
	age := s.manager.Now().Sub(proof.At)
	return age >= 0 && age <= most
}

func verified(i *identity.Identity) []Address {
	var addresses []Address
	for _, a := range i.VerifiableAddresses {
		if a.Verified {
			addresses = append(addresses, Address{Via: a.Via, Value: a.Value})
		}
	}
	return addresses
}

// epoch is the sign-in epoch of i together with the generation.
func (s *Service) epoch(i *identity.Identity) uint64 {
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], uint64(i.SignInEpoch))
	binary.BigEndian.PutUint64(numbers[8:], s.generation)
	sum := s.keys.sum("epoch", i.ID[:], numbers[:])
	return binary.BigEndian.Uint64(sum[:]) >> 1 // 63 bits, so that every database and JSON library can keep it
}

// IfCurrent allows a change only if the identity is active and has the sign-in epoch of
// i. Otherwise the error is [ErrSignedOut].
func (s *Service) IfCurrent(i *identity.Identity) idem.Precondition {
	return func(current *identity.Identity) error {
		if current.State != identity.StateActive || current.SignInEpoch != i.SignInEpoch {
			return ErrSignedOut
		}
		return nil
	}
}

// randomBytes returns n random bytes.
func (s *Service) randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return nil, fmt.Errorf("signin: read randomness: %w", err)
	}
	return b, nil
}

// plain returns the error of this package that err wraps, and err itself if it wraps none:
// the Manager's wrapping says nothing that a caller needs.
func plain(err error) error {
	for _, own := range []error{ErrWrongCode, ErrSignedOut, ErrStepUp, ErrNoFactor, ErrLocked} {
		if errors.Is(err, own) {
			return own
		}
	}
	return err
}
