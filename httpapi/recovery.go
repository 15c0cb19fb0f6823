package httpapi

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/internal/wire"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// WithSignIn lets the handler serve recovery codes and links, which desk issues, and end the
// sign-ins of an identity.
//
// recoveryURL returns the URL of the page on which a person completes a recovery. For a
// recovery code, which an administrator reads out, the Code field of the argument is empty, and
// the URL must contain the handle alone. For a recovery link, the argument has the handle and
// the code. Put them into the fragment of the URL, such as
// "https://example.com/recover#handle=…&code=…". Server logs do not contain fragments, and a
// client that only fetches the page cannot use the values.
//
// Without this option, recovery codes and links answer 501. Ending sessions answers 501 unless
// [WithSessions] is given.
func WithSignIn(desk *signin.Service, recoveryURL func(signin.Code) string) Option {
	return Option{func(c *config) error {
		if desk == nil || recoveryURL == nil {
			return errors.New("WithSignIn: the service or the function is nil")
		}
		c.desk, c.recoveryURL = desk, recoveryURL
		return nil
	}}
}

var errNotImplemented = &problem{
	status: http.StatusNotImplemented, id: "not_implemented",
	message: "This server does not serve that.", reason: "The application has not set it up.",
}

func (h *Handler) createRecoveryCode(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	code, err := h.issueRecovery(w, r, nil)
	if err != nil {
		return answer{}, err
	}
	withoutCode := code
	withoutCode.Code = ""
	out := jsonwriter.New(nil)
	out.BeginObject()
	out.StringMember("recovery_link", h.recoveryURL(withoutCode))
	out.StringMember("recovery_code", code.Code)
	out.Name("expires_at")
	out.Time(code.ExpiresAt)
	out.EndObject()
	return answer{status: http.StatusCreated, body: out.Bytes()}, nil
}

// recoveryLinkParameters are as listParameters are for a list.
var recoveryLinkParameters = map[string]bool{"return_to": false}

func (h *Handler) createRecoveryLink(w http.ResponseWriter, r *http.Request, _ []string) (answer, error) {
	query, err := readQuery(r)
	if err != nil {
		return answer{}, err
	}
	code, err := h.issueRecovery(w, r, recoveryLinkParameters)
	if err != nil {
		if errors.Is(err, storage.ErrNotFound) {
			err = violation.New("/identity_id", "", "is not the id of an identity")
		}
		return answer{}, err
	}
	link, err := withReturnTo(h.recoveryURL(code), query.Get("return_to"))
	if err != nil {
		return answer{}, err
	}
	out := jsonwriter.New(nil)
	out.BeginObject()
	out.StringMember("recovery_link", link)
	out.Name("expires_at")
	out.Time(code.ExpiresAt)
	out.EndObject()
	return answer{status: http.StatusOK, body: out.Bytes()}, nil
}

// issueRecovery reads a request and issues what it asks for.
func (h *Handler) issueRecovery(w http.ResponseWriter, r *http.Request, parameters map[string]bool) (signin.Code, error) {
	var asked wire.Recovery
	err := h.readJSON(w, r, h.maxBody, func(body []byte) (err error) {
		asked, err = wire.ReadRecovery(body)
		return err
	})
	if err != nil {
		return signin.Code{}, err
	}
	query, err := readQuery(r)
	if err != nil {
		return signin.Code{}, err
	}
	if err := checkParameters(query, parameters); err != nil {
		return signin.Code{}, err
	}
	if h.desk == nil {
		return signin.Code{}, errNotImplemented
	}
	return h.desk.IssueAdminCode(r.Context(), asked.IdentityID, asked.Life)
}

// withReturnTo adds to a link where the client is to go afterwards. Whether to follow it is
// for the application's page to decide.
func withReturnTo(link, returnTo string) (string, error) {
	if returnTo == "" {
		return link, nil
	}
	u, err := url.Parse(link)
	if err != nil {
		return "", errors.New("the recovery URL of the application cannot be parsed") // its text may hold a code
	}
	query := u.Query()
	query.Set("return_to", returnTo)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
