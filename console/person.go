package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/idemkit/idem/console/form"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

type personPage struct {
	frame
	Person summary
	// Confirm is what has to be typed to delete the person.
	Confirm string
	Form    *form.Form
	// Traits is the JSON text of the traits, TraitsOpen whether to show it, TraitsErrors what is wrong with it.
	Traits       string
	TraitsOpen   bool
	TraitsErrors []string
	SchemaID     string // that the form is made by
	SchemaIDs    []string
	Base         string // the traits as the form has them; see encodeBase
	BaseRevision int64  // of the identity that had them
	Metadata     []metadata
	ExternalID   string
	Credentials  []credentialView
	History      []storage.Change
	// HistoryNewest and HistoryOlder are links to other parts of the history, empty where there is none.
	HistoryNewest, HistoryOlder string
	CanRecover                  bool
	Sessions                    *sessionList // nil where none are shown
	Recovery                    *recovery    // a code that was just made; nil before
	Unsaved                     bool         // an entry of a list was moved
	// Errors are what is wrong with what was posted, by the act.
	Errors map[string][]string
}

// metadata is an editor of metadata.
type metadata struct {
	Part, Text, Base string
	BaseRevision     int64
	Errors           []string
}

func metadataOf(part string, value json.RawMessage, revision int64) metadata {
	return metadata{Part: part, Text: pretty(value), Base: encodeBase(value), BaseRevision: revision}
}

func (req *request) person(id uuid.UUID) error {
	i, err := req.manager.GetIdentity(req.r.Context(), id)
	if err != nil {
		return err
	}
	page, err := req.personPage(i, req.r.URL.Query().Get("schema"))
	if err != nil {
		return err
	}
	return req.page(http.StatusOK, "person", page)
}

// personPage fills in the page of i, with a form by the schema called schemaID, or by its own where there is none.
func (req *request) personPage(i *identity.Identity, schemaID string) (*personPage, error) {
	s := summarize(i)
	page := &personPage{
		frame: req.frame(s.Name, "people"), Person: s, Confirm: confirmation(i), SchemaID: i.SchemaID, ExternalID: i.ExternalID,
		Traits: pretty(i.Traits), Base: encodeBase(i.Traits), BaseRevision: i.Revision, Errors: make(map[string][]string),
		Metadata:    []metadata{metadataOf("public", i.MetadataPublic, i.Revision), metadataOf("admin", i.MetadataAdmin, i.Revision)},
		Credentials: credentialViews(i), Sessions: req.sessionList(i.ID), CanRecover: req.desk != nil && req.May(opRecovery),
	}
	for _, s := range req.manager.Schemas().All() {
		page.SchemaIDs = append(page.SchemaIDs, s.ID())
		if s.ID() == schemaID {
			page.SchemaID = schemaID
		}
	}
	// Without its schema, or with traits that are no longer JSON, somebody can still be looked at.
	if blueprint, err := form.New(req.manager.Schemas(), page.SchemaID); err == nil {
		page.Form, _ = blueprint.Edit(i.Traits)
	}
	page.TraitsOpen = page.Form == nil
	if req.May(opHistory) {
		if err := req.fillHistory(page); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// fillHistory puts a part of the history on the page: that up to the number in the address, or the newest.
func (req *request) fillHistory(page *personPage) error {
	before, err := strconv.ParseInt(req.r.URL.Query().Get("history"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	var more bool
	if page.History, more, err = req.history(page.Person.ID, before, historyLength); err != nil {
		return err
	}
	at := "people/" + page.Person.ID.String()
	if before > 0 {
		page.HistoryNewest = req.relative(at + "#history")
	}
	if more {
		oldest := page.History[len(page.History)-1].Sequence
		page.HistoryOlder = req.relative(at + "?history=" + strconv.FormatInt(oldest-1, 10) + "#history")
	}
	return nil
}

// Failed returns what is wrong with what was posted for an act.
func (p *personPage) Failed(act string) []string { return p.Errors[act] }

// longestConfirmation is how many bytes somebody can be asked to type.
const longestConfirmation = 60

// confirmation is what has to be typed to delete somebody: their name, or their id where the name cannot be typed.
func confirmation(i *identity.Identity) string {
	name := nameOf(i)
	if len(name) > longestConfirmation || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return i.ID.String()
	}
	return name
}

// pretty is the JSON text that an editor shows: as it is where it has lines, else indented.
func pretty(value json.RawMessage) string {
	text, err := form.Indent(value)
	if err != nil {
		return string(value)
	}
	return text
}

// encodeBase writes the value that a form was made of, so that it comes back with every byte: a browser changes line
// breaks.
func encodeBase(value json.RawMessage) string { return base64.RawURLEncoding.EncodeToString(value) }

func decodeBase(encoded string) (json.RawMessage, error) {
	value, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	return value, nil
}
