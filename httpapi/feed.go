package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/storage"
)

// withActor returns r with the actor in its context.
func (h *Handler) withActor(r *http.Request) *http.Request {
	if h.actor == nil {
		return r
	}
	actor := h.actor(r)
	if actor == "" {
		return r
	}
	// A copy: not every server leaves the memory of a request alone once it is answered,
	// and the feed must not be told afterwards that it was somebody else.
	return r.WithContext(idem.ContextWithActor(r.Context(), strings.Clone(actor)))
}

// feed is a request for changes.
type feed struct {
	storage.ChangeQuery
	path string // of its own, below the base URL
	size int    // of a page
	// atStart says that the client saw the feed before its first change: it has seen no change, and must miss none.
	atStart bool
}

func (h *Handler) listChanges(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	return h.changes(w, r, feed{path: "/admin/changes"})
}

func (h *Handler) listIdentityChanges(w http.ResponseWriter, r *http.Request, params []string) (answer, error) {
	id, _ := parseID(params[0])
	if id == uuid.Nil {
		// A malformed id names no identity, and the nil id would ask for all.
		_, err := h.manager.GetIdentity(r.Context(), id)
		return answer{}, err
	}
	return h.changes(w, r, feed{ChangeQuery: storage.ChangeQuery{IdentityID: id}, path: "/admin/identities/" + id.String() + "/changes"})
}

// changes answers with a page of the feed, or with a stream of it.
func (h *Handler) changes(w http.ResponseWriter, r *http.Request, f feed) (answer, error) {
	if err := f.read(r); err != nil {
		return answer{}, err
	}
	q := f.ChangeQuery
	q.Limit = f.size + 1 // one more tells whether there are more
	found, err := h.manager.ListChanges(r.Context(), q)
	if err != nil {
		return answer{}, err
	}
	all := q.IdentityID == uuid.Nil
	if f.atStart && all && missesFirst(found) {
		return answer{}, &idem.Error{Op: "list changes", Kind: idem.KindGone, Err: storage.ErrPosition}
	}
	if len(found) == 0 && !all && q.After == 0 {
		// Nothing is kept of it: was there ever such an identity?
		if _, err := h.manager.GetIdentity(r.Context(), q.IdentityID); err != nil {
			return answer{}, err
		}
	}
	if accepts(r, "text/event-stream") {
		if !canFlush(w) {
			return answer{}, errNoFlush
		}
		// What can go wrong was seen in this first read, while there can be another answer.
		return answer{status: http.StatusOK, mediaType: "text/event-stream", stream: func(w http.ResponseWriter, r *http.Request) {
			h.streamChanges(w, r, q, found, all && q.After == 0 && len(found) == 0)
		}}, nil
	}
	more := len(found) > f.size
	found = found[:min(len(found), f.size)]
	return answer{status: http.StatusOK, header: http.Header{"Link": {h.changeLinks(f, found, more)}}, body: appendChanges(nil, found)}, nil
}

// missesFirst reports whether changes before those of found were made and pruned.
func missesFirst(found []storage.Change) bool { return len(found) > 0 && found[0].Sequence > 1 }

// feedParameters are as listParameters are for a list.
var feedParameters = map[string]bool{"after": false, "page_size": false}

// read reads the parameters of r. Last-Event-ID takes precedence over after: a client of
// server-sent events sends Last-Event-ID when it reconnects, and repeats the old value of
// after. A Last-Event-ID of 0 is what streamChanges sends on an empty feed.
func (f *feed) read(r *http.Request) error {
	query, err := readQuery(r)
	if err != nil {
		return err
	}
	if err := checkParameters(query, feedParameters); err != nil {
		return err
	}
	if f.size, err = readSize(query, "page_size"); err != nil {
		return err
	}
	position := r.Header.Get("Last-Event-ID")
	if position == "" {
		position = query.Get("after")
	}
	if position == "" {
		return nil
	}
	if f.After, err = strconv.ParseInt(position, 10, 64); err != nil || f.After < 0 {
		return badParameter("The position to read on from must be the sequence number of a change.")
	}
	f.atStart = f.After == 0 && r.Header.Get("Last-Event-ID") != ""
	return nil
}

func (h *Handler) changeLinks(f feed, found []storage.Change, more bool) string {
	link := func(relation string, after int64) string {
		query := url.Values{"page_size": {strconv.Itoa(f.size)}}
		if after > 0 {
			query.Set("after", strconv.FormatInt(after, 10))
		}
		return fmt.Sprintf(`<%s%s?%s>; rel="%s"`, h.view.BaseURL, f.path, query.Encode(), relation)
	}
	links := link("first", 0)
	if more {
		links += ", " + link("next", found[len(found)-1].Sequence)
	}
	return links
}

