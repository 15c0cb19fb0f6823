package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ada = `{"traits":{"email":"ada@example.org"}}`

func TestUpdateSchema(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"ada@example.org","username":"ada"}}`).ID
		for _, kept := range []string{``, `"schema_id":"",`, `"schema_id":null,`, `"schema_id":"person",`} {
			updated := f.update(t, id, `{`+kept+`"traits":{"email":"ada@example.org"}}`)
			require.Equal(t, personSchema, updated.SchemaID)
			require.Equal(t, baseURL+"/schemas/cGVyc29u", updated.SchemaURL)
		}

		moved := f.update(t, id, `{"schema_id":"b2b/device","traits":{"serial":"A1","email":"ada@example.org"}}`)
		require.Equal(t, deviceSchema, moved.SchemaID)
		require.Equal(t, baseURL+"/schemas/YjJiL2RldmljZQ", moved.SchemaURL)
		require.Equal(t, []string{"a1"}, moved.Credentials["password"].Identifiers)
		require.Len(t, moved.Credentials, 1, "identifiers of the old schema are stale")
		require.Len(t, moved.Verifiable, 1)
		require.Empty(t, moved.Recovery)

		kept := f.update(t, id, `{"traits":{"serial":"A2"}}`)
		require.Equal(t, deviceSchema, kept.SchemaID)
	})
}

func TestUpdateState(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"ada@example.org"}}`).ID
		created := stamp(f.now())

		inactive := f.update(t, id, `{"state":"inactive","traits":{}}`)
		require.Equal(t, "inactive", inactive.State)
		changed := inactive.StateChangedAt
		require.Equal(t, inactive.UpdatedAt, changed)
		require.Greater(t, changed, created)

		for n, keep := range []string{``, `"state":"",`, `"state":null,`, `"state":"inactive",`} {
			kept := f.update(t, id, fmt.Sprintf(`{%s"traits":{"age":%d}}`, keep, n))
			require.Equal(t, "inactive", kept.State)
			require.Equal(t, changed, kept.StateChangedAt, "the state has not changed")
			require.Greater(t, kept.UpdatedAt, changed)
		}

		active := f.update(t, id, `{"state":"active","traits":{}}`)
		require.Equal(t, "active", active.State)
		require.Equal(t, active.UpdatedAt, active.StateChangedAt)
	})
}

func TestUpdateTraits(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"traits":{"email":"ada@example.org","name":"Ada"}}`).ID

		t.Run("replaced whole", func(t *testing.T) {
			require.JSONEq(t, `{"age":36}`, string(f.update(t, id, `{"traits":{"age":36}}`).Traits))
		})
		t.Run("absent means empty", func(t *testing.T) {
			updated := f.update(t, id, `{"metadata_public":1}`)
			require.Equal(t, `{}`, string(updated.Traits))
			require.Empty(t, updated.Verifiable)
			require.Empty(t, updated.Recovery)
			require.Empty(t, updated.Credentials)
		})
		t.Run("an empty body", func(t *testing.T) {
			require.Equal(t, `{}`, string(f.update(t, id, `{}`).Traits))
		})
	})
}

func TestTraitsAndMetadataKeepTheirBytes(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"schema_id":"free"}`).ID
		for _, value := range []string{
			"{ \"b\" :\t1 ,\r\n \"a\":[ 1 , 2 ]\n}",
			`{"escapes":"\u0041\/\u00e9\ud83d\ude00\\\"\b\f\n\r\t"}`,
			`{"plain":"é😀/<>&` + "\u2028\u2029\u007f" + `"}`,
			`{"numbers":[1.0,1e2,1E+2,-0,-0.0,0.10,123456789012345678901234567890,1.7976931348623157e308]}`,
			`{"order":0,"Order":1,"a":2,"":3,"ORDER":4}`,
			`{"null":null,"\u0000":"\u0000"}`,
			`{}`, `{ }`,
		} {
			updated := f.put(t, id, "{\"metadata_admin\": "+value+" ,\n\"traits\" :\t"+value+"\n, \"metadata_public\":"+value+"}")
			require.Equal(t, http.StatusOK, updated.status, "%s", updated.body)
			read := f.get(t, id)
			require.Equal(t, string(updated.body), string(read.body))
			require.Contains(t, string(read.body), `"traits":`+value+`,"metadata_public":`+value+`,"metadata_admin":`+value+`,"created_at"`)
		}
	})
}

