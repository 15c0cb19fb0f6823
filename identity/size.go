package identity

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/violation"
)

// MaxSize is the largest size of an identity, in bytes. It counts the JSON that administrators see, with the config of
// every credential. So an identity that was read can be sent back in a request.
const MaxSize = 1 << 20

// What parts of an identity are counted with, whatever they hold at the moment: a change of state, of a password or of
// whether something was verified or used must not depend on how full the identity is.
const (
	// fixedSize is for everything that does not grow: the names of fields, ids, times, state, schema, the entries of
	// credentials, a password's hash and the URL of an authenticator app.
	fixedSize = 16 << 10
	// addressSize is for an address beside its value, listSize for an element of another list beside its texts.
	addressSize, listSize = 384, 192
)

// Size returns the number of bytes that i counts against [MaxSize]. It is never less than the size of its JSON.
func (i *Identity) Size() int {
	size := fixedSize
	i.measure(func(_ string, n int) { size += n })
	return size
}

// measure calls add with the size of each part of i that can grow, and its pointer.
func (i *Identity) measure(add func(pointer string, size int)) {
	add("/metadata_public", len(i.MetadataPublic))
	add("/metadata_admin", len(i.MetadataAdmin))
	add("/external_id", quoted(i.ExternalID))
	traits := len(i.Traits)
	// Addresses follow from the traits, as some identifiers do.
	for _, a := range i.VerifiableAddresses {
		traits += addressSize + quoted(a.Value)
	}
	for _, a := range i.RecoveryAddresses {
		traits += addressSize + quoted(a.Value)
	}
	for t, c := range i.Credentials {
		identifiers := 0
		for _, identifier := range c.Identifiers {
			identifiers += quoted(identifier) + 1
		}
		switch {
		case t.IdentifiersFromTraits():
			traits += identifiers
			identifiers = 0
		case t == credentials.TypeTOTP || t == credentials.TypeLookupSecret:
			identifiers = 0 // the identity's own id, which fixedSize has room for
		}
		for _, a := range c.Config.Addresses {
			traits += listSize + quoted(a.Address)
		}
		if n := identifiers + sizeOf(c.Config); n > 0 {
			add("/credentials/"+string(t), n)
		}
	}
	add("/traits", traits)
}

func sizeOf(c credentials.Config) (size int) {
	for _, p := range c.Providers {
		size += listSize + quoted(p.Provider) + quoted(p.Subject) + quoted(p.Organization)
	}
	for _, code := range c.RecoveryCodes {
		size += listSize + quoted(code.Code)
	}
	for _, key := range c.Keys {
		size += len(key.JSON) + 1
	}
	return size + base64.StdEncoding.EncodedLen(len(c.UserHandle))
}

// quoted is at least the length of text as a JSON string.
func quoted(text string) int {
	length := len(text) + 2
	for n := range len(text) {
		switch c := text[n]; {
		case c < ' ':
			length += 5
		case c == '"', c == '\\':
			length++
		case c >= 0x80:
			length += 2 // a byte that is no UTF-8 is written as U+FFFD, of three
		}
	}
	return length
}

// CheckBounds returns an error if a change from before to after exceeds a bound on bytes, links, recovery codes or keys.
// before is nil for a new identity. An identity that exceeds a bound already may keep its size or shrink. So a bound
// never prevents blocking an identity, signing in to it or cleaning it up.
//
// The error is a [*violation.Error] that names what grew beyond its bound.
func CheckBounds(before, after *Identity) error {
	if before == nil {
		before = &Identity{}
	}
	var errs []error
	for t, c := range after.Credentials.Sorted() {
		if err := checkCounts(t, before.Credentials[t].Config, c.Config); err != nil {
			errs = append(errs, err)
		}
	}
	if err := checkSize(before, after); err != nil {
		errs = append(errs, err)
	}
	return violation.Join(errs...)
}

func checkCounts(t credentials.Type, before, after credentials.Config) error {
	for _, list := range []struct {
		name       string
		was, is    int
		mostInList int
	}{
		{"providers", len(before.Providers), len(after.Providers), credentials.MaxProviders},
		{"codes", len(before.RecoveryCodes), len(after.RecoveryCodes), credentials.MaxCodes},
		{"credentials", len(before.Keys), len(after.Keys), credentials.MaxKeys},
	} {
		if list.is > list.mostInList && list.is > list.was {
			return violation.New("/credentials/"+string(t)+"/config/"+list.name, "maxItems", fmt.Sprintf("there may be at most %d of them, with those that the identity has already", list.mostInList))
		}
	}
	return nil
}

func checkSize(before, after *Identity) error {
	size := after.Size()
	if size <= MaxSize || size <= before.Size() {
		return nil
	}
	grown := map[string]int{}
	after.measure(func(pointer string, n int) { grown[pointer] += n })
	before.measure(func(pointer string, n int) { grown[pointer] -= n })
	most := "/traits"
	for _, pointer := range slices.Sorted(maps.Keys(grown)) {
		if grown[pointer] > grown[most] {
			most = pointer
		}
	}
	return violation.New(most, "maxLength", fmt.Sprintf("makes the identity larger than %d bytes: it, or something else of the identity, must be shorter", MaxSize))
}
