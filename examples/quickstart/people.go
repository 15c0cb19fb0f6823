package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
)

var names = []string{
	"Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth", "Hedy Lamarr",
	"Niklaus Wirth", "Radia Perlman", "Tim Berners-Lee", "Margaret Hamilton", "Ken Thompson", "Frances Allen", "Dennis Ritchie",
	"Joan Clarke", "Shafi Goldwasser", "Whitfield Diffie", "Karen Spärck Jones", "John Backus", "Adele Goldberg", "Vint Cerf",
	"Sophie Wilson", "Claude Shannon", "Jean Bartik",
}

// seed creates some people, so that there is something to look at.
func seed(ctx context.Context, manager *idem.Manager) error {
	creates := make([]identity.Create, 0, len(names))
	for n, name := range names {
		words := strings.Fields(strings.ToLower(name))
		email := words[0] + "@" + strings.ReplaceAll(words[len(words)-1], "ä", "ae") + ".example"
		traits, err := json.Marshal(map[string]string{"email": email, "name": name})
		if err != nil {
			return err
		}
		plan := []string{"free", "team", "pro"}[n%3]
		create := identity.Create{Traits: traits, MetadataPublic: fmt.Appendf(nil, `{"plan":%q}`, plan)}
		if n%4 != 1 {
			create.VerifiableAddresses = []identity.CreateVerifiableAddress{{Value: email, Verified: true}}
		}
		if n%9 == 4 {
			create.State = identity.StateInactive
		}
		creates = append(creates, create)
	}
	results, err := manager.CreateIdentities(idem.ContextWithActor(ctx, "quickstart"), creates)
	if err != nil {
		return err
	}
	for _, result := range results {
		if result.Err != nil {
			return result.Err
		}
	}
	return nil
}
