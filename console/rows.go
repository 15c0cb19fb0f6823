package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
	"github.com/idemkit/idem/schema"
)

// row is one person of an import.
type row struct {
	Line   int // of the text, from 1
	Create identity.Create
	Errors []string // what is wrong; none if it can be tried
}

// Limits of an import.
const (
	maxRows      = 10_000
	maxPasswords = 200 // plain ones, since each takes a hash
)

// readRows reads an import. The text is NDJSON if it begins with a brace, else CSV. fault says what is wrong with the
// whole; it may be empty.
func readRows(schemas *schema.Registry, schemaID, document string) (rows []row, fault string) {
	if strings.TrimSpace(document) == "" {
		return nil, text("import.nothing")
	}
	if strings.HasPrefix(strings.TrimLeft(document, " \t\r\n\ufeff"), "{") {
		rows, fault = readJSONRows(document)
	} else {
		rows, fault = readCSVRows(schemas, schemaID, document)
	}
	passwords := 0
	for n := range rows {
		if c := rows[n].Create.Credentials; c != nil && c.Password != nil && c.Password.Password != "" {
			passwords++
		}
		if rows[n].Create.SchemaID == "" {
			rows[n].Create.SchemaID = schemaID
		}
	}
	if passwords > maxPasswords {
		fault = textf("import.passwords", maxPasswords)
	}
	return rows, fault
}

func readJSONRows(document string) (rows []row, fault string) {
	for n, line := range strings.Split(strings.TrimPrefix(document, "\ufeff"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(rows) == maxRows {
			return rows, textf("import.too_many", maxRows)
		}
		r := row{Line: n + 1}
		var err error
		if r.Create, err = wire.ReadCreate(withoutAnswer([]byte(line))); err != nil {
			r.Errors = errorLines(err)
		}
		rows = append(rows, r)
	}
	return rows, ""
}

// errorLines says what is wrong with a row.
func errorLines(err error) []string {
	if found := lines(violationsOf(err)); len(found) > 0 {
		return found
	}
	p := problemOf(err)
	if p.reason != "" {
		return []string{p.reason}
	}
	return []string{p.message}
}

// readCSVRows reads CSV (RFC 4180) whose first line names the columns: JSON pointers into the person, such as
// /traits/name/first, or the same with dots.
func readCSVRows(schemas *schema.Registry, schemaID, document string) (rows []row, fault string) {
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(document, "\ufeff")))
	in.TrimLeadingSpace = true
	if header, _, _ := strings.Cut(document, "\n"); strings.Contains(header, ";") && !strings.Contains(header, ",") {
		in.Comma = ';' // as spreadsheets write it where the comma stands in numbers
	}
	names, err := in.Read()
	if err != nil {
		return nil, textf("import.bad_csv", err.Error())
	}
	for n, name := range names {
		if names[n] = pointerOf(name); names[n] == "" {
			return nil, textf("import.unknown_column", name)
		}
	}
	blueprint, err := form.New(schemas, schemaID)
	if err != nil {
		return nil, text("fault.no_schema")
	}
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, ""
		}
		if err != nil {
			return rows, textf("import.bad_csv", err.Error())
		}
		line, _ := in.FieldPos(0)
		if len(rows) == maxRows {
			return rows, textf("import.too_many", maxRows)
		}
		r := row{Line: line, Create: identity.Create{SchemaID: schemaID}}
		r.fill(blueprint, names, cells)
		rows = append(rows, r)
	}
}

// accountColumns are those that are not traits.
var accountColumns = map[string]func(c *identity.Create, cell string){
	"/schema_id":       func(c *identity.Create, cell string) { c.SchemaID = cell },
	"/state":           func(c *identity.Create, cell string) { c.State = identity.State(cell) },
	"/external_id":     func(c *identity.Create, cell string) { c.ExternalID = cell },
	"/metadata_public": func(c *identity.Create, cell string) { c.MetadataPublic = json.RawMessage(cell) },
	"/metadata_admin":  func(c *identity.Create, cell string) { c.MetadataAdmin = json.RawMessage(cell) },
	"/traits":          func(c *identity.Create, cell string) { c.Traits = json.RawMessage(cell) },
	"/password":        func(c *identity.Create, cell string) { importPassword(c).Password = cell },
	"/hashed_password": func(c *identity.Create, cell string) { importPassword(c).HashedPassword = cell },
	// What an export has besides follows from the rest.
	"/id": ignored, "/name": ignored, "/identifiers": ignored, "/created_at": ignored, "/updated_at": ignored,
	"/verified": func(c *identity.Create, cell string) {
		for _, address := range strings.Fields(cell) {
			via := identity.ViaEmail
			if !strings.Contains(address, "@") {
				via = identity.ViaSMS
			}
			c.VerifiableAddresses = append(c.VerifiableAddresses, identity.CreateVerifiableAddress{Value: address, Via: via, Verified: true})
		}
	},
}

func ignored(*identity.Create, string) {}

func importPassword(c *identity.Create) *credentials.ImportPassword {
	if c.Credentials == nil {
		c.Credentials = &credentials.Import{Password: &credentials.ImportPassword{}}
	}
	return c.Credentials.Password
}

// pointerOf returns the pointer that the name of a column stands for, empty where there is none.
func pointerOf(name string) string {
	name = strings.TrimSpace(name)
	if !strings.HasPrefix(name, "/") {
		name = "/" + strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"), ".", "/")
	}
	if accountColumns[name] != nil || strings.HasPrefix(name, form.Prefix+"/") {
		return name
	}
	return ""
}

// fill reads the cells of a row.
func (r *row) fill(blueprint *form.Blueprint, names, cells []string) {
	f := blueprint.Blank()
	f.Each(func(field *form.Field) { field.Text = "" }) // a column that is not there sets nothing
	posted := url.Values{}
	for n, cell := range cells {
		if cell = rearm(cell); cell == "" {
			continue
		}
		if set := accountColumns[names[n]]; set != nil {
			set(&r.Create, cell)
			continue
		}
		posted.Set(names[n], cell)
	}
	if len(posted) == 0 {
		return
	}
	f.PostText(posted)
	traits, ok := f.Traits()
	if r.Create.Traits = traits; ok {
		return
	}
	f.Each(func(field *form.Field) {
		for _, message := range field.Errors {
			r.Errors = append(r.Errors, field.Pointer+": "+message)
		}
	})
}
