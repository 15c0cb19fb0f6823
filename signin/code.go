package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// Purpose is the purpose of a one-time code.
type Purpose string

const (
	// Verification proves that an address belongs to its identity.
	Verification Purpose = "verification"
	// Recovery lets a person who lost their password set a new one.
	Recovery Purpose = "recovery"
	// CodeSignIn signs in.
	CodeSignIn Purpose = "sign_in"
)

const (
	// CodeLife is how long a one-time code is valid.
	CodeLife = 15 * time.Minute
	// MaxCodeAttempts is the number of wrong attempts after which a code is invalid.
	MaxCodeAttempts = 5
	// MaxLiveCodes is how many codes of an address are valid at a time. Another code
	// ends the oldest.
	MaxLiveCodes = 3
	// MaxAdminCodeLife is how long a code by an administrator may be valid.
	MaxAdminCodeLife = 30 * 24 * time.Hour

	codeInterval            = time.Minute // between two codes for an address
	codesPerDay             = 20          // for an address
	codesPerClientHour      = 5
	longCodeFailures        = 10 // after which codes of an address are long
	failureLife             = 30 * 24 * time.Hour
	maxCodeRefusals         = 10 // of passwords by the policy, for one code
	codeDigits              = 6
	longCodeBytes           = 10 // 16 characters of base 32
	handleBytes             = 16
	day                     = 24 * time.Hour
	recordKeyBytes          = 32
	addressHandle      byte = 'c'
	adminHandle        byte = 'a'
)

// Code is a one-time code that was issued. It prints as a placeholder.
type Code struct {
	// Handle identifies the code when it is completed. Give it to the browser that
	// asked, in a form or a cookie, or put it into a link beside the code. The code
	// does not work without it.
	Handle string `json:"-"`
	// Code is what the person types: 6 digits, or 16 characters after many failures.
	Code string `json:"-"`
	// Via and To are the address to send the code to. Never send it to the address that
	// a person typed.
	Via, To string
	// Send reports whether to send the code. It is false if no identity has the address,
	// or if the address must not be used for this purpose; the other fields are then made
	// up. Answer the client alike in both cases.
	Send bool
	// ExpiresAt is when the code ends.
	ExpiresAt time.Time
	// Purpose is the purpose of the code.
	Purpose Purpose
}

const codePlaceholder = "[one-time code]"

