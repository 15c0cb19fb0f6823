package query_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
)

// person is an identity as applications have them, with about so many bytes of traits.
func person(size int) *identity.Identity {
	filler := ""
	for n := 0; len(filler) < size-120; n++ {
		filler += fmt.Sprintf(`,"field_%d":{"label":"Some text of a form","score":%d,"tags":["a","b"],"on":true}`, n, n*37)
	}
	return &identity.Identity{
		ID: uuid.UUID{1}, SchemaID: "person", State: identity.StateActive,
		Traits:        json.RawMessage(`{"email":"ada@example.com","name":{"first":"Ada","last":"Lovelace"},"age":36,"phones":["+16502530000"]` + filler + `}`),
		MetadataAdmin: json.RawMessage(`{"plan":"pro","seats":12}`),
		Credentials: credentials.Set{
			"password": {Type: "password", Identifiers: []string{"ada@example.com"}},
			"code":     {Type: "code", Identifiers: []string{"ada@example.com"}},
		},
		VerifiableAddresses: []identity.VerifiableAddress{{Value: "ada@example.com", Via: "email", Verified: true}},
		CreatedAt:           newYear, UpdatedAt: newYear, StateChangedAt: newYear,
	}
}

// BenchmarkMatches: the aim is 10 ns for each byte of the document.
func BenchmarkMatches(b *testing.B) {
	for _, size := range []int{200, 1000, 10_000} {
		i := person(size)
		for _, text := range []string{
			`state eq "inactive"`,
			`traits.age gt 40`,
			`traits.name.last sw "lov" and traits.age lt 20`,
			`metadata_admin.plan eq "free"`,
			`identifiers co "@example.org"`,
			`verifiable_addresses[value eq "a@b.co" and verified eq true]`,
			`created_at gt "2026-06-01T00:00:00Z"`,
			strings.Repeat(`traits.field_1.label co "nowhere" or `, 19) + `traits.age gt 40`,
		} {
			e, err := query.Parse(text)
			if err != nil || e.Matches(i) {
				b.Fatal(text, err)
			}
			if len(text) > 60 {
				text = text[:60]
			}
			b.Run(fmt.Sprintf("%d/%s", size, text), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.Matches(i)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(i.Traits)), "ns/byte")
			})
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	for _, size := range []int{200, 1000, 10_000} {
		i := person(size)
		s, err := query.NewSearch("ada nowhere")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Matches(i)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(i.Traits)), "ns/byte")
		})
	}
}

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{
		"ascii": "The quick brown fox ", "latin": "Größe und Übermut é ", "decomposed": "e\u0301 a\u030a n\u0303 x ", "cyrillic": "Съешь же ещё этих ", "han": "敏捷的棕色狐狸跳過",
	} {
		i := withTraits(`{"x":"` + strings.Repeat(text, 50) + `"}`)
		e := query.Contains("/traits/x", "nowhere")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Matches(i)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(i.Traits)), "ns/byte")
		})
	}
}

func BenchmarkPosition(b *testing.B) {
	i := person(1000)
	s, err := query.NewSort(query.Descending("/created_at"), query.Ascending("/traits/name/last"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Position(i)
	}
}
