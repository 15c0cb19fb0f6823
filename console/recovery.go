package console

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
)

// recovery is a recovery code, which is shown once.
type recovery struct {
	Code, Link string
	ExpiresAt  time.Time
}

// lives are how long a recovery code can be good.
var lives = []string{"1h", "24h", "168h"}

// Lives returns what the form offers.
func (page *personPage) Lives() []string { return lives }

// makeRecoveryCode makes a recovery code and shows it. The answer is not a redirect: the code must be in no address.
func (req *request) makeRecoveryCode(id uuid.UUID) error {
	if req.desk == nil {
		return errNoPage
	}
	life, err := time.ParseDuration(req.value("life"))
	if err != nil || !slices.Contains(lives, req.value("life")) {
		return &problem{status: http.StatusBadRequest, message: text("fault.bad_form")}
	}
	code, err := req.desk.IssueAdminCode(req.r.Context(), id, life)
	if err != nil {
		return err
	}
	i, err := req.manager.GetIdentity(req.r.Context(), id)
	if err != nil {
		return err
	}
	page, err := req.personPage(i, "")
	if err != nil {
		return err
	}
	page.Recovery = &recovery{Code: code.Code, ExpiresAt: code.ExpiresAt}
	if req.Handler.recovery != nil {
		page.Recovery.Link = req.Handler.recovery(code)
	}
	return req.page(http.StatusOK, "person", page)
}
