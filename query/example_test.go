package query_test

import (
	"encoding/json"
	"fmt"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

func Example() {
	ada := &identity.Identity{State: identity.StateActive, Traits: json.RawMessage(`{"name":"Ada","age":36,"address":{"city":"Wien"}}`)}

	built := query.And(query.Eq("/state", "active"), query.Gt("/traits/age", 18), query.Not(query.Present("/credentials/totp")))
	fmt.Println(built)
	fmt.Println(built.Matches(ada))

	parsed, err := query.Parse(`traits.address.city eq "Wien" and traits.name sw "ad"`)
	fmt.Println(parsed.Matches(ada), err)

	_, err = query.Parse(`traits.age > 18`)
	fmt.Println(err)
	// Output:
	// state eq "active" and traits.age gt 18 and not (credentials.totp pr)
	// true
	// true <nil>
	// column 12: expected gt, found ">"
}

func ExampleExpr_Conditions() {
	e, err := query.Parse(`traits.plan eq "pro" and not (traits.name sw "x") and (state eq "active" or state eq "inactive")`)
	if err != nil {
		panic(err)
	}
	for _, condition := range e.Conditions() {
		fmt.Print(condition.Path)
		for _, test := range condition.Tests {
			text, _ := test.Text()
			from, to := test.Range()
			fmt.Printf(" %s %q: keys from %q to %q", test.Op, text, from, to)
		}
		fmt.Println()
	}
	// Output:
	// /traits/plan eq "pro": keys from "(pro" to "(pro\x00"
	// /state eq "active": keys from "(active" to "(active\x00" eq "inactive": keys from "(inactive" to "(inactive\x00"
}
