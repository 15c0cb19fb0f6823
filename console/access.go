package console

import (
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/idemkit/idem/httpapi"
)

// The operations that the console asks authorize about. They are those of the admin API but for the last two.
const (
	opList        = "listIdentities"
	opGet         = "getIdentity"
	opCreate      = "createIdentity"
	opImport      = "batchPatchIdentities"
	opUpdate      = "updateIdentity"
	opPatch       = "patchIdentity"
	opDelete      = "deleteIdentity"
	opCredentials = "deleteIdentityCredentials"
	opHistory     = "listIdentityChanges"
	opActivity    = "listChanges"
	opSchemas     = "listIdentitySchemas"
	opRecovery    = "createRecoveryCodeForIdentity"
	opSessions    = "listIdentitySessions"
	opSignOut     = "deleteIdentitySessions"
	opCheckSchema = "checkIdentitySchema"
	opRederive    = "rederiveIdentities"
)

func httpOperation(r *http.Request, operation string) *http.Request {
	return httpapi.WithOperation(r, operation)
}

// allow asks the application about operation, and takes a panic for a no.
func (req *request) allow(operation string, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			req.logger.ErrorContext(r.Context(), "console: authorize panicked", "operation", operation, "stack", string(debug.Stack()))
			err = httpapi.Forbidden("")
		}
		if err != nil {
			status, header, reason := httpapi.Denied(err)
			p := &problem{status: status, header: header, message: text("fault.forbidden"), reason: reason}
			if status == http.StatusUnauthorized {
				p.message = text("fault.unauthorized")
			}
			err = p
		}
	}()
	if req.authorize == nil {
		return httpapi.Forbidden("")
	}
	return req.authorize(httpOperation(r, operation))
}

// May reports whether the request's sender may do operation: what they may not do is not offered.
func (req *request) May(operation string) bool {
	may, asked := req.may[operation]
	if !asked {
		question := req.r.Clone(req.r.Context())
		question.Body, question.ContentLength = http.NoBody, 0
		question.Method = http.MethodPost
		if strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list") {
			question.Method = http.MethodGet
		}
		may = req.allow(operation, question) == nil
		req.may[operation] = may
	}
	return may
}
