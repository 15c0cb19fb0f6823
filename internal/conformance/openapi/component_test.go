package openapi_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/stretchr/testify/require"
)

// describedAs tells what is wrong with r as the response of that name among the
// components, which is how answers are described that belong to no operation.
func (c *client) describedAs(t *testing.T, name, mediaType string, r *httptest.ResponseRecorder) string {
	t.Helper()
	parsed, err := libopenapi.NewDocument(c.document.raw)
	require.NoError(t, err)
	model, err := parsed.BuildV3Model()
	require.NoError(t, err)
	described, found := model.Model.Components.Responses.Get(name)
	require.True(t, found, name)
	for header := range described.Headers.KeysFromOldest() {
		if r.Header().Get(header) == "" {
			return "there is no header " + header
		}
	}
	if !strings.HasPrefix(r.Header().Get("Content-Type"), mediaType) {
		return fmt.Sprintf("is of type %q", r.Header().Get("Content-Type"))
	}
	content, found := described.Content.Get(mediaType)
	require.True(t, found, mediaType)
	valid, violations := schema_validation.NewSchemaValidator().ValidateSchemaBytes(content.Schema.Schema(), r.Body.Bytes())
	if !valid {
		return explain(violations)
	}
	return ""
}
