package signintest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/signin"
)

// The variables by which a test starts itself as another process on the same database.
const (
	envStore = "IDEM_SIGNIN_STORE"
	envPlace = "IDEM_SIGNIN_PLACE"
	envCode  = "IDEM_SIGNIN_CODE"
	envTime  = "IDEM_SIGNIN_TIME"
)

// OtherProcess is the other process of TestKill: it signs in with a code of the app, says how that went, and waits for its
// end. A package that runs TestKill calls it in a test whose name ends in OtherProcess.
func (stores Stores) OtherProcess(t *testing.T) {
	place := os.Getenv(envPlace)
	if place == "" {
		t.Skip("it is started by TestKill")
	}
	o := newOffice(t, stores[os.Getenv(envStore)].OpenPlace(t, place))
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
func (stores Stores) TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes")
	}
	for name, s := range stores {
		if s.Place != nil {
			t.Run(name, func(t *testing.T) { kill(t, name, s) })
		}
	}
}

func kill(t *testing.T, name string, s Store) {
	place := s.Place(t)
	store := s.OpenPlace(t, place)
	o := newOffice(t, store)
	o.ada(t)
	app, _ := o.enrol(t, o.signIn(t).Proof)
	code := o.code(app)
	require.NoError(t, store.Close())

	outcomes := make(chan string, 2)
	for range 2 {
		go func() { outcomes <- otherProcess(name, place, code, o.Clock.Now()) }()
	}
	both := []string{<-outcomes, <-outcomes}
	require.ElementsMatch(t, []string{"<nil>", signin.ErrWrongCode.Error()}, both)

	store = s.OpenPlace(t, place)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	after := newOffice(t, store)
	after.Clock.Advance(o.Clock.Now().Sub(after.Clock.Now()))
	who := after.signIn(t)
	require.Equal(t, []credentials.Method{credentials.MethodTOTP}, who.SecondFactors)
	_, err := after.TOTP(t.Context(), who.Proof, code)
	require.ErrorIs(t, err, signin.ErrWrongCode, "used by a process that is dead")
	after.Clock.Advance(time.Minute)
	_, err = after.TOTP(t.Context(), after.signIn(t).Proof, after.code(app))
	require.NoError(t, err)
}

// otherProcess runs OtherProcess, kills it once it has its outcome, and returns that.
func otherProcess(store, place, code string, at time.Time) string {
	command := exec.Command(os.Args[0], "-test.run=OtherProcess$", "-test.timeout=60s")
	command.Env = append(os.Environ(), envStore+"="+store, envPlace+"="+place, envCode+"="+code, envTime+"="+at.Format(time.RFC3339))
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
