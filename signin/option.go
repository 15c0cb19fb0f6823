package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Option changes a default of [New]. The functions of this package that return one make
// it.
type Option struct{ apply func(*config) error }

type config struct {
	random      io.Reader
	generation  uint64
	plainLookup bool
	hashing     int
	// trusted are the domains that a provider is trusted for.
	trusted map[string]map[string]bool
}

// WithRandom sets where codes, handles, secrets and salts come from. random is read from
// many goroutines at once. The default is crypto/rand.Reader; anything else is for tests.
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
// restored: all sign-ins and codes end, those included that the backup does not know to
// have ended. The default is 0.
func WithGeneration(n uint64) Option {
	return Option{func(c *config) error {
		c.generation = n
		return nil
	}}
}

// WithPlainLookupCodes keeps new lookup codes as they are, as Kratos does, instead of as
// Argon2id hashes: for an application that may go back to it. Whoever reads the database
// can then use them.
func WithPlainLookupCodes() Option {
	return Option{func(c *config) error {
		c.plainLookup = true
		return nil
	}}
}

// WithHashingLimit sets how many lookup codes are hashed at once, at least 1; more wait
// their turn. Each takes 19 MiB. The default is the number of processors.
func WithHashingLimit(n int) Option {
	return Option{func(c *config) error {
		if n < 1 {
			return errors.New("WithHashingLimit: the limit must be at least 1")
		}
		c.hashing = n
		return nil
	}}
}

// WithTrustedProvider makes an identity provider trusted for the e-mail addresses of
// domains, such as "gmail.com" for Google: that it is who gives them out. Subdomains do not
// count. It can be given more than once. The default is that none is trusted, and no
// account is joined by its address; see [identity.DecideLink].
func WithTrustedProvider(provider string, domains ...string) Option {
	return Option{func(c *config) error {
		if provider == "" || len(domains) == 0 {
			return errors.New("WithTrustedProvider: a provider and at least one domain are needed")
		}
		for _, domain := range domains {
			if domain == "" || strings.ContainsAny(domain, "@*") {
				return fmt.Errorf("WithTrustedProvider: %q is not a domain", domain)
			}
			if c.trusted[provider] == nil {
				c.trusted[provider] = map[string]bool{}
			}
			c.trusted[provider][strings.ToLower(domain)] = true
		}
		return nil
	}}
}

type clientKey struct{}

type deviceKey struct{}

// WithClient returns a context whose attempts are also counted for the client with that
// key, such as its address: the application's choice, of any length, kept only as an HMAC.
// The empty key is no client.
func WithClient(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, clientKey{}, key)
}

// WithDevice returns a context whose attempts by password come from the device that has
// the token of an earlier sign-in ([SignIn.Device]). For the identifier of that sign-in
// they are counted apart from those of others. A token for another identifier, or one
// that was made up, changes nothing.
func WithDevice(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, deviceKey{}, token)
}
