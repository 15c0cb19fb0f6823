// Package application is what the programs beside it have in common, and what an
// application brings of its own: identities, sessions, and who may do what. The
// programs differ in their router alone.
package application

import (
	_ "embed"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

//go:embed person.schema.json
var personSchema []byte

// Application has identities, and sessions of two people that never end. Both are
// kept in memory, so that trying a program leaves nothing behind; in earnest the
// store is sqlite.Open's.
type Application struct {
	Identities *idem.Manager
	sessions   map[string]Session // by token; never modified
}

// The tokens of the two sessions.
const (
	AdminToken  = "the-session-of-an-administrator"
	ReaderToken = "the-session-of-a-reader"
)

// New returns an application without identities.
func New() (*Application, error) {
	person, err := schema.Parse("person", personSchema)
	if err != nil {
		return nil, err
	}
	schemas, err := schema.NewRegistry(person)
	if err != nil {
		return nil, err
	}
	identities, err := idem.New(memory.New(), schemas)
	if err != nil {
		return nil, err
	}
	return &Application{Identities: identities, sessions: map[string]Session{
		AdminToken:  {Name: "Grace", MayWrite: true},
		ReaderToken: {Name: "Karen"},
	}}, nil
}
