package httpapi_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// An application lets auditors look and operators do everything. The names of the
// operations that only read begin with get and list.
func ExampleOperation() {
	authorize := func(r *http.Request) error {
		operation := httpapi.Operation(r)
		switch r.Header.Get("Authorization") {
		case "Bearer operator":
			return nil
		case "Bearer auditor":
			if strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list") {
				return nil
			}
			return httpapi.Forbidden("Auditors only read.")
		}
		return httpapi.Unauthorized("", "")
	}

	person, err := schema.Parse("person", []byte(`{"properties":{"traits":{"type":"object"}}}`))
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
	handler := httpapi.New(manager, authorize)
	for _, c := range []struct{ who, method, path, body string }{
		{"Bearer operator", "POST", "/admin/identities", `{}`},
		{"Bearer auditor", "GET", "/admin/identities", ``},
		{"Bearer auditor", "POST", "/admin/identities", `{}`},
		{"", "GET", "/admin/identities", ``},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Authorization", c.who)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(c.method, w.Code)
	}
	// Output:
	// POST 201
	// GET 200
	// POST 403
	// GET 401
}
