package credentials_test

import (
	"encoding/base32"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/violation"
)

func appURL(secret, options string) string {
	return "otpauth://totp/idem:ada?secret=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret)) + options
}

// TestTOTPVectors has the codes of RFC 6238, appendix B.
func TestTOTPVectors(t *testing.T) {
	const digits = "12345678901234567890123456789012345678901234567890123456789012345"
	for algorithm, vectors := range map[string]struct {
		secret string
		codes  []string
	}{
		"SHA1":   {digits[:20], []string{"94287082", "07081804", "14050471", "89005924", "69279037", "65353130"}},
		"SHA256": {digits[:32], []string{"46119246", "68084774", "67062674", "91819424", "90698825", "77737706"}},
		"SHA512": {digits[:64], []string{"90693936", "25091201", "99943326", "93441116", "38618901", "47863826"}},
	} {
		totp, err := credentials.ParseTOTP(appURL(vectors.secret, "&digits=8&algorithm="+algorithm))
		require.NoError(t, err)
		for n, seconds := range []int64{59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000} {
			at := time.Unix(seconds, 0)
			require.Equal(t, vectors.codes[n], totp.Code(totp.Step(at)), "%s at %d", algorithm, seconds)
			step, ok := totp.Match(vectors.codes[n], at)
			require.True(t, ok)
			require.Equal(t, seconds/30, step)
		}
	}
	six, err := credentials.ParseTOTP(appURL(digits[:20], ""))
	require.NoError(t, err)
	require.Equal(t, "287082", six.Code(1), "without options: 6 digits, 30 seconds, SHA-1")
}

func TestTOTPMatch(t *testing.T) {
	totp, err := credentials.ParseTOTP(appURL("12345678901234567890", "&period=60"))
	require.NoError(t, err)
	now := time.Unix(1_000_000_020, 0)
	at := totp.Step(now)
	require.Equal(t, int64(1_000_000_020/60), at)
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := totp.Match(totp.Code(at+offset), now)
		require.Equal(t, want, ok, offset)
		if ok {
			require.Equal(t, at+offset, step)
		}
	}
	code := totp.Code(at)
	for text, want := range map[string]bool{
		code[:3] + " " + code[3:]: true, " " + code + "\n": true, "": false, code[:5]: false, code + "0": false, "abcdef": false,
	} {
		_, ok := totp.Match(text, now)
		require.Equal(t, want, ok, text)
	}
	require.Equal(t, int64(-1), totp.Step(time.Unix(-1, 0)))
	require.Equal(t, int64(0), totp.Step(time.Unix(59, 0)))

	// One code of two steps is of the later one, so that it cannot be used twice.
	for step := int64(0); ; step++ {
		if totp.Code(step) == totp.Code(step+1) || totp.Code(step) == totp.Code(step+2) {
			later := step + 1
			if totp.Code(step) == totp.Code(step+2) {
				later = step + 2
			}
			got, ok := totp.Match(totp.Code(step), time.Unix((step+1)*60, 0))
			require.True(t, ok)
			require.Equal(t, later, got)
			break
		}
	}
}

func TestTOTPNotAccepted(t *testing.T) {
	for options, err := range map[string]error{
		"&digits=5": credentials.ErrTOTPNotAccepted, "&period=121": credentials.ErrTOTPNotAccepted, "&algorithm=MD5": credentials.ErrTOTPNotAccepted,
		"&digits=6&period=120&algorithm=sha256": nil,
	} {
		_, got := credentials.ParseTOTP(appURL("12345678901234567890", options))
		require.ErrorIs(t, got, err, options)
	}
	_, err := credentials.ParseTOTP("otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP")
	var invalid *violation.Error
	require.ErrorAs(t, err, &invalid)
	_, err = credentials.ParseTOTP("")
	require.ErrorAs(t, err, &invalid)
}

func TestNewTOTPURL(t *testing.T) {
	secret := []byte("12345678901234567890")
	u := credentials.NewTOTPURL("Ada & Co: mills", "ada@example.com", secret)
	require.Equal(t, "otpauth://totp/Ada%20&%20Co:%20mills:ada@example.com?issuer=Ada%20%26%20Co%3A%20mills&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", u)
	totp, err := credentials.ParseTOTP(u)
	require.NoError(t, err)
	require.Equal(t, "287082", totp.Code(1))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.Equal(t, "[authenticator app]", fmt.Sprintf(verb, totp))
	}
	_, err = credentials.ParseTOTP(credentials.NewTOTPURL("", "ada", secret))
	require.NoError(t, err)
}
