package wire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/identitytest"
	"github.com/idemkit/idem/internal/wire"
)

// FuzzAppend holds the encoder, which is written by hand, to encoding/json: for every
// identity and every view both give the same names and values in the same order.
func FuzzAppend(f *testing.F) {
	random := rand.NewChaCha8([32]byte{3})
	for size := range 100 {
		seed := make([]byte, 20*size)
		_, _ = random.Read(seed) // it cannot fail
		f.Add(seed, uint16(size*655))
	}
	f.Fuzz(func(t *testing.T, data []byte, choices uint16) {
		i := identitytest.Identity(data)
		view := wire.View{BaseURL: "https://id.example.com/auth", HideSchemaURL: choices&1 != 0, HideCredentials: choices&2 != 0}
		for n, c := range credentials.Types() {
			if choices>>(n+2)&1 != 0 {
				view.Configs = append(view.Configs, c)
			}
		}
		want, err := json.Marshal(reflected(view, i))
		require.NoError(t, err)
		got := view.Append([]byte("before"), i)[len("before"):]
		require.Equal(t, tokens(t, want), tokens(t, got), "%s", got)
		require.True(t, bytes.Contains(got, append([]byte(`"traits":`), i.Traits...)), "traits keep their bytes")
	})
}

// tokens are the brackets, names and values of a JSON text, unescaped.
func tokens(t *testing.T, text []byte) (all []string) {
	t.Helper()
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text))
	for {
		token, err := decoder.ReadToken()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return all
		}
		require.NoError(t, err, "%s", text)
		all = append(all, token.Kind().String()+" "+token.String())
	}
}

// reflected is i in the types that encoding/json makes the answer of.
func reflected(v wire.View, i *identity.Identity) viewed {
	d := viewed{
		ID: i.ID, ExternalID: i.ExternalID, SchemaID: i.SchemaID, State: i.State, StateChangedAt: i.StateChangedAt,
		Traits: i.Traits, Verifiable: i.VerifiableAddresses, Recovery: i.RecoveryAddresses,
		MetadataPublic: i.MetadataPublic, MetadataAdmin: i.MetadataAdmin,
		CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, OrganizationID: i.OrganizationID,
	}
	if !v.HideSchemaURL {
		d.SchemaURL = v.BaseURL + "/schemas/" + base64.RawURLEncoding.EncodeToString([]byte(i.SchemaID))
	}
	if v.HideCredentials {
		return d
	}
	d.Credentials = map[credentials.Type]credential{}
	for t, c := range i.Credentials {
		shown := credential{
			Type: t, Identifiers: append([]string{}, c.Identifiers...),
			Version: c.Version, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		}
		if slices.Contains(v.Configs, t) && !c.Config.IsZero() {
			shown.Config = config(t, c.Config)
		}
		d.Credentials[t] = shown
	}
	return d
}

type viewed struct {
	ID             uuid.UUID                       `json:"id"`
	ExternalID     string                          `json:"external_id,omitempty"`
	Credentials    map[credentials.Type]credential `json:"credentials,omitempty"`
	SchemaID       string                          `json:"schema_id"`
	SchemaURL      string                          `json:"schema_url,omitempty"`
	State          identity.State                  `json:"state"`
	StateChangedAt time.Time                       `json:"state_changed_at"`
	Traits         json.RawMessage                 `json:"traits"`
	Verifiable     []identity.VerifiableAddress    `json:"verifiable_addresses,omitempty"`
	Recovery       []identity.RecoveryAddress      `json:"recovery_addresses,omitempty"`
	MetadataPublic json.RawMessage                 `json:"metadata_public"`
	MetadataAdmin  json.RawMessage                 `json:"metadata_admin"`
	CreatedAt      time.Time                       `json:"created_at"`
	UpdatedAt      time.Time                       `json:"updated_at"`
	OrganizationID uuid.NullUUID                   `json:"organization_id"`
}

