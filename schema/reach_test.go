package schema_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idemkit/idem/schema"
	"github.com/stretchr/testify/require"
)

// transport fails the test for every request of the default HTTP client, which is the one that the library
// that validates would use.
type transport struct{ t *testing.T }

func (tr transport) RoundTrip(request *http.Request) (*http.Response, error) {
	tr.t.Errorf("a request went out for %s", request.URL)
	return nil, fmt.Errorf("refused")
}

// TestNothingIsFetched puts an address and a file wherever a schema or a document can name one. A server on
// loopback and a file with a marker tell if anybody comes.
func TestNothingIsFetched(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the server was asked for %s", r.URL)
		fmt.Fprint(w, `{"enum":["fetched-marker"]}`)
	}))
	defer server.Close()
	before := http.DefaultTransport
	http.DefaultTransport = transport{t}
	defer func() { http.DefaultTransport = before }()

	file := filepath.Join(t.TempDir(), "marker.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"enum":["file-marker"]}`), 0o600))

	for _, address := range []string{server.URL + "/a.json", server.URL, "file://" + file, file, strings.TrimPrefix(server.URL, "http:") + "/b.json"} {
		quoted := fmt.Sprintf("%q", address)
		for _, document := range []string{
			under(`{"$ref":` + quoted + `}`),
			under(`{"$ref":"` + address + `#/definitions/a"}`),
			under(`{"$ref":"#/definitions/a"}`, `"a":{"$ref":`+quoted+`}`),
			under(`true`, `"unused":{"$ref":`+quoted+`}`),
			under(`{"default":{"$ref":` + quoted + `},"examples":[{"$ref":` + quoted + `}],"x":{"$ref":` + quoted + `},"const":{"$ref":` + quoted + `}}`),
			under(`{"properties":{"$ref":{"type":"string"}},"enum":[{"$ref":` + quoted + `}]}`),
			under(`{"$id":` + quoted + `}`),
			under(`{"id":`+quoted+`,"items":{"$ref":"#/definitions/a"}}`, `"a":true`),
			`{"$id":` + quoted + `,"properties":{"traits":{"type":"object","properties":{"a":{"$ref":"other.json"},"b":{"$ref":"#/definitions/a"}}}},"definitions":{"a":{}}}`,
			`{"$id":"` + address + `#frag","properties":{"traits":{"type":"object","properties":{"b":{"$ref":"#/definitions/a"}}}},"definitions":{"a":{}}}`,
			`{"$schema":` + quoted + `,"properties":{"traits":{"type":"object"}}}`,
			`{"$ref":` + quoted + `,"properties":{"traits":{"type":"object"}}}`,
		} {
			s, err := schema.Parse("reach", []byte(document))
			if err != nil {
				require.NotContains(t, err.Error(), "marker\"")
				continue
			}
			if registry, err := schema.NewRegistry(s); err == nil {
				s = registry.Default()
			}
			for _, traits := range []string{`{"t":` + quoted + `,"a":1}`, `{"t":{"$ref":` + quoted + `}}`, `{"$ref":` + quoted + `,"$schema":` + quoted + `}`} {
				if _, err := s.Validate([]byte(traits)); err != nil {
					require.NotContains(t, err.Error(), "-marker")
				}
			}
		}
	}
}

// TestOthersCannotChangeAVerdict replaces what the library that validates shares with the whole program.
func TestOthersCannotChangeAVerdict(t *testing.T) {
	removeFormats(t)
	got := violations(t, parse(t, traitsSchema(`"properties":{"a":{"format":"email"}}`)), `{"a":"no address"}`)
	require.Len(t, got, 1)
}
