package query_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

const marker = "s3cret"

// withSecrets gives every credential of i, and one of each type that it has not, a config full of secrets.
func withSecrets(i *identity.Identity) *identity.Identity {
	full := i.Clone()
	for t, c := range full.Credentials {
		c.Config = credentials.Config{
			HashedPassword: marker, UsePasswordMigrationHook: true, TOTPURL: marker, UserHandle: []byte(marker),
			Providers:     []credentials.Provider{{Provider: marker, Subject: marker, Organization: marker}},
			RecoveryCodes: []credentials.RecoveryCode{{Code: marker, UsedAt: newYear}},
			Keys:          []credentials.Key{{ID: marker, JSON: json.RawMessage(`{"public_key":"` + marker + `"}`)}},
			Addresses:     []credentials.CodeAddress{{Channel: marker, Address: marker}},
		}
		full.Credentials[t] = c
	}
	return full
}

func withAllTypes(i *identity.Identity) *identity.Identity {
	if i.Credentials == nil {
		i.Credentials = credentials.Set{}
	}
	for _, t := range credentials.Types() {
		if _, ok := i.Credentials[t]; !ok {
			i.Credentials[t] = credentials.Credential{Type: t, CreatedAt: newYear, UpdatedAt: newYear}
		}
	}
	return i
}

func TestNoPathLeadsToASecret(t *testing.T) {
	names := []string{"config", "hashed_password", "use_password_migration_hook", "providers", "totp_url", "recovery_codes", "credentials", "user_handle", "addresses"}
	i := withSecrets(withAllTypes(withTraits(`{}`)))
	for _, kind := range credentials.Types() {
		base := "/credentials/" + string(kind)
		require.NoError(t, query.Present(base).Err())
		require.True(t, query.Present(base).Matches(i), "its presence is no secret")
		for _, name := range names {
			for _, rest := range []string{"", "/0", "/0/code", "/" + name} {
				pointer := base + "/" + name + rest
				require.Error(t, query.Present(pointer).Err(), pointer)
				require.Error(t, query.Any("/credentials", query.Present("/"+string(kind)+"/"+name+rest)).Err(), pointer)
				require.Error(t, query.Any(base, query.Eq("/"+name+rest, marker)).Err(), pointer)
				_, err := query.NewSort(query.Descending(pointer))
				require.Error(t, err, pointer)
				_, err = query.NewIndex(pointer)
				require.Error(t, err, pointer)
				_, err = query.Parse(strings.ReplaceAll(pointer[1:], "/", ".") + " pr")
				require.Error(t, err, pointer)
			}
		}
		require.ErrorContains(t, query.Present(base+"/config").Err(), "holds secrets")
	}
}

// TestSecretsChangeNothing holds whatever can be asked of an identity against the same identity with other
// secrets.
func TestSecretsChangeNothing(t *testing.T) {
	sorted, err := query.NewSort(query.Ascending("/identifiers"), query.Descending("/traits/a"), query.Ascending("/credentials/totp/identifiers"))
	require.NoError(t, err)
	search, err := query.NewSearch(marker)
	require.NoError(t, err)
	for seed := range uint64(3000) {
		r := newRandom(seed)
		plain := withAllTypes(r.identity())
		full := withSecrets(plain)
		e := r.condition("", 4).expr()
		require.Equal(t, e.Matches(plain), e.Matches(full), e)
		require.Equal(t, sorted.Position(plain), sorted.Position(full))
		require.Equal(t, query.SearchText(plain), query.SearchText(full))
		require.False(t, search.Matches(full))
	}
}

func FuzzSecretPaths(f *testing.F) {
	f.Add("/credentials/password/config/hashed_password", "/config")
	f.Add("/credentials", "/totp/config/totp_url")
	i := withSecrets(withAllTypes(withTraits(`{}`)))
	f.Fuzz(func(t *testing.T, path, inner string) {
		for _, op := range []func(string, string) query.Expr{
			query.Contains, query.StartsWith, query.EndsWith, func(path, value string) query.Expr { return query.Eq(path, value) },
		} {
			require.False(t, op(path, marker).Matches(i), path)
			require.False(t, query.Any(path, op(inner, marker)).Matches(i), "%s %s", path, inner)
		}
		if index, err := query.NewIndex(path); err == nil {
			require.NotContains(t, fmt.Sprintf("%s", index.Keys(i)), marker)
		}
		if sorted, err := query.NewSort(query.Ascending(path)); err == nil {
			require.NotContains(t, fmt.Sprintf("%s", sorted.Position(i).Keys), marker)
		}
	})
}
