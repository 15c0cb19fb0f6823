package idem_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// An order and its customer are written in one transaction of the application's own database:
// both are committed, or neither is.
func ExampleManager_WithStorage() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "shop.db")+"?_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `CREATE TABLE orders (customer TEXT NOT NULL)`); err != nil {
		log.Fatal(err)
	}
	store, err := sqlitedb.New(ctx, db)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	manager := newManager().WithStorage(store)

	order := func(email string, pay func() error) error {
		// The password is hashed before the transaction, which would hold the database's
		// lock meanwhile.
		create, err := manager.PrepareCreate(ctx, identity.Create{
			Traits:      json.RawMessage(fmt.Sprintf(`{"email":%q}`, email)),
			Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "a plain password"}},
		})
		if err != nil {
			return err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after a commit
		customer, err := manager.WithStorage(store.WithTx(tx)).CreateIdentity(ctx, create)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO orders (customer) VALUES (?)`, customer.ID.String()); err != nil {
			return err
		}
		if err := pay(); err != nil {
			return err
		}
		return tx.Commit()
	}
	fmt.Println(order("ada@example.com", func() error { return nil }))
	fmt.Println(order("grace@example.com", func() error { return errors.New("the card was declined") }))

	var orders int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM orders`).Scan(&orders); err != nil {
		log.Fatal(err)
	}
	fmt.Println("orders:", orders)
	for i, err := range manager.Identities(ctx, idem.Query{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("customer:", string(i.Traits))
	}
	// Output:
	// <nil>
	// the card was declined
	// orders: 1
	// customer: {"email":"ada@example.com"}
}
