//go:build unix

package faulttest_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/faulttest/account"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/sqlitedb"
)

var transactionKills = flag.Int("transaction-kills", 2, "how often the test of the application's transactions kills at each moment")

// The moments of a transaction at which a process is killed.
const (
	afterOrder    = "after the application's row"
	afterIdentity = "after the identity"
	beforeCommit  = "before the commit"
	afterCommit   = "after the commit"
	anyMoment     = "any"
)

// TestKillTransaction kills a process that writes a row of its own and an identity in one
// transaction, within it, after it and at random moments. Whatever is found then is whole:
// a row with its identity's change and that with its entry of the feed, or none of the
// three; and whatever was acknowledged is there.
//
// The long form is
//
//	go test ./internal/faulttest -run TestKillTransaction$ -transaction-kills 50 -timeout 30m
func TestKillTransaction(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	taker := orderTaker{Database: databasePath(t), Journal: filepath.Join(t.TempDir(), "journal")}
	committed := 0
	for round := range *transactionKills {
		for _, moment := range []string{afterOrder, afterIdentity, beforeCommit, afterCommit, anyMoment} {
			taker.Name, taker.Moment, taker.Seed = fmt.Sprintf("%d-%s", round, strings.ReplaceAll(moment, " ", "-")), moment, random.Uint64()
			stopped := taker.runAndKill(t, random)
			orders, err := auditOrders(t.Context(), taker)
			require.NoError(t, err, "killed at the moment %q", moment)
			if moment != anyMoment {
				require.Equal(t, moment == afterCommit, orders[stopped] != uuid.Nil, "killed at the moment %q", moment)
			}
			require.GreaterOrEqual(t, len(orders), committed, "orders are gone")
			committed = len(orders)
		}
	}
	t.Logf("%d kills, %d orders", 5**transactionKills, committed)
}

// TestKillTransactionFindsTwoCommits holds the proof itself to an application that commits
// the identity before its own row.
func TestKillTransactionFindsTwoCommits(t *testing.T) {
	taker := orderTaker{Database: databasePath(t), Journal: filepath.Join(t.TempDir(), "journal"), Name: "apart", Moment: afterIdentity, Apart: true}
	taker.runAndKill(t, rand.New(rand.NewPCG(1, 2)))
	_, err := auditOrders(t.Context(), taker)
	require.ErrorContains(t, err, "has no order")
}

// orderTaker are the arguments of the child.
type orderTaker struct {
	Database, Journal string
	// Name makes the tokens of this child its own.
	Name   string
	Moment string
	Seed   uint64
	// Apart changes identities in commits of their own.
	Apart bool
}

// runAndKill starts an order taker, kills it, and returns the token of the order that it
// stopped in.
func (o orderTaker) runAndKill(t *testing.T, random *rand.Rand) (stopped string) {
	c := start(t, "order taker", o)
	c.hear(t, "at work")
	if o.Moment == anyMoment {
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
	} else {
		c.hear(t, "stopped")
	}
	c.kill(t)
	for _, n := range readNotes(t, o.Journal) {
		if n.phase == "stopped" {
			stopped = n.token
		}
	}
	return stopped
}

// openApplication opens the application's database, with idem's tables in it.
func openApplication(ctx context.Context, path string) (*sql.DB, *sqlitedb.Store, *idem.Manager, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=60000&_journal_mode=WAL&_synchronous=FULL")
	if err != nil {
		return nil, nil, nil, err
	}
	_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS orders (token TEXT NOT NULL PRIMARY KEY, identity TEXT NOT NULL, revision INTEGER NOT NULL)`)
	if err != nil {
		return nil, nil, nil, errors.Join(err, db.Close())
	}
	store, err := sqlitedb.New(ctx, db)
	if err != nil {
		return nil, nil, nil, errors.Join(err, db.Close())
	}
	manager, err := account.NewManager(store)
	return db, store, manager, err
}

// takeOrders takes orders, two at a time, while others create identities without one,
// until it is killed. From the fifth on an order may be the one to stop in.
func takeOrders(o orderTaker, told <-chan string) error {
	ctx := context.Background()
	db, store, manager, err := openApplication(ctx, o.Database)
	if err != nil {
		return err
	}
	notes, err := os.OpenFile(o.Journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for n := range 2 {
		go func() {
			random := rand.New(rand.NewPCG(o.Seed, uint64(n)))
			failed <- (&clerk{orderTaker: o, db: db, store: store, manager: manager, notes: notes, random: random, told: told}).work(ctx, n)
		}()
	}
	go func() {
		for n := 0; ; n++ {
			if _, err := manager.CreateIdentity(ctx, ordering(fmt.Sprintf("%s-alone-%d", o.Name, n), `{}`)); err != nil {
				failed <- err
				return
			}
			time.Sleep(pause)
		}
	}()
	return <-failed
}

// pause is the time between two writes of one writer. A connection that waits for SQLite's
// lock polls it: without a pause one writer would keep all others out.
const pause = 3 * time.Millisecond

// clerk takes orders one after the other.
type clerk struct {
	orderTaker
	db      *sql.DB
	store   *sqlitedb.Store
	manager *idem.Manager
	notes   *os.File
	random  *rand.Rand
	told    <-chan string
	// customer is the identity that ordered last.
	customer uuid.UUID
}

func (c *clerk) work(ctx context.Context, n int) error {
	for order := 0; ; order++ {
		if n == 0 && order == 5 {
			fmt.Println("at work")
		}
		stopping := n == 0 && order == 5+int(c.Seed%5) && c.Moment != anyMoment
		if err := c.order(ctx, fmt.Sprintf("%s-%d-%d", c.Name, n, order), stopping); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}

// order takes one order in one transaction, and every fourth one back.
func (c *clerk) order(ctx context.Context, token string, stopping bool) error {
	at := func(moment string) {
		if stopping && moment == c.Moment {
			c.note("stopped", token)
			fmt.Println("stopped")
			<-c.told // to be killed
		}
	}
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	within := c.manager.WithStorage(c.store.WithTx(tx))
	if c.Apart {
		if err := tx.Rollback(); err != nil {
			return err
		}
		within = c.manager
	}
	customer, err := c.change(ctx, within, token)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	at(afterIdentity)
	if c.Apart {
		if tx, err = c.db.BeginTx(ctx, nil); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO orders (token, identity, revision) VALUES (?, ?, ?)`, token, customer.ID.String(), customer.Revision)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	at(afterOrder)
	if !stopping && c.random.IntN(4) == 0 && !c.Apart {
		c.note("taken back", token)
		return tx.Rollback()
	}
	c.note("called", token)
	at(beforeCommit)
	if err := tx.Commit(); err != nil {
		return err
	}
	at(afterCommit)
	c.customer = customer.ID
	c.note("acknowledged", token)
	return nil
}

