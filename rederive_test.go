package idem_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// plainSchema marks nothing; nickSchema makes the nickname an identifier and demands a motto of at most ten letters.
const (
	plainSchema = `{"properties":{"traits":{"type":"object","properties":{"nick":{"type":"string"},"mail":{"type":"string"},"motto":{"type":"string"}}}}}`
	nickSchema  = `{"properties":{"traits":{"type":"object","properties":{"nick":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}},"mail":{"type":"string"},"motto":{"type":"string","maxLength":10}}}}}`
)

func parseSchema(t testing.TB, id, document string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse(id, []byte(document))
	require.NoError(t, err)
	return s
}

func nickClaim(nick string) storage.Claim {
	return storage.IdentifierClaim(credentials.TypePassword, nick)
}

func effects(t testing.TB, w *world, id string, candidate *schema.Schema) map[uuid.UUID]idem.SchemaEffect {
	t.Helper()
	found := map[uuid.UUID]idem.SchemaEffect{}
	for effect, err := range w.CheckSchema(t.Context(), id, candidate) {
		require.NoError(t, err)
		require.NotContains(t, found, effect.ID)
		found[effect.ID] = effect
	}
	return found
}

func rederive(t testing.TB, w *world, q idem.RederiveQuery) []idem.Rederived {
	t.Helper()
	var results []idem.Rederived
	for result, err := range w.Rederive(t.Context(), q) {
		require.NoError(t, err)
		results = append(results, result)
	}
	return results
}

// TestSchemaChange looks at what a schema would change, changes it, and brings the people there are up to date.
func TestSchemaChange(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "person", plainSchema)
		ada := w.create(t, identity.Create{Traits: raw(`{"nick":"Ada"}`), Credentials: &credentials.Import{Password: &credentials.ImportPassword{Password: "secret"}}})
		twin := w.create(t, identity.Create{Traits: raw(`{"nick":"ADA"}`)})
		long := w.create(t, identity.Create{Traits: raw(`{"nick":"Long","motto":"longer than ten"}`)})
		plain := w.create(t, identity.Create{Traits: raw(`{}`)})
		candidate := parseSchema(t, "person", nickSchema)

		found := effects(t, w, "person", candidate)
		require.Len(t, found, 3)
		require.Equal(t, idem.SchemaEffect{ID: ada.ID, Gained: []storage.Claim{nickClaim("ada")}}, found[ada.ID])
		require.Equal(t, idem.SchemaEffect{ID: twin.ID, Gained: []storage.Claim{nickClaim("ada")}, Clashes: []idem.SchemaClash{{Claim: nickClaim("ada"), With: ada.ID}}}, found[twin.ID])
		require.Len(t, found[long.ID].Violations, 1)
		require.Empty(t, found[long.ID].Gained)

		w.use(t, "person", nickSchema)
		_, err := w.VerifyPassword(t.Context(), "ada", "secret")
		requireKind(t, err, idem.KindDenied)
		last, err := w.LastChange(t.Context())
		require.NoError(t, err)

		w.advance()
		results := rederive(t, w, idem.RederiveQuery{SchemaID: "person"})
		require.Len(t, results, 4)
		require.Equal(t, idem.Rederived{ID: ada.ID, Changed: true, Gained: []storage.Claim{nickClaim("ada")}}, results[0])
		require.Equal(t, twin.ID, results[1].ID)
		requireKind(t, results[1].Err, idem.KindConflict)
		require.False(t, results[1].Changed)
		var conflict *storage.ConflictError
		require.ErrorAs(t, results[1].Err, &conflict)
		require.Equal(t, "/traits/nick", conflict.Pointer)
		requireKind(t, results[2].Err, idem.KindInvalid)
		require.Equal(t, idem.Rederived{ID: plain.ID}, results[3])
		w.requireUnchanged(t, twin)
		w.requireUnchanged(t, long)
		w.requireUnchanged(t, plain)

		verified, err := w.VerifyPassword(t.Context(), "ADA", "secret")
		require.NoError(t, err)
		require.Equal(t, w.now(), verified.UpdatedAt)
		var changes []storage.Change
		for change, err := range w.Changes(t.Context(), storage.ChangeQuery{After: last}) {
			require.NoError(t, err)
			changes = append(changes, change)
		}
		require.Len(t, changes, 1, "what is up to date is not written")
		require.Equal(t, ada.ID, changes[0].IdentityID)
		require.Equal(t, []string{"/credentials/password"}, changes[0].Fields)

		for _, result := range rederive(t, w, idem.RederiveQuery{}) {
			require.False(t, result.Changed, "twice is once")
		}

		// A trait that stops being an identifier takes the sign-in with it.
		found = effects(t, w, "person", parseSchema(t, "person", plainSchema))
		require.Equal(t, map[uuid.UUID]idem.SchemaEffect{ada.ID: {ID: ada.ID, Lost: []storage.Claim{nickClaim("ada")}}}, found)
		w.use(t, "person", plainSchema)
		require.Equal(t, []storage.Claim{nickClaim("ada")}, rederive(t, w, idem.RederiveQuery{SchemaID: "person"})[0].Lost)
		_, err = w.VerifyPassword(t.Context(), "ada", "secret")
		requireKind(t, err, idem.KindDenied)
	})
}

