package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// Option changes a default of [New]. Make one with the functions of this package that
// return an Option.
type Option struct{ apply func(*config) error }

type config struct {
	random      io.Reader
	generation  uint64
	plainLookup bool
	hashing     int
	// trusted are the domains that a provider is trusted for.
	trusted map[string]map[string]bool
}

// WithRandom sets the source of random numbers for codes, handles, secrets and salts.
// random is read from many goroutines at once. The default is crypto/rand.Reader;
// anything else is for tests.
func WithRandom(random io.Reader) Option {
	return Option{func(c *config) error {
		if random == nil {
			return errors.New("WithRandom: the reader is nil")
		}
		c.random = random
		return nil
	}}
}

// WithGeneration makes n a part of every proof and code. Raise it after a backup was
// restored: that ends all sign-ins and codes, including those that had ended after the
// backup was made. The default is 0.
func WithGeneration(n uint64) Option {
	return Option{func(c *config) error {
		c.generation = n
		return nil
	}}
}

// WithPlainLookupCodes stores new lookup codes in plain text, as Kratos does, instead of
// as Argon2id hashes. It is for an application that may go back to Kratos. Anyone who
// can read the database can then use the codes.
func WithPlainLookupCodes() Option {
	return Option{func(c *config) error {
		c.plainLookup = true
		return nil
	}}
}

// WithHashingLimit sets how many lookup codes are hashed at once; further ones wait. n
// must be at least 1. Each hash takes 19 MiB. The default is the number of processors.
func WithHashingLimit(n int) Option {
	return Option{func(c *config) error {
		if n < 1 {
			return errors.New("WithHashingLimit: the limit must be at least 1")
		}
		c.hashing = n
		return nil
	}}
}

// WithTrustedProvider trusts an identity provider for the e-mail addresses of domains that
// it issues, such as "gmail.com" for Google, in any spelling that [schema.Normalize] makes
// alike. Subdomains are not included. The option can be given more than once. By default no
// provider is trusted, and no account is joined by its address; see [identity.DecideLink].
func WithTrustedProvider(provider string, domains ...string) Option {
	return Option{func(c *config) error {
		if provider == "" || len(domains) == 0 {
			return errors.New("WithTrustedProvider: a provider and at least one domain are needed")
		}
		for _, domain := range domains {
			mailbox, err := schema.NormalizeAddress(identity.ViaEmail, "x@"+strings.TrimSpace(domain))
			if err != nil || strings.ContainsAny(domain, "@*") {
				return fmt.Errorf("WithTrustedProvider: %q is not a domain", domain)
			}
			if c.trusted[provider] == nil {
				c.trusted[provider] = map[string]bool{}
			}
			c.trusted[provider][strings.TrimPrefix(mailbox, "x@")] = true
		}
		return nil
	}}
}

// withSecret keeps a text in a context, behind a function, so that printing the context does not show it.
func withSecret(ctx context.Context, key any, text string) context.Context {
	return context.WithValue(ctx, key, func() string { return text })
}

// secretOf returns the text that withSecret has kept, empty if there is none.
func secretOf(ctx context.Context, key any) string {
	if text, ok := ctx.Value(key).(func() string); ok {
		return text()
	}
	return ""
}

type clientKey struct{}

type deviceKey struct{}

// WithClient returns a context whose attempts are also counted for the client with that
// key, such as its address. The application chooses the key, of any length; only its HMAC
// is stored. The empty key means no client.
//
// All attempts with one key share one counter. If many people share an address, their
// failures add up, and each failure can make all of them wait, for at most [MaxDelay].
func WithClient(ctx context.Context, key string) context.Context {
	return withSecret(ctx, clientKey{}, key)
}

// WithDevice returns a context whose attempts by password come from the device that has
// the token of an earlier sign-in ([SignIn.Device]). For the identifier of that sign-in
// they are counted separately from the attempts of other devices. A token for another
// identifier, or a forged one, has no effect.
func WithDevice(ctx context.Context, token string) context.Context {
	return withSecret(ctx, deviceKey{}, token)
}
