// Command gin mounts the identity admin API under /auth on a gin router.
package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.Main(newRouter) }

// newRouter needs no setting of gin: UseRawPath, UnescapePathValues and
// RemoveExtraSlash concern how gin itself matches, and the handler reads the path of
// the request, which gin leaves as it was sent.
func newRouter(a *application.Application) http.Handler {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithPathPrefix("/auth"))

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery(), withSession(a))
	router.GET("/", gin.WrapF(application.Greet))
	router.Any("/auth/*path", gin.WrapH(api))
	return router
}

// withSession puts the session into the context of the request, for what is set on
// gin's own context does not reach a handler of net/http.
func withSession(a *application.Application) gin.HandlerFunc {
	return func(c *gin.Context) {
		if token, err := c.Cookie(application.SessionCookie); err == nil {
			if session, ok := a.Session(token); ok {
				c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), application.SessionKey{}, session))
			}
		}
		c.Next()
	}
}
