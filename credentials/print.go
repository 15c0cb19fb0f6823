package credentials

import (
	"fmt"
	"log/slog"
	"strings"
)

// Whatever the verb, a secret type prints as its name in brackets: a stray %+v must
// not put a secret into a log. Formatter rather than Stringer, since %#v, %x and %d
// pass a Stringer by.

// Format implements [fmt.Formatter] with a placeholder.
func (c Credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, c.placeholder()) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.placeholder()) }

// placeholder tells what helps and harms nobody: identifiers are personal data.
func (c Credential) placeholder() string {
	name := "unknown type"
	if c.Type.IsKnown() {
		name = string(c.Type)
	}
	if c.Config.IsZero() {
		return "[credential " + name + " without config]"
	}
	return "[credential " + name + "]"
}

const (
	configPlaceholder       = "[credential config]"
	recoveryCodePlaceholder = "[recovery code]"
	keyPlaceholder          = "[key]"
	importPlaceholder       = "[credential import]"
	preparedPlaceholder     = "[prepared credentials]"
)

// Format implements [fmt.Formatter] with a placeholder.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprint(f, configPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c Config) LogValue() slog.Value { return slog.StringValue(configPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (c RecoveryCode) Format(f fmt.State, _ rune) { fmt.Fprint(f, recoveryCodePlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (c RecoveryCode) LogValue() slog.Value { return slog.StringValue(recoveryCodePlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, keyPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue(keyPlaceholder) }

// Format implements [fmt.Formatter] with the types that are imported.
func (imp Import) Format(f fmt.State, _ rune) { fmt.Fprint(f, imp.placeholder()) }

// LogValue implements [slog.LogValuer] with the types that are imported.
func (imp Import) LogValue() slog.Value { return slog.StringValue(imp.placeholder()) }

func (imp Import) placeholder() string {
	var types []string
	for _, part := range []struct {
		t  Type
		is bool
	}{
		{TypePassword, imp.Password != nil}, {TypeOIDC, imp.OIDC != nil}, {TypeSAML, imp.SAML != nil},
		{TypeTOTP, imp.TOTP != nil}, {TypeLookupSecret, imp.LookupSecret != nil},
		{TypeWebAuthn, imp.WebAuthn != nil}, {TypePasskey, imp.Passkey != nil}, {TypeCode, imp.Code != nil},
	} {
		if part.is {
			types = append(types, string(part.t))
		}
	}
	return "[credential import: " + strings.Join(types, " ") + "]"
}

// Format implements [fmt.Formatter] with a placeholder.
func (i ImportPassword) Format(f fmt.State, _ rune) { fmt.Fprint(f, importPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (i ImportPassword) LogValue() slog.Value { return slog.StringValue(importPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (i ImportTOTP) Format(f fmt.State, _ rune) { fmt.Fprint(f, importPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (i ImportTOTP) LogValue() slog.Value { return slog.StringValue(importPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (i ImportLookupSecret) Format(f fmt.State, _ rune) { fmt.Fprint(f, importPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (i ImportLookupSecret) LogValue() slog.Value { return slog.StringValue(importPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (i ImportWebAuthn) Format(f fmt.State, _ rune) { fmt.Fprint(f, importPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (i ImportWebAuthn) LogValue() slog.Value { return slog.StringValue(importPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (i ImportPasskey) Format(f fmt.State, _ rune) { fmt.Fprint(f, importPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (i ImportPasskey) LogValue() slog.Value { return slog.StringValue(importPlaceholder) }

// Format implements [fmt.Formatter] with a placeholder.
func (p Prepared) Format(f fmt.State, _ rune) { fmt.Fprint(f, preparedPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (p Prepared) LogValue() slog.Value { return slog.StringValue(preparedPlaceholder) }
