package sqlitedb_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
	"github.com/idemkit/idem/storage/storagetest"
)

// openWAL opens a database as an application would, but for durability.
func openWAL(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=OFF")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestIndexes(t *testing.T) {
	storagetest.Indexes(t, func(t *testing.T) storagetest.IndexDatabase {
		path := filepath.Join(t.TempDir(), "a.db")
		return &indexDatabase{path: path, handles: map[storagetest.IndexStore]*sql.DB{}}
	}, 250)
}

// indexDatabase implements [storagetest.IndexDatabase].
type indexDatabase struct {
	path    string
	handles map[storagetest.IndexStore]*sql.DB
}

func (d *indexDatabase) Open(ctx context.Context, t *testing.T, logger *slog.Logger, paths ...string) (storagetest.IndexStore, error) {
	options := []sqlitedb.Option{sqlitedb.WithLogger(logger)}
	for _, path := range paths {
		if path == storagetest.SearchIndex {
			options = append(options, sqlitedb.WithSearchIndex())
		} else {
			options = append(options, sqlitedb.WithIndex(path))
		}
	}
	db := openWAL(t, d.path)
	store, err := sqlitedb.New(ctx, db, options...)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	d.handles[store] = db
	return store, nil
}

func (d *indexDatabase) Begin(t *testing.T, store storagetest.IndexStore) (storage.Storage, func(commit bool) error) {
	t.Helper()
	tx, err := d.handles[store].Begin()
	require.NoError(t, err)
	return store.(*sqlitedb.Store).WithTx(tx), func(commit bool) error {
		if commit {
			return tx.Commit()
		}
		return tx.Rollback()
	}
}

func (d *indexDatabase) Rows(t *testing.T) (all []storagetest.IndexRow, count int) {
	t.Helper()
	db := openWAL(t, d.path)
	rows, err := db.Query(`SELECT i.path, x.key, x.identity_id FROM idem_indexes i JOIN idem_index x ON x.number = i.number WHERE i.state = 'complete'
		UNION ALL SELECT i.path, x'', x.identity_id FROM idem_indexes i, idem_search_numbers x WHERE i.state = 'complete' AND i.path = ''`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var (
			row     storagetest.IndexRow
			key, id []byte
		)
		require.NoError(t, rows.Scan(&row.Path, &key, &id))
		row.Key, row.ID = string(key), uuid.UUID(id)
		all = append(all, row)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, db.QueryRow(`SELECT (SELECT count(*) FROM idem_index) + (SELECT count(*) FROM idem_search_numbers)`).Scan(&count))
	return all, count
}

func (d *indexDatabase) States(t *testing.T) map[string]int {
	t.Helper()
	rows, err := openWAL(t, d.path).Query(`SELECT state, count(*) FROM idem_indexes GROUP BY state`)
	require.NoError(t, err)
	defer rows.Close()
	states := map[string]int{}
	for rows.Next() {
		var (
			state string
			count int
		)
		require.NoError(t, rows.Scan(&state, &count))
		states[state] = count
	}
	require.NoError(t, rows.Err())
	return states
}

func (d *indexDatabase) Outdate(t *testing.T) {
	t.Helper()
	db := openWAL(t, d.path)
	_, err := db.Exec(`UPDATE idem_indexes SET fold_version = 'of another time'`)
	require.NoError(t, err)
	_, err = db.Exec(`UPDATE idem_indexing SET version = version + 1`)
	require.NoError(t, err)
}
