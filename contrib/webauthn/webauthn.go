package webauthn

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// CeremonyLife is the lifetime of a ceremony.
const CeremonyLife = 5 * time.Minute

var (
	// ErrRefused means that the browser's answer proves nothing. The answer is malformed,
	// belongs to another ceremony or to one that has ended, or comes from an unknown key, or
	// its signature is wrong. The error does not tell which.
	ErrRefused = errors.New("the key was refused")
	// ErrCloned means that the counter of the key has not grown. The key may have been copied.
	ErrCloned = errors.New("the key was refused: its counter has not grown, so it may have been copied")
)

// Config describes the site that the keys are for.
type Config struct {
	// RPID is the domain that keys are bound to, such as "example.com" (WebAuthn Level 3,
	// section 4, "RP ID"). It must never change: a change makes all existing keys useless.
	RPID string
	// RPName is the application's name. Browsers may show it.
	RPName string
	// Origins are the allowed origins of ceremonies, such as "https://app.example.com".
	Origins []string
}

// Service runs the ceremonies. Create one with [New] and share it. All methods are safe for
// concurrent use.
type Service struct {
	desk    *signin.Service
	manager *idem.Manager
	library *webauthn.WebAuthn
}

// New returns a Service that signs in through desk. manager must be the Manager that desk was
// made with. New fails if an argument is nil or config is invalid.
func New(desk *signin.Service, manager *idem.Manager, config Config) (*Service, error) {
	if desk == nil || manager == nil {
		return nil, errors.New("webauthn: the sign-in service or the Manager is nil")
	}
	library, err := webauthn.New(&webauthn.Config{
		RPID: config.RPID, RPDisplayName: config.RPName, RPOrigins: config.Origins,
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("webauthn: %w", err)
	}
	return &Service{desk: desk, manager: manager, library: library}, nil
}

// Ceremony is a ceremony that has begun. It prints as a placeholder.
type Ceremony struct {
	// Handle identifies the ceremony in its second half.
	Handle string `json:"-"`
	// Options are the options for the browser: an object with the member publicKey.
	Options json.RawMessage
}

const ceremonyPlaceholder = "[webauthn ceremony]"

// Format implements [fmt.Formatter] with a placeholder.
func (c Ceremony) Format(f fmt.State, _ rune) { fmt.Fprint(f, ceremonyPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c Ceremony) LogValue() slog.Value { return slog.StringValue(ceremonyPlaceholder) }

// The ceremonies, by which a handle of one is of no use in another.
const (
	registerPasskey     = "webauthn register passkey"
	registerSecurityKey = "webauthn register security key"
	signInPasskey       = "webauthn sign in"
	secondFactor        = "webauthn second factor"
)

// begun keeps the state of a ceremony of the identity id, which may be nil.
func (s *Service) begun(ctx context.Context, use string, id uuid.UUID, session *webauthn.SessionData, options any) (Ceremony, error) {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return Ceremony{}, err
	}
	// The keys are those that the identity has when the ceremony ends. A list of them might
	// not fit into a record.
	session.AllowedCredentialIDs = nil
	value, err := json.Marshal(session)
	if err != nil {
		return Ceremony{}, fmt.Errorf("webauthn: %w", err)
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, fmt.Errorf("webauthn: %w", err)
	}
	expires := s.manager.Now().Add(CeremonyLife)
	err = s.manager.UpdateRecord(ctx, s.desk.RecordKey(use, nonce), func(*storage.Record) (*storage.Record, error) {
		return &storage.Record{Identity: id, Value: value, Expires: expires}, nil
	})
	return Ceremony{Handle: base64.RawURLEncoding.EncodeToString(nonce), Options: raw}, err
}

// take ends a ceremony and returns its state. Of several who come with one handle, one gets
// it.
func (s *Service) take(ctx context.Context, use, handle string) (session webauthn.SessionData, err error) {
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(handle)
	if err != nil {
		return session, ErrRefused
	}
	var value []byte
	err = s.manager.UpdateRecord(ctx, s.desk.RecordKey(use, nonce), func(r *storage.Record) (*storage.Record, error) {
		if value = nil; r != nil {
			value = r.Value
		}
		return nil, nil
	})
	if err != nil {
		return session, err
	}
	if value == nil || json.Unmarshal(value, &session) != nil {
		return session, ErrRefused
	}
	return session, nil
}

// user is an identity as the library asks for one.
type user struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (u user) WebAuthnID() []byte                         { return u.handle }
func (u user) WebAuthnName() string                       { return u.name }
func (u user) WebAuthnDisplayName() string                { return u.name }
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

// nameOf is what browsers show beside a key: what the schema marks for it, or what i signs
// in with.
func (s *Service) nameOf(i *identity.Identity) string {
	if schema, known := s.manager.Schemas().Get(i.SchemaID); known {
		if derived, err := schema.Validate(i.Traits); err == nil && derived.PasskeyDisplayName != "" {
			return derived.PasskeyDisplayName
		}
	}
	for _, t := range []credentials.Type{credentials.TypePassword, credentials.TypeCode, credentials.TypeWebAuthn} {
		if identifiers := i.Credentials[t].Identifiers; len(identifiers) > 0 {
			return identifiers[0]
		}
	}
	return i.ID.String()
}

// BeginPasskey begins to add a passkey to the identity of proof.
//
// Errors: [signin.ErrSignedOut]; [signin.ErrStepUp]; [storage.ErrInTransaction].
func (s *Service) BeginPasskey(ctx context.Context, proof signin.Proof) (Ceremony, error) {
	return s.beginRegistration(ctx, proof, registerPasskey, credentials.TypePasskey, protocol.AuthenticatorSelection{
		ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
		UserVerification: protocol.VerificationRequired,
	})
}

// FinishPasskey adds the passkey of a ceremony to the identity of proof. response is the
// browser's answer, as JSON. name is the owner's name for the passkey; it may be empty.
//
// Errors: [ErrRefused]; [signin.ErrSignedOut]; [signin.ErrStepUp]; KindConflict if another
// identity has the key; [storage.ErrInTransaction].
func (s *Service) FinishPasskey(ctx context.Context, proof signin.Proof, handle string, response []byte, name string) (signin.Changed, error) {
	return s.finishRegistration(ctx, proof, handle, response, name, registerPasskey)
}

// BeginSecurityKey begins to add a security key, which is a second factor, to the identity of
// proof. Its errors are those of [Service.BeginPasskey].
func (s *Service) BeginSecurityKey(ctx context.Context, proof signin.Proof) (Ceremony, error) {
	return s.beginRegistration(ctx, proof, registerSecurityKey, credentials.TypeWebAuthn, protocol.AuthenticatorSelection{
		ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationDiscouraged,
	})
}

// FinishSecurityKey does for a security key what [Service.FinishPasskey] does for a passkey.
func (s *Service) FinishSecurityKey(ctx context.Context, proof signin.Proof, handle string, response []byte, name string) (signin.Changed, error) {
	return s.finishRegistration(ctx, proof, handle, response, name, registerSecurityKey)
}

func (s *Service) beginRegistration(ctx context.Context, proof signin.Proof, use string, t credentials.Type, selection protocol.AuthenticatorSelection) (Ceremony, error) {
	i, err := s.desk.StepUp(ctx, proof)
	if err != nil {
		return Ceremony{}, err
	}
	u := user{handle: i.Credentials[t].Config.UserHandle, name: s.nameOf(i)}
	if len(u.handle) == 0 {
		u.handle = make([]byte, 32) // at random, so that it says nothing of its owner
		if _, err := rand.Read(u.handle); err != nil {
			return Ceremony{}, err
		}
	}
	// No authenticator shall hold two keys for one identity: nor a passkey and a second
	// factor, of which the one would make the other worth nothing.
	var excluded []protocol.CredentialDescriptor
	for _, of := range []credentials.Type{credentials.TypePasskey, credentials.TypeWebAuthn} {
		for _, k := range readKeys(i.Credentials[of].Config.Keys, func(storedKey) bool { return true }) {
			key := k.library(nil)
			excluded = append(excluded, key.Descriptor())
		}
	}
	options, session, err := s.library.BeginRegistration(u, webauthn.WithAuthenticatorSelection(selection), webauthn.WithExclusions(excluded))
	if err != nil {
		return Ceremony{}, fmt.Errorf("webauthn: begin a registration: %w", err)
	}
	return s.begun(ctx, use, i.ID, session, options)
}

func (s *Service) finishRegistration(ctx context.Context, proof signin.Proof, handle string, response []byte, name, use string) (signin.Changed, error) {
	session, err := s.take(ctx, use, handle)
	if err != nil {
		return signin.Changed{}, err
	}
	before, err := s.desk.StepUp(ctx, proof)
	if err != nil {
		return signin.Changed{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return signin.Changed{}, ErrRefused
	}
	made, err := s.library.CreateCredential(user{handle: session.UserID, name: s.nameOf(before)}, session, parsed)
	if err != nil {
		return signin.Changed{}, ErrRefused
	}
	passkey := use == registerPasskey
	raw, err := newKey(made, name, passkey, s.manager.Now())
	if err != nil {
		return signin.Changed{}, fmt.Errorf("webauthn: %w", err)
	}
	after, err := s.manager.EditIdentity(ctx, before.ID, func(current *identity.Identity, e *identity.Edit) error {
		t, imported := importOf(passkey, session.UserID, raw)
		e.Credentials = imported
		if kept := current.Credentials[t].Config.UserHandle; len(kept) > 0 && !slices.Equal(kept, session.UserID) {
			return ErrRefused // keys with another handle were added meanwhile
		}
		return nil
	}, s.desk.IfCurrent(before))
	switch {
	case errors.Is(err, ErrRefused):
		return signin.Changed{}, ErrRefused
	case errors.Is(err, signin.ErrSignedOut):
		return signin.Changed{}, signin.ErrSignedOut
	case err != nil:
		return signin.Changed{}, err
	}
	return s.desk.Changed(proof, before, after), nil
}

// importOf returns the import of one key.
func importOf(passkey bool, handle []byte, key json.RawMessage) (credentials.Type, *credentials.Import) {
	if passkey {
		return credentials.TypePasskey, &credentials.Import{Passkey: &credentials.ImportPasskey{UserHandle: handle, Credentials: []json.RawMessage{key}}}
	}
	return credentials.TypeWebAuthn, &credentials.Import{WebAuthn: &credentials.ImportWebAuthn{UserHandle: handle, Credentials: []json.RawMessage{key}}}
}

// BeginSignIn begins a sign-in with a passkey. Any identity that has a passkey for this site
// can complete it. Errors: [storage.ErrInTransaction].
func (s *Service) BeginSignIn(ctx context.Context) (Ceremony, error) {
	options, session, err := s.library.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return Ceremony{}, fmt.Errorf("webauthn: begin a sign-in: %w", err)
	}
	return s.begun(ctx, signInPasskey, uuid.Nil, session, options)
}

// FinishSignIn completes a sign-in. response is the browser's answer, as JSON; it names the
// passkey.
//
// Errors: [ErrRefused]; [ErrCloned]; [idem.ErrInactive], if the key is right;
// [storage.ErrInTransaction].
func (s *Service) FinishSignIn(ctx context.Context, handle string, response []byte) (signin.SignIn, error) {
	session, err := s.take(ctx, signInPasskey, handle)
	if err != nil {
		return signin.SignIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return signin.SignIn{}, ErrRefused
	}
	i, err := s.manager.FindByUserHandle(ctx, parsed.Response.UserHandle)
	if errors.Is(err, storage.ErrNotFound) {
		return signin.SignIn{}, ErrRefused
	}
	if err != nil {
		return signin.SignIn{}, err
	}
	u := s.userOf(i, credentials.TypePasskey, parsed)
	_, seen, err := s.library.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return u, nil }, session, parsed)
	if err != nil {
		return signin.SignIn{}, ErrRefused
	}
	if i.State != identity.StateActive {
		return signin.SignIn{}, idem.ErrInactive
	}
	if i, err = s.used(ctx, i, credentials.TypePasskey, seen.ID, parsed); err != nil {
		return signin.SignIn{}, err
	}
	return s.desk.SignedIn(i, credentials.MethodPasskey), nil
}

