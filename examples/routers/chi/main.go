// Command chi mounts the identity admin API under /auth on a chi router.
package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.Main(newRouter) }

// newRouter needs no setting of chi, which leaves the path of the request as it was
// sent. Do not put middleware.RedirectSlashes before the mount: it looks at the decoded
// path, and an external id that ends with a slash would lose it.
func newRouter(a *application.Application) http.Handler {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithPathPrefix("/auth"))

	router := chi.NewRouter()
	router.Use(a.WithSession)
	router.Get("/", application.Greet)
	router.Mount("/auth", api)
	return router
}
