package differential

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	other "github.com/santhosh-tekuri/jsonschema/v6"
)

// outcome of one comparison.
type outcome string

const (
	same    outcome = "same verdict"
	refused outcome = "schema refused by us"
	inexact outcome = "document refused by us: a number that cannot be compared exactly"
)

// compare makes a schema and documents of seed and compares the verdicts. What disagrees without one of the
// explanations above fails the test.
//
// The explanations: we refuse schemas on purpose (cycles, costs, contradictions such as minLength above
// maxLength, numbers in enum and const that a double cannot hold), and documents with such numbers where
// they would have to be compared. Left out of the samples are two schemas that the other validator refuses and
// we take as they are meant: items: [], and an enum with a value given twice. Beside these we never accept
// what the other refuses, nor the other way round.
func compare(t *testing.T, seed []byte, count map[outcome]int) {
	g := &generator{bytes: seed}
	defined := map[string]any{"d0": g.schema(3), "d1": g.schema(3), "d2": g.schema(2)}
	traits := map[string]any{"type": "object", "properties": map[string]any{"v": g.schema(4)}}
	document := encode(t, map[string]any{
		"$schema":    "http://json-schema.org/draft-07/schema#",
		"properties": map[string]any{"traits": traits}, "definitions": defined,
	})
	ours, err := schema.Parse("differential", document)
	if err != nil {
		count[refused]++
		return
	}
	theirs := compileOther(t, document)
	for range 4 {
		value := encode(t, map[string]any{"v": g.document(3)})
		_, err := ours.Validate(value)
		var invalid *violation.Error
		if err != nil && !errors.As(err, &invalid) {
			t.Fatalf("schema %s\ntraits %s\n%v", document, value, err)
		}
		if invalid != nil && strings.Contains(invalid.Error(), "more digits than can be compared") {
			count[inexact]++
			continue
		}
		instance, decodeErr := other.UnmarshalJSON(strings.NewReader(`{"traits":` + string(value) + `}`))
		if decodeErr != nil {
			t.Fatal(decodeErr)
		}
		otherErr := theirs.Validate(instance)
		if (err == nil) != (otherErr == nil) {
			t.Fatalf("schema %s\ntraits %s\nours: %v\ntheirs: %v", document, value, err, otherErr)
		}
		count[same]++
	}
}

func compileOther(t *testing.T, document []byte) *other.Schema {
	decoded, err := other.UnmarshalJSON(strings.NewReader(string(document)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := other.NewCompiler()
	compiler.DefaultDraft(other.Draft7)
	if err := compiler.AddResource("memory:///schema.json", decoded); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("memory:///schema.json")
	if err != nil {
		t.Fatalf("accepted by us alone: %s\n%v", document, err)
	}
	return compiled
}

func encode(t *testing.T, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestDifferential compares a fixed sample.
func TestDifferential(t *testing.T) {
	const schemas = 5_000
	count := make(map[outcome]int)
	random := rand.NewChaCha8([32]byte{})
	for range schemas {
		seed := make([]byte, 400)
		_, _ = random.Read(seed)
		compare(t, seed, count)
	}
	for _, o := range []outcome{same, refused, inexact} {
		t.Logf("%6d %s", count[o], o)
	}
}

// FuzzDifferential lets the fuzzer look for a disagreement.
func FuzzDifferential(f *testing.F) {
	random := rand.NewChaCha8([32]byte{1})
	for range 50 {
		seed := make([]byte, 400)
		_, _ = random.Read(seed)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed []byte) { compare(t, seed, make(map[outcome]int)) })
}
