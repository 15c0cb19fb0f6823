package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// personSchema has a bit of everything that a form shows.
const personSchema = `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Person",
  "type": "object",
  "properties": {"traits": {
    "type": "object",
    "properties": {
      "email": {"type": "string", "format": "email", "title": "E-mail", "ory.sh/kratos": {
        "credentials": {"password": {"identifier": true}, "code": {"identifier": true, "via": "email"}},
        "verification": {"via": "email"}, "recovery": {"via": "email"}}},
      "name": {"type": "object", "title": "Name", "properties": {
        "first": {"type": "string", "title": "First name", "minLength": 1, "maxLength": 80},
        "last": {"type": "string", "title": "Last name"}}},
      "plan": {"type": "string", "title": "Plan", "enum": ["free", "team", "enterprise"], "default": "free"},
      "newsletter": {"type": "boolean", "title": "Newsletter"},
      "seats": {"type": "integer", "title": "Seats", "minimum": 1, "maximum": 5000, "description": "How many people may use the account."},
      "phones": {"type": "array", "title": "Phones", "maxItems": 5, "items": {"type": "string"}},
      "places": {"type": "array", "title": "Places", "items": {"type": "object", "properties": {"city": {"type": "string", "title": "City"}, "country": {"type": "string", "title": "Country", "enum": ["AT", "DE", "CH"]}}, "required": ["city"]}}
    },
    "required": ["email"],
    "additionalProperties": true
  }}
}`

const deviceSchema = `{"type": "object", "properties": {"traits": {"type": "object", "properties": {"serial": {"type": "string", "title": "Serial number", "ory.sh/kratos": {"credentials": {"password": {"identifier": true}}}}, "firmware": {"type": "string"}}, "required": ["serial"]}}}`

func newManager(t testing.TB, store storage.Storage) *idem.Manager {
	person, err := schema.Parse("person", []byte(personSchema))
	require.NoError(t, err)
	device, err := schema.Parse("device", []byte(deviceSchema))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person, device)
	require.NoError(t, err)
	hasher, err := passwordhash.NewBcrypt(4) // the cost of a password is tested elsewhere
	require.NoError(t, err)
	manager, err := idem.New(store, schemas, idem.WithHasher(hasher))
	require.NoError(t, err)
	return manager
}

var firstNames = strings.Fields("Ada Grace Alan Katherine Edsger Barbara Donald Hedy Niklaus Radia Tim Margaret Ken Frances Dennis Joan Linus Shafi Whitfield Karen John Adele Vint Sophie")
var lastNames = strings.Fields("Lovelace Hopper Turing Johnson Dijkstra Liskov Knuth Lamarr Wirth Perlman Lee Hamilton Thompson Allen Ritchie Clarke Torvalds Goldwasser Diffie Jones Backus Goldberg Cerf Wilson")

// seed makes the people that the tests look at, and returns the first.
func seed(t testing.TB, manager *idem.Manager, count int) *identity.Identity {
	ctx := idem.ContextWithActor(context.Background(), "import")
	var creates []identity.Create
	for n := range count {
		first, last := firstNames[n%len(firstNames)], lastNames[(n+n/len(firstNames))%len(lastNames)]
		email := strings.ToLower(fmt.Sprintf("%s.%s%s@example.com", first, last, map[bool]string{true: fmt.Sprint(n)}[n >= len(firstNames)]))
		traits := fmt.Sprintf(`{"email":%q,"name":{"first":%q,"last":%q},"plan":%q,"seats":%d,"newsletter":%t}`, email, first, last, []string{"free", "team", "enterprise"}[n%3], n%40+1, n%2 == 0)
		if n == 0 {
			traits = strings.TrimSuffix(traits, "}") + `,"phones":["+44 20 7946 0000","+44 20 7946 0001"],"places":[{"city":"London"},{"city":"Wien","country":"AT"}],"customer":"C-1815"}`
		}
		c := identity.Create{Traits: json.RawMessage(traits), MetadataPublic: json.RawMessage(`{"plan":"pro","since":2019}`), MetadataAdmin: json.RawMessage(`{"note":"met at the fair"}`)}
		if n%5 == 3 {
			c.State = identity.StateInactive
		}
		if n%3 != 1 {
			c.VerifiableAddresses = []identity.CreateVerifiableAddress{{Value: email, Verified: true}}
		}
		creates = append(creates, c)
	}
	results, err := manager.CreateIdentities(ctx, creates)
	require.NoError(t, err)
	for _, r := range results {
		require.NoError(t, r.Err)
	}
	ada := results[0].Identity
	ada, err = manager.UpdateIdentity(idem.ContextWithActor(ctx, "admin:grace"), ada.ID, identity.Update{
		Traits: ada.Traits, MetadataPublic: ada.MetadataPublic, MetadataAdmin: ada.MetadataAdmin, ExternalID: "customer-1815",
		Credentials: &credentials.Import{
			Password:     &credentials.ImportPassword{HashedPassword: "$2a$04$zxZz1sJ7yCr3iWPyUYPX0u9eyhiRBGp4WSZHoqGQrF37bNSz9Xaqy"},
			OIDC:         &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1815-12-10"}, {Provider: "github", Subject: "ada"}}},
			TOTP:         &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=idem"},
			LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "one-secret-code"}, {Code: "two", UsedAt: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)}}},
		},
	})
	require.NoError(t, err)
	return ada
}

// hostile is somebody whose traits and metadata are made to break a page.
func hostile(t testing.TB, manager *idem.Manager) uuid.UUID {
	markup := `<script>document.title="owned"</script><img src=x onerror=alert(1)>"'</textarea></pre><style>*{display:none}</style>{{.}}`
	values := map[string]any{
		"email":  "hostile@example.com",
		"name":   map[string]any{"first": strings.Repeat("Long", 20), "last": "\u202egnirts\u202c " + markup},
		"markup": markup, markup: markup,
		"rtl": "\u0627\u0644\u0633\u0644\u0627\u0645 \u202eevil\u202c",
		"ten": strings.Repeat("x", 10_000),
	}
	// As deep as traits and metadata may be: the object around it is the last level.
	deep := `"bottom"`
	for range schema.MaxTraitsDepth - 1 {
		deep = `{"d":` + deep + `}`
	}
	values["deep"] = json.RawMessage(deep)
	traits, err := json.Marshal(values)
	require.NoError(t, err)
	created, err := manager.CreateIdentity(idem.ContextWithActor(context.Background(), markup), identity.Create{Traits: traits, MetadataAdmin: traits, MetadataPublic: traits})
	require.NoError(t, err)
	return created.ID
}
