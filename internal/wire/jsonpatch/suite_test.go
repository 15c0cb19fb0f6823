package jsonpatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/wire/jsonpatch"
	"github.com/idemkit/idem/violation"
)

// TestSuite runs the public test suite json-patch-tests, which lies beside the repository where it is at hand.
func TestSuite(t *testing.T) {
	folder := "../../../../shared/json-patch-tests"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("json-patch-tests is not here")
	}
	// Where the suite expects an error, and the wire contract has add and replace make what is missing.
	makes := map[string]string{
		"path /a does not exist -- missing objects are not created recursively": `{"q":{"bar":2},"a":{"b":1}}`,
		"add to a non-existent target":                                          `{"foo":"bar","baz":{"bat":"qux"}}`,
		"replace op should fail with missing parent key":                        `{"bar":"baz","foo":{"bar":false}}`,
	}
	for _, file := range []string{"spec_tests.json", "tests.json"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		var cases []struct {
			Comment, Error string
			Doc, Patch     json.RawMessage
			Expected       json.RawMessage
			Disabled       bool
		}
		require.NoError(t, json.Unmarshal(text, &cases))
		require.NotEmpty(t, cases)
		for n, c := range cases {
			patched, err := apply(string(c.Doc), string(c.Patch))
			switch {
			case c.Disabled:
			case makes[c.Error] != "":
				require.NoError(t, err, c.Error)
				require.JSONEq(t, makes[c.Error], patched)
				delete(makes, c.Error)
			case c.Error != "":
				require.Error(t, err, "%s %d %s: %s to %s", file, n, c.Error, c.Patch, c.Doc)
				requireRefusal(t, err)
			default:
				require.NoError(t, err, "%s %d %s: %s to %s", file, n, c.Comment, c.Patch, c.Doc)
				if c.Expected != nil {
					require.JSONEq(t, string(c.Expected), patched, "%s %d %s", file, n, c.Comment)
				}
			}
		}
	}
	require.Empty(t, makes, "the suite has these cases no more")
}

func apply(document, patch string) (string, error) {
	p, err := jsonpatch.Parse([]byte(patch))
	if err != nil {
		return "", err
	}
	return applyTo(document, p)
}

func applyTo(document string, p *jsonpatch.Patch) (string, error) {
	d := jsonpatch.Open([]byte(document))
	if err := d.Apply(context.Background(), p); err != nil {
		return "", err
	}
	return d.Root().Text(), nil
}

// requireRefusal makes sure that an error is one of the two that callers know.
func requireRefusal(t *testing.T, err error) {
	t.Helper()
	var invalid *violation.Error
	require.True(t, errors.As(err, &invalid) || errors.Is(err, jsonpatch.ErrTestFailed), "%T %v", err, err)
}
