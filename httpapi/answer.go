package httpapi

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

// answer is a response. It is complete before its first byte is sent.
type answer struct {
	status    int
	etag      string      // of the identity answered; empty for none
	location  string      // of what was created; empty for none
	header    http.Header // more of it; may be nil
	body      []byte      // nil for none
	mediaType string      // of the body; empty is application/json
	// stream writes a body that does not end by itself, in the place of body. Nil for
	// none.
	stream func(w http.ResponseWriter, r *http.Request)

	buffer *bytes.Buffer // that body lies in, to be given back when it is sent; may be nil
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	// One piece of memory holds all values; names are in canonical form.
	values := make([]string, 0, 6)
	set := func(name, value string) {
		values = append(values, value)
		header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	set("Cache-Control", "private, no-cache, no-store, must-revalidate")
	if a.etag != "" {
		set("Etag", a.etag)
	}
	if a.location != "" {
		set("Location", a.location)
	}
	if a.body != nil || a.stream != nil {
		mediaType := a.mediaType
		if mediaType == "" {
			mediaType = "application/json; charset=utf-8"
		}
		set("Content-Type", mediaType)
		set("X-Content-Type-Options", "nosniff")
	}
	if a.body != nil {
		set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	switch {
	case r.Method == http.MethodHead:
	case a.stream != nil:
		a.stream(w, r)
	case a.body != nil:
		// A client that has gone away cannot be told anything any more.
		_, _ = w.Write(a.body)
	}
}

func (h *Handler) identityAnswer(status int, view wire.View, i *identity.Identity) answer {
	buffer := h.buffers.take()
	*buffer = *bytes.NewBuffer(view.Append(buffer.AvailableBuffer(), i)) // if it had to grow, the larger memory is kept
	return answer{status: status, etag: entityTag(i), body: buffer.Bytes(), buffer: buffer}
}
