package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/storage"
)

// TestActorOutlivesTheRequest takes the actor from a header. fiber's adaptor makes
// requests of memory that it uses again for the next, so what is kept must be a copy.
func TestActorOutlivesTheRequest(t *testing.T) {
	identities := idemtest.New(t)
	router := fiber.New()
	router.All("/*", adaptor.HTTPHandler(httpapi.New(identities.Manager, httpapi.AllowAll,
		httpapi.WithActor(func(r *http.Request) string { return r.Header.Get("X-User") }))))
	const requests = 20
	for n := range requests {
		r := httptest.NewRequest(http.MethodPost, "/admin/identities", strings.NewReader(`{}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-User", fmt.Sprintf("admin:%02d", n))
		answer, err := router.Test(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusCreated, answer.StatusCode)
	}
	n := 0
	for change, err := range identities.Changes(t.Context(), storage.ChangeQuery{}) {
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("admin:%02d", n), change.Actor)
		n++
	}
	require.Equal(t, requests, n)
}
