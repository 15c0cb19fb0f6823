package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

// attempts is how often a change that lost to another is tried again before its sender is asked.
const attempts = 3

// document is a part of an identity that is edited as JSON.
type document struct {
	prefix string // of pointers into it
	get    func(*identity.Identity) json.RawMessage
	set    func(*identity.Update, json.RawMessage)
}

var (
	traitsPart = document{form.Prefix,
		func(i *identity.Identity) json.RawMessage { return i.Traits },
		func(u *identity.Update, v json.RawMessage) { u.Traits = v }}
	publicPart = document{"/metadata_public",
		func(i *identity.Identity) json.RawMessage { return i.MetadataPublic },
		func(u *identity.Update, v json.RawMessage) { u.MetadataPublic = v }}
	adminPart = document{"/metadata_admin",
		func(i *identity.Identity) json.RawMessage { return i.MetadataAdmin },
		func(u *identity.Update, v json.RawMessage) { u.MetadataAdmin = v }}
)

// replacement returns the update that changes nothing of i.
func replacement(i *identity.Identity) identity.Update {
	return identity.Update{Traits: i.Traits, MetadataPublic: i.MetadataPublic, MetadataAdmin: i.MetadataAdmin, ExternalID: i.ExternalID}
}

// revision returns the revision that the posted form was made for.
func (req *request) revision() (int64, error) {
	revision, err := strconv.ParseInt(req.value("revision"), 10, 64)
	if err != nil {
		return 0, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	return revision, nil
}

// edit is a posted change of a document.
type edit struct {
	part    document
	act     string // of the form
	base    json.RawMessage
	at      int64 // the revision of the identity that had the base
	yours   json.RawMessage
	schema  string // the schema of the traits; empty keeps it
	current *identity.Identity
	form    *form.Form // what it was typed into; nil where that was JSON
}

// saveTraits saves what was typed into the form of traits, or into their JSON.
func (req *request) saveTraits(id uuid.UUID) error { return req.save(id, traitsPart, "traits") }

// saveMetadata saves the one or the other metadata.
func (req *request) saveMetadata(id uuid.UUID) error {
	part := adminPart
	if req.value("part") == "public" {
		part = publicPart
	}
	return req.save(id, part, "metadata")
}

func (req *request) save(id uuid.UUID, part document, act string) error {
	for range attempts {
		e, err := req.readEdit(id, part, act)
		if err != nil {
			return err
		}
		if e.form != nil && req.value(form.Move) != "" {
			return req.showMoved(e)
		}
		if e.yours == nil {
			return req.sendBack(e, nil) // what was typed is no value
		}
		next, decided, err := req.decide(e)
		switch {
		case err != nil:
			return err
		case !decided:
			return req.conflict(e)
		}
		u := replacement(e.current)
		u.SchemaID = e.schema
		part.set(&u, next)
		_, err = req.manager.UpdateIdentity(req.r.Context(), id, u, idem.IfRevision(e.current.Revision))
		if err == nil {
			return req.see("people/" + id.String() + "?done=" + act)
		}
		if idem.KindOf(err) != idem.KindPrecondition {
			e.base, e.at, e.yours = part.get(e.current), e.current.Revision, next
			return req.sendBack(e, err)
		}
	}
	return &problem{status: http.StatusServiceUnavailable, message: text("fault.busy")}
}

// readEdit reads a posted change. yours is nil if what was typed is no value; then the form says why.
func (req *request) readEdit(id uuid.UUID, part document, act string) (*edit, error) {
	revision, err := req.revision()
	if err != nil {
		return nil, err
	}
	current, err := req.manager.GetIdentity(req.r.Context(), id)
	if err != nil {
		return nil, err
	}
	e := &edit{part: part, act: act, current: current, base: part.get(current), at: revision}
	if revision != current.Revision {
		if e.base, err = decodeBase(req.value("base")); err != nil {
			return nil, err
		}
	}
	if schema := req.value("schema_id"); act == "traits" && schema != "" && schema != current.SchemaID {
		e.schema = schema
	}
	switch req.value("mode") {
	case "merge":
		e.yours, err = decodeBase(req.value("yours"))
		return e, err
	case "form":
		return e, req.readForms(e)
	}
	e.yours = json.RawMessage(req.value("json"))
	if _, err := form.Indent(e.yours); err != nil {
		e.yours = nil
	} else if e.yours == nil {
		e.yours = json.RawMessage{}
	}
	return e, nil
}

// readForms reads what was typed into the fields of the traits.
func (req *request) readForms(e *edit) error {
	schemaID := e.schema
	if schemaID == "" {
		schemaID = e.current.SchemaID
	}
	blueprint, err := form.New(req.manager.Schemas(), schemaID)
	if err != nil {
		return &problem{status: http.StatusConflict, message: text("fault.no_schema")}
	}
	if e.form, err = blueprint.Edit(e.base); err != nil {
		return &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	e.form.Post(req.r.PostForm)
	if traits, ok := e.form.Traits(); ok {
		e.yours = traits
	}
	return nil
}

// decide returns what to store. decided is false where somebody else has changed the same document and the sender has
// not seen that.
func (req *request) decide(e *edit) (next json.RawMessage, decided bool, err error) {
	theirs := e.part.get(e.current)
	if bytes.Equal(e.base, theirs) {
		return e.yours, true, nil
	}
	seen := req.value("mode") == "merge" && req.value("seen") == strconv.FormatInt(e.current.Revision, 10)
	keep := req.r.PostForm["theirs"]
	merged, _, err := form.Merge(e.part.prefix, e.base, theirs, e.yours, func(pointer string) bool { return slices.Contains(keep, pointer) })
	if err != nil {
		return nil, false, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	return merged, seen, nil
}

type conflictPage struct {
	frame
	Person      summary
	Act, Part   string
	SchemaID    string
	Revision    int64 // that theirs has
	Posted      string
	Base, Yours string // encoded
	Differences []form.Difference
}

// conflict shows what somebody else has changed meanwhile, beside what was typed.
func (req *request) conflict(e *edit) error {
	_, differences, err := form.Merge(e.part.prefix, e.base, e.part.get(e.current), e.yours, nil)
	if err != nil {
		return &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	s := summarize(e.current)
	return req.page(http.StatusPreconditionFailed, "conflict", conflictPage{
		frame: req.frame(text("conflict.title"), "people"), Person: s, Act: e.act, Part: req.value("part"), SchemaID: e.schema,
		Revision: e.current.Revision, Posted: req.value("revision"), Base: encodeBase(e.base), Yours: encodeBase(e.yours), Differences: differences,
	})
}

// showMoved shows the person's page with what was typed, and an entry of a list in another place. Nothing is saved: the
// button for that belongs to browsers without JavaScript.
func (req *request) showMoved(e *edit) error {
	page, err := req.personPage(e.current, e.schema)
	if err != nil {
		return err
	}
	page.Form, page.Unsaved = e.form, true
	page.Base, page.BaseRevision = encodeBase(e.base), e.at
	return req.page(http.StatusOK, "person", page)
}

// sendBack shows the person's page with what was typed and what is wrong with it.
func (req *request) sendBack(e *edit, cause error) error {
	page, err := req.personPage(e.current, e.schema)
	if err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	var violations []violation.Violation
	if cause != nil {
		found, p, ok := refused(cause)
		if !ok {
			return cause
		}
		status, violations = p.status, found
		if len(violations) == 0 {
			page.Errors[e.act] = []string{p.message, p.reason}
		}
	}
	// The form shows what was typed, so it belongs to the value that it was typed over, which may not be the one that is
	// stored by now: what somebody else has saved meanwhile must still show as a conflict.
	if e.act == "metadata" {
		page.failMetadata(req, e, violations)
		return req.page(status, "person", page)
	}
	page.Base, page.BaseRevision = encodeBase(e.base), e.at
	if e.form != nil {
		page.Form = e.form
		e.form.Place(violations...)
		if len(page.Errors["traits"]) == 0 {
			page.Errors["traits"] = []string{text("person.look_below")}
		}
		return req.page(status, "person", page)
	}
	page.Traits, page.TraitsOpen = req.value("json"), true
	if req.value("mode") == "merge" {
		page.Traits = pretty(e.yours)
	}
	page.TraitsErrors = lines(violations)
	if e.yours == nil {
		page.TraitsErrors = []string{jsonFault(page.Traits)}
	}
	return req.page(status, "person", page)
}

// failMetadata puts what was typed into an editor of metadata, and what is wrong with it.
func (page *personPage) failMetadata(req *request, e *edit, violations []violation.Violation) {
	for n := range page.Metadata {
		m := &page.Metadata[n]
		if m.Part == req.value("part") {
			m.Text, m.Base, m.BaseRevision = req.value("json"), encodeBase(e.base), e.at
			if req.value("mode") == "merge" {
				m.Text = pretty(e.yours)
			}
			if m.Errors = lines(violations); len(violations) == 0 && len(page.Errors["metadata"]) == 0 {
				m.Errors = []string{jsonFault(m.Text)}
			}
		}
	}
}

// lines are violations as text, each with its place.
func lines(violations []violation.Violation) []string {
	var all []string
	for _, v := range violations {
		line := v.Message
		if v.Pointer != "" {
			line = v.Pointer + ": " + line
		}
		all = append(all, line)
	}
	return all
}

// jsonFault says what is wrong with text that is no JSON.
func jsonFault(typed string) string {
	if _, err := form.Indent(json.RawMessage(typed)); err != nil {
		return textf("person.bad_json", err.Error())
	}
	return text("fault.invalid")
}
