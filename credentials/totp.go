package credentials

import (
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
)

// The widest parameters of the authenticator apps in use.
const (
	minTOTPDigits, maxTOTPDigits = 4, 10
	maxTOTPPeriod                = 3600 // seconds
)

// checkTOTPURL says what is wrong with an otpauth://totp/ URL, "" if nothing is.
// The layout is the Key URI Format of Google Authenticator: a secret in base32, and
// optionally issuer, algorithm, digits and period, each at most once.
func checkTOTPURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "must be a URL" // the text of err holds the URL, and so the secret
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.User != nil {
		return "must begin with otpauth://totp/"
	}
	if u.Fragment != "" {
		return "must not have a fragment"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "must have a well-formed query"
	}
	for _, name := range []string{"secret", "issuer", "algorithm", "digits", "period"} {
		if len(query[name]) > 1 {
			return "must have its parameter " + name + " once"
		}
	}
	secret := strings.ToUpper(strings.TrimRight(query.Get("secret"), "="))
	if secret == "" {
		return "must have a secret"
	}
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || strings.ContainsAny(secret, "\r\n") {
		return "must have a secret in base32"
	}
	return checkTOTPOptions(query)
}

func checkTOTPOptions(query url.Values) string {
	if query.Has("algorithm") {
		switch strings.ToUpper(query.Get("algorithm")) {
		case "SHA1", "SHA256", "SHA512", "MD5":
		default:
			return "must have an algorithm of SHA1, SHA256, SHA512 or MD5"
		}
	}
	if query.Has("digits") {
		n, err := strconv.Atoi(query.Get("digits"))
		if err != nil || n < minTOTPDigits || n > maxTOTPDigits {
			return "must have 4 to 10 digits"
		}
	}
	if query.Has("period") {
		n, err := strconv.Atoi(query.Get("period"))
		if err != nil || n < 1 || n > maxTOTPPeriod {
			return "must have a period of 1 to 3,600 seconds"
		}
	}
	return ""
}
