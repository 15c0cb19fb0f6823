package console

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
)

// act does one thing to the identity id that the posted form was made for. change gets the identity; the revision that
// the change has to be made of is its. An act that is refused shows the person's page with the reason.
func (req *request) act(id uuid.UUID, name string, change func(i *identity.Identity, only idem.Precondition) error) error {
	revision, err := req.revision()
	if err != nil {
		return err
	}
	i, err := req.manager.GetIdentity(req.r.Context(), id)
	if err != nil {
		return err
	}
	if i.Revision == revision {
		if err = change(i, idem.IfRevision(revision)); err == nil {
			return nil
		}
	}
	status, reasons := http.StatusPreconditionFailed, []string{text("person.changed")}
	if err != nil && idem.KindOf(err) != idem.KindPrecondition {
		violations, p, ok := refused(err)
		if !ok {
			return err
		}
		status, reasons = p.status, lines(violations)
		if len(reasons) == 0 {
			reasons = []string{p.message, p.reason}
		}
	}
	if i, err = req.manager.GetIdentity(req.r.Context(), id); err != nil {
		return err
	}
	page, err := req.personPage(i, "")
	if err != nil {
		return err
	}
	page.Errors[name] = reasons
	if typed := req.value("external_id"); name == "external" {
		page.ExternalID = typed
	}
	return req.page(status, "person", page)
}

// update is act for what an update does, and leads to the person's page.
func (req *request) update(id uuid.UUID, name, done string, set func(*identity.Update)) error {
	return req.act(id, name, func(i *identity.Identity, only idem.Precondition) error {
		u := replacement(i)
		set(&u)
		if _, err := req.manager.UpdateIdentity(req.r.Context(), id, u, only); err != nil {
			return err
		}
		return req.see("people/" + id.String() + "?done=" + done)
	})
}

func (req *request) saveState(id uuid.UUID) error {
	state := identity.State(req.value("state"))
	return req.act(id, "state", func(_ *identity.Identity, only idem.Precondition) error {
		if _, err := req.manager.SetState(req.r.Context(), id, state, only); err != nil {
			return err
		}
		return req.see("people/" + id.String() + "?done=state_" + string(state))
	})
}

func (req *request) saveExternalID(id uuid.UUID) error {
	return req.update(id, "external", "external", func(u *identity.Update) { u.ExternalID = req.value("external_id") })
}

// savePassword sets a password. The policy of the Manager judges it.
func (req *request) savePassword(id uuid.UUID) error {
	return req.act(id, "password", func(_ *identity.Identity, only idem.Precondition) error {
		if _, err := req.manager.SetPassword(req.r.Context(), id, req.r.PostFormValue("password"), only); err != nil {
			return err
		}
		return req.see("people/" + id.String() + "?done=password")
	})
}

// signOut ends every sign-in of the person. The epoch comes first: it is what ends them, whatever the application keeps.
func (req *request) signOut(id uuid.UUID) error {
	return req.act(id, "signout", func(_ *identity.Identity, only idem.Precondition) error {
		if _, err := req.manager.EndSignIns(req.r.Context(), id, only); err != nil {
			return err
		}
		if err := req.endSessions(id); err != nil {
			return err
		}
		return req.see("people/" + id.String() + "?done=sign_out")
	})
}

// verifyAddress marks a verifiable address as verified.
func (req *request) verifyAddress(id uuid.UUID) error {
	return req.act(id, "verify", func(i *identity.Identity, only idem.Precondition) error {
		for _, a := range i.VerifiableAddresses {
			if a.ID.String() != req.value("address") {
				continue
			}
			if _, err := req.manager.MarkVerified(req.r.Context(), id, a.Via, a.Value, only); err != nil {
				return err
			}
			return req.see("people/" + id.String() + "?done=verify")
		}
		return &problem{status: http.StatusNotFound, message: text("fault.no_address")}
	})
}

func (req *request) deleteCredential(id uuid.UUID) error {
	return req.act(id, "credential", func(_ *identity.Identity, only idem.Precondition) error {
		t := credentials.Type(req.value("type"))
		if err := req.manager.DeleteCredential(req.r.Context(), id, t, req.r.PostFormValue("identifier"), only); err != nil {
			return err
		}
		return req.see("people/" + id.String() + "?done=credential")
	})
}

// deletePerson deletes the identity if its name was typed.
func (req *request) deletePerson(id uuid.UUID) error {
	return req.act(id, "delete", func(i *identity.Identity, only idem.Precondition) error {
		if req.value("confirm") != confirmation(i) {
			return &idem.Error{Op: "delete identity", Kind: idem.KindInvalid, Err: confirmError{}}
		}
		if err := req.manager.DeleteIdentity(req.r.Context(), id, only); err != nil {
			return err
		}
		return req.see("?done=delete")
	})
}

// confirmError says that another name than the person's was typed.
type confirmError struct{}

func (confirmError) Error() string { return text("person.wrong_name") }
