// Package concurrency_test shows that no change is lost when many are made at once,
// over HTTP.
package concurrency_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

// answer is what came back.
type answer struct {
	status int
	etag   string
	body   []byte
}

// send sends a request. It does not touch a test and so can be called from any
// goroutine.
func send(method, url, body string) (answer, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	received, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, etag: response.Header.Get("Etag"), body: received}, err
}

// request is what one of many sends.
type request struct{ method, url, body string }

// sendAll sends all requests, so many at once, and asks that each succeeds.
func sendAll(t *testing.T, inFlight int, requests []request) {
	t.Helper()
	var (
		workers sync.WaitGroup
		next    = make(chan request)
		failed  = make(chan string, len(requests))
	)
	for range inFlight {
		workers.Go(func() {
			for r := range next {
				a, err := send(r.method, r.url, r.body)
				if err != nil || a.status != http.StatusOK {
					failed <- fmt.Sprintf("%s %s: %d %v %s", r.method, r.body, a.status, err, a.body)
				}
			}
		})
	}
	for _, r := range requests {
		next <- r
	}
	close(next)
	workers.Wait()
	close(failed)
	for failure := range failed {
		t.Error(failure)
	}
	require.False(t, t.Failed())
}

// create makes an identity and returns its URL.
func create(t *testing.T, s *server.Server, body string) string {
	t.Helper()
	created, err := send(http.MethodPost, s.URL+"/admin/identities", body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.status, "%s", created.body)
	var i identity
	require.NoError(t, json.Unmarshal(created.body, &i))
	return s.URL + "/admin/identities/" + i.ID
}

// identity is what of an answered identity the tests look at.
type identity struct {
	ID             string
	State          string
	Traits         map[string]any
	MetadataPublic map[string]any `json:"metadata_public"`
	MetadataAdmin  any            `json:"metadata_admin"`
	UpdatedAt      string         `json:"updated_at"`
}

// read gets what is at url now.
func read(t *testing.T, url string) (identity, answer) {
	t.Helper()
	a, err := send(http.MethodGet, url, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var i identity
	require.NoError(t, json.NewDecoder(bytes.NewReader(a.body)).Decode(&i))
	return i, a
}
