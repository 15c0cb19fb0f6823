// Command fiber mounts the identity admin API under /auth on a fiber application.
package main

import (
	"context"
	"net"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"

	"github.com/idemkit/idem/examples/routers/internal/application"
	"github.com/idemkit/idem/httpapi"
)

func main() { application.MainOn(serve) }

// newRouter needs one setting of fiber: a BodyLimit as large as the handler's own, or
// fiber refuses a batch of more than 4 MiB with an answer of its own.
//
// fiber is not built on net/http, and its adaptor passes on only the last of a header
// that is repeated; and a client that goes away does not end the context of its
// request.
func newRouter(a *application.Application) *fiber.App {
	api := httpapi.New(a.Identities, application.Authorize, httpapi.WithActor(application.Actor), httpapi.WithPathPrefix("/auth"))

	router := fiber.New(fiber.Config{BodyLimit: httpapi.DefaultMaxBatchBody})
	router.Use(withSession(a))
	router.Get("/", func(c fiber.Ctx) error { return c.SendString(application.Greeting) })
	router.All("/auth/*", adaptor.HTTPHandler(api))
	return router
}

// withSession puts the session into the locals of the request, which the adaptor makes
// values of the context that a handler of net/http gets.
func withSession(a *application.Application) fiber.Handler {
	return func(c fiber.Ctx) error {
		if session, ok := a.Session(c.Cookies(application.SessionCookie)); ok {
			c.Locals(application.SessionKey{}, session)
		}
		return c.Next()
	}
}

// serve serves until ctx ends, and then lets requests under way finish.
func serve(ctx context.Context, a *application.Application, listener net.Listener) error {
	router := newRouter(a)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stopped <- router.ShutdownWithTimeout(5 * time.Second)
	}()
	if err := router.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}); err != nil {
		return err
	}
	return <-stopped
}
