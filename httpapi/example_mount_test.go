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

func newExampleManager() *idem.Manager {
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
	return manager
}

// The API is mounted under /auth of the application's router. Everybody who is signed
// in may read, and administrators may do all.
func ExampleNew() {
	roles := map[string]string{"Bearer one": "admin", "Bearer two": "reader"} // the application's sessions
	authorize := func(r *http.Request) error {
		role := roles[r.Header.Get("Authorization")]
		switch {
		case role == "":
			return httpapi.Unauthorized("", "Sign in first.")
		case role == "admin", r.Method == http.MethodGet:
			return nil
		}
		return httpapi.Forbidden(httpapi.Operation(r) + " is for administrators.")
	}
	api := httpapi.New(newExampleManager(), authorize, httpapi.WithBaseURL("https://example.com/auth"))
	router := http.NewServeMux()
	router.Handle("/auth/", http.StripPrefix("/auth", api))

	send := func(authorization, method, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(`{"traits":{}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		return w
	}
	fmt.Println(send("", "GET", "/auth/admin/identities").Code)
	fmt.Println(send("Bearer two", "GET", "/auth/admin/identities").Code)
	fmt.Println(send("Bearer two", "POST", "/auth/admin/identities").Code)
	created := send("Bearer one", "POST", "/auth/admin/identities")
	location := created.Header().Get("Location")
	fmt.Println(created.Code, location[:strings.LastIndex(location, "/")])
	// Output:
	// 401
	// 200
	// 403
	// 201 https://example.com/auth/admin/identities
}
