package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

const changesPath = "/admin/changes"

func identityChangesPath(id string) string { return identityPath(id) + "/changes" }

// serveWith replaces the handler by one with further options.
func (f *fixture) serveWith(options ...httpapi.Option) {
	f.handler = httpapi.New(f.manager, httpapi.AllowAll, append([]httpapi.Option{httpapi.WithBaseURL(baseURL)}, options...)...)
}

func TestChanges(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.serveWith(httpapi.WithActor(func(r *http.Request) string { return r.Header.Get("X-User") }))
		require.Equal(t, "[]", string(f.do(t, http.MethodGet, changesPath, "").body))

		created := f.post(t, ada, "X-User", "admin:42").document(t)
		f.create(t, `{"external_id":"bob"}`)
		updated := f.put(t, created.ID, `{"state":"inactive","traits":`+string(created.Traits)+`}`, "X-User", "admin:43").document(t)
		f.put(t, created.ID, `{"traits":`+string(created.Traits)+`}`) // changes nothing
		require.Equal(t, 400, f.put(t, created.ID, `{"state":"asleep"}`).status)
		require.Equal(t, 204, f.do(t, http.MethodDelete, identityPath(created.ID), "", "X-User", "admin:42").status)
		deletedAt := stamp(f.now())

		first := `{"sequence":1,"time":"` + created.CreatedAt + `","identity_id":"` + created.ID + `","revision":1,"operation":"create","fields":["/credentials/code","/credentials/password","/credentials/webauthn","/schema_id","/state","/traits","/verifiable_addresses","/recovery_addresses"],"actor":"admin:42"}`
		third := `{"sequence":3,"time":"` + updated.UpdatedAt + `","identity_id":"` + created.ID + `","revision":2,"operation":"update","fields":["/state","/sign_in_epoch"],"actor":"admin:43"}`
		fourth := `{"sequence":4,"time":"` + deletedAt + `","identity_id":"` + created.ID + `","revision":3,"operation":"delete","fields":[],"actor":"admin:42"}`
		require.Equal(t, "["+first+","+third+","+fourth+"]", string(f.do(t, http.MethodGet, identityChangesPath(created.ID), "").body), "also when the identity is gone")

		all := f.do(t, http.MethodGet, changesPath, "")
		require.Equal(t, `<`+baseURL+`/admin/changes?page_size=250>; rel="first"`, all.header.Get("Link"))
		require.True(t, strings.HasPrefix(string(all.body), "["+first+","))
		require.True(t, strings.HasSuffix(string(all.body), ","+third+","+fourth+"]"))

		page := f.do(t, http.MethodGet, changesPath+"?page_size=2&after=1", "")
		require.Equal(t, `<`+baseURL+`/admin/changes?page_size=2>; rel="first", <`+baseURL+`/admin/changes?after=3&page_size=2>; rel="next"`, page.header.Get("Link"))
		require.True(t, strings.HasSuffix(string(page.body), ","+third+"]"))
		require.Equal(t, "["+fourth+"]", string(f.do(t, http.MethodGet, changesPath+"?after=1", "", "Last-Event-ID", "3").body))
		require.Equal(t, "["+third+"]", string(f.do(t, http.MethodGet, identityChangesPath(created.ID)+"?page_size=1&after=1", "").body))
		require.Equal(t, "[]", string(f.do(t, http.MethodGet, changesPath+"?after=4", "").body))

		// What is wrong with several parameters is told of the first in the order of names.
		for range 20 {
			require.Contains(t, string(f.do(t, http.MethodGet, changesPath+"?zeta=1&page_size=1&page_size=2&eta=1", "").body), `There is no parameter \"eta\"; there are after, page_size.`)
		}
		for _, query := range []string{"?after=x", "?after=-1", "?after=1.5", "?after=99999999999999999999", "?after=1&after=2", "?before=1", "?page_size=x", "?%zz"} {
			requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodGet, changesPath+query, ""))
			requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodGet, identityChangesPath(created.ID)+query, ""))
		}
		for _, id := range []string{absentID, "x", "00000000-0000-0000-0000-000000000000"} {
			requireRefusal(t, refusal{status: 404, id: "not_found"}, f.do(t, http.MethodGet, identityChangesPath(id), ""))
		}
		requireRefusal(t, refusal{status: 410, id: "gone"}, f.do(t, http.MethodGet, changesPath+"?after=5", ""))
		_, err := f.manager.PruneChanges(t.Context(), storage.Retention{Newest: 1})
		require.NoError(t, err)
		requireRefusal(t, refusal{status: 410, id: "gone"}, f.do(t, http.MethodGet, changesPath+"?after=2", ""))
		require.Equal(t, "["+fourth+"]", string(f.do(t, http.MethodGet, changesPath, "").body))
	})
}

