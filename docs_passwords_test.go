package idem_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// TestMigratingPasswords imports the example of every line of docs/migrating-passwords.md, and signs in with its
// password.
func TestMigratingPasswords(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	document, err := os.ReadFile("docs/migrating-passwords.md")
	require.NoError(t, err)
	migrate := func(_ context.Context, _ *identity.Identity, _, password string) (bool, error) {
		return password == "landscape-Pa55", nil
	}
	section, lines := "", map[string]int{}
	for line := range strings.Lines(string(document)) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.HasPrefix(line, "|---") || strings.Contains(line, "for example") {
			continue
		}
		example := strings.ReplaceAll(strings.Trim(strings.TrimSpace(cells[2]), "`"), "\x00", "|")
		imported := credentials.ImportPassword{HashedPassword: example}
		if strings.HasPrefix(example, `{"`) {
			imported = credentials.ImportPassword{}
			require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(example, "use_password_migration_hook", "UsePasswordMigrationHook")), &imported))
			require.True(t, imported.UsePasswordMigrationHook)
		}
		lines[section]++
		t.Run(section, func(t *testing.T) {
			w := newWorld(t, memory.New(), idem.WithPasswordMigration(migrate))
			w.create(t, identity.Create{Traits: raw(`{"username":"ada"}`), Credentials: &credentials.Import{Password: &imported}})
			_, err := w.VerifyPassword(t.Context(), "ada", "landscape-Pa55")
			require.NoError(t, err, example)
		})
	}
	for _, system := range []string{
		"Auth0", "Firebase", "Keycloak", "Supabase", "Amazon Cognito, Okta, Microsoft Entra", "Django", "Rails, Devise", "Laravel, Symfony and other PHP",
		"WordPress", "Drupal", "ASP.NET Identity", "Spring Security", "LDAP, Dovecot", "Linux", "Node.js",
	} {
		require.Positive(t, lines[system], system)
	}
}
