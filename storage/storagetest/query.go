package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
)

// QueryPaths are the paths that [Queries] compares and sorts by. To test a store with indexes, declare some of them.
var QueryPaths = []string{
	"/metadata_admin/n", "/traits/name", "/traits/tags", "/created_at", "/traits/list/x", "/state", "/metadata_public/a~1b", "/external_id",
}

// otherPaths are those that no index is declared for.
var otherPaths = []string{
	"/id", "/schema_id", "/organization_id", "/updated_at", "/traits/email", "/traits/nested/0", "/traits/n", "/metadata_admin", "/identifiers",
	"/credentials/password/identifiers", "/credentials/oidc/identifiers", "/credentials/totp/version", "/verifiable_addresses/value",
	"/verifiable_addresses/verified", "/verifiable_addresses/1/via", "/recovery_addresses/value", "/traits/list/x/0",
}

// Queries makes random lists and counts on an empty store, half of them while other goroutines create, change and delete
// identities. Each page must be the same as matching all identities with [storage.Filter.Matches] and sorting them.
func Queries(t *testing.T, store storage.Storage, count int) {
	seed := rand.Uint64()
	t.Logf("the seed: %d", seed)
	r := random{rand.New(rand.NewPCG(seed, 0))}
	var stable []*identity.Identity
	for n := range 40 {
		stable = append(stable, create(t, store, r.identity(n)))
	}
	for range count / 2 {
		r.check(t, store, stable, true)
	}

	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		inParallel(2, func(writer int) {
			moving := random{rand.New(rand.NewPCG(seed, uint64(writer)+1))}
			for n := 0; !stop.Load(); n = (n + 1) % 10 {
				moving.move(t, store, 1000*(writer+1)+n)
			}
		})
	}()
	defer func() {
		stop.Store(true)
		<-done
	}()
	for range count - count/2 {
		r.check(t, store, stable, false)
	}
}

// random makes what queries are about.
type random struct{ *rand.Rand }

func pick[T any](r random, of ...T) T { return of[r.IntN(len(of))] }

func (r random) chance(percent int) bool { return r.IntN(100) < percent }

// move creates, changes or deletes the n-th identity.
func (r random) move(t *testing.T, store storage.Storage, n int) {
	ctx := context.WithoutCancel(t.Context())
	next := r.identity(n)
	_, err := store.Create(ctx, next)
	switch {
	case errors.Is(err, storage.ErrConflict) && r.chance(20):
		err = store.Delete(ctx, next.ID, noon, nil)
	case errors.Is(err, storage.ErrConflict):
		_, err = store.Update(ctx, next.ID, func(*identity.Identity) (*identity.Identity, error) { return next, nil })
	}
	// A database whose readers keep writers waiting may turn a write away. That is no matter here.
	if err != nil {
		assert.ErrorIs(t, err, storage.ErrUnavailable)
	}
}

var words = []string{"", "Ada", "ada", "ÅNGSTRÖM", "a\u030angstro\u0308m", "ß", "ẞ", "İ", "i", "zero\x00byte", "\x00", "10", "9", "a%b_c", `"quoted" \ 'x'`, "日本語テキスト", "x\ufffdy", strings.Repeat("long ", 60), strings.Repeat("long ", 60) + "tail", "𝐀𝐁"}

var numbers = []string{"0", "-0.0", "1", "10", "9", "1e2", "100", "9007199254740993", "9007199254740992", "0.3", "0.1", "-1.5", "1e400", "-1e-400"}

func (r random) value() string {
	switch r.IntN(8) {
	case 0:
		return pick(r, "null", "true", "false", "{}", "[]", `{"x":1}`)
	case 1, 2, 3:
		return pick(r, numbers...)
	case 4:
		return "[" + r.value() + "," + r.value() + "]"
	}
	return quoteJSON(pick(r, words...))
}

func quoteJSON(s string) string {
	quoted, _ := json.Marshal(s) // of a string
	return string(quoted)
}

