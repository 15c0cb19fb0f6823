package idem_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
)

// strictPerson is the person schema with a shorter name.
func strictPerson(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.Parse("person", bytes.Replace(personSchema, []byte(`"maxLength": 100`), []byte(`"maxLength": 3`), 1))
	require.NoError(t, err)
	return s
}

func TestSetSchemas(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{"name":"Augusta Ada"}`)})
		requireKind(t, w.SetSchemas(nil), idem.KindInvalid)
		replaced, err := w.Schemas().With(strictPerson(t))
		require.NoError(t, err)
		require.NoError(t, w.SetSchemas(replaced))
		require.Same(t, replaced, w.Schemas())

		_, err = w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"name":"Augusta"}`)})
		requireKind(t, err, idem.KindInvalid)
		w.requireUnchanged(t, created)
		w.update(t, created.ID, identity.Update{Traits: raw(`{"name":"Ada"}`)})
	})
}

func TestSetSchemasDuringUpdates(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{Traits: raw(`{}`)})
		wide := w.Schemas()
		strict, err := wide.With(strictPerson(t))
		require.NoError(t, err)
		var running sync.WaitGroup
		running.Go(func() {
			for n := range 200 {
				if n%2 == 0 {
					assert.NoError(t, w.SetSchemas(strict))
				} else {
					assert.NoError(t, w.SetSchemas(wide))
				}
			}
		})
		for range 4 {
			running.Go(func() {
				for range 50 {
					_, err := w.UpdateIdentity(t.Context(), created.ID, identity.Update{Traits: raw(`{"name":"Augusta Ada"}`)})
					if err != nil {
						assert.ErrorContains(t, err, "/traits/name")
					}
				}
			})
		}
		running.Wait()
	})
}

func TestCheckSchema(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		long := w.create(t, identity.Create{Traits: raw(`{"name":"Augusta Ada"}`)})
		w.create(t, identity.Create{Traits: raw(`{"name":"Ada"}`)})
		w.create(t, identity.Create{SchemaID: "customer", Traits: raw(`{"number":"C1","name":"another schema"}`)})

		var found []uuid.UUID
		for mismatch, err := range w.CheckSchema(t.Context(), "person", strictPerson(t)) {
			require.NoError(t, err)
			require.Len(t, mismatch.Violations, 1)
			require.Equal(t, "/traits/name", mismatch.Violations[0].Pointer)
			found = append(found, mismatch.ID)
		}
		require.Equal(t, []uuid.UUID{long.ID}, found)
		person, _ := w.Schemas().Get("person")
		for range w.CheckSchema(t.Context(), "person", person) {
			t.Fatal("the schema of now accepts what it has accepted")
		}

		require.NoError(t, w.store.Close())
		for _, err := range w.CheckSchema(t.Context(), "person", person) {
			requireKind(t, err, idem.KindUnavailable)
		}
	})
}