// Format implements [fmt.Formatter] with a placeholder.
func (c Code) Format(f fmt.State, _ rune) { fmt.Fprint(f, codePlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c Code) LogValue() slog.Value { return slog.StringValue(codePlaceholder) }

// codes is what is kept of the codes of an address, or of one code by an administrator.
type codes struct {
	Issued   []int64 `json:"i,omitempty"` // when, in seconds since 1970, for a day
	Failures int     `json:"f,omitempty"` // since one succeeded
	FailedAt int64   `json:"a,omitempty"` // seconds since 1970
	Live     []live  `json:"l,omitempty"`
}

// live is a code that is good. Neither it nor its handle can be found from it: Handle is
// an HMAC of the handle's secret, and MAC one of the code under that secret.
type live struct {
	Purpose  Purpose   `json:"p"`
	Handle   []byte    `json:"h"`
	MAC      []byte    `json:"m"`
	Identity uuid.UUID `json:"i"`
	// Address is the id of the address that the code goes to, nil for one by an
	// administrator.
	Address  uuid.UUID `json:"a"`
	Epoch    uint64    `json:"e"`
	Expires  int64     `json:"x"` // seconds since 1970
	Attempts int       `json:"t,omitempty"`
	Refusals int       `json:"r,omitempty"`
}

// expires is when nothing of c is needed any more.
func (c *codes) expires() time.Time {
	last := int64(0)
	for _, issued := range c.Issued {
		last = max(last, issued+int64(day/time.Second))
	}
	if c.Failures > 0 {
		last = max(last, c.FailedAt+int64(failureLife/time.Second))
	}
	for _, l := range c.Live {
		last = max(last, l.Expires)
	}
	return time.Unix(last, 0)
}

// clean leaves out what has ended at now. A code that has had all its attempts stays: one
// of them may be right, and not have consumed it yet.
func (c *codes) clean(now time.Time) {
	at := now.Unix()
	for n := range c.Issued { // a clock set back makes nobody wait longer
		c.Issued[n] = min(c.Issued[n], at)
	}
	c.FailedAt = min(c.FailedAt, at)
	c.Issued = slices.DeleteFunc(c.Issued, func(issued int64) bool { return issued+int64(day/time.Second) <= at })
	c.Live = slices.DeleteFunc(c.Live, func(l live) bool {
		return l.Expires <= at || l.Refusals >= maxCodeRefusals
	})
	if c.FailedAt+int64(failureLife/time.Second) <= at {
		c.Failures, c.FailedAt = 0, 0
	}
}

// IssueCode makes a one-time code for an address, in any spelling that normalises alike. via
// is "email" or "sms". The caller must send it.
//
// A code for Verification goes to any address of an active identity; one to sign in with to a
// verified address that its schema marks for codes; one for Recovery to a verified recovery
// address, or to an unverified one of an identity that has no verified address at all. For
// any other address the result has Send false. Its fields, its cost and the cost of
// completing it are like those of a known address.
//
// Errors: [*ThrottledError] for a code within a minute of the last, for the 21st of a day for
// an address, and for the sixth of an hour for a client ([WithClient]); KindInvalid for an
// invalid address; [storage.ErrInTransaction].
func (s *Service) IssueCode(ctx context.Context, purpose Purpose, via, address string) (Code, error) {
	kind := storage.TypeVerifiableAddress
	switch purpose {
	case Verification, CodeSignIn:
	case Recovery:
		kind = storage.TypeRecoveryAddress
	default:
		return Code{}, fmt.Errorf("signin: there is no purpose %q", string(purpose))
	}
	normal, err := schema.NormalizeAddress(via, address)
	if err != nil {
		return Code{}, err
	}
	if err := s.countClientCode(ctx); err != nil {
		return Code{}, err
	}
	found, err := s.manager.FindByAddress(ctx, kind, via, address)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return Code{}, err
	}
	to, err := s.recipientOf(found, purpose, via, normal)
	if err != nil {
		return Code{}, err
	}
	return s.issue(ctx, purpose, to)
}

// recipient is where a code goes, and whom it is of.
type recipient struct {
	via, value string
	id         uuid.UUID // of the identity
	address    uuid.UUID // of the address
	epoch      uint64
	send       bool
}

// recipientOf returns the recipient at an address of found, or one that is made up if found
// is nil or must not have a code for this purpose there.
func (s *Service) recipientOf(found *identity.Identity, purpose Purpose, via, value string) (recipient, error) {
	random, err := s.randomBytes(40)
	if err != nil {
		return recipient{}, err
	}
	nobody := recipient{
		via: via, value: value, id: uuid.UUID(random[:16]), address: uuid.UUID(random[16:32]),
		epoch: binary.BigEndian.Uint64(random[32:]) >> 1,
	}
	if found == nil {
		found = s.decoy
	}
	epoch, addresses := s.epoch(found), addressesFor(found, purpose)
	if found.State != identity.StateActive {
		return nobody, nil
	}
	for _, a := range addresses {
		if a.via == via && schema.Normalize(a.value) == value { // it may be stored in a form of older rules
			return recipient{via: a.via, value: a.value, id: found.ID, address: a.id, epoch: epoch, send: true}, nil
		}
	}
	return nobody, nil
}

// newDecoy returns the identity that is searched in place of one that is not there, so that this takes as long. It has a
// verified address for each purpose, and no address equals it.
func newDecoy() *identity.Identity {
	const value = "nobody"
	return &identity.Identity{
		State:               identity.StateActive,
		VerifiableAddresses: []identity.VerifiableAddress{{Value: value, Via: identity.ViaEmail, Verified: true}},
		RecoveryAddresses:   []identity.RecoveryAddress{{Value: value, Via: identity.ViaEmail}},
		Credentials: credentials.Set{credentials.TypeCode: {Config: credentials.Config{
			Addresses: []credentials.CodeAddress{{Channel: identity.ViaEmail, Address: value}},
		}}},
	}
}