// change makes a new identity, or changes the one that ordered last.
func (c *clerk) change(ctx context.Context, manager *idem.Manager, token string) (*identity.Identity, error) {
	if c.customer == uuid.Nil || c.random.IntN(3) == 0 {
		return manager.CreateIdentity(ctx, ordering(token, fmt.Sprintf(`{"orders":[%q]}`, token)))
	}
	return manager.PatchIdentity(ctx, c.customer, idem.JSONPatch(account.Encode([]map[string]string{{"op": "add", "path": "/metadata_admin/orders/-", "value": token}})))
}

func ordering(token, metadata string) identity.Create {
	return identity.Create{Traits: account.Encode(map[string]string{"email": token + "@example.com"}), MetadataAdmin: json.RawMessage(metadata)}
}

// note writes a line to the journal, in one write: what was written before a kill is in
// the system's hands.
func (c *clerk) note(phase, token string) {
	if _, err := fmt.Fprintf(c.notes, "%s\t%s\n", phase, token); err != nil {
		panic(err)
	}
}

type note struct{ phase, token string }

func readNotes(t *testing.T, path string) []note {
	t.Helper()
	notes, err := notesOf(path)
	require.NoError(t, err)
	return notes
}

func notesOf(path string) ([]note, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var notes []note
	for line := range bytes.Lines(content) {
		phase, token, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\t")
		notes = append(notes, note{phase, token})
	}
	return notes, nil
}

// auditOrders looks at what a kill has left, and returns who made each order.
func auditOrders(ctx context.Context, o orderTaker) (map[string]uuid.UUID, error) {
	db, store, manager, err := openApplication(ctx, o.Database)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	defer store.Close()
	var problems []error
	problem := func(format string, arguments ...any) { problems = append(problems, fmt.Errorf(format, arguments...)) }

	var integrity string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check`).Scan(&integrity); err != nil || integrity != "ok" {
		problem("integrity_check says: %s, %v", integrity, err)
	}
	orders, revisions, err := ordersOf(ctx, db)
	if err != nil {
		return nil, err
	}

	// Every change of an identity has its entry of the feed, and its order.
	fed := map[uuid.UUID]int64{}
	for c, err := range manager.Changes(ctx, storage.ChangeQuery{}) {
		if err != nil {
			return nil, err
		}
		if fed[c.IdentityID]++; fed[c.IdentityID] != c.Revision {
			problem("%s: entry %d is of revision %d, after %d entries", c.IdentityID, c.Sequence, c.Revision, fed[c.IdentityID])
		}
	}
	pending := maps.Clone(orders)
	for i, err := range manager.Identities(ctx, idem.Query{}) {
		if err != nil {
			return nil, err
		}
		if fed[i.ID] != i.Revision {
			problem("%s is at revision %d and has %d entries of the feed", i.ID, i.Revision, fed[i.ID])
		}
		delete(fed, i.ID)
		var metadata struct{ Orders []string }
		if err := json.Unmarshal(i.MetadataAdmin, &metadata); err != nil {
			return nil, err
		}
		for n, token := range metadata.Orders {
			switch {
			case orders[token] != i.ID:
				problem("change %q of %s has no order", token, i.ID)
			case revisions[token] != int64(n+1):
				problem("change %q of %s is revision %d, and its order says %d", token, i.ID, n+1, revisions[token])
			}
			delete(pending, token)
		}
	}
	for token, id := range pending {
		problem("order %q of %s has no change", token, id)
	}
	for id := range fed {
		problem("the feed has changes of %s, which is not there", id)
	}

	notes, err := notesOf(o.Journal)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		switch _, there := orders[n.token]; {
		case n.phase == "acknowledged" && !there:
			problem("order %q was acknowledged and is lost", n.token)
		case n.phase == "taken back" && there:
			problem("order %q was taken back and is there", n.token)
		}
	}
	return orders, errors.Join(problems...)
}

func ordersOf(ctx context.Context, db *sql.DB) (customers map[string]uuid.UUID, revisions map[string]int64, err error) {
	rows, err := db.QueryContext(ctx, `SELECT token, identity, revision FROM orders`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	customers, revisions = map[string]uuid.UUID{}, map[string]int64{}
	for rows.Next() {
		var (
			token    string
			customer uuid.UUID
			revision int64
		)
		if err := rows.Scan(&token, &customer, &revision); err != nil {
			return nil, nil, err
		}
		customers[token], revisions[token] = customer, revision
	}
	return customers, revisions, rows.Err()
}
