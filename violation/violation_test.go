package violation_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/violation"
)

func TestUnder(t *testing.T) {
	inner := &violation.Error{Violations: []violation.Violation{
		{Pointer: "/email", Keyword: "format", Message: "must be an email address"},
		{Keyword: "anyOf", Message: "must fit one of 2 alternatives", Alternatives: [][]violation.Violation{
			{{Pointer: "/email", Keyword: "required", Message: "is missing"}},
			{{Pointer: "/phone", Keyword: "required", Message: "is missing"}},
		}},
	}}
	placed := inner.Under("/traits")
	require.Equal(t, "/traits/email", placed.Violations[0].Pointer)
	require.Equal(t, "/traits", placed.Violations[1].Pointer)
	require.Equal(t, "/traits/phone", placed.Violations[1].Alternatives[1][0].Pointer)
	require.Equal(t, "/phone", inner.Violations[1].Alternatives[1][0].Pointer, "the original stays as it is")
	require.Same(t, inner, inner.Under(""))
}

func TestJoin(t *testing.T) {
	fault := errors.New("the disk is full")
	first, second := violation.New("/a", "type", "must be a string"), violation.New("/b", "", "is missing")

	require.NoError(t, violation.Join())
	require.NoError(t, violation.Join(nil, nil))
	require.Equal(t, "the disk is full", violation.Join(nil, fault).Error())

	joined := violation.Join(first, nil, errors.Join(fmt.Errorf("while reading: %w", second), fault))
	var invalid *violation.Error
	require.ErrorAs(t, joined, &invalid)
	require.Equal(t, []violation.Violation{first.Violations[0], second.Violations[0]}, invalid.Violations)
	require.ErrorIs(t, joined, fault)

	require.IsType(t, new(violation.Error), violation.Join(first, second), "violations alone need no wrapping")

	many := make([]error, violation.Max+1)
	for n := range many {
		many[n] = violation.New(fmt.Sprintf("/%d", n), "type", "must be a string")
	}
	require.ErrorAs(t, violation.Join(many...), &invalid)
	require.Len(t, invalid.Violations, violation.Max)
}

func TestErrorText(t *testing.T) {
	require.Equal(t, "/a: must be a string; is empty", violation.Join(violation.New("/a", "type", "must be a string"), violation.New("", "", "is empty")).Error())
}

func TestSort(t *testing.T) {
	branches := [][]violation.Violation{{{Pointer: "/x", Keyword: "required", Message: "is missing"}}}
	sorted := violation.Sort([]violation.Violation{
		{Pointer: "/b", Keyword: "type"}, {Pointer: "/a", Keyword: "type"}, {Pointer: "/a", Keyword: "format"}, {Pointer: "/a", Keyword: "type"},
		{Pointer: "/c", Keyword: "anyOf", Alternatives: branches}, {Pointer: "/c", Keyword: "anyOf"},
	})
	require.Equal(t, []violation.Violation{
		{Pointer: "/a", Keyword: "format"}, {Pointer: "/a", Keyword: "type"}, {Pointer: "/b", Keyword: "type"},
		{Pointer: "/c", Keyword: "anyOf", Alternatives: branches}, {Pointer: "/c", Keyword: "anyOf"},
	}, sorted, "what differs only in its alternatives is not a repetition")
}
