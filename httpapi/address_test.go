package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// verifiedAda has a verified email, which a phone without a verification joins.
const verifiedAda = `{
	"traits": {"email": "ada@example.org", "phone": "+16502530000"},
	"verifiable_addresses": [{"value": "ada@example.org", "via": "email", "verified": true, "verified_at": "2026-01-02T03:04:05Z"}]
}`

func TestUpdateKeepsWhatIsKnownOfAnAddress(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		before := f.create(t, verifiedAda)
		require.True(t, before.Verifiable[0].Verified)
		for _, c := range []struct{ name, body string }{
			{"the same letters", `{"traits":{"email":"ada@example.org","phone":"+16502530000"},"metadata_public":1}`},
			{"other letters", `{"traits":{"email":"ADA@Example.ORG","phone":"+16502530000"}}`},
			{"a phone number written in another way", `{"traits":{"email":"ada@example.org","phone":"+1 (650) 253-0000 "}}`},
			{"the same addresses from other traits", `{"traits":{"contact":"ada@example.org","rescue":"ada@example.org","phone":"+16502530000"}}`},
			{"another state", `{"state":"inactive","traits":{"email":"ada@example.org","phone":"+16502530000"}}`},
		} {
			t.Run(c.name, func(t *testing.T) {
				updated := f.update(t, before.ID, c.body)
				require.NotEqual(t, before.etag, updated.etag)
				require.ElementsMatch(t, before.Verifiable, updated.Verifiable)
				require.ElementsMatch(t, before.Recovery, updated.Recovery)
			})
		}
	})
}

func TestUpdateAddsAndRemovesAddresses(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		before := f.create(t, verifiedAda)
		require.Len(t, before.Verifiable, 2)
		require.Len(t, before.Recovery, 2)

		changed := f.put(t, before.ID, `{"traits":{"email":"new@example.org","phone":"+16502530000"}}`).document(t)
		now := stamp(f.now())
		email := addressOf(t, changed.Verifiable, "email")
		require.Equal(t, address{
			ID: email.ID, Value: "new@example.org", Via: "email", Status: "pending", CreatedAt: now, UpdatedAt: now,
		}, email)
		require.NotEqual(t, addressOf(t, before.Verifiable, "email").ID, email.ID)
		recovery := addressOf(t, changed.Recovery, "email")
		require.Equal(t, address{ID: recovery.ID, Value: "new@example.org", Via: "email", CreatedAt: now, UpdatedAt: now}, recovery)
		require.NotEqual(t, addressOf(t, before.Recovery, "email").ID, recovery.ID)
		require.Equal(t, addressOf(t, before.Verifiable, "sms"), addressOf(t, changed.Verifiable, "sms"))
		require.Equal(t, addressOf(t, before.Recovery, "sms"), addressOf(t, changed.Recovery, "sms"))

		back := f.update(t, before.ID, `{"traits":{"email":"ada@example.org","phone":"+16502530000"}}`)
		require.False(t, addressOf(t, back.Verifiable, "email").Verified, "what was gone has to be verified again")

		none := f.put(t, before.ID, `{"traits":{}}`)
		require.NotContains(t, string(none.body), "_addresses")
	})
}

func addressOf(t *testing.T, addresses []address, via string) address {
	t.Helper()
	for _, a := range addresses {
		if a.Via == via {
			return a
		}
	}
	require.Failf(t, "no such address", "via %s in %v", via, addresses)
	return address{}
}