// TestClashWithAnOwner: an identity that has the identifier already clashes, unless it would lose it.
func TestClashWithAnOwner(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		keeper, loser := parseSchema(t, "keeper", nickSchema), parseSchema(t, "loser", nickSchema)
		schemas, err := schema.NewRegistry(keeper, loser)
		require.NoError(t, err)
		require.NoError(t, w.SetSchemas(schemas))
		owner := w.create(t, identity.Create{SchemaID: "keeper", Traits: raw(`{"nick":"ada"}`)})
		first := w.create(t, identity.Create{SchemaID: "loser", Traits: raw(`{"nick":"bob","mail":"carol"}`)})
		second := w.create(t, identity.Create{SchemaID: "loser", Traits: raw(`{"nick":"carol","mail":"ada"}`)})
		byMail := parseSchema(t, "loser", `{"properties":{"traits":{"type":"object","properties":{"mail":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}}}}`)
		found := effects(t, w, "loser", byMail)
		require.Equal(t, map[uuid.UUID]idem.SchemaEffect{
			first.ID:  {ID: first.ID, Gained: []storage.Claim{nickClaim("carol")}, Lost: []storage.Claim{nickClaim("bob")}},
			second.ID: {ID: second.ID, Gained: []storage.Claim{nickClaim("ada")}, Lost: []storage.Claim{nickClaim("carol")}, Clashes: []idem.SchemaClash{{Claim: nickClaim("ada"), With: owner.ID}}},
		}, found)
	})
}

// TestClashesBeyondMemory: every pair is found, however few claims fit into memory at once.
func TestClashesBeyondMemory(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 7, 1000} {
		w := newWorld(t, memory.New(), idem.WithClashClaims(limit))
		w.use(t, "person", plainSchema)
		expected := map[string]bool{}
		byNick := map[int][]uuid.UUID{}
		for n := range 40 {
			nick := n * 7 % 13
			created := w.create(t, identity.Create{Traits: raw(`{"nick":"nick%d"}`, nick)})
			for _, earlier := range byNick[nick] {
				expected[created.ID.String()+earlier.String()] = true
			}
			byNick[nick] = append(byNick[nick], created.ID)
		}
		seen, reported := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
		for effect, err := range w.CheckSchema(t.Context(), "person", parseSchema(t, "person", nickSchema)) {
			require.NoError(t, err)
			if effect.Gained != nil {
				require.NotContains(t, seen, effect.ID)
				seen[effect.ID] = true
			}
			for _, clash := range effect.Clashes {
				require.Contains(t, expected, effect.ID.String()+clash.With.String())
				reported[effect.ID] = true
			}
		}
		require.Len(t, seen, 40)
		require.Len(t, reported, 40-13, "each that has a predecessor, limit %d", limit)
	}
}

// TestRederiveResumes: a run that was stopped goes on after its last result, and misses nobody.
func TestRederiveResumes(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "person", plainSchema)
		const people = 100
		for n := range people {
			w.create(t, identity.Create{Traits: raw(`{"nick":"nick%d"}`, n)})
		}
		w.use(t, "person", nickSchema)
		q, runs, results := idem.RederiveQuery{SchemaID: "person"}, 0, 0
		for {
			before := results
			for result, err := range w.Rederive(t.Context(), q) {
				require.NoError(t, err)
				require.NoError(t, result.Err)
				q.After = result.ID
				if results++; results%7 == 0 {
					break
				}
			}
			if runs++; results == before {
				break
			}
		}
		require.Equal(t, people, results)
		for n := range people {
			_, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, fmt.Sprintf("NICK%d", n))
			require.NoError(t, err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range w.Rederive(ctx, idem.RederiveQuery{}) {
			requireKind(t, err, idem.KindCanceled)
		}
		require.NoError(t, w.store.Close())
		for result, err := range w.Rederive(t.Context(), idem.RederiveQuery{After: q.After}) {
			requireKind(t, err, idem.KindUnavailable)
			require.Equal(t, q.After, result.ID)
		}
	})
}

