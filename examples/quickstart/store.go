package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/sqlite"
)

// schemaName is where the quickstart keeps its tables in PostgreSQL.
const schemaName = "idem_quickstart"

// open opens a store: in the PostgreSQL database of that URL, or in a file of SQLite that
// goes with the program.
func open(ctx context.Context, database string) (store storage.Storage, closeStore func() error, err error) {
	if database != "" {
		return openPostgres(ctx, database)
	}
	folder, err := os.MkdirTemp("", "idem-quickstart-")
	if err != nil {
		return nil, nil, err
	}
	store, err = sqlite.Open(ctx, filepath.Join(folder, "identities.db"))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return store, func() error { return errors.Join(store.Close(), os.RemoveAll(folder)) }, nil
}

func openPostgres(ctx context.Context, database string) (storage.Storage, func() error, error) {
	pool, err := pgxpool.New(ctx, database)
	if err != nil {
		return nil, nil, errors.New("the URL of the database cannot be read") // its error would show the password
	}
	// What an earlier run has left would be in the way.
	if _, err := pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+schemaName+" CASCADE"); err != nil {
		pool.Close()
		return nil, nil, err
	}
	store, err := postgres.NewPgx(ctx, pool, postgres.WithSchema(schemaName))
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	closeStore := func() error {
		defer pool.Close()
		return store.Close()
	}
	return store, closeStore, nil
}
