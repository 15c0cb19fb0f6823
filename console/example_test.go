package console_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// The console is mounted under /console. The application's own session says who somebody is; support may only look.
func ExampleNew() {
	person, err := schema.Parse("person", []byte(`{"properties": {"traits": {"type": "object"}}}`))
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas)
	if err != nil {
		log.Fatal(err)
	}

	user := func(r *http.Request) string { return r.Header.Get("X-User") } // the application's session
	authorize := func(r *http.Request) error {
		operation := httpapi.Operation(r)
		reads := strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list")
		switch name := user(r); {
		case name == "":
			return httpapi.Unauthorized("", "Sign in first.")
		case name == "admin", name == "support" && reads:
			return nil
		}
		return httpapi.Forbidden("Ask an administrator.")
	}
	mux := http.NewServeMux()
	mux.Handle("/console/", http.StripPrefix("/console", console.New(manager, authorize, console.WithActor(user))))

	for _, name := range []string{"", "support", "admin"} {
		for _, path := range []string{"/console/", "/console/new"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("X-User", name)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			fmt.Printf("%q %s: %d\n", name, path, w.Code)
		}
	}
	// Output:
	// "" /console/: 401
	// "" /console/new: 401
	// "support" /console/: 200
	// "support" /console/new: 403
	// "admin" /console/: 200
	// "admin" /console/new: 200
}
