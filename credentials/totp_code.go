package credentials

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// LeastTOTPDigits is the smallest number of digits of a code that a sign-in accepts.
	LeastTOTPDigits = 6
	// MaxTOTPPeriod is the longest period of a code that a sign-in accepts.
	MaxTOTPPeriod = 120 * time.Second
	// TOTPSkew is the number of steps that a code may be early or late (RFC 6238, section 5.2).
	TOTPSkew = 1
	// NewTOTPSecretBytes is the length of a new shared secret, in bytes (RFC 4226, section 4, R6).
	NewTOTPSecretBytes = 20
)

// ErrTOTPNotAccepted is returned for an imported authenticator app whose codes are not
// accepted: they are too easy to guess, or RFC 6238 does not define their algorithm. The
// credential itself is kept.
var ErrTOTPNotAccepted = errors.New("codes of this authenticator app are not accepted: at least 6 digits, a period of at most 120 seconds and SHA-1, SHA-256 or SHA-512 are needed")

// TOTP makes and recognises the codes of an authenticator app (RFC 6238). Make one with
// [ParseTOTP]. It prints as a placeholder.
type TOTP struct{ parts *totpParts } // behind a pointer, so that fmt cannot reach the secret

type totpParts struct {
	secret []byte
	digits int
	period time.Duration
	digest func() hash.Hash
}

const totpPlaceholder = "[authenticator app]"

// Format implements [fmt.Formatter] with a placeholder.
func (t TOTP) Format(f fmt.State, _ rune) { fmt.Fprint(f, totpPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (t TOTP) LogValue() slog.Value { return slog.StringValue(totpPlaceholder) }

// ParseTOTP reads an otpauth://totp/ URL. Missing parameters default to 6 digits, 30
// seconds and SHA-1. Errors: a [*violation.Error] if rawURL is not such a URL, or
// [ErrTOTPNotAccepted]. Neither holds the URL.
func ParseTOTP(rawURL string) (TOTP, error) {
	check := &check{}
	check.totp(&ImportTOTP{URL: rawURL})
	if len(check.errs) > 0 {
		return TOTP{}, check.errs[0]
	}
	u, _ := url.Parse(rawURL) // it was checked
	query := u.Query()
	secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(strings.TrimRight(query.Get("secret"), "=")))
	parts := &totpParts{secret: secret, digits: 6, period: 30 * time.Second, digest: sha1.New}
	if query.Has("digits") {
		parts.digits, _ = strconv.Atoi(query.Get("digits"))
	}
	if query.Has("period") {
		seconds, _ := strconv.Atoi(query.Get("period"))
		parts.period = time.Duration(seconds) * time.Second
	}
	switch strings.ToUpper(query.Get("algorithm")) {
	case "", "SHA1":
	case "SHA256":
		parts.digest = sha256.New
	case "SHA512":
		parts.digest = sha512.New
	default:
		return TOTP{}, ErrTOTPNotAccepted
	}
	if parts.digits < LeastTOTPDigits || parts.period > MaxTOTPPeriod {
		return TOTP{}, ErrTOTPNotAccepted
	}
	return TOTP{parts}, nil
}

// Fingerprint identifies an app by the inputs of its codes: the secret and the period. The label and the issuer of the
// URL are not part of it, so a used code counts as used under every name of its app. The fingerprint does not reveal
// the secret.
func (t TOTP) Fingerprint() [32]byte {
	return sha256.Sum256(binary.BigEndian.AppendUint64(bytes.Clone(t.parts.secret), uint64(t.parts.period)))
}

// NewTOTPURL returns the otpauth://totp/ URL of a secret, in the Key URI Format of Google
// Authenticator. Its codes have 6 digits, 30 seconds and SHA-1, which every app supports.
// issuer is the application's name and account is the owner's name. An app shows both.
func NewTOTPURL(issuer, account string, secret []byte) string {
	label := account
	query := url.Values{"secret": {base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)}}
	if issuer != "" {
		label = issuer + ":" + account
		query.Set("issuer", issuer)
	}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + label, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}
	return u.String()
}

// Step returns the number of the step at the time at: the whole periods since 1970.
func (t TOTP) Step(at time.Time) int64 {
	seconds, period := at.Unix(), int64(t.parts.period/time.Second)
	step := seconds / period
	if seconds < 0 && seconds%period != 0 {
		step--
	}
	return step
}

// Code returns the code of a step (RFC 4226, section 5.3).
func (t TOTP) Code(step int64) string {
	mac := hmac.New(t.parts.digest, t.parts.secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash does not fail
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := uint64(binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff)
	modulus := uint64(1)
	for range t.parts.digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", t.parts.digits, number%modulus)
}

// Match returns the step of code, and whether code is valid at the time at. The valid steps
// are the current one and the [TOTPSkew] steps before and after it. If code matches several
// steps, Match returns the latest, so that all of them can be marked as used. It ignores
// white space in code. Its running time does not reveal how much of a code is right.
func (t TOTP) Match(code string, at time.Time) (step int64, ok bool) {
	given := []byte(strings.Join(strings.Fields(code), ""))
	now := t.Step(at)
	for candidate := now - TOTPSkew; candidate <= now+TOTPSkew; candidate++ {
		if subtle.ConstantTimeCompare(given, []byte(t.Code(candidate))) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok
}
