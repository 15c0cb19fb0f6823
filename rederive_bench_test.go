package idem_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/rss"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// BenchmarkSchemaChange looks at what a schema changes for identities, and brings them up to date, when nothing changes
// and when each gains an identifier. The figures are for one identity; "validate" is what a validation of its traits takes.
func BenchmarkSchemaChange(b *testing.B) {
	const people = 100_000
	w := newWorld(b, memory.New())
	w.use(b, "person", plainSchema)
	creates := make([]identity.Create, people)
	for n := range creates {
		creates[n].Traits = raw(`{"nick":"nick%d","mail":"somebody%d@example.com","motto":"short"}`, n, n)
	}
	_, err := w.CreateIdentities(b.Context(), creates)
	require.NoError(b, err)
	plain, nick := parseSchema(b, "person", plainSchema), parseSchema(b, "person", nickSchema)
	base := rss.MiB()
	perIdentity := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*people), "ns/identity")
		b.ReportMetric(max(rss.MiB()-base, 0), "MiB-more")
	}
	b.Run("validate", func(b *testing.B) {
		for b.Loop() {
			for n := range creates {
				if _, err := nick.Validate(creates[n].Traits); err != nil {
					b.Fatal(err)
				}
			}
		}
		perIdentity(b)
	})
	for name, candidate := range map[string]*schema.Schema{"nothing": plain, "identifiers": nick} {
		b.Run(fmt.Sprintf("check/%s", name), func(b *testing.B) {
			for b.Loop() {
				for _, err := range w.CheckSchema(b.Context(), "person", candidate) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			perIdentity(b)
		})
	}
	b.Run("rederive/nothing", func(b *testing.B) {
		for b.Loop() {
			for _, err := range w.Rederive(b.Context(), idem.RederiveQuery{SchemaID: "person"}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		perIdentity(b)
	})
	b.Run("rederive/identifiers", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			document := []string{nickSchema, plainSchema}[n%2] // each gains one, then each loses it
			w.use(b, "person", document)
			for _, err := range w.Rederive(b.Context(), idem.RederiveQuery{SchemaID: "person"}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		perIdentity(b)
	})
}
