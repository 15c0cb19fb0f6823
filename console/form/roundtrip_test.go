package form_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console/form"
)

// submit is what a browser posts for a form that nobody has touched.
func submit(f *form.Form) url.Values {
	values := url.Values{}
	f.Each(func(field *form.Field) {
		if field.Element {
			values.Add(form.Order, throughBrowser(field.Pointer))
		}
		if !field.IsGroup() {
			values.Set(throughBrowser(field.Pointer), throughControl(field))
		}
	})
	return values
}

// throughControl is what a control makes of its text: WHATWG HTML, sections 4.10.5, 4.10.7 and 4.10.11.
func throughControl(field *form.Field) string {
	switch field.Kind {
	case form.KindText, form.KindNumber:
		return strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return -1
			}
			return parsed(r)
		}, field.Text)
	case form.KindChoice:
		for _, o := range field.Options {
			if o.Value == field.Text {
				return throughBrowser(o.Value)
			}
		}
		return "" // the empty option
	}
	return throughBrowser(field.Text)
}

// throughBrowser is what the parser of HTML and the encoding of a form make of a text.
func throughBrowser(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(strings.Map(parsed, text), "\n", "\r\n")
}

func parsed(r rune) rune {
	if r == 0 {
		return '\uFFFD'
	}
	return r
}

// requireKept checks that an untouched form leaves traits as they are.
func requireKept(t testing.TB, b *form.Blueprint, traits string) {
	f := edit(t, b, traits)
	values := submit(f)
	f = edit(t, b, traits)
	f.Post(values)
	got, ok := f.Traits()
	require.True(t, ok, "%s\n%v", traits, values)
	require.Equal(t, strings.Trim(traits, " \t\r\n"), string(got))
	// A control that was not sent leaves its value too.
	f = edit(t, b, traits)
	f.Post(url.Values{})
	got, ok = f.Traits()
	require.True(t, ok)
	require.Equal(t, strings.Trim(traits, " \t\r\n"), string(got))
}

func TestUntouchedFormKeepsEveryByte(t *testing.T) {
	require.GreaterOrEqual(t, len(samples), 40)
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			b, registry := s.blueprint(t), s.registry(t)
			for _, traits := range s.valid {
				_, err := registry.Default().Validate(json.RawMessage(traits))
				require.NoError(t, err, "the sample must be valid: %s", traits)
				requireKept(t, b, traits)
			}
		})
	}
}

// Every sample's traits, under every other sample's schema: values of the wrong type, unknown members.
func TestUntouchedFormKeepsWhatDoesNotFit(t *testing.T) {
	for _, s := range samples {
		b := s.blueprint(t)
		for _, other := range samples {
			for _, traits := range other.valid {
				requireKept(t, b, traits)
			}
		}
	}
}

// What was typed into an empty form gives traits whose form shows the same.
func TestFilledFormShowsTheSame(t *testing.T) {
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			b := s.blueprint(t)
			for _, traits := range s.valid {
				values := submit(edit(t, b, traits))
				f := edit(t, b, `{}`)
				f.Post(values)
				if len(f.Root.Errors) > 0 || !visible(traits) {
					continue
				}
				got, ok := f.Traits()
				if !ok {
					continue // a field of JSON where the empty form has controls
				}
				want, have := texts(edit(t, b, traits)), texts(edit(t, b, string(got)))
				for pointer, text := range want {
					if control := f.Find(pointer); control != nil && !control.IsGroup() {
						require.Equal(t, text, have[pointer], "%s of %s, from %s", pointer, got, traits)
					}
				}
			}
		})
	}
}

// visible reports whether traits have none of the values that a form cannot tell from absent ones.
func visible(traits string) bool {
	return !strings.Contains(traits, `""`) && !strings.Contains(traits, `{}`) && !strings.Contains(traits, `[]`) && !strings.Contains(traits, "null")
}

func texts(f *form.Form) map[string]string {
	texts := make(map[string]string)
	f.Each(func(field *form.Field) {
		if !field.IsGroup() && field.Text != "" {
			texts[field.Pointer] = field.Text
		}
	})
	return texts
}

func TestRandomTraitsAreKept(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range samples {
		b := s.blueprint(t)
		for range 200 {
			traits := randomObject(random, 0)
			requireKept(t, b, traits)
		}
	}
}

var words = []string{"email", "name", "first", "emails", "phones", "number", "main", "kind", "v", "x", "a", "b", "children", "labels", "point", "row", "nick", "age", "tags", "more", "t", "i", "n", "", "a~b/c", "x\ny", "home", "city", "boss", "deep", "other"}

func randomObject(random *rand.Rand, depth int) string {
	var members []string
	used := map[string]bool{}
	for range random.IntN(6) {
		name := words[random.IntN(len(words))]
		if used[name] {
			continue
		}
		used[name] = true
		literal, _ := json.Marshal(name)
		members = append(members, blank(random)+string(literal)+blank(random)+":"+blank(random)+randomValue(random, depth+1)+blank(random))
	}
	if len(members) == 0 {
		return "{" + blank(random) + "}"
	}
	return "{" + strings.Join(members, ",") + "}"
}

func blank(random *rand.Rand) string {
	return []string{"", "", "", "", " ", "\n", "\r\n", "\t", "\r"}[random.IntN(9)]
}

var scalars = []string{`null`, `true`, `false`, `0`, `-0`, `1.50`, `1e400`, `123456789012345678901234567890`, `""`, `"a"`, `"two\nlines"`, `"\r"`, `"\u0000"`, `"\u00e4\/"`, `"  "`, `"pro"`, `"AT"`, `"2024-02-29"`, `"<b>&amp;"`, "\"\u202e\"", "\"\u0085\"", "\"\u007f\""}

func randomValue(random *rand.Rand, depth int) string {
	switch n := random.IntN(10); {
	case n < 2 && depth < 6:
		return randomObject(random, depth)
	case n < 4 && depth < 6:
		var elements []string
		for range random.IntN(4) {
			elements = append(elements, blank(random)+randomValue(random, depth+1)+blank(random))
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	return scalars[random.IntN(len(scalars))]
}

func FuzzUntouchedFormKeepsTraits(f *testing.F) {
	blueprints := make([]*form.Blueprint, len(samples))
	for n, s := range samples {
		blueprints[n] = s.blueprint(f)
		for _, traits := range s.valid {
			f.Add(byte(n), traits)
		}
	}
	f.Fuzz(func(t *testing.T, n byte, traits string) {
		b := blueprints[int(n)%len(blueprints)]
		if _, err := b.Edit(json.RawMessage(traits)); err != nil {
			t.Skip("no traits")
		}
		requireKept(t, b, traits)
	})
}
