package console

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
)

// maxNamed is how many of the people of a bulk change its preview names.
const maxNamed = 25

type bulkPage struct {
	frame
	State  identity.State
	Filter string   // the address of the list whose people are meant, or empty for those of IDs
	IDs    []string // who is meant
	Count  int      // how many of them would change
	People []summary
	Moved  bool   // whether the count has changed since the preview
	Work   string // where the progress goes; empty before
	Done   int
	Failed []bulkFailure
	Fault  string
}

// Back is the link to the list that the people were chosen from.
func (page *bulkPage) Back() string { return page.relative(page.Filter) }

// bulkFailure is somebody who could not be changed.
type bulkFailure struct {
	summary
	Error string
}

// readBulk reads whom a bulk change is about.
func (req *request) readBulk() (*bulkPage, error) {
	if err := req.allow(opList, req.r); err != nil {
		return nil, err
	}
	page := &bulkPage{frame: req.frame(text("bulk.title"), "people"), State: identity.State(req.value("state")), IDs: req.r.PostForm["id"]}
	if page.State != identity.StateActive && page.State != identity.StateInactive {
		return nil, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	if req.value("all") != "" {
		page.IDs, page.Filter = nil, "?"+req.value("filter")
	}
	if len(page.IDs) > idem.MaxPageSize {
		return nil, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	return page, nil
}

// people returns those who are meant and have another state.
func (page *bulkPage) people(ctx context.Context) (iter.Seq2[*identity.Identity, error], error) {
	q := idem.Query{IDs: []uuid.UUID{}, PageSize: idem.MaxPageSize}
	for _, text := range page.IDs {
		if id, err := uuid.Parse(text); err == nil {
			q.IDs = append(q.IDs, id)
		}
	}
	if page.Filter != "" {
		values, err := url.ParseQuery(page.Filter[1:])
		if err != nil {
			return nil, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
		}
		if q, err = listingOf(values).find(); err != nil {
			return nil, err
		}
		q.PageSize, q.PageToken = idem.MaxPageSize, ""
	}
	all := page.manager.Identities(ctx, q)
	return func(yield func(*identity.Identity, error) bool) {
		for i, err := range all {
			if err == nil && i.State == page.State {
				continue
			}
			if !yield(i, err) {
				return
			}
		}
	}, nil
}

// look counts those who would change.
func (page *bulkPage) look(ctx context.Context) error {
	people, err := page.people(ctx)
	if err != nil {
		return err
	}
	for i, err := range people {
		if err != nil {
			return err
		}
		if page.Count++; len(page.People) < maxNamed {
			page.People = append(page.People, summarize(i))
		}
	}
	return nil
}

// previewBulk says what a bulk change would do, and to how many.
func (req *request) previewBulk(uuid.UUID) error {
	page, err := req.readBulk()
	if err != nil {
		return err
	}
	if err := page.look(req.r.Context()); err != nil {
		return err
	}
	return req.page(http.StatusOK, "bulk", page)
}

// runBulk changes them, if they are still as many as the preview said.
func (req *request) runBulk(uuid.UUID) error {
	page, err := req.readBulk()
	if err != nil {
		return err
	}
	if err := page.look(req.r.Context()); err != nil {
		return err
	}
	if strconv.Itoa(page.Count) != req.value("count") {
		page.Moved = true
		return req.page(http.StatusPreconditionFailed, "bulk", page)
	}
	people, err := page.people(req.r.Context())
	if err != nil {
		return err
	}
	page.Work = splitMark
	p, err := req.begin("bulk", page)
	if err != nil {
		return err
	}
	for i, err := range people {
		if err == nil {
			_, err = req.manager.SetState(req.r.Context(), i.ID, page.State)
			if err != nil && idem.KindOf(err) != idem.KindUnavailable && idem.KindOf(err) != idem.KindCanceled {
				page.Failed = append(page.Failed, bulkFailure{summarize(i), errorLines(err)[0]})
				continue
			}
		}
		if err != nil {
			page.Fault = problemOf(err).message
			break
		}
		if page.Done++; page.Done%importChunk == 0 {
			p.tell("bulk.progress", page.Done, page.Count)
		}
	}
	return p.end("bulk", "result", page)
}
