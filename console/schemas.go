package console

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
)

// maxMismatches is how many people a check of a schema lists; it counts no further.
const maxMismatches = 100

type schemasPage struct {
	frame
	Schemas   []schemaView
	Selected  *schemaView
	Candidate string
	Checked   bool
	Fault     string // why the candidate is no schema
	Warnings  []schema.Warning
	Misfits   []misfit
	More      bool
	// Work is where the progress of bringing people up to date goes; empty before. Seen, Changed and Unchanged count
	// them; those who could not be brought up to date are the Misfits.
	Work                     string
	Seen, Changed, Unchanged int
}

type schemaView struct {
	ID       string
	Default  bool
	Document string
	Derives  []derives
	Warnings []schema.Warning
}

// derives is one thing that a schema makes of a trait.
type derives struct{ Pointer, What string }

// misfit is somebody for whom a candidate would change something.
type misfit struct {
	ID           uuid.UUID
	Errors       []string // why it would refuse their traits, or what clashes
	Gained, Lost []string // identifiers and addresses
}

func (req *request) schemasPage(selected string) *schemasPage {
	page := &schemasPage{frame: req.frame(text("schemas.title"), "schemas")}
	for n, s := range req.manager.Schemas().All() {
		v := schemaView{ID: s.ID(), Default: n == 0, Document: pretty(s.Document()), Warnings: s.Warnings(), Derives: derivesOf(s)}
		page.Schemas = append(page.Schemas, v)
		if s.ID() == selected || (page.Selected == nil && n == 0) {
			page.Selected = &v
		}
	}
	page.Candidate = page.Selected.Document
	return page
}

func (req *request) schemas(uuid.UUID) error {
	return req.page(http.StatusOK, "schemas", req.schemasPage(req.r.URL.Query().Get("id")))
}

// checkSchema tells whom a candidate for a schema would refuse.
func (req *request) checkSchema(uuid.UUID) error {
	page := req.schemasPage(req.value("id"))
	page.Candidate = req.value("document")
	candidate, err := schema.Parse(page.Selected.ID, []byte(page.Candidate))
	if err != nil {
		page.Fault = err.Error()
		return req.page(http.StatusUnprocessableEntity, "schemas", page)
	}
	page.Warnings = candidate.Warnings()
	for m, err := range req.manager.CheckSchema(req.r.Context(), page.Selected.ID, candidate) {
		if err != nil && idem.KindOf(err) == idem.KindInvalid {
			page.Fault = problemOf(err).reason
			return req.page(http.StatusUnprocessableEntity, "schemas", page)
		}
		if err != nil {
			return err
		}
		if page.More = len(page.Misfits) == maxMismatches; page.More {
			break
		}
		page.Misfits = append(page.Misfits, misfitOf(m))
	}
	page.Checked = true
	return req.page(http.StatusOK, "schemas", page)
}

func misfitOf(m idem.SchemaEffect) misfit {
	misfit := misfit{ID: m.ID, Errors: lines(m.Violations), Gained: claims(m.Gained), Lost: claims(m.Lost)}
	for _, c := range m.Clashes {
		misfit.Errors = append(misfit.Errors, textf("schemas.clash", claim(c.Claim), c.With))
	}
	return misfit
}

// claim is an identifier or address as people read it.
func claim(c storage.Claim) string {
	return strings.ReplaceAll(c.Type, "_", " ") + " " + c.Value
}

func claims(all []storage.Claim) []string {
	var texts []string
	for _, c := range all {
		texts = append(texts, claim(c))
	}
	return texts
}

// rederive brings the people of a schema up to date with it, and tells how far it is while it does.
func (req *request) rederive(uuid.UUID) error {
	page := req.schemasPage(req.value("id"))
	page.Work = splitMark
	p, err := req.begin("schemas", page)
	if err != nil {
		return err
	}
	for r, err := range req.manager.Rederive(req.r.Context(), idem.RederiveQuery{SchemaID: page.Selected.ID}) {
		if err != nil {
			page.Fault = problemOf(err).message
			break
		}
		page.Seen++
		if r.Changed {
			page.Changed++
		}
		if r.Err != nil {
			page.Unchanged++
			if len(page.Misfits) < maxMismatches {
				page.Misfits = append(page.Misfits, misfit{ID: r.ID, Errors: errorLines(r.Err)})
			}
		}
		if page.Seen%importChunk == 0 {
			p.tell("schemas.progress", page.Seen)
		}
	}
	page.More = page.Unchanged > len(page.Misfits)
	return p.end("schemas", "result", page)
}

// derivesOf lists where a schema marks a trait as an identifier or an address.
func derivesOf(s *schema.Schema) []derives {
	var document any
	if json.Unmarshal(s.Document(), &document) != nil {
		return nil
	}
	var found []derives
	walkSchema(document, "", func(pointer string, extension map[string]any) {
		for _, mark := range marks {
			if what := mark.of(extension); what != "" {
				found = append(found, derives{pointer, what})
			}
		}
	})
	return found
}

// walkSchema visits the annotations of a document, in the order of their pointers.
func walkSchema(v any, pointer string, visit func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		if extension, ok := v[schema.ExtensionKeyword].(map[string]any); ok {
			visit(traitPointer(pointer), extension)
		}
		for _, name := range sortedNames(v) {
			if name != "enum" && name != "const" && name != "default" && name != "examples" && name != schema.ExtensionKeyword {
				walkSchema(v[name], pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), visit)
			}
		}
	case []any:
		for n, element := range v {
			walkSchema(element, pointer+"/"+itoa(n), visit)
		}
	}
}
