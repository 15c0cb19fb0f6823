package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRun starts and ends the program as the command line does, twice on one database.
func TestRun(t *testing.T) {
	folder := t.TempDir()
	database, key := filepath.Join(folder, "app.db"), filepath.Join(folder, "app.key")
	c := config{mailer: logMailer{}, logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	start := func(database, key string) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		return run(ctx, c, "localhost:0", database, key, func(string) { cancel() })
	}
	require.NoError(t, start("", ""))
	require.ErrorContains(t, start(database, ""), "-database needs -key")
	require.NoError(t, start(database, key))
	before, err := os.ReadFile(key)
	require.NoError(t, err)
	for _, file := range []string{database, key} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	require.NoError(t, start(database, key))
	after, err := os.ReadFile(key)
	require.NoError(t, err)
	require.Equal(t, before, after)
}
