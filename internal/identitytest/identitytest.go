// Package identitytest makes identities from the bytes that a fuzzer invents, so that what
// holds for every identity can be tested on many that nobody would think of.
package identitytest

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// Identity returns the identity that data stands for: any of those that a store may
// be given, in the canonical form that stores keep. Every data stands for one.
func Identity(data []byte) *identity.Identity {
	s := &source{data: data}
	i := &identity.Identity{
		ID: s.id(), Revision: int64(s.count(100)), SchemaID: s.text(), ExternalID: s.text(),
		State: pick(s, identity.StateActive, identity.StateInactive), StateChangedAt: s.time(),
		Traits: json.RawMessage(s.object(2)), CreatedAt: s.time(), UpdatedAt: s.time(),
	}
	if s.bool() {
		i.MetadataPublic = json.RawMessage(s.json(2))
	}
	if s.bool() {
		i.MetadataAdmin = json.RawMessage(s.json(2))
	}
	if s.bool() {
		i.OrganizationID = uuid.NullUUID{UUID: s.id(), Valid: true}
	}
	for range s.count(3) {
		i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{
			ID: s.id(), Value: s.text(), Via: s.text(), Verified: s.bool(),
			Status:     pick(s, identity.AddressPending, identity.AddressSent, identity.AddressCompleted),
			VerifiedAt: s.maybeTime(), CreatedAt: s.time(), UpdatedAt: s.time(),
		})
	}
	for range s.count(3) {
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{
			ID: s.id(), Value: s.text(), Via: s.text(), CreatedAt: s.time(), UpdatedAt: s.time(),
		})
	}
	for _, t := range credentials.Types() {
		if s.bool() {
			if i.Credentials == nil {
				i.Credentials = credentials.Set{}
			}
			i.Credentials[t] = s.credential(t)
		}
	}
	if s.bool() {
		id := s.id()
		i.SignInEpoch = int64(binary.BigEndian.Uint64(id[:]) >> 1)
	}
	i.Canonicalize()
	return i
}

// source deals out data. Once it is used up, everything is zero.
type source struct{ data []byte }

func (s *source) byte() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *source) bool() bool { return s.byte()%2 == 1 }

// count is a number from 0 to most.
func (s *source) count(most int) int { return int(s.byte()) % (most + 1) }

func pick[T any](s *source, from ...T) T { return from[s.count(len(from)-1)] }

// text is valid UTF-8, as all text in an identity is.
func (s *source) text() string {
	n := min(s.count(40), len(s.data))
	text := string(s.data[:n])
	s.data = s.data[n:]
	return strings.ToValidUTF8(text, "\u2028\x00<\U0001F600")
}

func (s *source) id() (id uuid.UUID) {
	for n := range id {
		id[n] = s.byte()
	}
	return id
}

// time is of a year that RFC 3339 can write.
func (s *source) time() time.Time {
	year, month, microseconds := 1+s.count(255)*39, s.count(12), 0
	for range 4 {
		microseconds = microseconds<<8 | int(s.byte())
	}
	return time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(microseconds) * time.Microsecond)
}

func (s *source) maybeTime() time.Time {
	if s.bool() {
		return s.time()
	}
	return time.Time{}
}

// json is a JSON value, spelt in ways that a writer would not choose.
func (s *source) json(depth int) string {
	switch s.count(5) {
	case 0:
		return pick(s, "null", "true", "false")
	case 1:
		return pick(s, "0", "-0.0", "1e400", "12345678901234567890.10", strconv.Itoa(s.count(255)))
	case 2:
		return s.quoted()
	case 3:
		return pick(s, `"\u0061\/\ud83d\ude00"`, `"\u003c"`, `"\\\""`)
	case 4:
		if depth > 0 {
			return s.object(depth)
		}
	}
	if depth == 0 {
		return "[ ]"
	}
	elements := make([]string, s.count(3))
	for n := range elements {
		elements[n] = s.json(depth - 1)
	}
	return "[" + strings.Join(elements, " ,") + "]"
}

func (s *source) object(depth int) string {
	members := make([]string, s.count(3))
	for n := range members {
		members[n] = ` "` + strconv.Itoa(n) + `" :` + s.json(depth-1)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (s *source) quoted() string {
	quoted, err := json.Marshal(s.text())
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(quoted)
}

func (s *source) credential(t credentials.Type) credentials.Credential {
	c := credentials.Credential{Type: t, Version: s.count(3), CreatedAt: s.time(), UpdatedAt: s.time()}
	for range s.count(3) {
		c.Identifiers = append(c.Identifiers, s.text())
	}
	switch t {
	case credentials.TypePassword:
		c.Config.HashedPassword, c.Config.UsePasswordMigrationHook = s.text(), s.bool()
	case credentials.TypeOIDC, credentials.TypeSAML:
		for range s.count(3) {
			c.Config.Providers = append(c.Config.Providers, credentials.Provider{
				Provider: s.text(), Subject: s.text(), Organization: s.text(), UseAutoLink: s.bool(),
			})
		}
	case credentials.TypeTOTP:
		c.Config.TOTPURL = s.text()
	case credentials.TypeLookupSecret:
		for range s.count(3) {
			c.Config.RecoveryCodes = append(c.Config.RecoveryCodes, credentials.RecoveryCode{Code: s.text(), UsedAt: s.maybeTime()})
		}
	case credentials.TypeWebAuthn, credentials.TypePasskey:
		for range s.count(2) {
			raw := `{"id" : "k` + strconv.Itoa(s.count(255)) + `","is_passwordless":` + strconv.FormatBool(s.bool()) + `}`
			key, err := credentials.ParseKey([]byte(raw))
			if err != nil {
				panic(err) // it is written so that it can be read
			}
			c.Config.Keys = append(c.Config.Keys, key)
		}
		if handle := s.text(); handle != "" {
			c.Config.UserHandle = []byte(handle)
		}
	case credentials.TypeCode:
		for range s.count(3) {
			c.Config.Addresses = append(c.Config.Addresses, credentials.CodeAddress{Channel: s.text(), Address: s.text()})
		}
	}
	return c
}
