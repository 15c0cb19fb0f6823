package console

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/idemkit/idem/console/form"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages by name. Each is complete, with the layout around it.
type templates map[string]*template.Template

var pageNames = []string{"people", "person", "conflict", "new", "schemas", "activity", "import", "bulk", "fault"}

// loadTemplates parses what is embedded. It panics only if a template is broken, which every test would show.
func loadTemplates(a assets) templates {
	functions := template.FuncMap{
		"t":       text,
		"tf":      textf,
		"asset":   func(name string) string { return "assets/" + a.names[name] },
		"time":    moment,
		"dict":    dict,
		"hint":    hint,
		"hasText": hasText,

		"fieldName": fieldName,
		"addName":   addName,
	}
	shared := template.Must(template.New("shared").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html", "templates/field.html"))
	all := make(templates)
	for _, name := range pageNames {
		page := template.Must(shared.Clone())
		all[name] = template.Must(page.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return all
}

func (req *request) render(to io.Writer, name string, data any) error {
	if err := req.templates[name].ExecuteTemplate(to, "layout", data); err != nil {
		return fmt.Errorf("console: template %s: %w", name, err)
	}
	return nil
}

// frame is what every page has around it.
type frame struct {
	*request
	Title   string
	Section string // of the navigation: "people", "activity", "schemas", "import" or ""
	Saved   string // what was just done, for the line at the top; may be empty
	Asked   string // what the search field holds
	// Bare leaves the navigation out.
	Bare bool
}

func (req *request) frame(title, section string) frame {
	f := frame{request: req, Title: title, Section: section}
	if done := req.r.URL.Query().Get("done"); hasText("done." + done) {
		f.Saved = text("done." + done)
	}
	return f
}

// Still reports whether the page is whole when it is sent. Browsers then paint it only once the script has written the
// times, so that nothing moves. A page that shows the progress of work is painted as it comes.
func (f frame) Still() bool { return !f.working }

// Root leads from the page to the console's own address.
func (f frame) Root() string { return f.relative("") }

// Brand is the name in the corner.
func (f frame) Brand() string { return f.name }

// At is what a time element needs: the time for programs and for people.
type at struct{ Machine, Human string }

func moment(t time.Time) at {
	return at{t.UTC().Format(time.RFC3339Nano), t.UTC().Format("2006-01-02 15:04 UTC")}
}

// fieldName is a field of the change feed as people read it.
func fieldName(pointer string) string {
	if pointer == "/sign_in_epoch" {
		return text("activity.sign_ins")
	}
	pointer = strings.TrimPrefix(strings.TrimPrefix(pointer, "/"), "credentials/")
	return strings.ReplaceAll(pointer, "_", " ")
}

// addName is what a list is called on the button that adds to it.
func addName(f *form.Field) string {
	if f.Title != "" {
		return f.Title
	}
	return f.Name
}

// dict makes a map of names and values, for a template that takes several.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for n := 0; n < len(pairs); n += 2 {
		name, ok := pairs[n].(string)
		if !ok {
			return nil, fmt.Errorf("dict needs names")
		}
		m[name] = pairs[n+1]
	}
	return m, nil
}

// shorten cuts a text that would make a list unreadable, at a character.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := strings.ToValidUTF8(s[:most], "")
	return cut + "…"
}
