package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const wrongSize = 256 << 10

// TestABodyThatIsWrongEverywhere makes sure that telling what is wrong stays in
// proportion: a large body must not be answered with a hundred times its size.
func TestABodyThatIsWrongEverywhere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	fill := func(before, part, after string) string {
		return before + strings.Repeat(part+",", (wrongSize-len(before)-len(after)-len(part))/(len(part)+1)) + part + after
	}
	var names strings.Builder
	for n := 0; names.Len() < wrongSize-20; n++ {
		fmt.Fprintf(&names, `"%x":1,`, n)
	}
	named := strings.TrimSuffix(names.String(), ",")
	for name, content := range map[string]string{
		"unknown fields":     `{` + named + `}`,
		"traits":             `{"traits":{` + named + `}}`,
		"links":              fill(`{"credentials":{"oidc":{"config":{"providers":[`, `{}`, `]}}}}`),
		"codes":              fill(`{"credentials":{"lookup_secret":{"config":{"codes":[`, `{}`, `]}}}}`),
		"keys":               fill(`{"credentials":{"webauthn":{"config":{"credentials":[`, `1`, `]}}}}`),
		"addresses":          fill(`{"verifiable_addresses":[`, `{}`, `]}`),
		"recovery addresses": fill(`{"recovery_addresses":[`, `{}`, `]}`),
		"operations":         fill(`[`, `{}`, `]`),
		"items":              fill(`{"identities":[`, `{}`, `]}`),
		"items that are few": `{"identities":[` + strings.TrimSuffix(strings.Repeat(`{"create":{"verifiable_addresses":[`+strings.TrimSuffix(strings.Repeat(`{},`, 50), ",")+`]}},`, 1000), ",") + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			onBodiesInMemory(t, func(t *testing.T, f *fixture, e endpoint, b body) {
				if b.mediaType == mediaJSONPatch {
					return // it is read as the other spelling of its media type is
				}
				r := f.do(t, e.method, e.at(firstID), content, "Content-Type", b.mediaType)
				require.Less(t, r.status, 500)
				require.Less(t, len(r.body), 3<<20, "%.2000s", r.body)
			})
		})
	}
}