// usable is an address of an identity that a code may go to.
type usable struct {
	via, value string
	id         uuid.UUID
	// verified tells whether it is verified, as a verifiable address.
	verified bool
}

// addressesFor returns the addresses of i that a code for purpose may go to.
func addressesFor(i *identity.Identity, purpose Purpose) []usable {
	var all []usable
	switch purpose {
	case Verification:
		for _, a := range i.VerifiableAddresses {
			all = append(all, usable{a.Via, a.Value, a.ID, a.Verified})
		}
	case CodeSignIn:
		for _, a := range i.VerifiableAddresses {
			marked := slices.Contains(i.Credentials[credentials.TypeCode].Config.Addresses, credentials.CodeAddress{Channel: a.Via, Address: a.Value})
			if a.Verified && marked {
				all = append(all, usable{a.Via, a.Value, a.ID, true})
			}
		}
	case Recovery:
		any := len(verified(i)) > 0
		for _, a := range i.RecoveryAddresses {
			of := slices.Contains(verified(i), Address{Via: a.Via, Value: a.Value})
			if of || !any {
				all = append(all, usable{a.Via, a.Value, a.ID, of})
			}
		}
	}
	return all
}

// issued is how many codes a client has asked for.
type issued struct {
	At []int64 `json:"i"` // seconds since 1970, for an hour
}

// countClientCode counts a code that the client asks for.
func (s *Service) countClientCode(ctx context.Context) error {
	client := secretOf(ctx, clientKey{})
	if client == "" {
		return nil
	}
	now := s.manager.Now()
	var wait time.Duration
	err := updateRecord(ctx, s, s.keys.sum("codes of client", []byte(client)), uuid.Nil, func(current *issued) (*issued, time.Time) {
		if wait = 0; current == nil {
			current = &issued{}
		}
		for n := range current.At { // as in codes.clean
			current.At[n] = min(current.At[n], now.Unix())
		}
		current.At = slices.DeleteFunc(current.At, func(at int64) bool { return time.Unix(at, 0).Add(time.Hour).Compare(now) <= 0 })
		if len(current.At) >= codesPerClientHour {
			wait = time.Unix(current.At[0], 0).Add(time.Hour).Sub(now)
		} else {
			current.At = append(current.At, now.Unix())
		}
		return current, time.Unix(current.At[len(current.At)-1], 0).Add(time.Hour)
	})
	if err == nil && wait > 0 {
		err = &ThrottledError{RetryAfter: min(wait, time.Hour)}
	}
	return err
}

// issue makes a code for a recipient, and keeps what is needed to recognise it.
func (s *Service) issue(ctx context.Context, purpose Purpose, to recipient) (Code, error) {
	key := s.keys.sum("codes", []byte(to.via), []byte(to.value))
	now := s.manager.Now()
	drawn, err := s.drawCode(addressHandle, key)
	if err != nil {
		return Code{}, err
	}
	expires := now.Add(CodeLife)
	var (
		wait time.Duration
		long bool
	)
	err = updateRecord(ctx, s, key, uuid.Nil, func(current *codes) (*codes, time.Time) {
		if wait, long = 0, false; current == nil {
			current = &codes{}
		}
		current.clean(now)
		if n := len(current.Issued); n > 0 {
			wait = min(time.Unix(current.Issued[n-1], 0).Add(codeInterval).Sub(now), codeInterval)
			if n >= codesPerDay {
				wait = min(time.Unix(current.Issued[0], 0).Add(day).Sub(now), day)
			}
		}
		if wait > 0 {
			return current, current.expires()
		}
		long = current.Failures >= longCodeFailures
		current.Issued = append(current.Issued, now.Unix())
		if len(current.Live) >= MaxLiveCodes {
			current.Live = current.Live[len(current.Live)-MaxLiveCodes+1:]
		}
		current.Live = append(current.Live, live{
			Purpose: purpose, Handle: drawn.handleMAC, MAC: drawn.mac(long),
			Identity: to.id, Address: to.address, Epoch: to.epoch, Expires: expires.Unix(),
		})
		return current, current.expires()
	})
	if err != nil {
		return Code{}, err
	}
	if wait > 0 {
		return Code{}, &ThrottledError{RetryAfter: wait}
	}
	return Code{
		Handle: drawn.handle, Code: drawn.code(long), Via: to.via, To: to.value, Send: to.send,
		ExpiresAt: time.Unix(expires.Unix(), 0).UTC(), Purpose: purpose,
	}, nil
}