func TestUpdateMetadata(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		t.Run("any value", func(t *testing.T) {
			id := f.create(t, `{}`).ID
			for _, value := range []string{`{"a":1}`, `[]`, `[null]`, `"text"`, `0`, `false`, `""`, `{}`} {
				updated := f.update(t, id, `{"metadata_public":`+value+`,"metadata_admin":`+value+`}`)
				require.Equal(t, value, string(updated.MetadataPublic))
				require.Equal(t, value, string(updated.MetadataAdmin))
			}
		})
		t.Run("replaced and not merged", func(t *testing.T) {
			id := f.create(t, `{"metadata_public":{"a":1},"metadata_admin":{"a":1}}`).ID
			updated := f.update(t, id, `{"metadata_public":{"b":2},"metadata_admin":{"b":2}}`)
			require.Equal(t, `{"b":2}`, string(updated.MetadataPublic))
			require.Equal(t, `{"b":2}`, string(updated.MetadataAdmin))
		})
		for _, body := range []string{`{}`, `{"metadata_public":null,"metadata_admin":null}`} {
			t.Run("cleared by "+body, func(t *testing.T) {
				id := f.create(t, `{"metadata_public":{"a":1},"metadata_admin":{"a":1}}`).ID
				r := f.put(t, id, body)
				require.Contains(t, string(r.body), `"metadata_public":null,"metadata_admin":null,`)
				require.Equal(t, string(r.body), string(f.get(t, id).body))
			})
		}
		t.Run("never set", func(t *testing.T) {
			id := f.create(t, `{}`).ID
			r := f.put(t, id, `{"state":"inactive"}`)
			require.Contains(t, string(r.body), `"metadata_public":null,"metadata_admin":null,"created_at"`)
		})
		t.Run("never set, then null", func(t *testing.T) {
			id := f.create(t, `{}`).ID
			r := f.put(t, id, `{"metadata_admin":null}`)
			require.Contains(t, string(r.body), `"metadata_public":null,"metadata_admin":null,`)
			require.Equal(t, revisionTag(id, 1), r.etag(), "null is the same as never set")
		})
		t.Run("created with null", func(t *testing.T) {
			r := f.post(t, `{"metadata_public":null,"metadata_admin":null}`)
			require.Contains(t, string(r.body), `"metadata_public":null,"metadata_admin":null,`)
		})
	})
}

func TestUpdateExternalID(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, cleared := range []string{`{}`, `{"external_id":""}`, `{"external_id":null}`} {
			id := f.create(t, `{"external_id":"first"}`).ID
			updated := f.update(t, id, `{"external_id":"second"}`)
			require.Equal(t, "second", *updated.ExternalID)
			r := f.put(t, id, cleared)
			require.Equal(t, http.StatusOK, r.status)
			require.NotContains(t, string(r.body), "external_id")
			for _, gone := range []string{"first", "second"} {
				requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodGet, "/admin/identities/by/external/"+gone, ""))
			}
		}
		// What was cleared is free again, also for another identity.
		f.create(t, `{"external_id":"first"}`)
	})
}

func TestUpdateIgnoresWhatItDoesNotSet(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		before := f.create(t, fullCreate)
		updated := f.update(t, before.ID, `{
			"id": "`+strings.ToUpper(before.ID)+`",
			"schema_url": 7,
			"created_at": "1970-01-01T00:00:00Z",
			"updated_at": null,
			"state_changed_at": "never",
			"verifiable_addresses": [{"value": "ada@example.org", "verified": false, "colour": "red"}],
			"recovery_addresses": "none",
			"organization_id": null,
			"external_id": "crm/4711",
			"traits": `+string(before.Traits)+`,
			"metadata_public": {"plan": "paid"},
			"metadata_admin": {"risk": 3},
			"credentials": {
				"password": {"type": "oidc", "identifiers": ["eve"], "version": 9, "created_at": "x", "updated_at": 0},
				"code": {"type": "code", "identifiers": []},
				"totp": null, "saml": {}, "oidc": {"config": null}
			}
		}`)
		after := before
		after.MetadataPublic, after.UpdatedAt, after.etag = json.RawMessage(`{"plan": "paid"}`), updated.UpdatedAt, updated.etag
		require.Equal(t, after, updated)
		require.Greater(t, updated.UpdatedAt, before.UpdatedAt)
		require.NotEqual(t, before.etag, updated.etag)
	})
}

func TestUpdateThatChangesNothingWritesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, fullCreate).ID
		before := f.whole(t, id)
		requireNothingChanged := func(t *testing.T, body string) {
			t.Helper()
			r := f.put(t, id, body)
			require.Equal(t, http.StatusOK, r.status, "%s", r.body)
			require.Equal(t, before.etag(), r.etag())
			require.Equal(t, string(before.body), string(f.whole(t, id).body))
		}
		t.Run("the answer of a read", func(t *testing.T) { requireNothingChanged(t, string(f.get(t, id).body)) })
		for _, typ := range []string{"password", "oidc", "saml", "totp", "lookup_secret", "webauthn", "passkey", "code"} {
			t.Run("the answer of a read with the config of "+typ, func(t *testing.T) {
				requireNothingChanged(t, string(f.get(t, id+"?include_credential="+typ).body))
			})
		}
		t.Run("the answer of a read with every config", func(t *testing.T) { requireNothingChanged(t, string(before.body)) })
		t.Run("the answer of a read with empty lists of credentials", func(t *testing.T) {
			requireNothingChanged(t, strings.Replace(string(f.get(t, id).body), `"oidc":{`, `"oidc":{"config":{"providers":[]},`, 1))
		})
		t.Run("a null id", func(t *testing.T) {
			requireNothingChanged(t, strings.Replace(string(f.get(t, id).body), `"`+id+`"`, `null`, 1))
		})
		t.Run("the same phone number, written as before", func(t *testing.T) {
			requireNothingChanged(t, strings.Replace(string(f.get(t, id).body), `+16502530000`, `+1 650 253 0000`, 1))
		})
		t.Run("the same update again", func(t *testing.T) {
			first := f.put(t, id, fullUpdate)
			require.Equal(t, http.StatusOK, first.status, "%s", first.body)
			require.NotEqual(t, before.etag(), first.etag())
			second := f.put(t, id, fullUpdate)
			require.Equal(t, string(first.body), string(second.body))
			require.Equal(t, first.etag(), second.etag())
		})
	})
}

func TestUpdateMovesTheRevision(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, ada)
		require.Equal(t, stamp(f.now()), created.CreatedAt)
		require.Equal(t, created.CreatedAt, created.UpdatedAt)
		last := created
		for n := range 3 {
			r := f.put(t, created.ID, fmt.Sprintf(`{"traits":{"age":%d}}`, n))
			updated := r.document(t)
			require.Equal(t, stamp(f.now()), updated.UpdatedAt)
			require.Equal(t, created.CreatedAt, updated.CreatedAt)
			require.NotEqual(t, last.etag, updated.etag)
			require.Equal(t, created.ID, updated.ID)
			last = updated
		}
	})
}

func TestUpdateOneIdentityOnly(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, ada).ID
		other := f.create(t, `{"traits":{"email":"bob@example.org"},"external_id":"bob"}`).ID
		before := f.whole(t, other)
		f.update(t, id, fullUpdate)
		after := f.whole(t, other)
		require.Equal(t, string(before.body), string(after.body))
		require.Equal(t, before.etag(), after.etag())
	})
}

func TestTimesAreInUTCAndWholeMicroseconds(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.time = time.Date(2026, 11, 23, 13, 0, 0, 123456789, time.FixedZone("CET", 3600))
		created := f.create(t, ada)
		require.Equal(t, "2026-11-23T12:00:01.123456Z", created.CreatedAt)
		require.Equal(t, created.CreatedAt, created.UpdatedAt)
		require.Equal(t, created.CreatedAt, created.StateChangedAt)
		require.Equal(t, created.CreatedAt, created.Verifiable[0].CreatedAt)
		require.Equal(t, created.CreatedAt, created.Credentials["code"].CreatedAt)
		require.Equal(t, created, f.get(t, created.ID).document(t))
	})
}
