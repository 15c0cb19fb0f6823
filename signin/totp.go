package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

const (
	// enrolmentLife is how long an enrolment waits for its code.
	enrolmentLife = 15 * time.Minute
	// maxEnrolmentAttempts is how many wrong codes end an enrolment.
	maxEnrolmentAttempts = 5
	// stepLife is how long it is remembered which codes of an app were used: longer than
	// any clock is set back.
	stepLife = 10 * 365 * 24 * time.Hour
)

// TOTP adds a code of the authenticator app to the proof of a first factor. A code works
// once; after it no older code works (RFC 6238, section 5.2).
//
// Errors: [ErrSignedOut]; [ErrStepUp]; [ErrNoFactor]; [credentials.ErrTOTPNotAccepted];
// [ErrWrongCode]; [ErrLocked]; [*ThrottledError]; [storage.ErrInTransaction].
func (s *Service) TOTP(ctx context.Context, first Proof, code string) (SignIn, error) {
	i, err := s.SecondFactor(ctx, first)
	if err != nil {
		return SignIn{}, err
	}
	step, counters, err := s.matchTOTP(ctx, i, code)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.claimStep(ctx, i.ID, step); err != nil {
		return SignIn{}, err
	}
	if err := s.succeed(ctx, counters...); err != nil {
		return SignIn{}, err
	}
	return s.SignedIn(i, append(slices.Clone(first.Methods), credentials.MethodTOTP)...), nil
}

// matchTOTP counts an attempt and finds the step of a code, which is still to be claimed.
// The counters are those on which it succeeds then.
func (s *Service) matchTOTP(ctx context.Context, i *identity.Identity, code string) (step totpStep, counters []counterOf, err error) {
	url := i.Credentials[credentials.TypeTOTP].Config.TOTPURL
	if url == "" {
		return totpStep{}, nil, ErrNoFactor
	}
	app, err := credentials.ParseTOTP(url)
	if errors.Is(err, credentials.ErrTOTPNotAccepted) {
		return totpStep{}, nil, err
	}
	if err != nil {
		return totpStep{}, nil, ErrNoFactor
	}
	counters = s.withClient(ctx, s.ofTOTP(i.ID))
	if err := s.attempt(ctx, counters...); err != nil {
		return totpStep{}, nil, err
	}
	number, right := app.Match(code, s.manager.Now())
	if !right {
		return totpStep{}, nil, ErrWrongCode
	}
	return totpStep{app.Fingerprint(), number}, counters, nil
}

// totpStep is a step of the codes of an app.
type totpStep struct {
	app    [32]byte // the fingerprint of the app
	number int64
}

// usedStep is the last step of an app whose code was accepted.
type usedStep struct {
	Step int64 `json:"s"`
}

// claimStep makes a step, and all before it, used: of many who come with one code, one is
// first.
func (s *Service) claimStep(ctx context.Context, id uuid.UUID, step totpStep) error {
	claimed := false
	expires := s.manager.Now().Add(stepLife)
	err := updateRecord(ctx, s, s.keys.sum("totp step", id[:], step.app[:]), id, func(current *usedStep) (*usedStep, time.Time) {
		if claimed = current == nil || step.number > current.Step; claimed {
			return &usedStep{Step: step.number}, expires
		}
		return current, expires
	})
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return ErrSignedOut
	case err != nil:
		return err
	case !claimed:
		return ErrWrongCode
	}
	return nil
}

// Enrolment is an authenticator app that is being added. It prints as a placeholder.
type Enrolment struct {
	// Handle identifies the enrolment in FinishTOTP.
	Handle string `json:"-"`
	// URL is the otpauth://totp/ URL with the secret, to be shown as a QR code.
	URL string `json:"-"`
	// ExpiresAt is when the enrolment ends.
	ExpiresAt time.Time
}

const enrolmentPlaceholder = "[enrolment]"

