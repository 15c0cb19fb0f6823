package sqlitedb

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// migrations holds the steps that made the tables what they are, in the order of
// their names. A released step is never edited; a change is a new step.
//
//go:embed migrations/*.sql
var migrations embed.FS

const (
	createVersionTable = `CREATE TABLE IF NOT EXISTS idem_migrations (version INTEGER NOT NULL PRIMARY KEY)`
	selectVersion      = `SELECT coalesce(max(version), 0) FROM idem_migrations`
	takeVersionLock    = `DELETE FROM idem_migrations WHERE version IS NULL`
)

// migrate brings the tables up to date, all steps in one transaction. It refuses a
// database that a newer release has migrated further, since it could not keep what that
// release promised.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("sqlitedb: %w", err)
	}
	slices.Sort(steps)

	if _, err := db.ExecContext(ctx, createVersionTable); err != nil {
		return sqliteerror.Translate(err)
	}
	var version int
	if err := db.QueryRowContext(ctx, selectVersion).Scan(&version); err != nil {
		return sqliteerror.Translate(err)
	}
	switch {
	case version > len(steps):
		return fmt.Errorf("sqlitedb: the database is at version %d, written by a newer release of idem; this one knows versions up to %d", version, len(steps))
	case version == len(steps):
		return nil // without a lock, which another process may hold
	}
	return migrateBy(ctx, db, steps)
}

// migrateBy makes the steps that are missing, of which another process that migrates
// may have made some meanwhile.
func migrateBy(ctx context.Context, db *sql.DB, steps []string) error {
	return inTransaction(ctx, db, func(tx *sql.Tx) error {
		// First, because a transaction that has read cannot wait for a lock: what it has
		// read would be out of date.
		if _, err := tx.ExecContext(ctx, takeVersionLock); err != nil {
			return sqliteerror.Translate(err)
		}
		var version int
		if err := tx.QueryRowContext(ctx, selectVersion).Scan(&version); err != nil {
			return sqliteerror.Translate(err)
		}
		for n := version; n < len(steps); n++ {
			step, err := migrations.ReadFile(steps[n])
			if err != nil {
				return fmt.Errorf("sqlitedb: %w", err)
			}
			if _, err := tx.ExecContext(ctx, string(step)); err != nil {
				return fmt.Errorf("%s: %w", steps[n], sqliteerror.Translate(err))
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO idem_migrations (version) VALUES (?)`, n+1); err != nil {
				return sqliteerror.Translate(err)
			}
		}
		return nil
	})
}