func TestAddressesAreNormalised(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			name, traits string
			via, value   string
			keptAs       string // the traits
		}{
			{name: "an email in capitals", traits: `{"email":"Ada@Example.ORG"}`, via: "email", value: "ada@example.org", keptAs: `{"email":"Ada@Example.ORG"}`},
			{name: "a phone with blanks", traits: `{"phone":"+44 20 7031 3000"}`, via: "sms", value: "+442070313000", keptAs: `{"phone":"+442070313000"}`},
			{name: "a phone with brackets", traits: `{ "phone" : "+1 (650) 253-0001" , "age":1 }`, via: "sms", value: "+16502530001", keptAs: `{ "phone" : "+16502530001" , "age":1 }`},
			{name: "an escaped phone", traits: `{"phone":"\u002b1 650\u0020253 0002"}`, via: "sms", value: "+16502530002", keptAs: `{"phone":"+16502530002"}`},
			{name: "what is not to be checked", traits: `{"mailbox":" Ada Lovelace <ADA@x> "}`, via: "email", value: "ada lovelace <ada@x>", keptAs: `{"mailbox":" Ada Lovelace <ADA@x> "}`},
		} {
			t.Run(c.name, func(t *testing.T) {
				id := f.create(t, `{}`).ID
				updated := f.update(t, id, `{"traits":`+c.traits+`}`)
				require.Equal(t, c.keptAs, string(updated.Traits))
				require.Equal(t, c.value, addressOf(t, updated.Verifiable, c.via).Value)
				require.Equal(t, 204, f.do(t, "DELETE", identityPath(id), "").status)
				require.Equal(t, c.keptAs, string(f.create(t, `{"traits":`+c.traits+`}`).Traits))
			})
		}
	})
}

func TestCreateWithAddresses(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			name, given string
			verified    bool
			status      string
			verifiedAt  string // "" for none, "now" for the time of the request
		}{
			{"nothing given", ``, false, "pending", ""},
			{"verified at a time", `{"value":"ada@example.org","via":"email","verified":true,"status":"completed","verified_at":"2026-01-02T04:04:05.123456789+01:00"}`, true, "completed", "2026-01-02T03:04:05.123456Z"},
			{"verified", `{"value":"ada@example.org","via":"email","verified":true}`, true, "completed", "now"},
			{"verified with a null time", `{"value":"ada@example.org","via":"email","verified":true,"verified_at":null}`, true, "completed", "now"},
			{"sent", `{"value":"ada@example.org","via":"email","verified":false,"status":"sent"}`, false, "sent", ""},
			{"not verified", `{"value":"ada@example.org","via":"email","verified":false}`, false, "pending", ""},
			{"verified with another status", `{"value":"ada@example.org","via":"email","verified":true,"status":"pending"}`, true, "pending", "now"},
			{"completed but not verified", `{"value":"ada@example.org","via":"email","verified":false,"status":"completed"}`, false, "completed", ""},
			{"in other letters", `{"value":" ADA@Example.org ","via":"email","verified":true}`, true, "completed", "now"},
			{"as it is answered", `{"id":"` + absentID + `","value":"ada@example.org","via":"email","verified":true,"created_at":"2020-01-01T00:00:00Z","updated_at":"2020-01-01T00:00:00Z"}`, true, "completed", "now"},
			{"that no trait gives", `{"value":"eve@example.org","via":"email","verified":true}`, false, "pending", ""},
			{"by another way", `{"value":"ada@example.org","via":"sms","verified":true}`, false, "pending", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				r := f.post(t, `{"traits":{"email":"Ada@example.org"},"verifiable_addresses":[`+c.given+`],"recovery_addresses":[{"value":"eve@example.org","via":"email"}]}`)
				require.Equal(t, 201, r.status, "%s", r.body)
				created := r.document(t)
				require.Len(t, created.Verifiable, 1)
				a := created.Verifiable[0]
				require.Equal(t, "ada@example.org", a.Value)
				require.Equal(t, c.verified, a.Verified)
				require.Equal(t, c.status, a.Status)
				require.Equal(t, stamp(f.now()), a.CreatedAt)
				require.NotEqual(t, absentID, a.ID)
				switch c.verifiedAt {
				case "":
					require.Nil(t, a.VerifiedAt)
				case "now":
					require.Equal(t, stamp(f.now()), *a.VerifiedAt)
				default:
					require.Equal(t, c.verifiedAt, *a.VerifiedAt)
				}
				require.Len(t, created.Recovery, 1)
				require.Equal(t, "ada@example.org", created.Recovery[0].Value)
				require.Equal(t, string(r.body), string(f.get(t, created.ID).body))
				require.Equal(t, 204, f.do(t, "DELETE", identityPath(created.ID), "").status)
			})
		}
		t.Run("a phone as people write it", func(t *testing.T) {
			created := f.create(t, `{"traits":{"phone":"+1 650 253 0000"},"verifiable_addresses":[{"value":"+1 (650) 253-0000","via":"sms","verified":true}]}`)
			require.True(t, created.Verifiable[0].Verified)
			require.Equal(t, "+16502530000", created.Verifiable[0].Value)
		})
	})
}
