// Command echo mounts the identity admin API under /auth on an echo router.
package main

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.Main(newRouter) }

// newRouter needs no setting of echo, which leaves the path of the request as it was
// sent. Do not put middleware.RemoveTrailingSlash or AddTrailingSlash before the mount:
// they rewrite it.
func newRouter(a *application.Application) http.Handler {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithPathPrefix("/auth"))

	router := echo.New()
	router.Use(withSession(a))
	router.GET("/", echo.WrapHandler(http.HandlerFunc(application.Greet)))
	router.Any("/auth/*", echo.WrapHandler(api))
	return router
}

// withSession puts the session into the context of the request, for what is set on
// echo's own context does not reach a handler of net/http.
func withSession(a *application.Application) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if cookie, err := c.Cookie(application.SessionCookie); err == nil {
				if session, ok := a.Session(cookie.Value); ok {
					r := c.Request()
					c.SetRequest(r.WithContext(context.WithValue(r.Context(), application.SessionKey{}, session)))
				}
			}
			return next(c)
		}
	}
}
