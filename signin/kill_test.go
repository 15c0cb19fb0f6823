package signin_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage/sqlite"
)

// The variables by which a test starts itself as another process on the same file.
const (
	envPath = "IDEM_SIGNIN_PATH"
	envCode = "IDEM_SIGNIN_CODE"
	envTime = "IDEM_SIGNIN_TIME"
)

// TestOtherProcess is the other process of TestKill: it signs in with a code of the app,
// says how that went, and waits for its end.
func TestOtherProcess(t *testing.T) {
	path := os.Getenv(envPath)
	if path == "" {
		t.Skip("it is started by TestKill")
	}
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	o := newOffice(t, store)
	at, err := time.Parse(time.RFC3339, os.Getenv(envTime))
	require.NoError(t, err)
	o.Clock.Advance(at.Sub(o.Clock.Now()))
	first, err := o.Password(t.Context(), email, password)
	require.NoError(t, err)
	_, err = o.TOTP(t.Context(), first.Proof, os.Getenv(envCode))
	fmt.Printf("outcome: %v\n", err)
	select {} // until it is killed
}

// TestKill has two processes come with one code of an authenticator app, and kills each as
// soon as it has its answer: the code counts once, and stays used.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes")
	}
	path := filepath.Join(t.TempDir(), "identities.db")
	store, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	o := newOffice(t, store)
	o.ada(t)
	app, _ := o.enrol(t, o.signIn(t).Proof)
	code := o.code(app)
	require.NoError(t, store.Close())

	outcomes := make(chan string, 2)
	for range 2 {
		go func() { outcomes <- otherProcess(path, code, o.Clock.Now()) }()
	}
	both := []string{<-outcomes, <-outcomes}
	require.ElementsMatch(t, []string{"<nil>", signin.ErrWrongCode.Error()}, both)

	store, err = sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	after := newOffice(t, store)
	after.Clock.Advance(o.Clock.Now().Sub(after.Clock.Now()))
	who := after.signIn(t)
	require.Equal(t, []credentials.Method{credentials.MethodTOTP}, who.SecondFactors)
	_, err = after.TOTP(t.Context(), who.Proof, code)
	require.ErrorIs(t, err, signin.ErrWrongCode, "used by a process that is dead")
	after.Clock.Advance(time.Minute)
	_, err = after.TOTP(t.Context(), after.signIn(t).Proof, after.code(app))
	require.NoError(t, err)
}

// otherProcess runs TestOtherProcess, kills it once it has its outcome, and returns that.
func otherProcess(path, code string, at time.Time) string {
	command := exec.Command(os.Args[0], "-test.run=^TestOtherProcess$", "-test.timeout=60s")
	command.Env = append(os.Environ(), envPath+"="+path, envCode+"="+code, envTime+"="+at.Format(time.RFC3339))
	out, err := command.StdoutPipe()
	if err != nil {
		return err.Error()
	}
	if err := command.Start(); err != nil {
		return err.Error()
	}
	outcome := "there was none"
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "outcome: "); found {
			outcome = text
			break
		}
	}
	_ = command.Process.Kill()
	_ = command.Wait() // the error is that it was killed
	return outcome
}
