package passwordhash_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/violation"
)

func TestArgon2id(t *testing.T) {
	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{}, passwordhash.WithRandom(strings.NewReader("0123456789abcdef")))
	require.NoError(t, err)
	encoded, err := hasher.Hash(t.Context(), []byte(handbookPassword))
	require.NoError(t, err)
	require.Equal(t, "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o", encoded)
	require.False(t, hasher.NeedsRehash(parse(t, encoded)))
}

func TestArgon2idParameters(t *testing.T) {
	for reason, cost := range map[string]passwordhash.Argon2{
		"argon2id: MemoryKiB must be 8 to 1048576, not 7":                {MemoryKiB: 7},
		"argon2id: MemoryKiB must be 8 to 1048576, not 1048577":          {MemoryKiB: 1<<20 + 1},
		"argon2id: Passes must be 1 to 10, not 11":                       {Passes: 11},
		"argon2id: Lanes must be 1 to 16, not 17":                        {Lanes: 17},
		"argon2id: SaltLength must be 8 to 64, not 7":                    {SaltLength: 7},
		"argon2id: KeyLength must be 16 to 64, not 15":                   {KeyLength: 15},
		"argon2id: MemoryKiB must be at least 128 for 16 lanes, not 127": {MemoryKiB: 127, Lanes: 16},
	} {
		_, err := passwordhash.NewArgon2id(cost)
		require.EqualError(t, err, reason)
	}
	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 2, SaltLength: 8, KeyLength: 16})
	require.NoError(t, err)
	encoded, err := hasher.Hash(t.Context(), []byte("a\x00b"))
	require.NoError(t, err)
	verifyBoth(t, encoded, "a\x00b")
}

func TestHashersRefuse(t *testing.T) {
	argon2id, err := passwordhash.NewArgon2id(passwordhash.Argon2{MemoryKiB: 8, Passes: 1})
	require.NoError(t, err)
	bcrypt, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	for _, c := range []struct {
		name     string
		hasher   passwordhash.Hasher
		password string
		reason   string
	}{
		{"argon2id, empty", argon2id, "", "must not be empty"},
		{"argon2id, too long", argon2id, strings.Repeat("x", 1025), "must be at most 1,024 bytes long"},
		{"argon2id, not UTF-8", argon2id, "\xff", "must be valid UTF-8"},
		{"bcrypt, empty", bcrypt, "", "must not be empty"},
		{"bcrypt, over 72 bytes", bcrypt, strings.Repeat("ä", 36) + "x", "must be at most 72 bytes long"},
		{"bcrypt, over 1,024 bytes", bcrypt, strings.Repeat("x", 1025), "must be at most 1,024 bytes long"},
		{"bcrypt, not UTF-8", bcrypt, "a\xc3", "must be valid UTF-8"},
		{"bcrypt, NUL", bcrypt, "a\x00b", "must not hold NUL characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.hasher.Hash(t.Context(), []byte(c.password))
			require.Equal(t, violation.New("", "", c.reason), err)
		})
	}
	for _, hasher := range []passwordhash.Hasher{argon2id, bcrypt} {
		longest := strings.Repeat("x", 72)
		encoded, err := hasher.Hash(t.Context(), []byte(longest))
		require.NoError(t, err)
		require.NoError(t, passwordhash.Verify(t.Context(), parse(t, encoded), []byte(longest)))

		ended, end := context.WithCancel(t.Context())
		end()
		_, err = hasher.Hash(ended, []byte("x"))
		require.ErrorIs(t, err, context.Canceled)
	}
}

func TestArgon2idWithoutRandomness(t *testing.T) {
	broken := errors.New("broken")
	hasher, err := passwordhash.NewArgon2id(passwordhash.Argon2{MemoryKiB: 8}, passwordhash.WithRandom(iotest.ErrReader(broken)))
	require.NoError(t, err)
	_, err = hasher.Hash(t.Context(), []byte("x"))
	require.ErrorIs(t, err, broken)
}

func TestBcrypt(t *testing.T) {
	for _, cost := range []int{-1, 3, 16} {
		_, err := passwordhash.NewBcrypt(cost)
		require.Error(t, err)
	}
	standard, err := passwordhash.NewBcrypt(0)
	require.NoError(t, err)
	require.True(t, standard.NeedsRehash(parse(t, "$2a$11$"+bcrypt53)))
	require.False(t, standard.NeedsRehash(parse(t, "$2a$12$"+bcrypt53)))

	cheapest, err := passwordhash.NewBcrypt(4)
	require.NoError(t, err)
	encoded, err := cheapest.Hash(t.Context(), []byte(handbookPassword))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(encoded, "$2a$04$"))
	verifyBoth(t, encoded, handbookPassword)
}

func TestNeedsRehash(t *testing.T) {
	argon2id, err := passwordhash.NewArgon2id(passwordhash.Argon2{})
	require.NoError(t, err)
	bcrypt, err := passwordhash.NewBcrypt(10)
	require.NoError(t, err)
	salt, key := "$"+salt16Raw, "$"+raw(32)
	for _, c := range []struct {
		name    string
		hasher  passwordhash.Hasher
		encoded string
		want    bool
	}{
		{"as set", argon2id, "$argon2id$v=19$m=19456,t=2,p=1" + salt + key, false},
		{"more memory, passes and lanes", argon2id, "$argon2id$v=19$m=65536,t=3,p=4" + salt + raw(0) + "$" + raw(64), false},
		{"less memory", argon2id, "$argon2id$v=19$m=19455,t=2,p=1" + salt + key, true},
		{"fewer passes", argon2id, "$argon2id$v=19$m=65536,t=1,p=1" + salt + key, true},
		{"shorter salt", argon2id, "$argon2id$v=19$m=19456,t=2,p=1$" + raw(15) + key, true},
		{"shorter key", argon2id, "$argon2id$v=19$m=19456,t=2,p=1" + salt + "$" + raw(31), true},
		{"argon2i", argon2id, "$argon2i$v=19$m=19456,t=2,p=1" + salt + key, true},
		{"bcrypt to argon2id", argon2id, "$2a$15$" + bcrypt53, true},
		{"bcrypt as set", bcrypt, "$2y$10$" + bcrypt53, false},
		{"bcrypt dearer", bcrypt, "$2a$11$" + bcrypt53, false},
		{"bcrypt cheaper", bcrypt, "$2a$09$" + bcrypt53, true},
		{"argon2id to bcrypt", bcrypt, "$argon2id$v=19$m=19456,t=2,p=1" + salt + key, true},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, c.hasher.NeedsRehash(parse(t, c.encoded))) })
	}
	require.True(t, argon2id.NeedsRehash(passwordhash.Hash{}))
	require.True(t, bcrypt.NeedsRehash(passwordhash.Hash{}))
}
