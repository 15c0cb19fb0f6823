package wire

import (
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/internal/wire/jsonpatch"
	"github.com/idemkit/idem/violation"
)

// credentials finds the credentials whose config the patch changed, and makes an import of them: a patched config is
// checked like an imported one, and takes the place of the one there was.
func (r *resolution) credentials(v jsonpatch.Value) {
	if v.Exists() && v.Kind() != '{' && v.Kind() != 'n' {
		r.fail("/credentials", "type", "must be an object")
		return
	}
	for _, t := range slices.Sorted(maps.Keys(r.current.Credentials)) {
		if !v.Member(string(t)).Exists() {
			r.fail("/credentials/"+string(t), "", "cannot be removed by a patch; delete the credential instead")
		}
	}
	before := len(r.errs)
	configs := map[string]jsontext.Value{}
	for name, entry := range v.Members() {
		if !entry.Changed() {
			continue
		}
		t, err := credentials.ParseType(name)
		if err != nil {
			r.fail("/credentials/"+escapeToken(name), "", "is not a type of credentials")
			continue
		}
		if config := r.credential(t, entry); config != "" {
			configs[name] = jsontext.Value(config)
			r.edit.Replaced = append(r.edit.Replaced, t)
		}
	}
	if len(configs) == 0 || len(r.errs) > before {
		return
	}
	slices.Sort(r.edit.Replaced)
	if err := r.importConfigs(configs); err != nil {
		r.errs = append(r.errs, err)
	}
}

// credential returns the config of a changed entry, empty if it is what it was. The rest of an entry may be left out; what
// is given must be what the credential has.
func (r *resolution) credential(t credentials.Type, entry jsonpatch.Value) (config string) {
	pointer := "/credentials/" + string(t)
	if entry.Kind() != '{' {
		r.fail(pointer, "type", "must be an object")
		return ""
	}
	was, exists := r.current.Credentials[t]
	for name, v := range entry.Members() {
		if !v.Changed() {
			continue
		}
		field := pointer + "/" + escapeToken(name)
		switch name {
		case "config":
		case "type":
			if text, _ := v.String(); text != string(t) {
				r.fail(field, "const", "must be the name of the member that it is in")
			}
		case "identifiers":
			r.identifiers(t, field, v)
		case "version":
			if version := t.Version(); !jsonpatch.Equal(v.Text(), strconv.Itoa(version)) && !(exists && jsonpatch.Equal(v.Text(), strconv.Itoa(was.Version))) {
				r.protected(field)
			}
		case "created_at", "updated_at":
			if !exists || !sameTime(v, was.CreatedAt) && name == "created_at" || !sameTime(v, was.UpdatedAt) && name == "updated_at" {
				r.protected(field)
			}
		default:
			r.fail(field, "additionalProperties", "is not a field of a credential")
		}
	}
	return r.config(t, pointer, entry.Member("config"), was, exists)
}

// identifiers reads those that the patch names. Whether they are right shows when the config has been merged.
func (r *resolution) identifiers(t credentials.Type, field string, v jsonpatch.Value) {
	if v.Kind() != '[' {
		r.fail(field, "type", "must be an array of strings")
		return
	}
	named := []string{}
	for n, element := range v.Elements() {
		text, ok := element.String()
		if !ok {
			r.fail(field+"/"+strconv.Itoa(n), "type", "must be a string")
		}
		named = append(named, text)
	}
	if r.edit.Identifiers == nil {
		r.edit.Identifiers = map[credentials.Type][]string{}
	}
	r.edit.Identifiers[t] = named
}

func (r *resolution) config(t credentials.Type, pointer string, v jsonpatch.Value, was credentials.Credential, exists bool) string {
	switch given := v.Exists() && v.Kind() != 'n'; {
	case !given && !was.Config.IsZero():
		r.fail(pointer+"/config", "", "cannot be removed by a patch; delete the credential instead")
	case !given && !exists:
		r.fail(pointer, "required", "needs a config")
	case !given || !v.Changed():
	case v.Kind() != '{':
		r.fail(pointer+"/config", "type", "must be an object")
	case !was.Config.IsZero() && jsonpatch.Equal(configText(t, was.Config), v.Text()):
	default:
		if t == credentials.TypePassword {
			r.password(pointer+"/config", v)
		}
		return v.Text()
	}
	return ""
}

// password refuses a member that the patch adds beside a secret that it leaves alone, and that would count for nothing
// beside it.
func (r *resolution) password(pointer string, config jsonpatch.Value) {
	plain, hash, hook := config.Member("password"), config.Member("hashed_password"), config.Member("use_password_migration_hook")
	text, given := plain.String()
	switch {
	case given && text == "" && !hash.Changed() && !hook.Changed():
		r.fail(pointer+"/password", "minLength", "must not be empty")
	case hook.Changed() && hook.Kind() == 't' && text == "" && hash.Exists() && !hash.Changed():
		r.fail(pointer+"/use_password_migration_hook", "", "counts for nothing beside a hashed_password; remove that too")
	}
}

func configText(t credentials.Type, c credentials.Config) string {
	w := jsonwriter.New(nil)
	writeConfig(w, t, c)
	return string(w.Bytes())
}

// importConfigs reads configs as the body of an update has them.
func (r *resolution) importConfigs(configs map[string]jsontext.Value) error {
	w := jsonwriter.New(nil)
	w.BeginObject()
	w.Name("credentials")
	w.BeginObject()
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		w.Name(name)
		w.BeginObject()
		w.Name("config")
		w.Raw(configs[name])
		w.EndObject()
	}
	w.EndObject()
	w.EndObject()
	var body struct {
		Credentials *credentialsBody `json:"credentials"`
	}
	if err := decode(w.Bytes(), &body); err != nil {
		return err
	}
	imported, err := body.Credentials.toImport()
	if err != nil {
		return err
	}
	r.edit.Credentials = imported
	return checkNotEmptied(imported)
}

// checkNotEmptied refuses a config that has nothing left: removing a credential has rules of its own.
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
			return violation.New(list.pointer, "minItems", "cannot be emptied by a patch; delete the credential instead")
		}
	}
	return nil
}
