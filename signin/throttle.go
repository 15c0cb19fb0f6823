package signin

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

const (
	// FreeFailures is the number of failures after which a wait begins: one second
	// after the fifth failure, and twice as long after each further one, up to
	// [MaxDelay].
	FreeFailures = 5
	// MaxDelay is the longest wait.
	MaxDelay = 15 * time.Minute
	// MaxTOTPFailures is the number of wrong codes in a row that lock an authenticator
	// app.
	MaxTOTPFailures = 100

	// counterLife is when failures by identifier or client are forgotten.
	counterLife = 24 * time.Hour
	// factorLife is when the failures of a second factor are forgotten: no sooner than the
	// lock could be reached in the meantime.
	factorLife = 365 * 24 * time.Hour
)

// counter is how often something failed, and when it last did. An attempt whose outcome is not known yet is a failure.
type counter struct {
	Failures int   `json:"n"`
	At       int64 `json:"t"` // microseconds since 1970
	// Before is At as it was before the last attempt, to which it returns if that is taken back.
	Before int64 `json:"b,omitempty"`
}

// counterOf names a counter.
type counterOf struct {
	key   storage.RecordKey
	owner uuid.UUID
	life  time.Duration
	// lock is how many failures end it; 0 for a counter that only makes wait.
	lock int
	// shared counters keep what others have failed when one succeeds.
	shared bool
	// at is when attempt has counted, as counter has it.
	at int64
}

// delay is how long to wait after failures.
func delay(failures int) time.Duration {
	over := failures - FreeFailures
	switch {
	case over < 0:
		return 0
	case over > 20:
		return MaxDelay
	}
	return min(time.Second<<over, MaxDelay)
}

// attempt counts a failure on every counter, before anything is compared, and notes in
// counters when it did. If one of them does not allow it, none keeps it.
func (s *Service) attempt(ctx context.Context, counters ...counterOf) error {
	now := s.manager.Now().UnixMicro()
	for n := range counters {
		counters[n].at = now
		err := s.count(ctx, counters[n])
		if err == nil {
			continue
		}
		return joined(err, s.undo(ctx, counters[:n]...))
	}
	return nil
}

func (s *Service) count(ctx context.Context, c counterOf) error {
	var wait time.Duration
	locked := false
	err := updateRecord(ctx, s, c.key, c.owner, func(current *counter) (*counter, time.Time) {
		wait, locked = 0, false
		next := counter{Failures: 1, At: c.at}
		if current != nil {
			at := min(current.At, c.at) // a clock set back makes nobody wait longer
			wait = time.UnixMicro(at).Add(delay(current.Failures)).Sub(time.UnixMicro(c.at))
			locked = c.lock > 0 && current.Failures >= c.lock
			if wait > 0 || locked {
				next = counter{Failures: current.Failures, At: at, Before: current.Before}
			} else {
				next.Failures, next.Before = current.Failures+1, at
			}
		}
		return &next, time.UnixMicro(next.At).Add(c.life)
	})
	switch {
	case err != nil:
		return err
	case locked:
		return ErrLocked
	case wait > 0:
		return &ThrottledError{RetryAfter: wait}
	}
	return nil
}

// succeed takes the failure back that attempt has counted, and all before it, but for those
// of shared counters.
func (s *Service) succeed(ctx context.Context, counters ...counterOf) error {
	for _, c := range counters {
		undo := s.deleteRecord
		if c.shared {
			undo = func(ctx context.Context, _ storage.RecordKey) error { return s.forgive(ctx, c) }
		}
		if err := undo(ctx, c.key); err != nil {
			return err
		}
	}
	return nil
}

// undo takes the failure back that attempt has counted, and none before it.
func (s *Service) undo(ctx context.Context, counters ...counterOf) error {
	for _, c := range counters {
		if err := s.forgive(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// forgive takes one failure back, which attempt has counted. If no other attempt came after it, the wait begins and the
// failures are forgotten as if it had not been made: else what succeeds would make those wait who share the counter.
func (s *Service) forgive(ctx context.Context, c counterOf) error {
	return updateRecord(ctx, s, c.key, c.owner, func(current *counter) (*counter, time.Time) {
		if current == nil || current.Failures <= 1 {
			return nil, time.Time{}
		}
		current.Failures--
		if current.At == c.at && current.Before > 0 { // a counter of an older version has none
			current.At = min(current.Before, current.At)
		}
		return current, time.UnixMicro(current.At).Add(c.life)
	})
}

// withClient returns counters and that of the client, if it is known.
func (s *Service) withClient(ctx context.Context, counters ...counterOf) []counterOf {
	client := secretOf(ctx, clientKey{})
	if client == "" {
		return counters
	}
	return slices.Insert(counters, 0, counterOf{key: s.keys.sum("client", []byte(client)), life: counterLife, shared: true})
}

// ofIdentifier is the counter of sign-ins by password as a normalised identifier: that of
// the device, if it has a token for this identifier, and else that of everybody.
func (s *Service) ofIdentifier(ctx context.Context, identifier string) counterOf {
	key := s.keys.sum("password", []byte(identifier))
	if token := secretOf(ctx, deviceKey{}); s.isDeviceOf(token, identifier) {
		key = s.keys.sum("password of device", []byte(identifier), []byte(token))
	}
	return counterOf{key: key, life: counterLife}
}

const (
	deviceNonceBytes = 16
	deviceMACBytes   = 16
)

// newDevice returns a token of a device that has signed in as identifier.
func (s *Service) newDevice(identifier string) (string, error) {
	nonce, err := s.randomBytes(deviceNonceBytes)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(nonce, s.deviceMAC(nonce, identifier)...)), nil
}

func (s *Service) isDeviceOf(token, identifier string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(raw) == deviceNonceBytes+deviceMACBytes &&
		hmac.Equal(raw[deviceNonceBytes:], s.deviceMAC(raw[:deviceNonceBytes:deviceNonceBytes], identifier))
}

func (s *Service) deviceMAC(nonce []byte, identifier string) []byte {
	sum := s.keys.sum("device", nonce, []byte(identifier))
	return sum[:deviceMACBytes]
}

// ofTOTP and ofLookupCode are the counters of second factors.
func (s *Service) ofTOTP(id uuid.UUID) counterOf {
	return counterOf{key: s.keys.sum("totp", id[:]), owner: id, life: factorLife, lock: MaxTOTPFailures}
}

func (s *Service) ofLookupCode(id uuid.UUID) counterOf {
	return counterOf{key: s.keys.sum("lookup code", id[:]), owner: id, life: factorLife}
}

// unlockTOTP unlocks the authenticator app of id, if it is locked, since another second
// factor has succeeded. Fewer failures stay.
func (s *Service) unlockTOTP(ctx context.Context, id uuid.UUID) error {
	c := s.ofTOTP(id)
	return updateRecord(ctx, s, c.key, c.owner, func(current *counter) (*counter, time.Time) {
		if current == nil || current.Failures >= c.lock {
			return nil, time.Time{}
		}
		return current, time.UnixMicro(current.At).Add(c.life)
	})
}

// SecondFactorSucceeded unlocks the authenticator app of the identity id. It is for packages
// that check a second factor themselves.
func (s *Service) SecondFactorSucceeded(ctx context.Context, id uuid.UUID) error {
	return s.unlockTOTP(ctx, id)
}
