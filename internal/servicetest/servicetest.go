// Package servicetest finds the servers and the browser that tests of the nested modules need.
//
// The environment names them; CONTRIBUTING.md says how to start them. A test that needs what is not there is skipped.
// Where IDEM_REQUIRE_SERVICES is set, as .ci/run does, it fails instead, so that no check passes by skipping its tests.
package servicetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Variables of the environment.
const (
	VariablePostgres       = "IDEM_TEST_POSTGRES"        // the URL of a PostgreSQL superuser; tests create databases with it
	VariablePostgresNewest = "IDEM_TEST_POSTGRES_NEWEST" // the same, of the newest PostgreSQL that can be had
	VariablePostgresBin    = "IDEM_TEST_POSTGRES_BIN"    // the folder of initdb, pg_ctl and pg_basebackup, for servers that a test starts
	VariablePgBouncer      = "IDEM_TEST_PGBOUNCER"       // the URL of pgbouncer, in transaction mode, in front of the first
	VariableChromium       = "IDEM_TEST_CHROMIUM"        // the path of a Chromium
	VariableRequire        = "IDEM_REQUIRE_SERVICES"     // if not empty, what is missing fails the test
)

// Postgres returns the URL of a PostgreSQL server, as a superuser and for its database "postgres".
// A test creates databases of its own on it, and drops them.
func Postgres(t testing.TB) string {
	t.Helper()
	return variable(t, VariablePostgres)
}

// PostgresNewest is like Postgres, for a server of the newest PostgreSQL.
func PostgresNewest(t testing.TB) string {
	t.Helper()
	return variable(t, VariablePostgresNewest)
}

// PgBouncer returns the URL of a pgbouncer in transaction mode. It leads to every database of the server of Postgres.
func PgBouncer(t testing.TB) string {
	t.Helper()
	return variable(t, VariablePgBouncer)
}

// PostgresBin returns the folder of PostgreSQL's programs, for a test that starts, kills or promotes servers of its own.
// PostgreSQL refuses to run as root; the repository's scripts/postgres changes to another user for that.
func PostgresBin(t testing.TB) string {
	t.Helper()
	return variable(t, VariablePostgresBin)
}

// Chromium returns the path of a Chromium, that of IDEM_TEST_CHROMIUM or else one of the PATH, and whether it must be
// started with --no-sandbox, which it demands of root.
func Chromium(t testing.TB) (path string, noSandbox bool) {
	t.Helper()
	path = os.Getenv(VariableChromium)
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		missing(t, VariableChromium)
	}
	return path, os.Geteuid() == 0
}

func variable(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		missing(t, name)
	}
	return value
}

func missing(t testing.TB, name string) {
	t.Helper()
	if os.Getenv(VariableRequire) != "" {
		t.Fatalf("%s is not set, and %s does not allow to skip what needs it: see CONTRIBUTING.md", name, VariableRequire)
	}
	t.Skipf("%s is not set: see CONTRIBUTING.md", name)
}

// NodeModules makes sure that Node.js is there and that the npm project in folder is installed ("npm ci").
func NodeModules(t testing.TB, folder string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "Node.js")
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		missing(t, "node_modules in "+folder)
	}
}
