package console

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// route is what a request asks for.
type route struct {
	operation string
	bodyLimit int64 // of a POST, in bytes
	serve     func(req *request, id uuid.UUID) error
}

// Limits of what is posted. The text of a form is up to three times as long on the wire as it is, and holds the
// traits twice.
const (
	formLimit   = 8 << 20
	importLimit = 16 << 20
)

// reads and writes are the routes by path. "person" stands for people/ID; a write also says what it does, in the
// parameter "act", so that authorize can be asked before the body is read.
var reads = map[string]route{
	"":                {opList, 0, (*request).people},
	"person":          {opGet, 0, (*request).person},
	"new":             {opCreate, 0, (*request).newPerson},
	"import":          {opImport, 0, (*request).importPeople},
	"export":          {opList, 0, (*request).export},
	"schemas":         {opSchemas, 0, (*request).schemas},
	"activity":        {opActivity, 0, (*request).activity},
	"activity/stream": {opActivity, 0, (*request).activityStream},
}

var writes = map[string]route{
	"new":               {opCreate, formLimit, (*request).createPerson},
	"import check":      {opImport, importLimit, (*request).checkImport},
	"import run":        {opImport, importLimit, (*request).runImport},
	"bulk preview":      {opUpdate, formLimit, (*request).previewBulk},
	"bulk run":          {opUpdate, formLimit, (*request).runBulk},
	"person signout":    {opSignOut, formLimit, (*request).signOut},
	"person recovery":   {opRecovery, formLimit, (*request).makeRecoveryCode},
	"schemas rederive":  {opRederive, formLimit, (*request).rederive},
	"schemas check":     {opCheckSchema, formLimit, (*request).checkSchema},
	"person traits":     {opUpdate, formLimit, (*request).saveTraits},
	"person metadata":   {opUpdate, formLimit, (*request).saveMetadata},
	"person state":      {opUpdate, formLimit, (*request).saveState},
	"person external":   {opUpdate, formLimit, (*request).saveExternalID},
	"person password":   {opUpdate, formLimit, (*request).savePassword},
	"person verify":     {opPatch, formLimit, (*request).verifyAddress},
	"person credential": {opCredentials, formLimit, (*request).deleteCredential},
	"person delete":     {opDelete, formLimit, (*request).deletePerson},
}

// match finds what a request asks for. id is the person's, where the path has one.
func match(path string, r *http.Request) (found route, id uuid.UUID, err error) {
	if rest, ok := strings.CutPrefix(path, "people/"); ok {
		unescaped, err := url.PathUnescape(rest)
		if err != nil {
			return route{}, uuid.Nil, errNoPage
		}
		if id, err = uuid.Parse(unescaped); err != nil || id == uuid.Nil {
			return route{}, uuid.Nil, errNoPerson
		}
		path = "person"
	} else if path == "person" {
		return route{}, uuid.Nil, errNoPage
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		found, ok := reads[path]
		if !ok {
			return route{}, uuid.Nil, errNoPage
		}
		return found, id, nil
	case http.MethodPost:
		found, ok := writes[strings.TrimSpace(path+" "+r.URL.Query().Get("act"))]
		if !ok {
			return route{}, uuid.Nil, errNoPage
		}
		return found, id, nil
	}
	return route{}, uuid.Nil, &problem{status: http.StatusMethodNotAllowed, message: text("fault.method"), header: http.Header{"Allow": {"GET, HEAD, POST"}}}
}

// readForm reads the body of a POST.
func (req *request) readForm(limit int64) error {
	req.r.Body = http.MaxBytesReader(req.w, req.r.Body, limit)
	var err error
	if strings.HasPrefix(req.r.Header.Get("Content-Type"), "multipart/form-data") {
		err = req.r.ParseMultipartForm(limit)
	} else {
		err = req.r.ParseForm()
	}
	if err == nil {
		return nil
	}
	if tooLarge := (*http.MaxBytesError)(nil); asError(err, &tooLarge) {
		return &problem{status: http.StatusRequestEntityTooLarge, message: text("fault.too_large")}
	}
	return &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
}

// value returns a field of the posted form; its line breaks are \n.
func (req *request) value(name string) string {
	return strings.ReplaceAll(req.r.PostFormValue(name), "\r\n", "\n")
}
