package idem_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/benchtest"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// newPeople returns a Manager on store with a number of people as applications have them, and their ids.
func newPeople(b *testing.B, store storage.Storage, count int) (*idem.Manager, []uuid.UUID) {
	person, err := schema.Parse(benchtest.SchemaID, []byte(benchtest.Schema))
	require.NoError(b, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(b, err)
	manager, err := idem.New(store, schemas)
	require.NoError(b, err)
	var ids []uuid.UUID
	for len(ids) < count {
		creates := make([]identity.Create, min(1000, count-len(ids)))
		for n := range creates {
			creates[n] = benchtest.Create(len(ids) + n)
		}
		results, err := manager.CreateIdentities(b.Context(), creates)
		require.NoError(b, err)
		for _, result := range results {
			require.NoError(b, result.Err)
			ids = append(ids, result.Identity.ID)
		}
	}
	return manager, ids
}

// BenchmarkPeople measures the use cases on people as applications have them: with a phone number, a postal address, a
// password and metadata. It is the benchmark that counts; the others have an e-mail address and a name.
func BenchmarkPeople(b *testing.B) {
	for _, operation := range []struct {
		name string
		do   func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error
	}{
		{"update", func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error {
			_, err := m.UpdateIdentity(b.Context(), people[n%population], benchtest.Update(n%population, n, benchtest.Email(n%population, 0)))
			return err
		}},
		{"update-email", func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error {
			_, err := m.UpdateIdentity(b.Context(), people[n%population], benchtest.Update(n%population, n, benchtest.Email(n%population, n)))
			return err
		}},
		{"patch", func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error {
			patch := fmt.Appendf(nil, `[{"op":"replace","path":"/metadata_public/score","value":%d}]`, n)
			_, err := m.PatchIdentity(b.Context(), people[n%population], idem.JSONPatch(patch))
			return err
		}},
		{"get", func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error {
			_, err := m.GetIdentity(b.Context(), people[n%population])
			return err
		}},
		{"find", func(b *testing.B, m *idem.Manager, people []uuid.UUID, n int) error {
			_, err := m.FindByIdentifier(b.Context(), credentials.TypePassword, benchtest.Email(n%population, 0))
			return err
		}},
		{"list-100", func(b *testing.B, m *idem.Manager, _ []uuid.UUID, _ int) error {
			_, err := m.ListIdentities(b.Context(), idem.Query{PageSize: 100})
			return err
		}},
		{"create", func(b *testing.B, m *idem.Manager, _ []uuid.UUID, n int) error {
			_, err := m.CreateIdentity(b.Context(), benchtest.Create(population+n))
			return err
		}},
		{"create-many", func(b *testing.B, m *idem.Manager, _ []uuid.UUID, n int) error {
			creates := make([]identity.Create, 100)
			for i := range creates {
				creates[i] = benchtest.Create(population + n*len(creates) + i)
			}
			_, err := m.CreateIdentities(b.Context(), creates)
			return err
		}},
		{"changes-100", func(b *testing.B, m *idem.Manager, _ []uuid.UUID, n int) error {
			_, err := m.ListChanges(b.Context(), storage.ChangeQuery{After: int64(n % (population / 2)), Limit: 100})
			return err
		}},
	} {
		for _, s := range stores {
			for _, callers := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/store=%s/callers=%d", operation.name, s.name, callers), func(b *testing.B) {
					store := s.open(b)
					b.Cleanup(func() { require.NoError(b, store.Close()) })
					manager, people := newPeople(b, store, population)
					b.ReportAllocs()
					inParallel(b, callers, func(n int) {
						if err := operation.do(b, manager, people, n); err != nil {
							b.Error(err)
						}
					})
				})
			}
		}
	}
}
