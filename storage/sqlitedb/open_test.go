package sqlitedb

import (
	"context"
	"database/sql"

	_ "modernc.org/sqlite"
)

// openFile opens a database file for the tests of this package's inside as sqlite.Open
// does, which they cannot import.
func openFile(ctx context.Context, path string, options ...Option) (*Store, error) {
	const settings = "&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_pragma=wal_autocheckpoint(4000)"
	writer, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate"+settings)
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	readers, err := sql.Open("sqlite", "file:"+path+"?_query_only=true"+settings)
	if err != nil {
		return nil, err
	}
	readers.SetMaxOpenConns(4)
	readers.SetMaxIdleConns(4)
	return New(ctx, writer, append(options, WithReadPool(readers), WithImmediateTransactions(), WithClose())...)
}
