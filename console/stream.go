package console

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// progress is a page that is sent while its work is done: what is before the work, lines about it, and the rest.
type progress struct {
	req  *request
	rest string
	out  *http.ResponseController
}

// splitMark stands in a page where the work goes.
const splitMark = "\uE000work\uE000"

// begin sends the page up to where {{.Work}} stands in it. After that, only the text of the
// page can report an error.
func (req *request) begin(name string, data any) (*progress, error) {
	var page bytes.Buffer
	req.working = true
	if err := req.render(&page, name, data); err != nil {
		return nil, err
	}
	head, rest, _ := strings.Cut(page.String(), splitMark)
	header := req.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy that collects answers would hide the progress
	req.w.WriteHeader(http.StatusOK)
	p := &progress{req: req, rest: rest, out: http.NewResponseController(req.w)}
	p.send(head)
	return p, nil
}

// send sends a piece of the page. A client that has left is noticed by the request's context.
func (p *progress) send(piece string) {
	_ = p.out.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = p.req.w.Write([]byte(piece))
	_ = p.out.Flush()
}

// tell adds a line about the work. It holds no markup: text is from texts, with numbers.
func (p *progress) tell(name string, values ...any) {
	p.send("<li>" + textf(name, values...) + "</li>\n")
}

// end sends a part of the page's template, and the rest of the page.
func (p *progress) end(page, part string, data any) error {
	var last bytes.Buffer
	if err := p.req.templates[page].ExecuteTemplate(&last, part, data); err != nil {
		// It is too late for another answer.
		panic(http.ErrAbortHandler)
	}
	p.send(last.String() + p.rest)
	return nil
}
