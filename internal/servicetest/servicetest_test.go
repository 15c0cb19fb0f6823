package servicetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

// recorder keeps how a test ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run calls find as a test of its own would.
func run(find func(testing.TB) string) (value string, result *recorder) {
	result = &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		value = find(result)
	}()
	<-done
	return value, result
}

func TestServices(t *testing.T) {
	services := map[string]func(testing.TB) string{
		servicetest.VariablePostgres:       servicetest.Postgres,
		servicetest.VariablePostgresNewest: servicetest.PostgresNewest,
		servicetest.VariablePostgresBin:    servicetest.PostgresBin,
		servicetest.VariablePgBouncer:      servicetest.PgBouncer,
		servicetest.VariableChromium: func(t testing.TB) string {
			path, _ := servicetest.Chromium(t)
			return path
		},
	}
	for variable, find := range services {
		t.Run(variable, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			t.Setenv(variable, "there")
			t.Setenv(servicetest.VariableRequire, "")
			value, result := run(find)
			require.Equal(t, "there", value)
			require.Equal(t, &recorder{}, result)

			t.Setenv(variable, "")
			_, result = run(find)
			require.Contains(t, result.skipped, variable)
			require.Empty(t, result.failed)

			t.Setenv(servicetest.VariableRequire, "1")
			_, result = run(find)
			require.Contains(t, result.failed, variable)
			require.Empty(t, result.skipped)
		})
	}
}

func TestChromiumOfThePath(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "chromium")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
	t.Setenv("PATH", folder)
	t.Setenv(servicetest.VariableChromium, "")
	found, noSandbox := servicetest.Chromium(t)
	require.Equal(t, path, found)
	require.Equal(t, os.Geteuid() == 0, noSandbox)
}
