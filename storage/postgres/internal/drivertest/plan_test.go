package drivertest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/postgres"
	"github.com/idemkit/idem/storage/storagetest"
)

// statements collects what a connection is asked to run.
type statements struct {
	mu  sync.Mutex
	all []pgx.TraceQueryStartData
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, data)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) take() []pgx.TraceQueryStartData {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// TestPlans asks PostgreSQL how it runs the statements of each form of list and of write
// that uses a declared index. With 5,000 identities none may read a whole table, or sort
// more than it answers.
func TestPlans(t *testing.T) {
	address := newDatabase(t, server(t))
	cfg, err := pgxpool.ParseConfig(address)
	require.NoError(t, err)
	traced := &statements{}
	cfg.ConnConfig.Tracer = traced
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer pool.Close()
	store, err := postgres.NewPgx(t.Context(), pool, options(slog.New(slog.DiscardHandler), []string{"/metadata_admin/n", "/traits/name", storagetest.SearchIndex})...)
	require.NoError(t, err)
	defer store.Close()
	all := manyPeople(t, store, 5000)
	execute(t, address, `VACUUM ANALYZE`)

	byName, err := query.NewSort(query.Descending("/traits/name"))
	require.NoError(t, err)
	words, err := query.NewSearch("4321")
	require.NoError(t, err)
	where := func(e query.Expr) storage.Query { return storage.Query{Filter: storage.Filter{Where: e}, Limit: 20} }
	const index, search = "idem_index_pkey", "idem_search_grams"
	list := func(q storage.Query) func() error {
		return func() error { _, err := store.List(t.Context(), q); return err }
	}
	for name, c := range map[string]struct {
		run  func() error
		want string
	}{
		"eq":    {list(where(query.Eq("/traits/name", "Zoë \x00 77"))), index},
		"ge":    {list(where(query.Ge("/traits/name", "Zoë \x00 999"))), index},
		"sw":    {list(where(query.StartsWith("/traits/name", "zoË \x00 499"))), index},
		"order": {list(storage.Query{Sort: byName, Limit: 20}), index},
		"next":  {list(storage.Query{Sort: byName, After: byName.Position(all[2000]), Limit: 20}), index},
		"q":     {list(storage.Query{Filter: storage.Filter{Search: words}, Limit: 20}), search},
		"co":    {list(where(query.Contains("/traits/name", "4321"))), search},
		"count": {func() error {
			_, err := store.Count(t.Context(), storage.Filter{Where: query.Eq("/traits/name", "Zoë \x00 77")})
			return err
		}, index},
		"prefix": {list(storage.Query{Filter: storage.Filter{Prefixes: []storage.Identifier{{Type: credentials.TypePassword, Value: "nobody"}}}}), "idem_claims_pkey"},
		"update": {func() error {
			_, err := store.Update(t.Context(), all[7].ID, func(current *identity.Identity) (*identity.Identity, error) {
				current.Traits = []byte(`{"name":"Ada"}`)
				return current, nil
			})
			return err
		}, index},
		"delete": {func() error { return store.Delete(t.Context(), all[8].ID, all[8].UpdatedAt, nil) }, index},
	} {
		t.Run(name, func(t *testing.T) {
			for range 7 { // from the sixth on the server may make one plan for all arguments
				traced.take()
				require.NoError(t, c.run())
				if name == "delete" {
					break
				}
			}
			var plans []string
			for _, statement := range traced.take() {
				if plan := planOf(t, address, statement); plan != "" {
					plans = append(plans, plan)
				}
			}
			if name == "update" { // the last of seven changes nothing
				_, err := store.Update(t.Context(), all[7].ID, func(current *identity.Identity) (*identity.Identity, error) {
					current.Traits = []byte(`{"name":"Grace"}`)
					return current, nil
				})
				require.NoError(t, err)
				for _, statement := range traced.take() {
					plans = append(plans, planOf(t, address, statement))
				}
			}
			text := strings.Join(plans, "\n\n")
			require.Contains(t, text, c.want)
			for _, table := range []string{"idem_identities", "idem_index", "idem_search", "idem_claims", "idem_changes"} {
				require.NotContains(t, text+" ", fmt.Sprintf("Seq Scan on %s ", table), text)
			}
			if c.want == index && name != "ge" && name != "sw" { // the few rows of a range are sorted by id
				require.NotContains(t, text, "Sort Key: x.", "the rows of an index are sorted: %s", text)
			}
		})
	}
}

// planOf returns the plan of a statement, also the one that the server makes without its
// arguments.
func planOf(t *testing.T, address string, statement pgx.TraceQueryStartData) string {
	t.Helper()
	if !strings.Contains(statement.SQL, "idem_") || strings.Contains(statement.SQL, "idem_feed") {
		return ""
	}
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	var plan strings.Builder
	explain := func(statement string, args ...any) {
		rows, err := conn.Query(t.Context(), `EXPLAIN `+statement, args...)
		require.NoError(t, err, statement)
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(&line))
			plan.WriteString(line + "\n")
		}
		require.NoError(t, rows.Err(), statement)
	}
	explain(statement.SQL, statement.Args...)
	_, err = conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `PREPARE it AS `+statement.SQL)
	require.NoError(t, err)
	execute := "EXECUTE it"
	if count := len(statement.Args); count > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", count), ", ") + ")"
	}
	explain(execute)
	return plan.String()
}
