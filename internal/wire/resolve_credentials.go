package wire

import (
	"maps"
	"slices"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/violation"
)

// resolveCredentials finds the credentials whose config a patch changed, and makes
// an import of them: a patched config is checked like an imported one, and takes the
// place of the one there was.
func resolveCredentials(change *identity.Edit, before, after map[string]jsontext.Value) error {
	var errs []error
	for name := range before {
		if _, stays := after[name]; !stays {
			errs = append(errs, violation.New("/credentials/"+name, "", "cannot be removed by a patch; delete the credential instead"))
		}
	}
	changed := map[string]jsontext.Value{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		pointer := string(jsontext.Pointer("/credentials").AppendToken(name))
		if _, err := credentials.ParseType(name); err != nil {
			errs = append(errs, violation.New(pointer, "", "is not a type of credentials"))
			continue
		}
		config, err := changedConfig(pointer, before[name], after[name])
		errs = append(errs, err)
		if config != nil {
			changed[name] = config
			change.Replaced = append(change.Replaced, credentials.Type(name))
		}
	}
	if err := violation.Join(errs...); err != nil || len(changed) == 0 {
		return err
	}
	imported, err := importOf(changed)
	if err != nil {
		return err
	}
	change.Credentials = imported
	return checkNotEmptied(imported)
}

// checkNotEmptied refuses a config that has nothing left: removing a credential has
// rules of its own.
func checkNotEmptied(i *credentials.Import) error {
	for _, list := range []struct {
		pointer string
		emptied bool
	}{
		{"/credentials/oidc/config/providers", i.OIDC != nil && len(i.OIDC.Providers) == 0},
		{"/credentials/saml/config/providers", i.SAML != nil && len(i.SAML.Providers) == 0},
		{"/credentials/lookup_secret/config/recovery_codes", i.LookupSecret != nil && len(i.LookupSecret.Codes) == 0},
		{"/credentials/webauthn/config/credentials", i.WebAuthn != nil && len(i.WebAuthn.Credentials) == 0},
		{"/credentials/passkey/config/credentials", i.Passkey != nil && len(i.Passkey.Credentials) == 0},
	} {
		if list.emptied {
			return violation.New(list.pointer, "", "cannot be emptied by a patch; delete the credential instead")
		}
	}
	return nil
}

// changedConfig returns an entry with nothing but the new config, or nil if the
// config is as it was. Everything else of an entry is protected.
func changedConfig(pointer string, before, after jsontext.Value) (jsontext.Value, error) {
	was, is := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	if before != nil {
		if err := jsonv2.Unmarshal(before, &was); err != nil {
			return nil, protected(pointer)
		}
	}
	if err := jsonv2.Unmarshal(after, &is); err != nil || is == nil {
		return nil, violation.New(pointer, "", "must be an object")
	}
	if before == nil {
		delete(is, "type") // of a new one it says what its name says
	}
	for _, name := range []string{"type", "identifiers", "version", "created_at", "updated_at"} {
		if !sameJSON(was[name], is[name]) {
			return nil, protected(pointer + "/" + name)
		}
		delete(is, name)
	}
	config, given := is["config"]
	switch {
	case !given && before != nil && was["config"] == nil:
		return nil, nil
	case !given && before != nil:
		return nil, violation.New(pointer+"/config", "", "cannot be removed by a patch; delete the credential instead")
	case !given:
		return nil, violation.New(pointer, "", "needs a config")
	case len(is) > 1:
		return nil, violation.New(pointer, "", "has a field that no credential has")
	case before != nil && sameJSON(was["config"], config):
		return nil, nil
	case config.Kind() != '{':
		return nil, violation.New(pointer+"/config", "", "must be an object")
	}
	return jsontext.Value(`{"config":` + string(config) + `}`), nil
}

// importOf reads entries as the body of an update is read.
func importOf(entries map[string]jsontext.Value) (*credentials.Import, error) {
	var w jsonwriter.Writer
	w.BeginObject()
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		w.Name(name)
		w.Raw(entries[name])
	}
	w.EndObject()
	var body struct {
		Credentials *credentialsBody `json:"credentials"`
	}
	if err := decode([]byte(`{"credentials":`+string(w.Bytes())+`}`), &body); err != nil {
		return nil, err
	}
	return body.Credentials.toImport()
}
