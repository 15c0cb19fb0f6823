// Command gorilla mounts the identity admin API under /auth on a gorilla/mux router.
package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.Main(newRouter) }

// newRouter needs one setting of gorilla/mux: SkipClean. Without it a path that holds
// two slashes in a row, or "..", is redirected, and that is decided on the decoded path:
// an external id such as "a//b", rightly sent as a%2F%2Fb, would not be found. The
// redirect is a 301 besides, after which clients send a GET in place of a PUT.
// UseEncodedPath mends the first alone.
func newRouter(a *application.Application) http.Handler {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithPathPrefix("/auth"))

	router := mux.NewRouter().SkipClean(true)
	router.Use(a.WithSession)
	router.HandleFunc("/", application.Greet).Methods(http.MethodGet)
	router.PathPrefix("/auth/").Handler(api)
	return router
}
