package main

import (
	"fmt"
	"strings"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// field is a line of what is printed of an identity.
type field struct{ name, value string }

// describe lists what an identity is made of. Secrets stay out of it: of a
// password only whether there is one is shown.
func describe(i *identity.Identity) []field {
	var addresses []string
	for _, a := range i.VerifiableAddresses {
		addresses = append(addresses, fmt.Sprintf("%s (%s)", a.Value, a.Status))
	}
	password := i.Credentials[credentials.TypePassword]
	secret := "no secret set"
	if password.Config.HashedPassword != "" {
		secret = "a hashed secret"
	}
	return []field{
		{"id", i.ID.String()},
		{"revision", fmt.Sprint(i.Revision)},
		{"state", string(i.State)},
		{"traits", string(i.Traits)},
		{"verifiable addresses", strings.Join(addresses, ", ")},
		{"password", strings.Join(password.Identifiers, ", ") + ", " + secret},
		{"oidc links", orNone(strings.Join(i.Credentials[credentials.TypeOIDC].Identifiers, ", "))},
		{"public metadata", orNone(string(i.MetadataPublic))},
		{"admin metadata", orNone(string(i.MetadataAdmin))},
		{"updated at", i.UpdatedAt.Format("15:04:05.000000")},
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func printFields(fields []field) {
	for _, f := range fields {
		fmt.Printf("  %-21s %s\n", f.name, f.value)
	}
}
