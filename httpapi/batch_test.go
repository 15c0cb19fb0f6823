package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

type batchResult struct {
	Action   string     `json:"action"`
	Identity string     `json:"identity"`
	PatchID  string     `json:"patch_id"`
	Error    *errorBody `json:"error"`
}

func (f *fixture) batch(t *testing.T, items ...string) []batchResult {
	t.Helper()
	r := f.do(t, http.MethodPatch, "/admin/identities", `{"identities":[`+strings.Join(items, ",")+`]}`)
	require.Equal(t, http.StatusOK, r.status, "%s", r.body)
	var answer struct {
		Identities []batchResult `json:"identities"`
	}
	require.NoError(t, json.Unmarshal(r.body, &answer))
	require.Len(t, answer.Identities, len(items))
	return answer.Identities
}

func TestBatchItemsStandAlone(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		f.create(t, `{"schema_id":"person","traits":{"email":"there@example.com"}}`)
		item := func(create string) string { return `{"create":` + create + `}` }
		results := f.batch(t,
			`{"create":{"schema_id":"person","traits":{"email":"a@example.com"}},"patch_id":"018F0000-0000-7000-8000-00000000ABCD"}`,
			item(`{"schema_id":"person","state":"asleep","traits":{"email":"b@example.com"}}`),
			item(`{"schema_id":"person","traits":{"email":"nobody"}}`),
			item(`{"schema_id":"person","traits":{"email":"THERE@example.com"}}`),
			item(`{"schema_id":"person","traits":{"email":"A@example.com"}}`),
			item(`{"schema_id":"person","traits":{"email":"c@example.com"},"nickname":"c"}`),
			item(`{"schema_id":"person","traits":{"email":"d@example.com"},"credentials":{"password":{"config":{"hashed_password":"x"}}}}`),
			item(`null`), `{}`, item(`5`),
			item(`{"schema_id":"person","traits":{"email":"e@example.com"},"credentials":{"password":{"config":{"password":"a password"}}}}`),
		)
		for n, want := range []string{"", "validation_failed", "validation_failed", "conflict", "conflict", "validation_failed", "validation_failed", "validation_failed", "validation_failed", "validation_failed", ""} {
			if want != "" {
				require.Equal(t, "error", results[n].Action, "item %d", n)
				require.Equal(t, want, results[n].Error.ID, "item %d", n)
				require.Empty(t, results[n].Identity)
				continue
			}
			require.Equal(t, "create", results[n].Action, "item %d", n)
			require.Nil(t, results[n].Error)
			require.Equal(t, http.StatusOK, f.get(t, results[n].Identity).status)
		}
		require.Equal(t, "018f0000-0000-7000-8000-00000000abcd", results[0].PatchID)
		require.Equal(t, []string{"/identities/1/create/state"}, results[1].Error.pointers())
		require.Equal(t, "/identities/4/create/traits/email", results[4].Error.Details.Conflict["pointer"])
		require.Empty(t, f.batch(t))
	})
}

func TestBatchAsAWholeIsRefused(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		item := func(n int, credentials string) string {
			return fmt.Sprintf(`{"create":{"schema_id":"person","traits":{"email":"p%d@example.com"}%s}}`, n, credentials)
		}
		many := func(n int, credentials string) string {
			var items []string
			for i := range n {
				items = append(items, item(i, credentials))
			}
			return `{"identities":[` + strings.Join(items, ",") + `]}`
		}
		for name, c := range map[string]struct {
			status int
			body   string
		}{
			"malformed":          {400, `{"identities":[`},
			"no object":          {400, `[]`},
			"unknown field":      {400, `{"identities":[],"dry_run":true}`},
			"unknown item field": {400, `{"identities":[{"create":{},"update":{}}]}`},
			"no list":            {400, `{"identities":{}}`},
			"all or nothing":     {400, `{"identities":[],"with_partial_inserts":false}`},
			"patch id":           {400, `{"identities":[{"create":{},"patch_id":"1"}]}`},
			"duplicate names":    {400, `{"identities":[{"create":{"traits":{},"traits":{}}}]}`},
			"too many":           {400, many(1001, "")},
			"too many passwords": {400, many(201, `,"credentials":{"password":{"config":{"password":"a password"}}}`)},
			"too large":          {413, `{"identities":[` + strings.Repeat(" ", 16<<20) + `]}`},
		} {
			r := f.do(t, http.MethodPatch, "/admin/identities", c.body)
			require.Equal(t, c.status, r.status, "%s: %.200s", name, r.body)
		}
		r := f.do(t, http.MethodPatch, "/admin/identities", `{}`, "Content-Type", "application/merge-patch+json")
		require.Equal(t, http.StatusUnsupportedMediaType, r.status)
		emails, _ := f.list(t, "")
		require.Empty(t, emails, "nothing was created")

		r = f.do(t, http.MethodPatch, "/admin/identities", many(1000, ""))
		require.Equal(t, http.StatusOK, r.status)
	})
}

// TestBatchAnswerIsBounded sends a small batch whose items each miss every one of many alternatives.
func TestBatchAnswerIsBounded(t *testing.T) {
	var branches []string
	for n := range 60 {
		branches = append(branches, fmt.Sprintf(`{"required":["a%[1]d","b%[1]d","c%[1]d","d%[1]d"]}`, n))
	}
	wide, err := schema.Parse("wide", []byte(`{"properties":{"traits":{"type":"object","properties":{"x":{"items":{"type":"object","anyOf":[`+strings.Join(branches, ",")+`]}}}}}}`))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(wide)
	require.NoError(t, err)
	f := newFixture(t, "memory", memory.New())
	require.NoError(t, f.manager.SetSchemas(schemas))
	item := `{"create":{"traits":{"x":[{},{},{},{}]}}}`

	// Few items have room for all alternatives.
	one := f.batch(t, item)[0].Error
	require.Len(t, one.Details.Violations, 4)
	require.Len(t, one.Details.Violations[3].Alternatives, 60)
	require.Len(t, one.Details.Violations[3].Alternatives[59], 4)

	body := `{"identities":[` + strings.Repeat(item+",", 999) + item + `]}`
	r := f.do(t, http.MethodPatch, "/admin/identities", body)
	require.Equal(t, http.StatusOK, r.status)
	require.Less(t, len(r.body), 50*len(body))
	require.Equal(t, 1000, strings.Count(string(r.body), `"pointer":"/identities/`)/4, "each item says what is wrong")
	require.False(t, strings.Contains(string(r.body), `"alternatives":`))
}
