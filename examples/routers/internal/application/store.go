package application

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/postgres"
)

// Open opens a store: in the PostgreSQL database of that URL, in tables of its own schema, or
// in memory if the URL is empty, so that trying a program leaves nothing behind. Call close
// when it is no longer used. In earnest a store of one machine is that of sqlite.Open.
func Open(ctx context.Context, database, schema string) (store storage.Storage, close func() error, err error) {
	if database == "" {
		store := memory.New()
		return store, store.Close, nil
	}
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return nil, nil, errors.New("the URL of the database cannot be read") // its error would show the password
	}
	kept, err := postgres.NewPgx(ctx, pool, postgres.WithSchema(schema))
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return kept, func() error {
		defer pool.Close()
		return kept.Close()
	}, nil
}
