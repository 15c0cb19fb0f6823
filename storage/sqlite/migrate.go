package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// migrations holds the steps that made the tables what they are, in the order of
// their names. A released step is never edited; a change is a new step.
//
//go:embed migrations/*.sql
var migrations embed.FS

const createVersionTable = `CREATE TABLE IF NOT EXISTS idem_migrations (version INTEGER NOT NULL PRIMARY KEY)`

// migrate brings the tables up to date, in one transaction. It refuses a database
// that a newer release has migrated further, since it could not keep what that
// release promised.
func migrate(ctx context.Context, db *sql.DB) (err error) {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	slices.Sort(steps)

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	if _, err := tx.ExecContext(ctx, createVersionTable); err != nil {
		return translate(err)
	}
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM idem_migrations`).Scan(&version); err != nil {
		return translate(err)
	}
	if version > len(steps) {
		return fmt.Errorf("sqlite: the database is at version %d, written by a newer release of idem; this one knows versions up to %d", version, len(steps))
	}
	for n, name := range steps[version:] {
		step, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
		if _, err := tx.ExecContext(ctx, string(step)); err != nil {
			return fmt.Errorf("%s: %w", name, translate(err))
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO idem_migrations (version) VALUES (?)`, version+n+1); err != nil {
			return translate(err)
		}
	}
	return translateCommit(tx.Commit())
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
