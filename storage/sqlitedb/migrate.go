package sqlitedb

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

//go:embed migrations/*.sql
var migrations embed.FS

// step is one change of the tables, or of what they hold.
type step struct {
	// file is a script in migrations. It and the entry that the step was made are one
	// transaction.
	file string
	// run is work in Go, in place of a script. It makes transactions of its own, so that
	// a large database does not keep other writers waiting. A process may end between any
	// two of them: the next one runs it from the beginning.
	run func(ctx context.Context, m *migration) error
}

// steps made the tables what they are. A released step is never edited; a change is a new
// step at the end.
var steps = []step{
	{file: "0001_identities.sql"},
	{file: "0002_changes.sql"},
	{file: "0003_records.sql"},
	{file: "0004_history.sql"},
	{run: claimKeys},
	{file: "0005_indexes.sql"},
}

const (
	createVersionTable = `CREATE TABLE IF NOT EXISTS idem_migrations (version INTEGER NOT NULL PRIMARY KEY)`
	selectVersionTable = `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'idem_migrations'`
	selectVersion      = `SELECT coalesce(max(version), 0) FROM idem_migrations`
	insertVersion      = `INSERT INTO idem_migrations (version) VALUES (?)`
	takeVersionLock    = `DELETE FROM idem_migrations WHERE version IS NULL`
)

// migration brings the tables of a database up to date.
type migration struct {
	*database
	logger *slog.Logger
}

// migrate makes the steps that are missing. It refuses a database that a newer release has
// migrated further, since it could not keep what that release promised.
func migrate(ctx context.Context, d *database, logger *slog.Logger) error {
	migrating := *d
	migrating.lock = []string{createVersionTable, takeVersionLock}
	m := &migration{database: &migrating, logger: logger}
	version, err := m.version(ctx)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("sqlitedb: the database is at version %d, written by a newer release of idem; this one knows versions up to %d", version, len(steps))
	}
	for ; version < len(steps); version++ { // if none is missing, without a lock
		if err := m.step(ctx, version+1, steps[version]); err != nil {
			return err
		}
	}
	return nil
}

// version returns how many steps were made.
func (m *migration) version(ctx context.Context) (version int, err error) {
	err = m.poll(ctx, time.Now(), func(time.Time) error {
		var exists bool
		if err := m.db.QueryRowContext(ctx, selectVersionTable).Scan(&exists); err != nil || !exists {
			return err
		}
		return m.db.QueryRowContext(ctx, selectVersion).Scan(&version)
	})
	return version, sqliteerror.Translate(err)
}

// step makes a step, unless another process that migrates has made it meanwhile.
func (m *migration) step(ctx context.Context, version int, s step) error {
	if s.run != nil {
		if err := s.run(ctx, m); err != nil {
			return err
		}
	}
	return m.inTransaction(ctx, func(tx *sql.Tx) error {
		// Where the transaction began with the lock this was not done yet.
		if _, err := tx.ExecContext(ctx, createVersionTable); err != nil {
			return sqliteerror.Translate(err)
		}
		var made int
		if err := tx.QueryRowContext(ctx, selectVersion).Scan(&made); err != nil {
			return sqliteerror.Translate(err)
		}
		if made >= version {
			return nil
		}
		if s.run == nil {
			script, err := migrations.ReadFile("migrations/" + s.file)
			if err != nil {
				return fmt.Errorf("sqlitedb: %w", err)
			}
			if _, err := tx.ExecContext(ctx, string(script)); err != nil {
				return fmt.Errorf("%s: %w", s.file, sqliteerror.Translate(err))
			}
		}
		_, err := tx.ExecContext(ctx, insertVersion, version)
		return sqliteerror.Translate(err)
	})
}