// TestNothingIsKeptOfAnIdentity asks for the changes of one that exists and has none.
func TestNothingIsKeptOfAnIdentity(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{}`).ID
		f.create(t, `{}`)
		_, err := f.manager.PruneChanges(t.Context(), storage.Retention{Newest: 1})
		require.NoError(t, err)
		require.Equal(t, "[]", string(f.do(t, http.MethodGet, identityChangesPath(id), "").body))
	})
}

// event is a server-sent event.
type event struct{ id, name, data string }

// stream connects to path on a real server and returns the events that come. The stream
// ends with the test.
func stream(t *testing.T, server *httptest.Server, path string, header ...string) <-chan event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	require.Equal(t, "private, no-cache, no-store, must-revalidate", answer.Header.Get("Cache-Control"))
	events := make(chan event, 100)
	t.Cleanup(func() {
		cancel()
		_ = answer.Body.Close()
		for range events { // until the reader has ended
		}
	})
	go func() {
		defer close(events)
		var e event
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "": // a comment, or the end of an event or a comment
				if e.data != "" { // an id alone is none
					events <- e
				}
				e = event{}
			}
		}
	}()
	return events
}

func nextEvent(t *testing.T, events <-chan event) event {
	t.Helper()
	select {
	case e, open := <-events:
		require.True(t, open, "the stream has ended")
		return e
	case <-time.After(10 * time.Second):
		require.Fail(t, "no event came")
	}
	return event{}
}

func TestChangeStream(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		// Short, so that the stream outlives several.
		f.serveWith(httpapi.WithKeepAlive(20 * time.Millisecond))
		server := httptest.NewUnstartedServer(f.handler)
		server.Config.WriteTimeout = 100 * time.Millisecond // for answers that end
		server.Start()
		t.Cleanup(server.Close)

		bob := f.create(t, `{"external_id":"bob"}`)
		all := stream(t, server, changesPath)
		e := nextEvent(t, all)
		require.Equal(t, event{id: "1", name: "create", data: e.data}, e)
		require.JSONEq(t, `{"sequence":1,"time":"`+bob.CreatedAt+`","identity_id":"`+bob.ID+`","revision":1,"operation":"create","fields":["/external_id","/schema_id","/state","/traits"]}`, e.data)

		later, ofBob := stream(t, server, changesPath+"?after=0", "Last-Event-ID", "1"), stream(t, server, identityChangesPath(bob.ID)+"?after=1")
		for n := 2; n < 6; n++ {
			time.Sleep(30 * time.Millisecond) // longer than a keep-alive, and in sum than the write timeout
			f.update(t, bob.ID, fmt.Sprintf(`{"external_id":"bob","metadata_public":%d}`, n))
			require.Equal(t, fmt.Sprint(n), nextEvent(t, all).id)
			require.Equal(t, fmt.Sprint(n), nextEvent(t, ofBob).id)
			require.Equal(t, fmt.Sprint(n), nextEvent(t, later).id)
		}
		f.create(t, `{}`)
		require.Equal(t, "6", nextEvent(t, later).id)
		require.Equal(t, 204, f.do(t, http.MethodDelete, identityPath(bob.ID), "").status)
		e = nextEvent(t, ofBob)
		require.Equal(t, event{id: "7", name: "delete", data: e.data}, e)
	})
}

func TestChangeStreamRefusesBeforeItBegins(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, `{}`)
		requireRefusal(t, refusal{status: 410, id: "gone"}, f.do(t, http.MethodGet, changesPath, "", "Accept", "text/event-stream", "Last-Event-ID", "7"))
		requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.do(t, http.MethodGet, changesPath+"?after=x", "", "Accept", "text/event-stream"))
		requireRefusal(t, refusal{status: 404, id: "not_found"}, f.do(t, http.MethodGet, identityChangesPath(absentID), "", "Accept", "text/event-stream"))
	})
}

// TestChangeStreamEndsWithTheStore has a stream end when there is nothing to come.
func TestChangeStreamEndsWithTheStore(t *testing.T) {
	store := memory.New()
	f := newFixture(t, "memory", store)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	events := stream(t, server, changesPath)
	require.NoError(t, store.Close())
	for range events {
	}
}

// TestShutdownWithStreams shuts a server down that has a stream open, whose client does
// not leave. Without EndStreams it would wait until its context ended.
func TestShutdownWithStreams(t *testing.T) {
	f := newFixture(t, "memory", memory.New())
	handler := httpapi.New(f.manager, httpapi.AllowAll)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	server.Config.RegisterOnShutdown(handler.EndStreams)
	events := stream(t, server, changesPath)
	id := f.create(t, `{}`).ID
	require.Equal(t, "1", nextEvent(t, events).id)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx))
	_, open := <-events
	require.False(t, open)

	// What is not a stream is answered as before, and a late stream ends at once.
	f.handler = handler
	require.Equal(t, http.StatusOK, f.get(t, id).status)
	late := newRequest(t, http.MethodGet, changesPath, "")
	late.Header.Set("Accept", "text/event-stream")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, late)
	require.Equal(t, http.StatusOK, w.Code)
}

// TestChangeStreamThatPanics has a stream fail when it is too late for another answer.
func TestChangeStreamThatPanics(t *testing.T) {
	store := &panickingFeed{Storage: memory.New()}
	f := newFixture(t, "memory", store)
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+changesPath, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	store.out.Store(true)
	f.create(t, `{}`)
	body, err := io.ReadAll(answer.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "cut off, not ended")
	require.Equal(t, ": changes\n\nid: 0\n\n", string(body))
}

// TestChangeStreamThatBeganOnAnEmptyFeed has changes made and pruned before a stream looks that began before the first.
// However many keep-alives it has sent by then, it ends, and the client is told when it reconnects.
func TestChangeStreamThatBeganOnAnEmptyFeed(t *testing.T) {
	store := &hiddenFeed{Storage: memory.New()}
	// It looks only when it begins again after a keep-alive.
	f := newFixture(t, "memory", store, idem.WithPollInterval(time.Hour))
	f.serveWith(httpapi.WithKeepAlive(5 * time.Millisecond))
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	store.hidden.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+changesPath, nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewReader(answer.Body)
	var sent strings.Builder
	keepAlives := func(count int) {
		for strings.Count(sent.String(), ": still here\n") < count {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			sent.WriteString(line)
		}
	}
	keepAlives(2)
	require.Contains(t, sent.String(), "\nid: 0\n\n", "the client can name the position that it saw")
	reconnect := []string{"Accept", "text/event-stream", "Last-Event-ID", "0"}
	for range 5 {
		f.create(t, `{}`)
	}
	pruned, err := f.manager.PruneChanges(t.Context(), storage.Retention{Newest: 1})
	require.NoError(t, err)
	require.Equal(t, 4, pruned)
	keepAlives(strings.Count(sent.String(), ": still here\n") + 2) // one may have been under way
	store.hidden.Store(false)
	rest, err := io.ReadAll(lines)
	require.NoError(t, err)
	require.NotContains(t, string(rest), "data:", "a change came as if none were missing")
	requireRefusal(t, refusal{status: 410, id: "gone"}, f.do(t, http.MethodGet, changesPath, "", reconnect...))
	require.Equal(t, "5", nextEvent(t, stream(t, server, changesPath+"?after=0")).id, "a client that has seen nothing begins with the oldest that is kept")

	// Where none is missing, it goes on.
	g := newFixture(t, "memory", memory.New())
	server = httptest.NewServer(g.handler)
	t.Cleanup(server.Close)
	events := stream(t, server, changesPath, "Last-Event-ID", "0")
	g.create(t, `{}`)
	g.create(t, `{}`)
	require.Equal(t, "1", nextEvent(t, events).id)
	require.Equal(t, "2", nextEvent(t, events).id)
	require.Equal(t, "1", nextEvent(t, stream(t, server, changesPath, "Last-Event-ID", "0")).id)
}

// hiddenFeed is a store whose changes are seen by nobody while they are hidden, as if nobody had looked.
type hiddenFeed struct {
	storage.Storage
	hidden atomic.Bool
}

func (s *hiddenFeed) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	if s.hidden.Load() {
		return nil, nil
	}
	return s.Storage.Changes(ctx, q)
}

// panickingFeed is a store whose feed panics once it is told to.
type panickingFeed struct {
	storage.Storage
	out atomic.Bool
}

func (s *panickingFeed) Changes(ctx context.Context, q storage.ChangeQuery) ([]storage.Change, error) {
	if s.out.Load() {
		panic("out of order")
	}
	return s.Storage.Changes(ctx, q)
}

func TestVeto(t *testing.T) {
	store := memory.New()
	var veto error
	f := newFixture(t, "memory", store, idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error { return veto }))
	id := f.create(t, `{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP"}}}}`).ID
	before := f.whole(t, id)
	everyWay := func() []response {
		return []response{
			f.post(t, `{}`),
			f.put(t, id, `{"state":"inactive"}`),
			f.do(t, http.MethodPatch, identityPath(id), `[{"op":"replace","path":"/state","value":"inactive"}]`),
			f.do(t, http.MethodDelete, identityPath(id), ""),
			f.do(t, http.MethodDelete, identityPath(id)+"/credentials/totp", ""),
		}
	}
	veto = fmt.Errorf("asked the ledger: %w (%w)", idem.Veto("accounts are frozen until Monday"), storage.ErrNotFound)
	for _, r := range everyWay() {
		requireRefusal(t, refusal{status: 422, id: "vetoed"}, r)
		require.Contains(t, string(r.body), `"reason":"accounts are frozen until Monday"`)
		require.NotContains(t, string(r.body), "ledger")
	}
	fault := veto
	veto = fmt.Errorf("dial tcp 10.0.0.7:5432: password authentication failed (%w)", storage.ErrNotFound)
	for _, r := range everyWay() {
		requireRefusal(t, refusal{status: 500, id: "internal_error"}, r)
		require.NotContains(t, string(r.body), "dial")
	}
	veto = fault
	batch := f.do(t, http.MethodPatch, "/admin/identities", `{"identities":[{"create":{}}]}`)
	require.Equal(t, 200, batch.status)
	require.Contains(t, string(batch.body), `"code":422`)
	require.Equal(t, string(before.body), string(f.whole(t, id).body))
}

func TestActorThatCannotBeKept(t *testing.T) {
	f := newFixture(t, "memory", memory.New())
	f.serveWith(httpapi.WithActor(func(*http.Request) string { return "two\nlines" }))
	requireRefusal(t, refusal{status: 400, id: "validation_failed", pointers: []string{""}}, f.post(t, `{}`))
}
