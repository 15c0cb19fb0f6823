package console

import (
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

type importPage struct {
	frame
	SchemaID  string
	SchemaIDs []string
	Text      string
	Fault     string // of the whole
	Checked   bool
	Work      string // where the progress goes; empty before
	Rows      int
	Good      int
	Created   int
	Refused   []row // the first of them
	Bad       int
}

// maxRefused is how many refused rows a page lists.
const maxRefused = 200

func (req *request) importPage() *importPage {
	page := &importPage{frame: req.frame(text("import.title"), "import"), SchemaID: req.manager.Schemas().Default().ID()}
	for _, s := range req.manager.Schemas().All() {
		page.SchemaIDs = append(page.SchemaIDs, s.ID())
		if s.ID() == req.r.FormValue("schema_id") {
			page.SchemaID = s.ID()
		}
	}
	return page
}

func (req *request) importPeople(uuid.UUID) error {
	return req.page(http.StatusOK, "import", req.importPage())
}

// importText returns what was pasted, or the file that was uploaded.
func (req *request) importText() (string, error) {
	file, _, err := req.r.FormFile("file")
	if err != nil {
		return req.value("text"), nil
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return "", &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	if len(content) == 0 {
		return req.value("text"), nil
	}
	return string(content), nil
}

// readImport reads what was sent. The page says if the whole cannot be read.
func (req *request) readImport() (*importPage, []row, error) {
	page := req.importPage()
	var err error
	if page.Text, err = req.importText(); err != nil {
		return nil, nil, err
	}
	rows, fault := readRows(req.manager.Schemas(), page.SchemaID, page.Text)
	page.Fault = fault
	return page, rows, nil
}

// checkImport tells, line by line, what an import would do. Nothing is written.
func (req *request) checkImport(uuid.UUID) error {
	page, rows, err := req.readImport()
	if err != nil {
		return err
	}
	if page.Fault != "" {
		return req.page(http.StatusUnprocessableEntity, "import", page)
	}
	check := importCheck{req: req, taken: make(map[storage.Claim]int)}
	for n := range rows {
		if err := check.row(&rows[n]); err != nil {
			return err
		}
	}
	page.Checked = true
	page.count(rows)
	return req.page(http.StatusOK, "import", page)
}

// count sums the rows up.
func (page *importPage) count(rows []row) {
	page.Rows, page.Good, page.Bad, page.Refused = len(rows), 0, 0, nil
	for _, r := range rows {
		if len(r.Errors) == 0 {
			page.Good++
			continue
		}
		page.Bad++
		if len(page.Refused) < maxRefused {
			page.Refused = append(page.Refused, r)
		}
	}
}

// importCheck looks at rows without creating anybody.
type importCheck struct {
	req   *request
	taken map[storage.Claim]int // what rows would have, by the line of the first
}

// row notes what is wrong with a row. The error is that of the store.
func (c *importCheck) row(r *row) error {
	if len(r.Errors) > 0 {
		return nil
	}
	m, ctx := c.req.manager, c.req.r.Context()
	if _, err := m.PrepareCreate(ctx, r.Create); err != nil {
		if idem.KindOf(err) != idem.KindInvalid {
			return err
		}
		r.Errors = errorLines(err)
		return nil
	}
	s, ok := m.Schemas().Get(r.Create.SchemaID)
	if !ok {
		s = m.Schemas().Default()
	}
	traits := r.Create.Traits
	if len(traits) == 0 {
		traits = []byte("{}")
	}
	derived, err := s.Validate(traits)
	if err != nil {
		r.Errors = errorLines(err)
		return nil
	}
	for _, i := range derived.Identifiers {
		t := credentials.Type(i.Type)
		_, err := m.FindByIdentifier(ctx, t, i.Value)
		if err = c.claim(r, storage.IdentifierClaim(t, i.Value), i.Pointer, err); err != nil {
			return err
		}
	}
	for _, a := range derived.Verifiable {
		_, err := m.FindByAddress(ctx, storage.TypeVerifiableAddress, a.Via, a.Value)
		if err = c.claim(r, storage.AddressClaim(storage.TypeVerifiableAddress, a.Via, a.Value), a.Pointer, err); err != nil {
			return err
		}
	}
	for _, a := range derived.Recovery {
		_, err := m.FindByAddress(ctx, storage.TypeRecoveryAddress, a.Via, a.Value)
		if err = c.claim(r, storage.AddressClaim(storage.TypeRecoveryAddress, a.Via, a.Value), a.Pointer, err); err != nil {
			return err
		}
	}
	if r.Create.ExternalID == "" {
		return nil
	}
	_, err = m.FindByExternalID(ctx, r.Create.ExternalID)
	return c.claim(r, storage.ExternalIDClaim(r.Create.ExternalID), "/external_id", err)
}

// claim notes that a row would have something unique. found is the error of looking it up.
func (c *importCheck) claim(r *row, claim storage.Claim, pointer string, found error) error {
	first, twice := c.taken[claim]
	message := ""
	switch {
	case found == nil:
		message = pointer + ": " + text("fault.taken")
	case idem.KindOf(found) != idem.KindNotFound:
		return found
	case twice && first != r.Line:
		message = pointer + ": " + textf("import.twice", first)
	case !twice:
		c.taken[claim] = r.Line
	}
	if message != "" && !slices.Contains(r.Errors, message) {
		r.Errors = append(r.Errors, message)
	}
	return nil
}

// importChunk is how many people are created between two lines about the progress.
const importChunk = 250

// runImport creates the people of an import, and tells how far it is while it does.
func (req *request) runImport(uuid.UUID) error {
	page, rows, err := req.readImport()
	if err != nil {
		return err
	}
	if page.Fault != "" {
		return req.page(http.StatusUnprocessableEntity, "import", page)
	}
	page.Work, page.Text = splitMark, ""
	p, err := req.begin("import", page)
	if err != nil {
		return err
	}
	done := 0
	for chunk := range slices.Chunk(rows, importChunk) {
		created, err := req.createRows(chunk)
		if page.Created += created; err != nil {
			page.Fault = problemOf(err).message
			break
		}
		done += len(chunk)
		p.tell("import.progress", done, len(rows))
	}
	page.count(rows[:done])
	return p.end("import", "result", page)
}

// createRows creates the people of the rows that can be tried, and notes what is wrong with the others.
func (req *request) createRows(rows []row) (created int, err error) {
	var creates []identity.Create
	var tried []int
	for n, r := range rows {
		if len(r.Errors) == 0 {
			creates, tried = append(creates, r.Create), append(tried, n)
		}
	}
	results, err := req.manager.CreateIdentities(req.r.Context(), creates)
	for k, result := range results {
		switch {
		case result.Identity != nil:
			created++
		case errors.Is(result.Err, storage.ErrConflict):
			conflict := (*storage.ConflictError)(nil)
			_ = errors.As(result.Err, &conflict)
			rows[tried[k]].Errors = []string{conflict.Pointer + ": " + text("fault.taken")}
		case result.Err != nil:
			rows[tried[k]].Errors = errorLines(result.Err)
		}
	}
	return created, err
}