type credential struct {
	Type        credentials.Type `json:"type"`
	Identifiers []string         `json:"identifiers"`
	Config      any              `json:"config,omitempty"`
	Version     int              `json:"version"`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
}

// config is a credential's secret part in the shape of its type.
func config(t credentials.Type, c credentials.Config) any {
	switch t {
	case credentials.TypePassword:
		return struct {
			HashedPassword string `json:"hashed_password,omitempty"`
			Hook           bool   `json:"use_password_migration_hook,omitempty"`
		}{c.HashedPassword, c.UsePasswordMigrationHook}
	case credentials.TypeOIDC:
		type provider struct {
			Subject      string `json:"subject"`
			Provider     string `json:"provider"`
			IDToken      string `json:"initial_id_token"`
			AccessToken  string `json:"initial_access_token"`
			RefreshToken string `json:"initial_refresh_token"`
			Organization string `json:"organization,omitempty"`
			UseAutoLink  bool   `json:"use_auto_link,omitempty"`
		}
		providers := []provider{}
		for _, p := range c.Providers {
			providers = append(providers, provider{Subject: p.Subject, Provider: p.Provider, Organization: p.Organization, UseAutoLink: p.UseAutoLink})
		}
		return map[string]any{"providers": providers}
	case credentials.TypeSAML:
		type provider struct {
			Subject      string `json:"subject"`
			Provider     string `json:"provider"`
			Organization string `json:"organization,omitempty"`
			UseAutoLink  bool   `json:"use_auto_link,omitempty"`
		}
		providers := []provider{}
		for _, p := range c.Providers {
			providers = append(providers, provider{p.Subject, p.Provider, p.Organization, p.UseAutoLink})
		}
		return map[string]any{"providers": providers}
	case credentials.TypeTOTP:
		return map[string]any{"totp_url": c.TOTPURL}
	case credentials.TypeLookupSecret:
		type code struct {
			Code   string     `json:"code"`
			UsedAt *time.Time `json:"used_at"`
		}
		codes := []code{}
		for _, given := range c.RecoveryCodes {
			shown := code{Code: given.Code}
			if !given.UsedAt.IsZero() {
				shown.UsedAt = &given.UsedAt
			}
			codes = append(codes, shown)
		}
		return map[string]any{"recovery_codes": codes}
	case credentials.TypeWebAuthn, credentials.TypePasskey:
		keys := []json.RawMessage{}
		for _, key := range c.Keys {
			keys = append(keys, key.JSON)
		}
		return struct {
			Credentials []json.RawMessage `json:"credentials"`
			UserHandle  []byte            `json:"user_handle"`
		}{keys, append([]byte{}, c.UserHandle...)}
	}
	addresses := append([]credentials.CodeAddress{}, c.Addresses...)
	return map[string]any{"addresses": addresses}
}

// FuzzSize makes sure that an identity counts at least what its JSON takes, and that what may change however full an
// identity is changes nothing about what it counts.
func FuzzSize(f *testing.F) {
	random := rand.NewChaCha8([32]byte{4})
	for size := range 100 {
		seed := make([]byte, 20*size)
		_, _ = random.Read(seed) // it cannot fail
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		i := identitytest.Identity(data)
		size := i.Size()
		require.GreaterOrEqual(t, size, len(wire.View{BaseURL: "https://id.example.com/auth", Configs: credentials.Types()}.Append(nil, i)))
		i.State, i.StateChangedAt = identity.StateInactive, time.Now()
		for n := range i.VerifiableAddresses {
			a := &i.VerifiableAddresses[n]
			a.Verified, a.Status, a.VerifiedAt = !a.Verified, identity.AddressCompleted, time.Now()
		}
		for t, c := range i.Credentials {
			c.Config.HashedPassword, c.Config.TOTPURL = "hash", "url"
			for n := range c.Config.RecoveryCodes {
				c.Config.RecoveryCodes[n].UsedAt = time.Now()
			}
			i.Credentials[t] = c
		}
		require.Equal(t, size, i.Size())
	})
}
