// Package generated_test makes clients of the OpenAPI document, and lets them and an official client drive the handler.
package generated_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "github.com/oapi-codegen/runtime" // which the client for Go needs
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
	"github.com/idemkit/idem/internal/servicetest"
)

const document = "../../../httpapi/openapi.json"

func run(t *testing.T, folder, name string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, arguments, output)
}

// TestGo makes a client with oapi-codegen and compiles and runs a program that uses it.
func TestGo(t *testing.T) {
	require.NoError(t, os.MkdirAll("testdata/client", 0o750))
	run(t, ".", "go", "tool", "oapi-codegen", "-config", "testdata/oapi-codegen.yaml", document)
	run(t, ".", "go", "vet", "./testdata/client", "./testdata/drive")
	program := filepath.Join(t.TempDir(), "drive")
	run(t, ".", "go", "build", "-o", program, "./testdata/drive")
	server.OnEachStore(t, func(t *testing.T, s *server.Server) { run(t, ".", program, s.URL) })
}

// TestTypeScript makes a client with openapi-typescript and openapi-fetch, compiles it and lets it drive the handler.
func TestTypeScript(t *testing.T) {
	servicetest.NodeModules(t, "node")
	run(t, "node", "npx", "openapi-typescript", "../"+document, "--output", "build/api.d.ts")
	run(t, "node", "npx", "tsc")
	server.OnEachStore(t, func(t *testing.T, s *server.Server) { run(t, "node", "node", "build/drive.js", s.URL) })
}

// TestOfficialJavaScript lets the official client for JavaScript drive the handler.
func TestOfficialJavaScript(t *testing.T) {
	servicetest.NodeModules(t, "node")
	server.OnEachStore(t, func(t *testing.T, s *server.Server) { run(t, "node", "node", "ory.mjs", s.URL) })
}

// TestLint has the OpenAPI document checked by redocly.
func TestLint(t *testing.T) {
	servicetest.NodeModules(t, "node")
	run(t, "node", "npx", "redocly", "lint", "../"+document)
}
