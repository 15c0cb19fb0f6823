package main

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// store is what both kinds of store have for a move.
type store interface {
	storage.Storage
	Restore(ctx context.Context, identities []*identity.Identity) (restored int, err error)
	RestoreChanges(ctx context.Context, changes []storage.Change) error
	Records(ctx context.Context, after *storage.RecordKey, limit int) ([]storage.Record, error)
	RestoreRecords(ctx context.Context, records []storage.Record) (restored int, err error)
}

var (
	_ store = (*sqlitedb.Store)(nil)
	_ store = (*postgres.Store)(nil)
)

func isPostgres(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// open opens the store that name is the URL or the file of.
func open(ctx context.Context, name, schema string) (store, error) {
	if !isPostgres(name) {
		return sqlite.Open(ctx, name)
	}
	pool, err := pgxpool.New(ctx, name)
	if err != nil {
		return nil, errors.New("the URL cannot be read") // the error would show the password
	}
	var options []postgres.Option
	if schema != "" {
		options = append(options, postgres.WithSchema(schema))
	}
	store, err := postgres.NewPgx(ctx, pool, options...)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pooled{store, pool}, nil
}

// pooled is a store that closes its pool.
type pooled struct {
	*postgres.Store
	pool *pgxpool.Pool
}

func (p pooled) Close() error {
	err := p.Store.Close()
	p.pool.Close()
	return err
}
