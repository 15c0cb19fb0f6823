// Command nethttp mounts the identity admin API under /auth on the mux of net/http.
package main

import (
	"net/http"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.Main(newRouter) }

// newRouter mounts with http.StripPrefix, and so says in WithBaseURL what links begin
// with. httpapi.WithPathPrefix("/auth") and no StripPrefix does the same; see the other
// routers.
//
// The mux redirects a path with a double slash to the one without, which is under the
// prefix too, with a status (307) that keeps the method and the body.
func newRouter(a *application.Application) http.Handler {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithBaseURL("/auth"))

	router := http.NewServeMux()
	router.HandleFunc("GET /{$}", application.Greet)
	router.Handle("/auth/", a.WithSession(http.StripPrefix("/auth", api)))
	return router
}
