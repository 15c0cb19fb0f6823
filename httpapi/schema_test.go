package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGetSchema(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, c := range []struct{ path, file string }{
			{"/schemas/person", "person"},
			{"/schemas/cGVyc29u", "person"},
			{"/schemas/b2b%2Fdevice", "device"},
			{"/schemas/YjJiL2RldmljZQ", "device"},
			{"/schemas/%66ree", "free"},
		} {
			r := f.do(t, http.MethodGet, c.path, "")
			require.Equal(t, http.StatusOK, r.status, c.path)
			require.Equal(t, string(readSchemaFile(t, c.file)), string(r.body), "as it was registered")
		}
		for _, path := range []string{"/schemas/nobody", "/schemas/Person", "/schemas/cGVyc29u=", "/schemas/YjJiL2RldmljZQ==", "/schemas/%00", "/schemas/%2E%2E%2Fperson"} {
			requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodGet, path, ""))
		}
	})
}

func TestListSchemas(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		r := f.do(t, http.MethodGet, "/schemas", "")
		require.Equal(t, http.StatusOK, r.status)
		var schemas []map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(r.body, &schemas))
		require.Len(t, schemas, 3)
		for n, want := range []struct{ id, file string }{{personSchema, "person"}, {deviceSchema, "device"}, {freeSchema, "free"}} {
			require.Len(t, schemas[n], 2)
			require.JSONEq(t, `"`+want.id+`"`, string(schemas[n]["id"]))
			require.JSONEq(t, string(readSchemaFile(t, want.file)), string(schemas[n]["schema"]))
		}
	})
}
