package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// migrations holds the steps that made the tables what they are, in the order of their
// names. A released step is never edited; a change is a new step. A step may run again
// where an earlier run of it was interrupted.
//
//go:embed migrations/*.sql
var migrations embed.FS

const (
	createSchema       = `CREATE SCHEMA IF NOT EXISTS `
	createVersionTable = `CREATE TABLE IF NOT EXISTS @idem_migrations (version integer NOT NULL PRIMARY KEY)`
	selectVersion      = `SELECT coalesce(max(version), 0)::bigint FROM @idem_migrations`
	insertVersion      = `INSERT INTO @idem_migrations (version) VALUES ($1::integer) ON CONFLICT DO NOTHING`
	lockVersions       = `SELECT version FROM @idem_migrations WHERE version = 0 FOR UPDATE`
)

// migrate brings the tables up to date. It refuses a database that a newer release has
// migrated further, since it could not keep what that release promised. Of several
// processes that migrate at once each makes the steps that are missing by then.
func migrate(ctx context.Context, db database, cfg config) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	slices.Sort(names)
	m := &migration{db: db, config: cfg, steps: names}
	for n := 1; ; n++ {
		err := m.run(ctx)
		fault, state := faultOf(err), sqlState(err)
		racing := state == stateUniqueViolation || state == stateDuplicateTable || state == stateDuplicateObject || state == "42P06" || state == "XX000"
		switch {
		case err == nil || errors.Is(err, errNewer):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case racing || fault == faultAgain:
			// "IF NOT EXISTS" does not keep two that create at once apart.
			if n == repeatAttempts {
				return fmt.Errorf("postgres: the tables could not be created: others create them too (SQLSTATE %s)", state)
			}
		case (fault == faultLost || fault == faultNotSent) && n < readAttempts:
		case fault == faultOther:
			return fmt.Errorf("%w, while creating the tables", translate(err))
		default:
			return translate(err)
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// errNewer says that a newer release has written the database.
var errNewer = errors.New("postgres: the database was written by a newer release of idem")

// migration is the work of migrate.
type migration struct {
	db     database
	config config
	steps  []string
}

// run makes the steps that are missing, in one transaction.
func (m *migration) run(ctx context.Context) error {
	version, err := m.version(ctx, m.db)
	if sqlState(err) == stateUndefinedTable || sqlState(err) == "3F000" {
		if m.config.schema != "" {
			if _, err := m.db.exec(ctx, createSchema+quoteName(m.config.schema)); err != nil {
				return err
			}
		}
		if _, err := m.exec(ctx, m.db, createVersionTable); err != nil {
			return err
		}
		version, err = m.version(ctx, m.db)
	}
	if err != nil {
		return err
	}
	if version == len(m.steps) {
		return nil // without a lock, and without the right to create tables
	}
	if _, err := m.exec(ctx, m.db, insertVersion, int64(0)); err != nil {
		return err
	}
	tx, err := m.db.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.exec(ctx, `SET TRANSACTION ISOLATION LEVEL READ COMMITTED`); err != nil {
		return err
	}
	if err := queryOne(ctx, tx, qualify(m.config.schema, lockVersions), nil, new(int64)); err != nil {
		return err
	}
	// Another process may have made some meanwhile.
	if version, err = m.version(ctx, tx); err != nil {
		return err
	}
	for n := version; n < len(m.steps); n++ {
		if err := m.step(ctx, tx, n); err != nil {
			return err
		}
	}
	return tx.commit(ctx)
}

// step makes one step.
func (m *migration) step(ctx context.Context, in session, n int) error {
	step, err := migrations.ReadFile(m.steps[n])
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	for statement := range statementsOf(string(step)) {
		if m.config.portable {
			statement = strings.TrimSpace(onlyPostgres.ReplaceAllString(statement, ""))
		}
		if statement == "" {
			continue
		}
		if _, err := m.exec(ctx, in, statement); err != nil {
			return err
		}
	}
	_, err = m.exec(ctx, in, insertVersion, int64(n+1))
	return err
}

func (m *migration) exec(ctx context.Context, in session, statement string, args ...any) (int64, error) {
	return in.exec(ctx, qualify(m.config.schema, statement), args...)
}

// version returns how many steps the database has seen.
func (m *migration) version(ctx context.Context, in session) (int, error) {
	var version int64
	if err := queryOne(ctx, in, qualify(m.config.schema, selectVersion), nil, &version); err != nil {
		return 0, err
	}
	if int(version) > len(m.steps) {
		return 0, fmt.Errorf("%w: it is at version %d, and this one knows versions up to %d", errNewer, version, len(m.steps))
	}
	return int(version), nil
}
