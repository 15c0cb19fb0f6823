package idem_test

import (
	"context"
	"fmt"
	"log"

	"github.com/idemkit/idem"
)

// A page at a time, as a screen shows it: the token of one page gets the next,
// whatever is created or deleted meanwhile.
func ExampleManager_ListIdentities() {
	ctx, manager := context.Background(), newManager()
	for _, name := range []string{"ada", "grace", "karen"} {
		create(ctx, manager, fmt.Sprintf(`{"email":"%s@example.com"}`, name))
	}

	q := idem.Query{PageSize: 2}
	for {
		page, err := manager.ListIdentities(ctx, q)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Identities), "identities, and more:", page.NextPageToken != "")
		if page.NextPageToken == "" {
			break
		}
		q.PageToken = page.NextPageToken
	}
	total, err := manager.CountIdentities(ctx, idem.Query{})
	fmt.Println(total, err)
	// Output:
	// 2 identities, and more: true
	// 1 identities, and more: false
	// 3 <nil>
}

// All that a filter selects, without a thought for pages.
func ExampleManager_Identities() {
	ctx, manager := context.Background(), newManager()
	for _, name := range []string{"ada", "grace", "karen"} {
		create(ctx, manager, fmt.Sprintf(`{"email":"%s@example.com"}`, name))
	}

	for _, q := range []idem.Query{
		{IdentifierPrefix: "gr"},
		{Identifier: "Karen@Example.com"},
	} {
		for i, err := range manager.Identities(ctx, q) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(string(i.Traits))
		}
	}
	// Output:
	// {"email":"grace@example.com"}
	// {"email":"karen@example.com"}
}
