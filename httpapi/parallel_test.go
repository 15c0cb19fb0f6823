package httpapi_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestThousandConnections opens 1,000 connections, and when all are open has each read
// and write. Every request is answered as if it were alone, and every change counts.
func TestThousandConnections(t *testing.T) {
	const connections, shared = 1000, 20
	onBothStores(t, func(t *testing.T, f *fixture) {
		var ids []string
		for n := range shared {
			ids = append(ids, f.create(t, fmt.Sprintf(`{"external_id":"shared-%d"}`, n)).ID)
		}
		server := f.listen(t, nil)
		var changes [shared]atomic.Int64
		start := make(chan struct{})
		var open, running sync.WaitGroup
		failures := make(chan error, connections)
		for n := range connections {
			open.Add(1)
			running.Go(func() {
				failures <- func() error {
					connection, err := net.Dial("tcp", server.Listener.Addr().String())
					open.Done()
					if err != nil {
						return err
					}
					defer func() { _ = connection.Close() }()
					<-start
					if err := connection.SetDeadline(time.Now().Add(2 * patience)); err != nil {
						return err
					}
					c := player{connection, bufio.NewReader(connection)}
					// Fives of connections share an identity, so that each kind meets each other.
					at := n / 5 % shared
					if err := c.play(n, ids[at], &changes[at]); err != nil {
						return fmt.Errorf("connection %d: %w", n, err)
					}
					return nil
				}()
			})
		}
		open.Wait()
		close(start)
		running.Wait()
		close(failures)
		for err := range failures {
			require.NoError(t, err)
		}
		for n, id := range ids {
			require.Equal(t, revisionTag(id, 1+int(changes[n].Load())), f.get(t, id).etag(), "a change was lost, or counted twice")
		}
		require.Len(t, f.allIDs(t), shared, "what was created was deleted again")
	})
}

type player struct {
	io.Writer
	*bufio.Reader
}

// send makes a request and checks the answer's status and form.
func (c player) send(method, path, mediaType, body string, want int) (response, error) {
	if _, err := io.WriteString(c.Writer, wire(method, path, mediaType, len(body))+body); err != nil {
		return response{}, err
	}
	r, err := readResponse(method, c.Reader)
	switch {
	case err != nil:
		return r, err
	case r.status != want:
		return r, fmt.Errorf("%s %s: %d, not %d: %.300s", method, path, r.status, want, r.body)
	case r.header.Get("Cache-Control") == "":
		return r, errors.New("an answer without Cache-Control")
	case r.status != http.StatusNoContent && !json.Valid(r.body):
		return r, fmt.Errorf("%s %s: not JSON: %.300s", method, path, r.body)
	}
	return r, nil
}

// play is what connection n does: it writes to an identity that others write
// to as well, or reads, or has an identity of its own come and go.
func (c player) play(n int, id string, changes *atomic.Int64) error {
	path := identityPath(id)
	switch n % 5 {
	case 0:
		// The external id is kept: an update replaces everything.
		read, err := c.send("GET", path, mediaJSON, "", http.StatusOK)
		if err != nil {
			return err
		}
		var d document
		if err := json.Unmarshal(read.body, &d); err != nil {
			return err
		}
		_, err = c.send("PUT", path, mediaJSON, fmt.Sprintf(`{"external_id":%q,"metadata_public":%d}`, *d.ExternalID, n), http.StatusOK)
		if err == nil {
			changes.Add(1)
		}
		return err
	case 1:
		_, err := c.send("PATCH", path, mediaMergePatch, fmt.Sprintf(`{"metadata_admin":{"n-%d":%[1]d}}`, n), http.StatusOK)
		if err == nil {
			changes.Add(1)
		}
		return err
	case 2:
		_, err := c.send("GET", path+"?include_credential=password", mediaJSON, "", http.StatusOK)
		return err
	case 3:
		externalID := fmt.Sprintf("own-%d", n)
		created, err := c.send("POST", "/admin/identities", mediaJSON, fmt.Sprintf(`{"external_id":%q,"traits":{"username":%[1]q}}`, externalID), http.StatusCreated)
		if err != nil {
			return err
		}
		if _, err := c.send("POST", "/admin/identities", mediaJSON, fmt.Sprintf(`{"external_id":%q}`, externalID), http.StatusConflict); err != nil {
			return err
		}
		if _, err := c.send("GET", "/admin/identities/by/external/"+externalID, mediaJSON, "", http.StatusOK); err != nil {
			return err
		}
		own := strings.TrimPrefix(created.header.Get("Location"), baseURL)
		if _, err := c.send("DELETE", own, mediaJSON, "", http.StatusNoContent); err != nil {
			return err
		}
		_, err = c.send("GET", own, mediaJSON, "", http.StatusNotFound)
		return err
	}
	_, err := c.send("GET", "/admin/identities?page_size=20&credentials_identifier=own-3", mediaJSON, "", http.StatusOK)
	return err
}
