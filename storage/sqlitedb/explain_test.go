package sqlitedb

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
)

// TestPlans asks SQLite how it runs each statement that a list narrows by.
func TestPlans(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	require.NoError(t, err)
	defer db.Close()
	store, err := New(t.Context(), db, WithIndex("/state"), WithSearchIndex())
	require.NoError(t, err)
	defer store.Close()
	id, key := make([]byte, 16), []byte("key")
	for name, c := range map[string]struct {
		statement statement
		args      []any
		want      string
	}{
		"a page":                       {selectPage, []any{id, 10, 0}, "SEARCH idem_identities USING INDEX sqlite_autoindex_idem_identities_1 (id>?)"},
		"a page of an organization":    {selectOrganizationPage, []any{id, id, 10, 0}, "SEARCH idem_identities USING INDEX idem_identities_organization (organization_id=? AND id>?)"},
		"an identity":                  {selectIdentity, []any{id}, "SEARCH idem_identities USING INDEX sqlite_autoindex_idem_identities_1 (id=?)"},
		"the owner of an identifier":   {selectOwner, []any{"password", "a"}, "SEARCH idem_identifiers USING PRIMARY KEY (type=? AND identifier=?)"},
		"owners by a prefix":           {selectOwnersByPrefix, []any{"password", "a", "b", 10}, "SEARCH idem_identifiers USING PRIMARY KEY (type=? AND identifier>? AND identifier<?)"},
		"an equality":                  {selectIndexEqual, []any{1, key, id, 10}, "SEARCH idem_index USING PRIMARY KEY (number=? AND key=? AND identity_id>?)"},
		"a range, or an order":         {selectIndexUp, []any{1, key, id, key, 10}, "SEARCH idem_index USING PRIMARY KEY (number=? AND (key,identity_id)>(?,?) AND key<?)"},
		"an order from the end":        {selectIndexDown, []any{1, key, id, 10}, "SEARCH idem_index USING PRIMARY KEY (number=? AND (key,identity_id)<(?,?))"},
		"how long a range is":          {countIndexRows, []any{1, key, key, 10}, "CO-ROUTINE (subquery-1) | SEARCH idem_index USING PRIMARY KEY (number=? AND key>? AND key<?) | SCAN (subquery-1)"},
		"words":                        {selectSearch, []any{`"abc"`, 0, 10}, "SCAN idem_search VIRTUAL TABLE INDEX 64:M1> | SEARCH n USING INTEGER PRIMARY KEY (rowid=?)"},
		"the number of a text":         {selectSearchNumber, []any{id}, "SEARCH idem_search_numbers USING COVERING INDEX sqlite_autoindex_idem_search_numbers_1 (identity_id=?)"},
		"the deletion of an index row": {deleteIndexRow, []any{1, key, id}, "SEARCH idem_index USING PRIMARY KEY (number=? AND key=? AND identity_id=?)"},
		"the deletion of a text":       {deleteSearchText, []any{id}, "SCAN idem_search VIRTUAL TABLE INDEX 0:= | SCALAR SUBQUERY 1 | SEARCH idem_search_numbers USING COVERING INDEX sqlite_autoindex_idem_search_numbers_1 (identity_id=?)"},
		"the count of an organization": {countOrganization, []any{id}, "SEARCH idem_identities USING COVERING INDEX idem_identities_organization (organization_id=?)"},
	} {
		rows, err := db.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+queries[c.statement], c.args...)
		require.NoError(t, err, name)
		var plan []string
		for rows.Next() {
			var number, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&number, &parent, &unused, &detail))
			plan = append(plan, detail)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
		got := strings.Join(plan, " | ")
		require.NotContains(t, got, "TEMP B-TREE", "%s is sorted", name)
		assert.Equal(t, c.want, got, name)
	}
}
