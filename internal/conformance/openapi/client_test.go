package openapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/conformance/server"
)

// client talks to a handler and holds all that is said to the document.
type client struct {
	server    *server.Server
	document  document
	validator validator.Validator
	// seen are the described answers that were given.
	seen map[outcome]bool
}

func newClient(t *testing.T, s *server.Server) *client {
	t.Helper()
	d := fetch(t, s)
	parsed, err := libopenapi.NewDocument(d.raw)
	require.NoError(t, err)
	v, errs := validator.NewValidator(parsed, config.WithFormatAssertions())
	require.Empty(t, errs)
	valid, violations := v.ValidateDocument()
	require.True(t, valid, "openapi.json is no OpenAPI document: %s", explain(violations))
	return &client{server: s, document: d, validator: v, seen: map[outcome]bool{}}
}

// exchange is a request and how it is expected to be answered. Any that is answered
// with success must be valid by the document; the others may be.
type exchange struct {
	method, path, body string
	header             []string // names and values
	status             int
}

// do sends a request and checks the answer, in both forms if it is an error, and for
// a GET in its HEAD form too. It returns the answer.
func (c *client) do(t *testing.T, e exchange) *httptest.ResponseRecorder {
	t.Helper()
	answer := c.once(t, e)
	if e.status < http.StatusBadRequest && e.method != http.MethodGet {
		return answer // to ask again would change something again
	}
	if e.status >= http.StatusBadRequest {
		asProblem := e
		asProblem.header = append([]string{"Accept", "application/problem+json"}, e.header...)
		require.Equal(t, "application/problem+json", c.once(t, asProblem).Header().Get("Content-Type"))
	}
	if e.method == http.MethodGet {
		e.method = http.MethodHead
		c.once(t, e)
	}
	return answer
}

func (c *client) once(t *testing.T, e exchange) *httptest.ResponseRecorder {
	t.Helper()
	name := fmt.Sprintf("%s %s: %d", e.method, e.path, e.status)
	request := newRequest(t, e.method, e.path, e.body, e.header...)
	answer := c.serve(request)
	require.Equal(t, e.status, answer.Code, "%s: %s", name, answer.Body)
	// The body of a request can be read once.
	request = newRequest(t, e.method, e.path, e.body, e.header...)
	if e.status < http.StatusBadRequest {
		valid, violations := c.validator.ValidateHttpRequestSync(request)
		require.True(t, valid, "%s: the request is not as described: %s", name, explain(violations))
	}
	response := answer.Result()
	response.Body = io.NopCloser(bytes.NewReader(answer.Body.Bytes()))
	valid, violations := c.validator.ValidateHttpResponse(newRequest(t, e.method, e.path, e.body, e.header...), response)
	require.True(t, valid, "%s: the answer is not as described: %s\n%s", name, explain(violations), answer.Body)

	path := c.document.pathOf(request.URL.EscapedPath())
	require.NotEmpty(t, path, name)
	c.seen[outcome{e.method, path, fmt.Sprint(e.status)}] = true
	return answer
}

func (c *client) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.server.Handler.ServeHTTP(w, r)
	return w
}

// newRequest makes a request. A body is sent as JSON unless header says otherwise.
func newRequest(t *testing.T, method, path, body string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return r
}

func explain(violations []*errors.ValidationError) string {
	var text strings.Builder
	for _, v := range violations {
		fmt.Fprintf(&text, "\n%s: %s", v.Message, v.Reason)
		for _, s := range v.SchemaValidationErrors {
			fmt.Fprintf(&text, "\n\t%v %s", s.InstancePath, s.Reason)
		}
	}
	return text.String()
}
