//go:build unix

package faulttest_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The environment of a child: which part it plays, and its arguments as JSON.
const (
	variableRole      = "IDEM_TRUST_ROLE"
	variableArguments = "IDEM_TRUST_ARGUMENTS"
)

// TestMain makes the test binary its own second process: started with a role in its
// environment it plays that role and runs no test.
func TestMain(m *testing.M) {
	role := os.Getenv(variableRole)
	if role == "" {
		os.Exit(m.Run())
	}
	told := make(chan string)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			told <- lines.Text()
		}
		// Whatever becomes of the parent, no child outlives it.
		os.Exit(3)
	}()
	if err := play(role, json.RawMessage(os.Getenv(variableArguments)), told); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play plays a role. told has the lines that the parent says.
func play(role string, arguments json.RawMessage, told <-chan string) error {
	switch role {
	case "order taker":
		return playWith(arguments, told, takeOrders)
	case "crash writer":
		return playWith(arguments, told, writeUntilKilled)
	case "opener":
		return playWith(arguments, told, openAtOnce)
	case "counter":
		return playWith(arguments, told, countUp)
	case "racer":
		return playWith(arguments, told, race)
	case "holder of the lock":
		return playWith(arguments, told, holdLock)
	case "nobody":
		return playWith(arguments, told, useAsNobody)
	case "copier":
		return playWith(arguments, told, printFile)
	case "reader":
		return playWith(arguments, told, watch)
	}
	return fmt.Errorf("no such role: %q", role)
}

func playWith[A any](raw json.RawMessage, told <-chan string, role func(arguments A, told <-chan string) error) error {
	var arguments A
	if err := json.Unmarshal(raw, &arguments); err != nil {
		return err
	}
	return role(arguments, told)
}

// child is a process of the test binary in a role.
type child struct {
	command *exec.Cmd
	output  io.ReadCloser
	stdin   io.WriteCloser
	stderr  strings.Builder
}

// start starts a child, which is killed at the end of the test if it is still there.
func start(t *testing.T, role string, arguments any) *child {
	t.Helper()
	raw, err := json.Marshal(arguments)
	require.NoError(t, err)
	c := &child{command: exec.Command(os.Args[0])}
	// A child built with the race detector would wait for a second before it ends.
	c.command.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", variableRole+"="+role, variableArguments+"="+string(raw))
	c.command.Stderr = &c.stderr
	c.stdin, err = c.command.StdinPipe()
	require.NoError(t, err)
	c.output, err = c.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.command.Start())
	t.Cleanup(func() {
		if c.command.ProcessState == nil {
			_ = c.command.Process.Kill()
			_ = c.command.Wait()
		}
	})
	return c
}

// say tells the child a line.
func (c *child) say(t *testing.T, line string) {
	t.Helper()
	_, err := io.WriteString(c.stdin, line+"\n")
	require.NoError(t, err)
}

// hear waits for a line from the child.
func (c *child) hear(t *testing.T, want string) {
	t.Helper()
	got := make([]byte, len(want)+1)
	_, err := io.ReadFull(c.output, got)
	if err != nil {
		_ = c.command.Wait()
	}
	require.NoError(t, err, "the child did not say %q: %s", want, &c.stderr)
	require.Equal(t, want+"\n", string(got))
}

// finish waits for a child that ends by itself, as it should, and returns what it
// printed last.
func (c *child) finish(t *testing.T) string {
	t.Helper()
	output, err := io.ReadAll(c.output)
	require.NoError(t, err)
	require.NoError(t, c.command.Wait(), "%s", &c.stderr)
	return string(output)
}

// kill ends the child as a crash would. It must have been at work until then.
func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.command.Process.Signal(syscall.SIGKILL))
	var ended *exec.ExitError
	require.True(t, errors.As(c.command.Wait(), &ended), "the child had ended before it was killed")
	status, ok := ended.Sys().(syscall.WaitStatus)
	require.True(t, ok && status.Signal() == syscall.SIGKILL, "the child ended by itself: %s %s", ended, &c.stderr)
}
