package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/idemkit/idem/violation"
)

// readJSON reads a JSON body of at most limit bytes and hands it to read, which must keep no part of it.
func (h *Handler) readJSON(w http.ResponseWriter, r *http.Request, limit int64, read func(body []byte) error) error {
	buffer := h.buffers.take()
	defer h.buffers.give(buffer)
	if _, err := readBody(buffer, w, r, limit, "application/json"); err != nil {
		return err
	}
	return read(buffer.Bytes())
}

// readBody reads a body of one of some media types into buffer, and tells which type
// it is.
func readBody(buffer *bytes.Buffer, w http.ResponseWriter, r *http.Request, limit int64, types ...string) (mediaType string, err error) {
	if err := checkEncoding(r); err != nil {
		return "", err
	}
	mediaType, err = readMediaType(r)
	if err != nil || !slices.Contains(types, mediaType) {
		return "", &problem{
			status: http.StatusUnsupportedMediaType, id: "unsupported_media_type",
			message: "The body is not of a type that this operation reads.",
			reason:  "The Content-Type must be " + strings.Join(types, " or ") + ".",
		}
	}
	_, err = buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return "", &problem{
			status: http.StatusRequestEntityTooLarge, id: "body_too_large",
			message: "The body is too large.",
			reason:  fmt.Sprintf("It may have at most %d bytes.", limit),
		}
	}
	if err != nil {
		return "", violation.New("", "json", "the body could not be read to its end")
	}
	return mediaType, nil
}

// checkEncoding refuses a body that is compressed, or says that it is (RFC 9110, section 8.4), and one whose type is said
// more than once: another reader might take the other one.
func checkEncoding(r *http.Request) error {
	for _, value := range r.Header["Content-Encoding"] {
		for encoding := range strings.SplitSeq(value, ",") {
			if encoding = strings.TrimSpace(encoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
				return &problem{
					status: http.StatusUnsupportedMediaType, id: "unsupported_media_type",
					message: "The body is not of a type that this operation reads.",
					reason:  "The Content-Encoding must be identity.",
					header:  http.Header{"Accept-Encoding": {"identity"}},
				}
			}
		}
	}
	if len(r.Header["Content-Type"]) > 1 {
		return badHeader("Content-Type", "must be given once")
	}
	return nil
}

func readMediaType(r *http.Request) (string, error) {
	given := r.Header.Get("Content-Type")
	if given == "application/json" {
		return given, nil // as nearly all clients write it
	}
	mediaType, _, err := mime.ParseMediaType(given)
	return mediaType, err
}

// invalidBody is the answer to a body that is not valid.
func invalidBody(invalid *violation.Error) *problem {
	return &problem{
		status: http.StatusBadRequest, id: "validation_failed", message: "The request is not valid.",
		reason: reason(invalid.Violations), violations: invalid.Violations,
	}
}
