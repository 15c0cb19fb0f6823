package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateDefaults(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, body := range []string{
			`{}`,
			`{"schema_id":"","state":"","external_id":"","traits":{}}`,
			`{"schema_id":null,"state":null,"external_id":null,"organization_id":null,"credentials":null,"verifiable_addresses":null,"recovery_addresses":null,"metadata_public":null}`,
			`{"credentials":{},"verifiable_addresses":[],"recovery_addresses":[]}`,
		} {
			r := f.post(t, body)
			require.Equal(t, http.StatusCreated, r.status, "%s", r.body)
			require.Equal(t, revisionTag(r.document(t).ID, 1), r.etag())
			now, created := stamp(f.now()), r.document(t)
			require.Equal(t, document{
				ID: created.ID, SchemaID: personSchema, SchemaURL: baseURL + "/schemas/cGVyc29u", State: "active", StateChangedAt: now,
				Traits: []byte(`{}`), MetadataPublic: []byte(`null`), MetadataAdmin: []byte(`null`), CreatedAt: now, UpdatedAt: now, etag: revisionTag(created.ID, 1),
			}, created)
			require.Equal(t, baseURL+identityPath(created.ID), r.header.Get("Location"))
			require.Equal(t, string(r.body), string(f.get(t, created.ID).body))
		}
	})
}

func TestCreateInactive(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		created := f.create(t, `{"state":"inactive","schema_id":"b2b/device","organization_id":"7A3F0B6E52F14A5C8F0E6A4D1F0C9B21","traits":{"serial":"A1"}}`)
		require.Equal(t, "inactive", created.State)
		require.Equal(t, deviceSchema, created.SchemaID)
		require.Equal(t, "7a3f0b6e-52f1-4a5c-8f0e-6a4d1f0c9b21", *created.OrganizationID)
		require.Equal(t, []string{"a1"}, created.Credentials["password"].Identifiers)
	})
}

func TestARefusedCreateLeavesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, `{"external_id":"taken"}`)
		const wanted = `"traits":{"email":"ada@example.org","phone":"+16502530000"},"credentials":{"oidc":{"config":{"providers":[{"provider":"google","subject":"1"}]}}}`
		requireRefusal(t, refusal{status: 409}, f.post(t, `{"external_id":"taken",`+wanted+`}`))
		requireRefusal(t, invalid("/state"), f.post(t, `{"state":"asleep",`+wanted+`}`))
		f.create(t, `{`+wanted+`}`)
	})
}
