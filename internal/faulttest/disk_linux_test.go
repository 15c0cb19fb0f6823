package faulttest_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFullDisk fills a real file system, of two megabytes. It needs the right
// to mount one.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no small disk to fill: %s", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
	ballast := filepath.Join(disk, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	path := filepath.Join(disk, "identities.db")
	manager, store, err := openManager(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	fillUp(t, manager, path, func() { require.NoError(t, os.Remove(ballast)) })
}