// TestSchemaChangeOfSome checks and rederives those that a query selects. Somebody beside them keeps what they have.
func TestSchemaChangeOfSome(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "person", nickSchema)
		byMail := parseSchema(t, "person", `{"properties":{"traits":{"type":"object","properties":{"mail":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}}}}`)
		ada := w.create(t, identity.Create{Traits: raw(`{"nick":"ada","mail":"bob"}`), MetadataAdmin: raw(`{"group":1}`)})
		bob := w.create(t, identity.Create{Traits: raw(`{"nick":"bob","mail":"carol"}`), MetadataAdmin: raw(`{"group":2}`)})
		w.create(t, identity.Create{Traits: raw(`{"nick":"dan","mail":"erin"}`), MetadataAdmin: raw(`{"group":2}`)})
		of := func(q idem.Query) map[uuid.UUID]idem.SchemaEffect {
			found := map[uuid.UUID]idem.SchemaEffect{}
			for effect, err := range w.CheckSchemaOf(t.Context(), q, "person", byMail) {
				require.NoError(t, err)
				found[effect.ID] = effect
			}
			return found
		}
		require.Len(t, of(idem.Query{}), 3)
		require.Empty(t, of(idem.Query{})[ada.ID].Clashes, "the owner would lose it")
		first := idem.Query{Where: query.Eq("/metadata_admin/group", 1)}
		require.Equal(t, map[uuid.UUID]idem.SchemaEffect{ada.ID: {
			ID: ada.ID, Gained: []storage.Claim{nickClaim("bob")}, Lost: []storage.Claim{nickClaim("ada")},
			Clashes: []idem.SchemaClash{{Claim: nickClaim("bob"), With: bob.ID}},
		}}, of(first))
		require.Len(t, of(idem.Query{Search: "erin"}), 1)

		w.use(t, "person", `{"properties":{"traits":{"type":"object","properties":{"mail":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}}}}`)
		results := rederive(t, w, idem.RederiveQuery{SchemaID: "person", Query: first})
		require.Len(t, results, 1)
		require.ErrorIs(t, results[0].Err, storage.ErrConflict)
		results = rederive(t, w, idem.RederiveQuery{Query: idem.Query{Where: query.Eq("/metadata_admin/group", 2)}})
		require.Len(t, results, 2)
		require.True(t, results[0].Changed)

		for name, q := range map[string]idem.Query{
			"an order": {Sort: []query.Order{query.Ascending("/state")}}, "a token": {PageToken: "x"}, "an offset": {Offset: 1},
			"a wrong filter": {Where: query.Present("/unknown")}, "too many words": {Search: strings.Repeat("x", query.MaxLength+1)},
		} {
			count := 0
			for _, err := range w.CheckSchemaOf(t.Context(), q, "person", byMail) {
				requireKind(t, err, idem.KindInvalid)
				count++
			}
			for _, err := range w.Rederive(t.Context(), idem.RederiveQuery{Query: q}) {
				requireKind(t, err, idem.KindInvalid)
				count++
			}
			require.Equal(t, 2, count, name)
		}
	})
}

// TestRederiveBringsFormerIdentifiersUpToDate: what older rules wrote becomes what the rules give today; a clash is
// reported, and resolved by nobody's guess.
func TestRederiveBringsFormerIdentifiersUpToDate(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.use(t, "login", loginSchema)
		one := w.asOlderRulesWrote(t, `{"name":"ahmad١"}`, "ahmad")
		double := w.asOlderRulesWrote(t, `{"mail":"ℍarry@x.com"}`, "Harry@x.com")
		harry := w.create(t, identity.Create{Traits: raw(`{"mail":"harry@x.com"}`)})
		gone := w.asOlderRulesWrote(t, `{"name":"x"}`, "x")
		gone.SchemaID = "gone"
		_, err := w.store.Update(t.Context(), gone.ID, func(*identity.Identity) (*identity.Identity, error) { return gone, nil })
		require.NoError(t, err)

		results := map[uuid.UUID]idem.Rederived{}
		for _, result := range rederive(t, w, idem.RederiveQuery{}) {
			results[result.ID] = result
		}
		require.Len(t, results, 4)
		require.True(t, results[one.ID].Changed)
		requireKind(t, results[double.ID].Err, idem.KindConflict)
		require.False(t, results[harry.ID].Changed)
		requireKind(t, results[gone.ID].Err, idem.KindInvalid)
		w.requireUnchanged(t, double)
		w.requireUnchanged(t, harry)
		found, err := w.FindByIdentifier(t.Context(), credentials.TypePassword, "ahmad١")
		require.NoError(t, err)
		require.Equal(t, one.ID, found.ID)
		_, err = w.FindByIdentifier(t.Context(), credentials.TypePassword, "ahmad")
		requireKind(t, err, idem.KindNotFound)
	})
}
