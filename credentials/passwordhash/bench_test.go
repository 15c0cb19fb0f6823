package passwordhash_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
)

// BenchmarkVerify verifies one hash of each format, at the cost it is in the name.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct{ name, encoded string }{
		{"md5-crypt", "$1$xxxxxxxx$UYCIxa628.9qXjpQCjM4a."},
		{"bcrypt/cost=10", "$2a$10$" + bcrypt53},
		{"bcrypt/cost=12", "$2a$12$" + bcrypt53},
		{"sha256-crypt/rounds=5000", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
		{"sha512-crypt/rounds=5000", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
		{"argon2id/m=19456,t=2,p=1", "$argon2id$v=19$m=19456,t=2,p=1$" + salt16Raw + "$" + raw(32)},
		{"argon2i/m=12288,t=3,p=1", "$argon2i$v=19$m=12288,t=3,p=1$" + salt16Raw + "$" + raw(32)},
		{"pbkdf2-sha256/i=600000", "$pbkdf2-sha256$i=600000,l=32$" + salt16Raw + "$" + raw(32)},
		{"pbkdf2-sha512/i=210000", "$pbkdf2-sha512$i=210000,l=64$" + salt16Raw + "$" + raw(64)},
		{"scrypt/N=16384,r=8,p=1", "$scrypt$ln=16384,r=8,p=1$" + salt16Std + "$" + std(32)},
		{"salted-sha/512", "{SSHA512}" + std(72)},
		{"sha/256", "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$" + salt16Std + "$" + std(32)},
		{"firebase-scrypt/N=16384,r=8,p=1", "$firescrypt$ln=14,r=8,p=1$" + salt16Std + "$" + std(64) + "$Bw==$" + std(64)},
		{"md5", "$md5$" + std(16)},
		{"hmac/md5", "$hmac-md5$" + hexText("abcdef0123456789abcdef0123456789") + "$MTIzNDU="},
		{"django-pbkdf2/i=600000", "pbkdf2_sha256$600000$seasalt$" + std(32)},
		{"phpass/2^13", "$P$B12345678" + crypt22},
		{"ldap-sha", "{SHA}" + std(20)},
		{"aspnet-identity/i=100000", aspnet(2, 100000, 16, 48)},
	} {
		b.Run(c.name, func(b *testing.B) {
			hash, password := parse(b, c.encoded), []byte(handbookPassword)
			b.ReportAllocs()
			for b.Loop() {
				require.ErrorIs(b, passwordhash.Verify(b.Context(), hash, password), passwordhash.ErrMismatch)
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	argon2id, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	require.NoError(b, err)
	bcrypt, err := passwordhash.NewBcrypt(0)
	require.NoError(b, err)
	for name, hasher := range map[string]passwordhash.Hasher{"argon2id": argon2id, "bcrypt": bcrypt} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := hasher.Hash(b.Context(), []byte(handbookPassword))
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	encoded := "$argon2id$v=19$m=19456,t=2,p=1$" + salt16Raw + "$" + raw(32)
	b.ReportAllocs()
	for b.Loop() {
		_, err := passwordhash.Parse(encoded)
		require.NoError(b, err)
	}
}

// BenchmarkBurst has 200 verifications of the default cost at once wait for a Limiter,
// and reports the most memory that the process had from the system meanwhile, beside
// limit × hash memory + 64 MiB. That much is enough: with it as the collector's memory
// limit the burst stays below. Without one the collector lets garbage grow to as much
// again as is in use, as it does in any program.
func BenchmarkBurst(b *testing.B) {
	const hashMiB, spareMiB = 19, 64
	for _, limit := range []int{1, 2, 4} {
		bound := limit*hashMiB + spareMiB
		b.Run(fmt.Sprintf("limit=%d/GOMEMLIMIT=%dMiB", limit, bound), func(b *testing.B) {
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(bound) << 20))
			burst(b, limit)
		})
		b.Run(fmt.Sprintf("limit=%d/GOMEMLIMIT=off", limit), func(b *testing.B) { burst(b, limit) })
	}
}

func burst(b *testing.B, limit int) {
	hash := parse(b, "$argon2id$v=19$m=19456,t=2,p=1$"+salt16Raw+"$"+raw(32))
	limiter := passwordhash.NewLimiter(limit, passwordhash.Cost{})
	debug.FreeOSMemory()
	stop, peak := watchMemory()
	for b.Loop() {
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				err := limiter.Do(context.Background(), func() error {
					return passwordhash.Verify(context.Background(), hash, []byte(handbookPassword))
				})
				require.ErrorIs(b, err, passwordhash.ErrMismatch)
			})
		}
		group.Wait()
	}
	close(stop)
	b.ReportMetric(float64(<-peak), "peak-MiB")
}

// watchMemory samples what the process holds of the system's memory until stop is
// closed, and then sends the largest sample, in MiB.
func watchMemory() (stop chan struct{}, peak chan uint64) {
	stop, peak = make(chan struct{}), make(chan uint64, 1)
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	go func() {
		most := uint64(0)
		for {
			metrics.Read(samples)
			most = max(most, samples[0].Value.Uint64()-samples[1].Value.Uint64())
			select {
			case <-stop:
				peak <- most >> 20
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return stop, peak
}
