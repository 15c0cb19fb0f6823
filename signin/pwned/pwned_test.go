package pwned_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/signin/pwned"
)

func hexOf(password string) string {
	hash := pwned.HashOf(password)
	return strings.ToUpper(hex.EncodeToString(hash[:]))
}

// TestService has a service that knows one password, and pads.
func TestService(t *testing.T) {
	const known = "password"
	require.Equal(t, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", hexOf(known))
	asked := []string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if r.Header.Get("Add-Padding") != "true" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n%s:0\r\n%s:42\r\n", hexOf("padding")[5:], hexOf(known)[5:])
	}))
	defer server.Close()
	service := pwned.NewServiceAt(server.Client(), server.URL+"/range/")
	count, err := service.Count(t.Context(), pwned.HashOf(known))
	require.NoError(t, err)
	require.Equal(t, 42, count)
	for _, unknown := range []string{"another", "padding"} {
		count, err = service.Count(t.Context(), pwned.HashOf(unknown))
		require.NoError(t, err)
		require.Zero(t, count, "what is padded was never found")
	}
	require.Equal(t, "/range/5BAA6", asked[0], "five characters, and no more")
	for _, path := range asked {
		require.Len(t, path, len("/range/")+5)
	}
}

func TestServiceThatFails(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"status":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"a page":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"numbers": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, hexOf("password")[5:]+":many") },
		"a line without end": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 1<<20))
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		server := httptest.NewServer(serve)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if name == "no answer" {
			ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
		}
		_, err := pwned.NewServiceAt(server.Client(), server.URL+"/").Count(ctx, pwned.HashOf("password"))
		require.Error(t, err, name)
		cancel()
		server.Close()
	}
	require.Panics(t, func() { pwned.NewService(nil) })
}

func open(t *testing.T, lines []string, end string) *pwned.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hashes.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, end)+end), 0o600))
	file, err := pwned.OpenFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	return file
}

// TestFile looks for every line of lists of every length, and for what lies between.
func TestFile(t *testing.T) {
	for _, end := range []string{"\n", "\r\n"} {
		for _, length := range []int{1, 2, 3, 7, 100} {
			var lines []string
			for n := range length {
				line := hexOf(fmt.Sprint(n))
				if n%3 > 0 {
					line += fmt.Sprintf(":%d", n*n*n)
				}
				lines = append(lines, line)
			}
			slices.Sort(lines)
			file := open(t, lines, end)
			for n := range length {
				count, err := file.Count(t.Context(), pwned.HashOf(fmt.Sprint(n)))
				require.NoError(t, err)
				want := n * n * n
				if n%3 == 0 {
					want = 1
				}
				require.Equal(t, want, count, "%d of %d", n, length)
				count, err = file.Count(t.Context(), pwned.HashOf(fmt.Sprint("not ", n)))
				require.NoError(t, err)
				require.Zero(t, count)
			}
			for _, outside := range []byte{0x00, 0xff} {
				count, err := file.Count(t.Context(), pwned.Hash(slices.Repeat([]byte{outside}, 20)))
				require.NoError(t, err)
				require.Zero(t, count)
			}
		}
	}
}

func TestFileThatIsNone(t *testing.T) {
	_, err := pwned.OpenFile(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, content := range []string{"", "password\n", strings.Repeat("x", 1000)} {
		path := filepath.Join(t.TempDir(), "hashes.txt")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := pwned.OpenFile(path)
		require.ErrorContains(t, err, "no SHA-1 hash")
	}
	file := open(t, []string{hexOf("1"), strings.Repeat("x", 1000)}, "\n")
	_, err = file.Count(t.Context(), pwned.HashOf("2"))
	require.Error(t, err)
	ended, end := context.WithCancel(t.Context())
	end()
	_, err = file.Count(ended, pwned.HashOf("2"))
	require.ErrorIs(t, err, context.Canceled)
}

// source is a list of one, or fails.
type source struct {
	count int
	err   error
}

func (s source) Count(context.Context, pwned.Hash) (int, error) { return s.count, s.err }

func TestPolicy(t *testing.T) {
	errDown, errClosed := errors.New("down"), errors.New("try again later")
	candidate := idem.PasswordCandidate{Password: "password"}
	for name, c := range map[string]struct {
		policy idem.PasswordPolicy
		want   error
	}{
		"found":            {pwned.Policy(source{count: 1}, 0, nil), pwned.ErrPwned},
		"not often enough": {pwned.Policy(source{count: 9}, 10, nil), nil},
		"often enough":     {pwned.Policy(source{count: 10}, 10, nil), pwned.ErrPwned},
		"not found":        {pwned.Policy(source{}, 0, nil), nil},
		"down, and open":   {pwned.Policy(source{err: errDown}, 1, nil), nil},
		"down, and closed": {pwned.Policy(source{err: errDown}, 1, func(_ context.Context, err error) error {
			require.ErrorIs(t, err, errDown)
			return errClosed
		}), errClosed},
	} {
		require.ErrorIs(t, c.policy(t.Context(), candidate), c.want, name)
	}
}
