package servicetest

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// SmallDisk mounts a file system of so many megabytes and returns its folder, which every user may enter. It needs the
// right to mount one: where root has not got that, the test is skipped, or fails, as for a server that is missing; for
// other users it is always skipped.
func SmallDisk(t testing.TB, megabytes int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a small disk to fill needs root")
	}
	folder, err := os.MkdirTemp("", "idem-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(folder); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=777", megabytes)); err != nil {
		missing(t, "a small disk to fill ("+err.Error()+")")
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	return folder
}