// drawn is a handle and a code, short and long.
type drawn struct {
	handle    string
	secret    []byte // of the handle
	handleMAC []byte
	short     string
	full      string
}

func (s *Service) drawCode(kind byte, key storage.RecordKey) (drawn, error) {
	secret, err := s.randomBytes(handleBytes)
	if err != nil {
		return drawn{}, err
	}
	full, err := s.randomBytes(longCodeBytes)
	if err != nil {
		return drawn{}, err
	}
	short, err := s.randomDigits()
	if err != nil {
		return drawn{}, err
	}
	handle := slices.Concat([]byte{kind}, key[:], secret)
	return drawn{
		handle: base64.RawURLEncoding.EncodeToString(handle), secret: secret, handleMAC: s.handleMAC(secret),
		short: short, full: base32Lower.EncodeToString(full),
	}, nil
}

// randomDigits returns a number of codeDigits digits, each as likely as any other.
func (s *Service) randomDigits() (string, error) {
	const numbers = 1_000_000
	for {
		raw, err := s.randomBytes(4)
		if err != nil {
			return "", err
		}
		if n := binary.BigEndian.Uint32(raw); n < 1<<32/numbers*numbers {
			return fmt.Sprintf("%0*d", codeDigits, n%numbers), nil
		}
	}
}

func (d drawn) code(long bool) string {
	if long {
		return d.full
	}
	return d.short
}

func (d drawn) mac(long bool) []byte { return codeMAC(d.secret, d.code(long)) }

// handleMAC is what is kept of the secret of a handle.
func (s *Service) handleMAC(secret []byte) []byte {
	sum := s.keys.sum("handle", secret)
	return sum[:]
}

// codeMAC is what is kept of a code. Its key is the secret of the handle, which is kept
// nowhere: a copy of the database and of the service's key together are not enough to try
// codes on.
func codeMAC(secret []byte, code string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("one-time code "))
	mac.Write([]byte(normalizeCode(code)))
	return mac.Sum(nil)
}

// IssueAdminCode makes a recovery code for the identity id, at the request of an
// administrator. It needs no recovery address and verifies none, and the number of such
// codes is not limited. The administrator gives it to the person. life is above 0 and
// at most [MaxAdminCodeLife].
//
// Errors: KindNotFound; [storage.ErrInTransaction].
func (s *Service) IssueAdminCode(ctx context.Context, id uuid.UUID, life time.Duration) (Code, error) {
	if life <= 0 || life > MaxAdminCodeLife {
		return Code{}, fmt.Errorf("signin: the life of a code must be above 0 and at most %s", MaxAdminCodeLife)
	}
	i, err := s.manager.GetIdentity(ctx, id)
	if err != nil {
		return Code{}, err
	}
	nonce, err := s.randomBytes(handleBytes)
	if err != nil {
		return Code{}, err
	}
	key := s.keys.sum("admin code", id[:], nonce)
	drawn, err := s.drawCode(adminHandle, key)
	if err != nil {
		return Code{}, err
	}
	expires := s.manager.Now().Add(life)
	err = updateRecord(ctx, s, key, id, func(*codes) (*codes, time.Time) {
		kept := &codes{Live: []live{{
			Purpose: Recovery, Handle: drawn.handleMAC, MAC: drawn.mac(true), Identity: id, Epoch: s.epoch(i), Expires: expires.Unix(),
		}}}
		return kept, kept.expires()
	})
	return Code{
		Handle: drawn.handle, Code: drawn.code(true), ExpiresAt: time.Unix(expires.Unix(), 0).UTC(), Purpose: Recovery,
	}, err
}
