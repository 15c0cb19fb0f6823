package sqlitedb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// TestWithoutFTS5 has a driver whose SQLite was built without FTS5, and one whose SQLite is
// older than the option that the index needs.
func TestWithoutFTS5(t *testing.T) {
	for name, refusal := range map[string]string{
		"without FTS5":       `SQL logic error: no such module: fts5 (1)`,
		"an older SQLite":    `SQL logic error: unrecognized option: "contentless_delete" (1)`,
		"an older tokenizer": `SQL logic error: error in tokenizer constructor (1)`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			lacking := sql.OpenDB(&lackingConnector{driver: openWAL(t, path).Driver(), name: "file:" + path + "?_busy_timeout=5000", refusal: errors.New(refusal)})
			t.Cleanup(func() { require.NoError(t, lacking.Close()) })

			_, err := sqlitedb.New(t.Context(), lacking, sqlitedb.WithIndex("/state"), sqlitedb.WithSearchIndex())
			require.ErrorContains(t, err, "needs an SQLite of version 3.43 or later with FTS5, which this driver does not have")
			var recorded int
			require.NoError(t, lacking.QueryRow(`SELECT (SELECT count(*) FROM idem_indexes) + (SELECT version FROM idem_indexing)`).Scan(&recorded))
			require.Zero(t, recorded, "nothing is declared")

			store, err := sqlitedb.New(t.Context(), lacking, sqlitedb.WithIndex("/traits/name"))
			require.NoError(t, err)
			i := person(1)
			i.Traits = []byte(`{"name":"Ada Lovelace"}`)
			_, err = store.Create(t.Context(), i)
			require.NoError(t, err)
			words, err := query.NewSearch("lovelace")
			require.NoError(t, err)
			page, err := store.List(t.Context(), storage.Query{Filter: storage.Filter{Search: words, Where: query.Eq("/traits/name", "Ada Lovelace")}})
			require.NoError(t, err)
			require.Len(t, page.Identities, 1)
			require.Equal(t, i.ID, page.Identities[0].ID)
			require.NoError(t, store.Close())

			// Another process has declared what this one cannot keep up.
			other, err := sqlitedb.New(t.Context(), openWAL(t, path), sqlitedb.WithSearchIndex())
			require.NoError(t, err)
			require.NoError(t, other.Close())
			_, err = sqlitedb.New(t.Context(), lacking)
			require.ErrorContains(t, err, "which this driver does not have")
		})
	}
}

// ofSearch are the statements that need FTS5.
var ofSearch = regexp.MustCompile(`USING fts5|(FROM|INTO) idem_search\b`)

// lackingConnector opens connections that refuse what needs FTS5.
type lackingConnector struct {
	driver  driver.Driver
	name    string
	refusal error
}

func (c *lackingConnector) Driver() driver.Driver { return c.driver }

func (c *lackingConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.name)
	if err != nil {
		return nil, err
	}
	return &lackingConn{conn.(fullConn), c.refusal}, nil
}

type fullConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
}

type lackingConn struct {
	fullConn
	refusal error
}

func (c *lackingConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if ofSearch.MatchString(query) {
		return nil, c.refusal
	}
	return c.fullConn.PrepareContext(ctx, query)
}

func (c *lackingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if ofSearch.MatchString(query) {
		return nil, c.refusal
	}
	return c.fullConn.ExecContext(ctx, query, args)
}

func (c *lackingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if ofSearch.MatchString(query) {
		return nil, c.refusal
	}
	return c.fullConn.QueryContext(ctx, query, args)
}
