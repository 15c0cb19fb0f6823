package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
)

// activityLength is how many changes a page of the activity has.
const activityLength = 50

type activityPage struct {
	frame
	Changes []changeView
	Newest  int64 // the number of the newest, for the live page
	Older   string
	Live    bool // the page has the newest
}

// activity shows the feed, the newest first.
func (req *request) activity(uuid.UUID) error {
	before, err := strconv.ParseInt(req.r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	changes, more, err := req.recent(before, activityLength)
	if err != nil {
		return err
	}
	page := activityPage{frame: req.frame(text("activity.title"), "activity"), Live: before == 0}
	if page.Changes, err = req.named(changes); err != nil {
		return err
	}
	if len(changes) > 0 {
		page.Newest = changes[0].Sequence
		if oldest := changes[len(changes)-1].Sequence; more && oldest > 1 {
			page.Older = req.relative("activity?before=" + strconv.FormatInt(oldest-1, 10))
		}
	}
	return req.page(http.StatusOK, "activity", page)
}

// changeView is a change with the name of its person, empty where the person is gone or not to be seen.
type changeView struct {
	storage.Change
	Name string
}

// named looks the people of changes up.
func (req *request) named(changes []storage.Change) ([]changeView, error) {
	names := make(map[uuid.UUID]string)
	if req.May(opList) && len(changes) > 0 {
		q := idem.Query{PageSize: len(changes)}
		for _, c := range changes {
			q.IDs = append(q.IDs, c.IdentityID)
		}
		for i, err := range req.manager.Identities(req.r.Context(), q) {
			if err != nil {
				return nil, err
			}
			names[i.ID] = shorten(nameOf(i), longest)
		}
	}
	views := make([]changeView, len(changes))
	for n, c := range changes {
		views[n] = changeView{c, names[c.IdentityID]}
	}
	return views, nil
}

const (
	keepAlive    = 15 * time.Second
	writeTimeout = 30 * time.Second
)

// activityStream tells a live page that there is something new, as server-sent events (WHATWG HTML, section 9.2) that
// hold nothing but numbers: the page then fetches what it shows.
func (req *request) activityStream(uuid.UUID) error {
	after, err := strconv.ParseInt(req.r.URL.Query().Get("after"), 10, 64)
	if err != nil || after < 0 {
		return &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	open, end := context.WithCancel(req.r.Context())
	defer end()
	defer context.AfterFunc(req.streams, end)()
	out := http.NewResponseController(req.w)
	header := req.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	send := func(event string) bool {
		// The server's deadline is for answers that end. Not every connection has one to set.
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := req.w.Write([]byte(event))
		return err == nil && out.Flush() == nil
	}
	for alive := send(": open\n\n"); alive; alive = send(": still here\n\n") {
		ctx, cancel := context.WithTimeout(open, keepAlive)
		for c, err := range req.manager.Watch(ctx, storage.ChangeQuery{After: after}) {
			if err != nil {
				alive = errors.Is(err, context.DeadlineExceeded) && open.Err() == nil
				break
			}
			after = c.Sequence
			if alive = send(fmt.Sprintf("id: %d\ndata: %d\n\n", after, after)); !alive {
				break
			}
		}
		cancel()
		if !alive {
			break
		}
	}
	return nil
}