func appendChanges(dst []byte, changes []storage.Change) []byte {
	w := jsonwriter.New(dst)
	w.BeginArray()
	for _, c := range changes {
		writeChange(w, c)
	}
	w.EndArray()
	return w.Bytes()
}

func writeChange(w *jsonwriter.Writer, c storage.Change) {
	w.BeginObject()
	w.Name("sequence")
	w.Int(c.Sequence)
	w.Name("time")
	w.Time(c.Time)
	w.UUIDMember("identity_id", c.IdentityID)
	w.Name("revision")
	w.Int(c.Revision)
	w.StringMember("operation", string(c.Operation))
	w.Name("fields")
	w.Strings(c.Fields)
	if c.Actor != "" {
		w.StringMember("actor", c.Actor)
	}
	w.EndObject()
}

// writeTimeout is how long a client of a stream may take to read what was sent.
const writeTimeout = 30 * time.Second

// EndStreams ends all streams of changes, including streams that begin later. Each stream first
// finishes what it is sending. Without this call a server that shuts down waits for the
// streams, which do not end by themselves:
//
//	server.RegisterOnShutdown(handler.EndStreams)
//
// Clients reconnect by themselves if a server is there.
func (h *Handler) EndStreams() { h.endStreams() }

// streamChanges sends changes as server-sent events (WHATWG HTML, section 9.2), each
// with its sequence number as the event's id, until the client leaves or EndStreams is
// called. first are the first ones that q selects, as many as were read.
//
// atStart says that the feed had no change yet. The client is given the position 0, so that it
// can name it when it reconnects. If the first change to come is not number 1, others were made
// and pruned meanwhile: the stream ends, and reconnecting, the client is told so.
func (h *Handler) streamChanges(w http.ResponseWriter, r *http.Request, q storage.ChangeQuery, first []storage.Change, atStart bool) {
	defer h.cutOffPanic(r)
	open, end := context.WithCancel(r.Context())
	defer end()
	defer context.AfterFunc(h.streams, end)()
	out := http.NewResponseController(w)
	send := func(event []byte) bool {
		// The deadline of the server is for answers that end. Not every connection has
		// one to set.
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := w.Write(event)
		return err == nil && out.Flush() == nil
	}
	begin := ": changes\n\n"
	if atStart {
		begin += "id: 0\n\n" // without data it is no event: it only sets the position
	}
	alive := send([]byte(begin))
	for _, c := range first {
		if q.After = c.Sequence; !alive || open.Err() != nil {
			return
		}
		alive = send(appendEvent(nil, c))
	}
	for ; alive; alive = send([]byte(": still here\n\n")) {
		ctx, cancel := context.WithTimeout(open, h.keepAlive)
		for c, err := range h.manager.Watch(ctx, q) {
			if err != nil {
				// A fault was logged. Connecting again, the client is told.
				alive = errors.Is(err, context.DeadlineExceeded) && open.Err() == nil
				break
			}
			if atStart && c.Sequence > 1 {
				alive = false
				break
			}
			atStart, q.After = false, c.Sequence
			if alive = send(appendEvent(nil, c)); !alive {
				break
			}
		}
		cancel()
		if !alive {
			return
		}
	}
}

// errNoFlush is a fault of the application: behind such a writer a client would wait forever, without an error.
var errNoFlush = errors.New("changes cannot be streamed: the http.ResponseWriter that the handler was given has neither Flush nor Unwrap; " +
	"middleware that wraps the writer must have one of them, and http.TimeoutHandler must not be around the handler")

// canFlush reports whether what is written to w can be sent at once, as [http.ResponseController] finds out.
func canFlush(w http.ResponseWriter) bool {
	for {
		switch flusher := w.(type) {
		case interface{ FlushError() error }, http.Flusher:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = flusher.Unwrap()
		default:
			return false
		}
	}
}

// cutOffPanic ends a stream in which we have failed without its proper end, so that the
// client knows: it is too late for another answer.
func (h *Handler) cutOffPanic(r *http.Request) {
	if p := recover(); p != nil {
		h.logPanic(r)
		panic(http.ErrAbortHandler)
	}
}

func appendEvent(dst []byte, c storage.Change) []byte {
	dst = fmt.Appendf(dst, "id: %d\nevent: %s\ndata: ", c.Sequence, c.Operation)
	w := jsonwriter.New(dst)
	writeChange(w, c)
	return append(w.Bytes(), "\n\n"...)
}
