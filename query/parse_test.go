package query_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/violation"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// wrong are filters with a fault each, as people make them.
var wrong = []string{
	``,
	`   `,
	`state`,
	`state eq`,
	`state eq inactive`,
	`state eq 'inactive'`,
	`state eq "inactive`,
	`state = "inactive"`,
	`state == "inactive"`,
	`state equals "inactive"`,
	`State eq "inactive"`,
	`status eq "inactive"`,
	`state.name eq "x"`,
	`traits.age gt`,
	`traits.age gt 18 and`,
	`traits.age gt 18 && state pr`,
	`traits.age gt 18 traits.age lt 65`,
	`traits.age gt 018`,
	`traits.age gt 18years`,
	`traits.admin eq True`,
	`traits.admin gt false`,
	`traits.nick eq null`,
	`traits.nick eq ["a"]`,
	`traits.nick eq {}`,
	`traits.nick co 5`,
	`traits.nick pr "x"`,
	`traits..nick pr`,
	`traits. pr`,
	`traits.größe maß 1`,
	`not state eq "active"`,
	`not (state eq "active"`,
	`(state eq "active"`,
	`state eq "active")`,
	`and state eq "active"`,
	`"traits.nick" pr`,
	`"/traits/a~2" pr`,
	`"/foo/a.b" eq 1`,
	`traits.s eq "a\x41"`,
	`traits.s eq "\ud800"`,
	"traits.s eq \"a\tb\"",
	"traits.s eq \"é\xff\"",
	`verifiable_addresses eq "a@b.co"`,
	`verifiable_addresses[value eq "a@b.co"`,
	`verifiable_addresses[mail eq "a@b.co"]`,
	`verifiable_addresses[]`,
	`verifiable_addresses[verified eq true].`,
	`credentials.password.config.hashed_password sw "$2"`,
	`credentials["/password/config" pr]`,
	`credentials.pasword pr`,
	`created_at gt "yesterday"`,
	`created_at gt 2026`,
	`identifiers sw " "`,
	`identifiers.0 eq "a"`,
	`"" pr`,
	strings.Repeat("(", 10) + `state pr`,
	`not (not (not (` + strings.Repeat("not (", 40) + `state pr` + strings.Repeat(")", 43),
	`state pr` + strings.Repeat(" and state pr", 100),
	`traits.s eq "` + strings.Repeat("é", 2048) + `"`,
	`traits.s is_a_very_long_word_that_nobody_would_want_to_read_again_in_full "x"`,
}

func TestWrongFilters(t *testing.T) {
	var b strings.Builder
	for _, text := range wrong {
		_, err := query.Parse(text)
		var fault *violation.Error
		require.True(t, errors.As(err, &fault), text)
		require.LessOrEqual(t, columnOf(t, fault), len([]rune(text))+1, text)
		shown := text
		if len(shown) > 100 {
			shown = shown[:40] + " … " + shown[len(shown)-10:]
		}
		encoded, err := json.Marshal(strings.ToValidUTF8(shown, "\ufffd"))
		require.NoError(t, err)
		b.WriteString(strings.NewReplacer(`\u0026`, "&").Replace(string(encoded)) + "\n    " + fault.Error() + "\n")
	}
	golden(t, "wrong_filters.golden.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestText(t *testing.T) {
	for text, canonical := range map[string]string{
		`traits.address.city eq "Wien" and not (state eq "inactive")`:  `traits.address.city eq "Wien" and not (state eq "inactive")`,
		`verifiable_addresses[value eq "a@b.co" and verified eq true]`: `verifiable_addresses[value eq "a@b.co" and verified eq true]`,
		`credentials.totp pr`:      `credentials.totp pr`,
		"\t( ( state\nEQ\"a\" ) )": `state eq "a"`,
		`"/state" pr`:              `state pr`,
		`"/traits/a.b" eq 1`:       `"/traits/a.b" eq 1`,
		`traits.l[not(x pr)]`:      `traits.l[not (x pr)]`,
		`traits.l["/not" pr]`:      `traits.l["/not" pr]`,
		`traits.l["/not/x" pr]`:    `traits.l[not.x pr]`,
		`traits.l[not.x pr]`:       `traits.l[not.x pr]`,
		`traits.and pr`:            `traits.and pr`,
		`state pr and (id pr or id pr) or (id pr or (id pr and id pr and (id pr and id pr)))`: `state pr and (id pr or id pr) or id pr or id pr and id pr and id pr and id pr`,
		`traits.a[b eq 1].c[d eq 2].e eq 3`:                                                   `traits.a[b eq 1 and c[d eq 2 and e eq 3]]`,
		`traits.a[b eq 1 or b eq 2].c pr and state pr`:                                        `traits.a[(b eq 1 or b eq 2) and c pr] and state pr`,
		`traits.a eq 1.50E+2`:                                                                 `traits.a eq 1.50E+2`,
		`traits.a eq "\u0041\u0000\/"`:                                                        `traits.a eq "A\u0000/"`,
		`traits.straße.größe-1.$ref.été_2 gt -1`:                                              `traits.straße.größe-1.$ref.été_2 gt -1`,
		`traits["" eq 1]`:                                                                     `traits["" eq 1]`,
		`traits.emails.0 eq "a"`:                                                              `traits.emails.0 eq "a"`,
	} {
		e, err := query.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, canonical, e.String(), text)
		again, err := query.Parse(canonical)
		require.NoError(t, err, canonical)
		require.Equal(t, canonical, again.String())
	}
	require.Equal(t, `traits.a eq 1 and traits.b eq 1.5 and traits.c eq 12345678901234567890 and created_at gt "2026-01-01T00:00:00Z"`,
		query.And(query.Eq("/traits/a", int8(1)), query.Eq("/traits/b", 1.5), query.Eq("/traits/c", json.Number("12345678901234567890")),
			query.Gt("/created_at", newYear)).String())
}

// columnOf returns the column that an error begins with.
func columnOf(t *testing.T, fault *violation.Error) int {
	t.Helper()
	var column int
	_, err := fmt.Sscanf(fault.Error(), "column %d: ", &column)
	require.NoError(t, err, fault.Error())
	require.Positive(t, column)
	return column
}

func FuzzParse(f *testing.F) {
	for _, text := range wrong {
		f.Add(text)
	}
	f.Add(`traits.a[b eq "\u00e9" or not (c pr)].d gt 1e2 AND "/traits/a~1b" ne true`)
	f.Fuzz(func(t *testing.T, text string) {
		e, err := query.Parse(text)
		if err != nil {
			var fault *violation.Error
			require.True(t, errors.As(err, &fault))
			columnOf(t, fault)
			require.False(t, strings.HasSuffix(fault.Error(), "found "), fault.Error())
			return
		}
		canonical := e.String()
		if len(canonical) > query.MaxLength { // operators without space beside them
			return
		}
		again, err := query.Parse(canonical)
		require.NoError(t, err, canonical)
		require.Equal(t, canonical, again.String())
		i := newRandom(uint64(len(text))).identity()
		require.Equal(t, e.Matches(i), again.Matches(i))
	})
}