// identity returns an identity whose unique values only it has.
func (r random) identity(n int) *identity.Identity {
	i := person(n)
	i.SchemaID = pick(r, "person", "customer")
	i.State = pick(r, identity.StateActive, identity.StateInactive)
	i.CreatedAt = noon.Add(time.Duration(r.IntN(5)) * time.Microsecond)
	email := fmt.Sprintf("person%d@example.com", n)
	i.Traits = json.RawMessage(fmt.Sprintf(`{"email":%q,"name":%s,"tags":%s,"n":%s,"nested":[[%s],%s],"list":[{"x":%s},{"x":%s,"y":%s}]}`,
		email, r.value(), r.value(), r.value(), r.value(), r.value(), r.value(), r.value(), r.value()))
	if r.chance(70) {
		i.MetadataAdmin = json.RawMessage(fmt.Sprintf(`{"n":%s}`, r.value()))
	}
	if r.chance(50) {
		i.MetadataPublic = json.RawMessage(fmt.Sprintf(`{"a/b":%s}`, r.value()))
	}
	if r.chance(50) {
		i.ExternalID = fmt.Sprintf("%s %d", pick(r, "CRM", "crm", "é\x00"), n)
	}
	if r.chance(30) {
		i.OrganizationID = uuid.NullUUID{UUID: fixedID(5000 + r.IntN(2)), Valid: true}
	}
	if r.chance(30) {
		i.Credentials[credentials.TypeOIDC] = credentials.Credential{
			Type: credentials.TypeOIDC, Identifiers: []string{fmt.Sprintf("Google:%d", n)}, CreatedAt: noon, UpdatedAt: noon,
			Config: credentials.Config{Providers: []credentials.Provider{{Provider: "Google", Subject: fmt.Sprint(n)}}},
		}
	}
	if r.chance(30) {
		phone := fmt.Sprintf("+1650253%04d", n)
		i.VerifiableAddresses = append(i.VerifiableAddresses, identity.VerifiableAddress{
			ID: fixedID(n + 2_000_000), Value: phone, Via: "sms", Verified: true, Status: identity.AddressCompleted, VerifiedAt: noon, CreatedAt: noon, UpdatedAt: noon,
		})
		i.RecoveryAddresses = []identity.RecoveryAddress{{ID: fixedID(n + 3_000_000), Value: phone, Via: "sms", CreatedAt: noon, UpdatedAt: noon}}
	}
	return i
}

// literal returns a value to compare with: often one that occurs.
func (r random) literal() any {
	switch r.IntN(10) {
	case 0:
		return r.chance(50)
	case 1, 2, 3:
		return json.Number(pick(r, numbers...))
	case 4:
		return fmt.Sprintf("%s %d", pick(r, "CRM", "crm"), r.IntN(40))
	case 5:
		return fmt.Sprintf("PERSON%d@example.com", r.IntN(40))
	case 6:
		return pick[any](r, fixedID(r.IntN(40)).String(), fixedID(5000).String(), "active", "person", fmt.Sprintf("Google:%d", r.IntN(40)), fmt.Sprintf("+1650253%04d", r.IntN(40)))
	case 7:
		return noon.Add(time.Duration(r.IntN(5)) * time.Microsecond)
	}
	return pick(r, words...)
}

// expression returns one without an error.
func (r random) expression(depth int) query.Expr {
	for {
		if e := r.anyExpression(depth); e.Err() == nil && !e.IsZero() {
			return e
		}
	}
}

func (r random) anyExpression(depth int) query.Expr {
	if depth > 0 && r.chance(50) {
		a, b := r.expression(depth-1), r.expression(depth-1)
		return pick(r, query.And(a, b), query.And(a, b), query.Or(a, b), query.Not(a))
	}
	path := r.path()
	if r.chance(10) {
		return query.Any("/verifiable_addresses", query.And(query.Eq("/value", fmt.Sprintf("person%d@example.com", r.IntN(40))), query.Eq("/verified", r.chance(30))))
	}
	if r.chance(10) {
		return query.Any("/traits/list", query.And(query.Eq("/x", r.literal()), query.Present("/y")))
	}
	text := pick(r, words...)
	if runes := []rune(text); len(runes) > 3 && r.chance(50) {
		text = string(runes[r.IntN(2) : 3+r.IntN(len(runes)-2)])
	}
	if r.chance(20) {
		text = fmt.Sprintf("PERSON%d", r.IntN(10))
	}
	switch r.IntN(12) {
	case 0:
		return query.Present(path)
	case 1:
		return query.Ne(path, r.literal())
	case 2:
		return query.Gt(path, r.literal())
	case 3:
		return query.Ge(path, r.literal())
	case 4:
		return query.Lt(path, r.literal())
	case 5:
		return query.Le(path, r.literal())
	case 6:
		return query.Contains(path, text)
	case 7:
		return query.StartsWith(path, text)
	case 8:
		return query.EndsWith(path, text)
	}
	return query.Eq(path, r.literal())
}

func (r random) path() string {
	if r.chance(60) {
		return pick(r, QueryPaths...)
	}
	return pick(r, otherPaths...)
}

