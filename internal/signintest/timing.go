package signintest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage/memory"
)

// Timing reports how long it takes to answer for an unknown identifier or address
// in proportion to a known one: the ratio of the medians of 200 runs in turns, or of more for what
// takes microseconds. It is to lie between 0.91 and 1.1.
//
//	go test ./signin -run '^$' -bench Timing -benchtime 1x
func Timing(b *testing.B) {
	for name, prepare := range map[string]func(b *testing.B, o *office) func(address string) func(){
		"password": func(b *testing.B, o *office) func(string) func() {
			return func(address string) func() { return func() { _, _ = o.Password(b.Context(), address, another) } }
		},
		"issue a code": func(b *testing.B, o *office) func(string) func() {
			return func(address string) func() {
				return func() { _, _ = o.IssueCode(b.Context(), signin.CodeSignIn, "email", address) }
			}
		},
		"complete a code": func(b *testing.B, o *office) func(string) func() {
			return func(address string) func() {
				sent, err := o.IssueCode(b.Context(), signin.CodeSignIn, "email", address)
				require.NoError(b, err)
				return func() { _, _ = o.SignInWithCode(b.Context(), sent.Handle, wrong(sent.Code)) }
			}
		},
		"recover": func(b *testing.B, o *office) func(string) func() {
			return func(address string) func() {
				sent, err := o.IssueCode(b.Context(), signin.Recovery, "email", address)
				require.NoError(b, err)
				return func() { _, _ = o.Recover(b.Context(), sent.Handle, wrong(sent.Code), "a new engine, at last") }
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				runs := 200
				if name == "issue a code" {
					runs = 20_000 // it takes microseconds, and all others milliseconds
				}
				o := newTimedOffice(b)
				run := prepare(b, o)
				var known, unknown []time.Duration
				for range runs {
					o.Clock.Advance(25 * time.Hour) // nobody has to wait
					for address, times := range map[string]*[]time.Duration{email: &known, "eve@example.com": &unknown} {
						attempt := run(address)
						began := time.Now()
						attempt()
						*times = append(*times, time.Since(began))
					}
				}
				b.ReportMetric(float64(median(unknown))/float64(median(known)), "unknown/known")
				b.ReportMetric(float64(median(known).Microseconds()), "known-µs")
			}
		})
	}
}

// newTimedOffice hashes as an application does.
func newTimedOffice(b *testing.B) *office {
	b.Helper()
	person, err := schema.Parse("person", []byte(personSchema))
	require.NoError(b, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(b, err)
	hasher, err := argon()
	require.NoError(b, err)
	o := &office{store: memory.New()}
	o.Manager = idemtest.New(b, idemtest.WithStorage(o.store), idemtest.WithSchemas(schemas), idemtest.WithOptions(idem.WithHasher(hasher)))
	o.Service, err = signin.New(o.Manager.Manager, key)
	require.NoError(b, err)
	o.ada(b)
	return o
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func argon() (passwordhash.Hasher, error) { return passwordhash.NewArgon2id(passwordhash.Argon2{}) }
