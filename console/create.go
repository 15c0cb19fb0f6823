package console

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

type newPage struct {
	frame
	Form         *form.Form
	SchemaID     string
	SchemaIDs    []string
	JSON         string // typed instead of the form
	JSONErrors   []string
	ExternalID   string
	Inactive     bool
	Errors       []string
	PasswordSent bool // has to be typed again
	Unsaved      bool // an entry of a list was moved
}

func (req *request) newPage(schemaID string) (*newPage, *form.Blueprint, error) {
	page := &newPage{frame: req.frame(text("new.title"), "people"), SchemaID: req.manager.Schemas().Default().ID()}
	for _, s := range req.manager.Schemas().All() {
		page.SchemaIDs = append(page.SchemaIDs, s.ID())
		if s.ID() == schemaID {
			page.SchemaID = schemaID
		}
	}
	blueprint, err := form.New(req.manager.Schemas(), page.SchemaID)
	return page, blueprint, err
}

func (req *request) newPerson(uuid.UUID) error {
	page, blueprint, err := req.newPage(req.r.URL.Query().Get("schema"))
	if err != nil {
		return err
	}
	page.Form = blueprint.Blank()
	return req.page(http.StatusOK, "new", page)
}

func (req *request) createPerson(uuid.UUID) error {
	page, blueprint, err := req.newPage(req.value("schema_id"))
	if err != nil {
		return err
	}
	page.Form = blueprint.Blank()
	page.ExternalID, page.Inactive = req.value("external_id"), req.value("state") == string(identity.StateInactive)
	create := identity.Create{SchemaID: page.SchemaID, State: identity.State(req.value("state")), ExternalID: page.ExternalID}
	if password := req.r.PostFormValue("password"); password != "" {
		page.PasswordSent = true
		create.Credentials = &credentials.Import{Password: &credentials.ImportPassword{Password: password}}
	}
	page.JSON = req.value("json")
	if page.JSON != "" {
		create.Traits = json.RawMessage(page.JSON)
	} else {
		page.Form.Post(req.r.PostForm)
		if req.value(form.Move) != "" {
			page.Unsaved = true
			return req.page(http.StatusOK, "new", page)
		}
		traits, ok := page.Form.Traits()
		if !ok {
			page.Errors = []string{text("person.look_below")}
			return req.page(http.StatusUnprocessableEntity, "new", page)
		}
		create.Traits = traits
	}
	created, err := req.manager.CreateIdentity(req.r.Context(), create)
	if err == nil {
		return req.see("people/" + created.ID.String() + "?done=create")
	}
	violations, p, ok := refused(err)
	if !ok {
		return err
	}
	if page.Errors = []string{text("person.look_below")}; len(violations) == 0 {
		page.Errors = []string{p.message, p.reason}
	}
	if page.JSON != "" {
		page.JSONErrors = lines(violations)
	} else {
		page.Form.Place(violations...)
	}
	return req.page(p.status, "new", page)
}