func (r random) filter(t *testing.T) (f storage.Filter) {
	if r.chance(85) {
		f.Where = r.expression(3)
	}
	if r.chance(30) {
		text := pick(r, "exam", "person1", "ada", "ngstr", "日本", "語テキスト", "crm 1", "zero\x00byte", "ß", "a%b_c", "long tail", "google:3", "025300")
		search, err := query.NewSearch(text)
		require.NoError(t, err)
		f.Search = search
	}
	if r.chance(15) {
		f.IDs = []uuid.UUID{}
		for range r.IntN(20) {
			f.IDs = append(f.IDs, fixedID(r.IntN(50)))
		}
	}
	if r.chance(10) {
		f.Identifiers = []storage.Identifier{{Type: credentials.TypeOIDC, Value: fmt.Sprintf("Google:%d", r.IntN(40))}, {Type: credentials.TypePassword, Value: fmt.Sprintf("person%d@example.com", r.IntN(40))}}
	}
	if r.chance(15) {
		f.Prefixes = []storage.Identifier{{Type: credentials.TypePassword, Value: pick(r, "person", "person1", "person33", "q")}, {Type: credentials.TypeOIDC, Value: "Google:1"}}
	}
	if r.chance(15) {
		f.OrganizationID = uuid.NullUUID{UUID: fixedID(5000 + r.IntN(2)), Valid: true}
	}
	return f
}

func (r random) sort(t *testing.T) query.Sort {
	var orders []query.Order
	for range pick(r, 0, 0, 1, 1, 1, 2, 3) {
		orders = append(orders, query.Order{Path: r.path(), Descending: r.chance(50)})
	}
	orders = slices.DeleteFunc(orders, func(o query.Order) bool { _, err := query.NewSort(o); return err != nil })
	s, err := query.NewSort(orders...)
	require.NoError(t, err)
	return s
}

// check walks through one random list. If the store is quiet it holds only the stable
// identities.
func (r random) check(t *testing.T, store storage.Storage, stable []*identity.Identity, quiet bool) {
	t.Helper()
	q := storage.Query{Filter: r.filter(t), Sort: r.sort(t), Limit: pick(r, 1, 3, 4, 7, 10, 20, 39, 40, 41, 100), OmitCredentials: r.chance(50)}
	if r.chance(20) {
		q.MaxBytes = pick(r, 1, 3000, 10_000)
	}
	said := fmt.Sprintf("filter %s, words %q, ids %v, identifiers %v, prefixes %v, organization %v, order %s, limit %d, bytes %d", q.Filter.Where, q.Filter.Search,
		q.Filter.IDs, q.Filter.Identifiers, q.Filter.Prefixes, q.Filter.OrganizationID, q.Sort, q.Limit, q.MaxBytes)

	var want []query.Position
	isStable := map[uuid.UUID]bool{}
	for _, i := range stable {
		isStable[i.ID] = true
		if q.Filter.Matches(i) {
			want = append(want, q.Sort.Position(i))
		}
	}
	slices.SortFunc(want, q.Sort.Compare)
	if quiet {
		count, err := store.Count(t.Context(), q.Filter)
		require.NoError(t, err, said)
		require.Equal(t, len(want), count, said)
		if r.chance(20) {
			q.Offset = r.IntN(len(want) + 2)
			want = want[min(q.Offset, len(want)):]
		}
	}

	var got []query.Position
	seen := map[uuid.UUID]bool{}
	for {
		page, err := store.List(t.Context(), q)
		require.NoError(t, err, said)
		require.LessOrEqual(t, len(page.Identities), q.Limit, said)
		if !q.Sort.IsZero() {
			clear(seen) // one that moves from page to page may be met again
		}
		for _, i := range page.Identities {
			require.False(t, seen[i.ID], "%s is listed twice: %s", i.ID, said)
			seen[i.ID] = true
			if q.OmitCredentials {
				require.Nil(t, i.Credentials, said)
			} else {
				require.True(t, q.Filter.Matches(i), "%s does not match: %s", i.ID, said)
			}
			if isStable[i.ID] {
				require.Less(t, len(got), len(want), "%s is too many: %s", i.ID, said)
				require.Equal(t, want[len(got)].ID, i.ID, "place %d: %s", len(got), said)
				got = append(got, want[len(got)])
			} else {
				require.False(t, quiet, said)
			}
		}
		if page.Next.ID == uuid.Nil {
			break
		}
		require.NotEmpty(t, page.Identities, said)
		q.After, q.Offset = page.Next, 0
	}
	require.Len(t, got, len(want), said)
}
