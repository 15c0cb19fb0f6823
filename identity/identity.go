package identity

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
)

// Identity is one person, device or service: its traits, how it proves itself,
// and how it can be reached.
//
// An Identity is a plain value. Its slices and maps belong to its holder;
// [Identity.Clone] makes an independent copy. It is not safe for concurrent
// modification. Printing one with fmt or log/slog shows its id, revision and
// state only, and [json.Marshal] shows what the identity itself may see: neither
// credentials nor admin metadata.
type Identity struct {
	// ID never changes and is unique.
	ID uuid.UUID
	// Revision counts the changes: 1 after the create, one more after every
	// update that changed something. Stores keep it; rules do not touch it.
	Revision int64
	// SchemaID names the schema that the traits conform to.
	SchemaID string
	// ExternalID is the application's own name for the identity, unique when set.
	// Empty means none.
	ExternalID string
	// State tells whether the identity may sign in.
	State State
	// StateChangedAt is when State last took another value.
	StateChangedAt time.Time
	// Traits is a JSON object, byte for byte as it was given, except that phone
	// numbers are written as E.164 where the schema marks them.
	Traits json.RawMessage
	// MetadataPublic is any JSON value that the identity may see. Nil means null.
	MetadataPublic json.RawMessage
	// MetadataAdmin is any JSON value that only administrators see. Nil means null.
	MetadataAdmin json.RawMessage
	// Credentials are the ways to sign in, by type.
	Credentials credentials.Set
	// VerifiableAddresses are the addresses that the traits give and that can be
	// proven to belong to the identity.
	VerifiableAddresses []VerifiableAddress
	// RecoveryAddresses are the addresses that the traits give and that a lost
	// account can be recovered through.
	RecoveryAddresses []RecoveryAddress
	// OrganizationID is the organization the identity belongs to; not Valid
	// when it belongs to none.
	OrganizationID uuid.NullUUID
	// SignInEpoch tells whether a sign-in is still valid: it is, as long as the identity
	// has the same epoch as at the sign-in. The epoch is 63 random bits. Every change for
	// which [EndsSignIns] is true draws a new one. It is 0 before the first such change.
	// It is not on the wire.
	SignInEpoch int64
	// CreatedAt and UpdatedAt are in UTC and whole microseconds. UpdatedAt moves
	// with every change.
	CreatedAt, UpdatedAt time.Time
}

// Clone returns a copy that shares no memory with i.
func (i *Identity) Clone() *Identity {
	clone := *i
	// One piece of memory holds all JSON, each value cut off so that to append to one
	// reaches no other.
	all := make([]byte, 0, len(i.Traits)+len(i.MetadataPublic)+len(i.MetadataAdmin))
	for _, value := range []*json.RawMessage{&clone.Traits, &clone.MetadataPublic, &clone.MetadataAdmin} {
		if *value != nil {
			start := len(all)
			all = append(all, *value...)
			*value = all[start:len(all):len(all)]
		}
	}
	clone.Credentials = i.Credentials.Clone()
	clone.VerifiableAddresses = slices.Clone(i.VerifiableAddresses)
	clone.RecoveryAddresses = slices.Clone(i.RecoveryAddresses)
	return &clone
}

// Equal reports whether i and o have the same content. It ignores Revision, which
// counts changes and is not content. An empty slice or map equals an absent one.
// Metadata that is null equals metadata that is absent.
func (i *Identity) Equal(o *Identity) bool {
	return i.ID == o.ID &&
		i.SchemaID == o.SchemaID &&
		i.ExternalID == o.ExternalID &&
		i.State == o.State &&
		i.StateChangedAt.Equal(o.StateChangedAt) &&
		bytes.Equal(i.Traits, o.Traits) &&
		equalMetadata(i.MetadataPublic, o.MetadataPublic) &&
		equalMetadata(i.MetadataAdmin, o.MetadataAdmin) &&
		i.Credentials.Equal(o.Credentials) &&
		slices.EqualFunc(i.VerifiableAddresses, o.VerifiableAddresses, VerifiableAddress.Equal) &&
		slices.EqualFunc(i.RecoveryAddresses, o.RecoveryAddresses, RecoveryAddress.Equal) &&
		i.OrganizationID == o.OrganizationID &&
		i.SignInEpoch == o.SignInEpoch &&
		i.CreatedAt.Equal(o.CreatedAt) &&
		i.UpdatedAt.Equal(o.UpdatedAt)
}

// Canonicalize converts every time of i to UTC and whole microseconds, the
// precision that every store keeps. Empty traits become {} and empty metadata
// becomes nil. Stores call it on each identity that they are given, so that all
// stores return the same.
func (i *Identity) Canonicalize() {
	if len(i.Traits) == 0 {
		i.Traits = json.RawMessage("{}")
	}
	for _, metadata := range []*json.RawMessage{&i.MetadataPublic, &i.MetadataAdmin} {
		if isUnset(*metadata) {
			*metadata = nil
		}
	}
	for _, t := range []*time.Time{&i.StateChangedAt, &i.CreatedAt, &i.UpdatedAt} {
		*t = canonicalTime(*t)
	}
	for n := range i.VerifiableAddresses {
		a := &i.VerifiableAddresses[n]
		a.VerifiedAt, a.CreatedAt, a.UpdatedAt = canonicalTime(a.VerifiedAt), canonicalTime(a.CreatedAt), canonicalTime(a.UpdatedAt)
	}
	for n := range i.RecoveryAddresses {
		a := &i.RecoveryAddresses[n]
		a.CreatedAt, a.UpdatedAt = canonicalTime(a.CreatedAt), canonicalTime(a.UpdatedAt)
	}
	for name, c := range i.Credentials {
		c.CreatedAt, c.UpdatedAt = canonicalTime(c.CreatedAt), canonicalTime(c.UpdatedAt)
		for n := range c.Config.RecoveryCodes {
			code := &c.Config.RecoveryCodes[n]
			code.UsedAt = canonicalTime(code.UsedAt)
		}
		i.Credentials[name] = c
	}
}

// isUnset reports whether metadata has no value: null and absent are one.
func isUnset(metadata json.RawMessage) bool { return len(metadata) == 0 || string(metadata) == "null" }

func equalMetadata(x, y json.RawMessage) bool {
	return bytes.Equal(x, y) || isUnset(x) && isUnset(y)
}

func canonicalTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
