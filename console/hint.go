package console

import (
	"strings"

	"github.com/idemkit/idem/console/form"
)

// hint says in a line what a field takes.
func hint(f *form.Field) string {
	var parts []string
	add := func(name string, values ...any) { parts = append(parts, textf(name, values...)) }
	if hasText("format." + f.Format) {
		parts = append(parts, text("format."+f.Format))
	}
	switch b := f.Bounds; {
	case b.MinLength != "" && b.MinLength != "0" && b.MinLength != "1" && b.MaxLength != "":
		add("form.length", b.MinLength, b.MaxLength)
	case b.MaxLength != "":
		add("form.max_length", b.MaxLength)
	case b.MinLength != "" && b.MinLength != "0" && b.MinLength != "1":
		add("form.min_length", b.MinLength)
	}
	b := f.Bounds
	if b.Minimum != "" && b.Maximum != "" {
		add("form.range", b.Minimum, b.Maximum)
	} else {
		for name, value := range map[string]string{"form.minimum": b.Minimum, "form.maximum": b.Maximum} {
			if value != "" {
				add(name, value)
			}
		}
	}
	if b.ExclusiveMinimum != "" {
		add("form.above", b.ExclusiveMinimum)
	}
	if b.ExclusiveMaximum != "" {
		add("form.below", b.ExclusiveMaximum)
	}
	if f.Default != "" && f.Text == "" && len(f.Default) < 60 {
		standard := f.Default
		for _, o := range f.Options {
			if o.Value == standard {
				standard = o.Label
			}
		}
		add("form.default", standard)
	}
	if f.ReadOnly {
		parts = append(parts, text("form.read_only"))
	}
	return strings.Join(parts, " · ")
}
