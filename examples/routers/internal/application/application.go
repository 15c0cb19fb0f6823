// Package application is what the programs beside it have in common, and what an
// application brings of its own: identities, sessions, and who may do what. The
// programs differ in their router alone.
package application

import (
	_ "embed"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

//go:embed person.schema.json
var personSchema []byte

// Application has identities, which a store keeps, and sessions of two people that never
// end.
type Application struct {
	Identities *idem.Manager
	sessions   map[string]Session // by token; never modified
}

// The tokens of the two sessions.
const (
	AdminToken  = "the-session-of-an-administrator"
	ReaderToken = "the-session-of-a-reader"
)

// New returns an application with the identities of a store.
func New(store storage.Storage) (*Application, error) {
	person, err := schema.Parse("person", personSchema)
	if err != nil {
		return nil, err
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		return nil, err
	}
	identities, err := idem.New(store, schemas)
	if err != nil {
		return nil, err
	}
	return &Application{Identities: identities, sessions: map[string]Session{
		AdminToken:  {Name: "Grace", MayWrite: true},
		ReaderToken: {Name: "Karen"},
	}}, nil
}