// Format implements [fmt.Formatter] with a placeholder.
func (e Enrolment) Format(f fmt.State, _ rune) { fmt.Fprint(f, enrolmentPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (e Enrolment) LogValue() slog.Value { return slog.StringValue(enrolmentPlaceholder) }

// enrolment is what is kept of one.
type enrolment struct {
	URL      string    `json:"u"`
	Attempts int       `json:"a"`
	Expires  time.Time `json:"e"`
}

// BeginTOTP makes a secret for an authenticator app. issuer is the application's name, as
// the app shows it, of some dozen characters. A name of the person longer than [MaxAccountName]
// is cut. The identity does not have the app before FinishTOTP.
//
// Errors: [ErrSignedOut]; [ErrStepUp]; [storage.ErrInTransaction].
func (s *Service) BeginTOTP(ctx context.Context, proof Proof, issuer string) (Enrolment, error) {
	i, err := s.StepUp(ctx, proof)
	if err != nil {
		return Enrolment{}, err
	}
	secret, err := s.randomBytes(credentials.NewTOTPSecretBytes)
	if err != nil {
		return Enrolment{}, err
	}
	handle, err := s.randomBytes(handleBytes)
	if err != nil {
		return Enrolment{}, err
	}
	begun := Enrolment{
		Handle: base64.RawURLEncoding.EncodeToString(handle), URL: credentials.NewTOTPURL(issuer, shortName(s.accountName(i)), secret),
		ExpiresAt: s.manager.Now().Add(enrolmentLife),
	}
	err = updateRecord(ctx, s, s.enrolmentKey(i, handle), i.ID, func(*enrolment) (*enrolment, time.Time) {
		return &enrolment{URL: begun.URL, Expires: begun.ExpiresAt}, begun.ExpiresAt
	})
	return begun, err
}

// enrolmentKey is the key of an enrolment, which ends with the sign-in epoch.
func (s *Service) enrolmentKey(i *identity.Identity, handle []byte) storage.RecordKey {
	return s.keys.sum("totp enrolment", i.ID[:], fmt.Append(nil, s.epoch(i)), handle)
}

// MaxAccountName is how many characters of a person's name an authenticator app is given. No app shows more, and the URL
// must fit into a QR code.
const MaxAccountName = 128

// shortName returns at most [MaxAccountName] characters of name.
func shortName(name string) string {
	characters := []rune(name)
	if len(characters) <= MaxAccountName {
		return name
	}
	return string(characters[:MaxAccountName-1]) + "…"
}

// accountName is what an authenticator app shows: what the schema marks for it, or what i
// signs in with.
func (s *Service) accountName(i *identity.Identity) string {
	if schema, known := s.manager.Schemas().Get(i.SchemaID); known {
		if derived, err := schema.Validate(i.Traits); err == nil && derived.TOTPAccountName != "" {
			return derived.TOTPAccountName
		}
	}
	for _, t := range []credentials.Type{credentials.TypePassword, credentials.TypeCode, credentials.TypeWebAuthn} {
		if identifiers := i.Credentials[t].Identifiers; len(identifiers) > 0 {
			return identifiers[0]
		}
	}
	return i.ID.String()
}

// FinishTOTP gives the identity of a proof the authenticator app of an enrolment, whose
// code shows that it has the secret. It replaces an existing one, whose wrong codes are
// forgotten. The code counts as used. After five wrong codes the enrolment ends.
//
// Errors: [ErrSignedOut]; [ErrStepUp]; [ErrWrongCode], also for a handle that is wrong or
// too old; [storage.ErrInTransaction].
func (s *Service) FinishTOTP(ctx context.Context, proof Proof, handle, code string) (Changed, error) {
	before, err := s.StepUp(ctx, proof)
	if err != nil {
		return Changed{}, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil {
		return Changed{}, ErrWrongCode
	}
	key, url := s.enrolmentKey(before, raw), ""
	err = updateRecord(ctx, s, key, before.ID, func(current *enrolment) (*enrolment, time.Time) {
		if url = ""; current == nil || current.Attempts >= maxEnrolmentAttempts {
			return nil, time.Time{}
		}
		url = current.URL
		current.Attempts++
		return current, current.Expires
	})
	if err != nil {
		return Changed{}, err
	}
	app, err := credentials.ParseTOTP(url)
	if err != nil {
		return Changed{}, ErrWrongCode
	}
	step, right := app.Match(code, s.manager.Now())
	if !right {
		return Changed{}, ErrWrongCode
	}
	// The step is what one of several who come at once can have. The record goes last: it
	// holds nothing that the identity does not then have.
	if err := s.claimStep(ctx, before.ID, totpStep{app.Fingerprint(), step}); err != nil {
		return Changed{}, err
	}
	after, err := s.manager.AddCredentials(ctx, before.ID, credentials.Import{TOTP: &credentials.ImportTOTP{URL: url}}, s.IfCurrent(before))
	if err != nil {
		return Changed{}, plain(err)
	}
	// The failures were those of the app that there was before, which may be locked.
	return s.Changed(proof, before, after), errors.Join(s.succeed(ctx, s.ofTOTP(before.ID)), s.deleteRecord(ctx, key))
}