// BeginSecondFactor begins to add a security key to first, the proof of a first factor.
//
// Errors: [signin.ErrSignedOut]; [signin.ErrStepUp]; [signin.ErrNoFactor];
// [storage.ErrInTransaction].
func (s *Service) BeginSecondFactor(ctx context.Context, first signin.Proof) (Ceremony, error) {
	i, err := s.desk.SecondFactor(ctx, first)
	if err != nil {
		return Ceremony{}, err
	}
	u := s.userOf(i, credentials.TypeWebAuthn, nil)
	if len(u.credentials) == 0 {
		return Ceremony{}, signin.ErrNoFactor
	}
	options, session, err := s.library.BeginLogin(u, webauthn.WithUserVerification(protocol.VerificationDiscouraged))
	if err != nil {
		return Ceremony{}, fmt.Errorf("webauthn: begin a second factor: %w", err)
	}
	return s.begun(ctx, secondFactor, i.ID, session, options)
}

// FinishSecondFactor adds the security key in the browser's answer to first, the proof of a
// first factor.
//
// Errors: [ErrRefused]; [ErrCloned]; [signin.ErrSignedOut]; [signin.ErrStepUp];
// [storage.ErrInTransaction].
func (s *Service) FinishSecondFactor(ctx context.Context, first signin.Proof, handle string, response []byte) (signin.SignIn, error) {
	session, err := s.take(ctx, secondFactor, handle)
	if err != nil {
		return signin.SignIn{}, err
	}
	i, err := s.desk.SecondFactor(ctx, first)
	if err != nil {
		return signin.SignIn{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return signin.SignIn{}, ErrRefused
	}
	seen, err := s.library.ValidateLogin(s.userOf(i, credentials.TypeWebAuthn, parsed), session, parsed)
	if err != nil {
		return signin.SignIn{}, ErrRefused
	}
	if i, err = s.used(ctx, i, credentials.TypeWebAuthn, seen.ID, parsed); err != nil {
		return signin.SignIn{}, err
	}
	if err := s.desk.SecondFactorSucceeded(ctx, i.ID); err != nil {
		return signin.SignIn{}, err
	}
	return s.desk.SignedIn(i, append(slices.Clone(first.Methods), credentials.MethodSecurityKey)...), nil
}

// userOf is i with its keys of type t; of webauthn, with those that are second factors.
// parsed is what one of them has answered, nil if none has.
func (s *Service) userOf(i *identity.Identity, t credentials.Type, parsed *protocol.ParsedCredentialAssertionData) user {
	config := i.Credentials[t].Config
	u := user{handle: config.UserHandle, name: s.nameOf(i)}
	if len(u.handle) == 0 {
		u.handle = i.ID[:] // older keys were registered without one, and answer without one
	}
	for _, k := range readKeys(config.Keys, func(k storedKey) bool { return t == credentials.TypePasskey || !k.Passwordless }) {
		var answered *protocol.AuthenticatorFlags
		if parsed != nil && slices.Equal(parsed.RawID, k.ID) {
			answered = &parsed.Response.AuthenticatorData.Flags
		}
		u.credentials = append(u.credentials, k.library(answered))
	}
	return u
}

// used keeps the counter and the flags of a key that was used, if they have changed, in one
// step in which the counter must still grow. It returns the identity that was compared.
func (s *Service) used(ctx context.Context, compared *identity.Identity, t credentials.Type, id []byte, parsed *protocol.ParsedCredentialAssertionData) (*identity.Identity, error) {
	data := parsed.Response.AuthenticatorData
	_, stored, found := find(compared.Credentials[t].Config.Keys, id)
	if !found {
		return nil, ErrRefused
	}
	if data.Counter != 0 && data.Counter <= stored.Authenticator.SignCount {
		return nil, ErrCloned
	}
	sameFlags := stored.Flags != nil && stored.Flags.BackupEligible == data.Flags.HasBackupEligible() && stored.Flags.BackupState == data.Flags.HasBackupState()
	if data.Counter == 0 && sameFlags {
		return compared, nil
	}
	updated, err := s.manager.EditIdentity(ctx, compared.ID, func(current *identity.Identity, e *identity.Edit) error {
		config := current.Credentials[t].Config
		key, kept, found := find(config.Keys, id)
		if !found || !slices.Equal(kept.PublicKey, stored.PublicKey) {
			return ErrRefused
		}
		if data.Counter != 0 && data.Counter <= kept.Authenticator.SignCount {
			return ErrCloned
		}
		raw, err := usedKey(key.JSON, max(data.Counter, kept.Authenticator.SignCount), data.Flags)
		if err != nil {
			return ErrRefused
		}
		_, e.Credentials = importOf(t == credentials.TypePasskey, config.UserHandle, raw)
		return nil
	}, s.desk.IfCurrent(compared))
	for _, own := range []error{ErrRefused, ErrCloned, signin.ErrSignedOut} {
		if errors.Is(err, own) {
			return nil, own
		}
	}
	if err != nil {
		return nil, err
	}
	return updated, nil
}
