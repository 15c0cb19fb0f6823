package httpapi

import (
	_ "embed"
	"net/http"
)

// openAPI describes the API in the form of OpenAPI 3.1.
//
//go:embed openapi.json
var openAPI []byte

func (h *Handler) getOpenAPI(http.ResponseWriter, *http.Request, []string) (answer, error) {
	return answer{status: http.StatusOK, body: openAPI}, nil
}
