package console

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// problem is an answer that says what went wrong.
type problem struct {
	status  int
	message string // what kind of thing went wrong
	reason  string // what exactly; may be empty
	header  http.Header
}

func (p *problem) Error() string { return p.message }

var (
	errNoPage   = &problem{status: http.StatusNotFound, message: text("fault.no_page")}
	errNoPerson = &problem{status: http.StatusNotFound, message: text("fault.no_person")}
)

func asError[T error](err error, target *T) bool { return errors.As(err, target) }

// kinds says how each kind of error of the Manager is answered. One that is not in it is a fault of ours.
var kinds = map[idem.Kind]struct {
	status int
	text   string
}{
	idem.KindInvalid:      {http.StatusUnprocessableEntity, "fault.invalid"},
	idem.KindNotFound:     {http.StatusNotFound, "fault.no_person"},
	idem.KindConflict:     {http.StatusConflict, "fault.conflict"},
	idem.KindPrecondition: {http.StatusPreconditionFailed, "fault.changed"},
	idem.KindVetoed:       {http.StatusUnprocessableEntity, "fault.vetoed"},
	idem.KindGone:         {http.StatusGone, "fault.gone"},
	idem.KindUnavailable:  {http.StatusServiceUnavailable, "fault.unavailable"},
	idem.KindCanceled:     {http.StatusServiceUnavailable, "fault.canceled"},
}

// problemOf returns the answer to err. The text of a fault of ours is not shown.
func problemOf(err error) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	var e *idem.Error
	if invalid := (*violation.Error)(nil); !errors.As(err, &e) && errors.As(err, &invalid) {
		e = &idem.Error{Kind: idem.KindInvalid, Err: invalid} // of what was read here
	}
	if e != nil {
		if kind, ok := kinds[e.Kind]; ok {
			p := &problem{status: kind.status, message: text(kind.text)}
			var veto *idem.VetoError
			switch {
			case errors.As(err, &veto):
				p.reason = veto.Error()
			case e.Kind == idem.KindInvalid || e.Kind == idem.KindConflict:
				p.reason = e.Err.Error()
			}
			return p
		}
	}
	return &problem{status: http.StatusInternalServerError, message: text("fault.internal")}
}

// refused tells what is wrong with a change, for the form that it came from: at which fields, and the status. ok is
// false for an error that is not about what was posted.
func refused(err error) (violations []violation.Violation, p *problem, ok bool) {
	p = problemOf(err)
	switch idem.KindOf(err) {
	case idem.KindInvalid, idem.KindConflict, idem.KindVetoed:
	default:
		return nil, p, false
	}
	violations = violationsOf(err)
	if conflict := (*storage.ConflictError)(nil); errors.As(err, &conflict) && conflict.Pointer != "" {
		violations = append(violations, violation.Violation{Pointer: conflict.Pointer, Message: text("fault.taken")})
	}
	if len(violations) > 0 {
		p.reason = ""
	}
	return violations, p, true
}

// fail answers with a page that says what went wrong, and logs a fault of ours that no use case has logged.
func (req *request) fail(err error) {
	p := problemOf(err)
	if e := (*idem.Error)(nil); p.status == http.StatusInternalServerError && !errors.As(err, &e) && err != error(p) {
		req.logger.LogAttrs(req.r.Context(), slog.LevelError, "console: request failed", slog.Any("error", err))
	}
	for name, values := range p.header {
		req.w.Header()[name] = values
	}
	denied := p.status == http.StatusUnauthorized || p.status == http.StatusForbidden
	page := faultPage{frame: req.frame(text("fault.title"), ""), Message: p.message, Reason: p.reason}
	page.Bare = denied
	if err := req.page(p.status, "fault", page); err != nil {
		req.logger.ErrorContext(req.r.Context(), "console: page failed", "error", err)
		http.Error(req.w, p.message, p.status)
	}
}

type faultPage struct {
	frame
	Message, Reason string
}
