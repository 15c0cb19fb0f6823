package idem_test

import (
	"context"
	"fmt"
	"log"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// Links to accounts at other providers are added to those there are, and the same one
// again changes nothing. An update replaces the rest, so what is to stay is sent back.
func ExampleManager_UpdateIdentity_oidcLink() {
	ctx, manager := context.Background(), newManager()
	ada := create(ctx, manager, `{"email":"ada@example.com"}`)

	for _, link := range []credentials.Provider{
		{Provider: "google", Subject: "1815-12-10"},
		{Provider: "github", Subject: "4711"},
		{Provider: "google", Subject: "1815-12-10"},
	} {
		updated, err := manager.UpdateIdentity(ctx, ada.ID, identity.Update{
			Traits:         ada.Traits,
			MetadataPublic: ada.MetadataPublic, MetadataAdmin: ada.MetadataAdmin, ExternalID: ada.ExternalID,
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{link}}},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(updated.Revision, updated.Credentials[credentials.TypeOIDC].Identifiers)
	}

	// When the person returns from the provider, the link finds the identity.
	found, err := manager.FindByIdentifier(ctx, credentials.TypeOIDC, "github:4711")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(found.Traits))

	// A link that is no longer wanted; the last way to sign in cannot be removed.
	fmt.Println(manager.DeleteCredential(ctx, ada.ID, credentials.TypeOIDC, "github:4711"))
	// Output:
	// 2 [google:1815-12-10]
	// 3 [github:4711 google:1815-12-10]
	// 3 [github:4711 google:1815-12-10]
	// {"email":"ada@example.com"}
	// <nil>
}
