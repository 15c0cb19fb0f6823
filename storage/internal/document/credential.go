package document

import (
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonwriter"
)

// writeCredentials writes the types in order, so that equal identities have equal
// documents.
func writeCredentials(w *jsonwriter.Writer, set credentials.Set) {
	if len(set) == 0 {
		return
	}
	w.Name("c")
	w.BeginObject()
	for t, c := range set.Sorted() {
		w.Name(string(t))
		w.BeginObject()
		if len(c.Identifiers) > 0 {
			w.Name("i")
			w.BeginArray()
			for _, identifier := range c.Identifiers {
				w.String(identifier)
			}
			w.EndArray()
		}
		if c.Version != 0 {
			w.Name("n")
			w.Int(int64(c.Version))
		}
		writeTime(w, "ca", c.CreatedAt)
		writeTime(w, "ua", c.UpdatedAt)
		if !c.Config.IsZero() {
			w.Name("c")
			writeConfig(w, c.Config)
		}
		w.EndObject()
	}
	w.EndObject()
}

func writeConfig(w *jsonwriter.Writer, c credentials.Config) {
	w.BeginObject()
	if c.HashedPassword != "" {
		w.StringMember("h", c.HashedPassword)
	}
	if c.UsePasswordMigrationHook {
		w.BoolMember("mh", true)
	}
	writeProviders(w, c.Providers)
	if c.TOTPURL != "" {
		w.StringMember("u", c.TOTPURL)
	}
	writeRecoveryCodes(w, c.RecoveryCodes)
	writeKeys(w, c.Keys)
	if len(c.UserHandle) > 0 {
		w.StringMember("uh", base64.StdEncoding.EncodeToString(c.UserHandle))
	}
	writeCodeAddresses(w, c.Addresses)
	w.EndObject()
}

func writeProviders(w *jsonwriter.Writer, providers []credentials.Provider) {
	if len(providers) == 0 {
		return
	}
	w.Name("p")
	w.BeginArray()
	for _, p := range providers {
		w.BeginObject()
		w.StringMember("p", p.Provider)
		w.StringMember("s", p.Subject)
		if p.Organization != "" {
			w.StringMember("o", p.Organization)
		}
		if p.UseAutoLink {
			w.BoolMember("al", true)
		}
		w.EndObject()
	}
	w.EndArray()
}

func writeRecoveryCodes(w *jsonwriter.Writer, codes []credentials.RecoveryCode) {
	if len(codes) == 0 {
		return
	}
	w.Name("l")
	w.BeginArray()
	for _, code := range codes {
		w.BeginObject()
		w.StringMember("c", code.Code)
		if !code.UsedAt.IsZero() {
			writeTime(w, "ua", code.UsedAt)
		}
		w.EndObject()
	}
	w.EndArray()
}

func writeKeys(w *jsonwriter.Writer, keys []credentials.Key) {
	if len(keys) == 0 {
		return
	}
	w.Name("k")
	w.BeginArray()
	for _, key := range keys {
		w.Raw(key.JSON)
	}
	w.EndArray()
}

func writeCodeAddresses(w *jsonwriter.Writer, addresses []credentials.CodeAddress) {
	if len(addresses) == 0 {
		return
	}
	w.Name("a")
	w.BeginArray()
	for _, a := range addresses {
		w.BeginObject()
		w.StringMember("c", a.Channel)
		w.StringMember("a", a.Address)
		w.EndObject()
	}
	w.EndArray()
}

// credential is a credential as it is read.
type credential struct {
	Identifiers []string `json:"i"`
	Version     int      `json:"n"`
	CreatedAt   int64    `json:"ca"`
	UpdatedAt   int64    `json:"ua"`
	Config      config   `json:"c"`
}

type config struct {
	HashedPassword string           `json:"h"`
	MigrationHook  bool             `json:"mh"`
	Providers      []provider       `json:"p"`
	TOTPURL        string           `json:"u"`
	RecoveryCodes  []recoveryCode   `json:"l"`
	Keys           []jsontext.Value `json:"k"`
	UserHandle     []byte           `json:"uh"`
	Addresses      []codeAddress    `json:"a"`
}

type provider struct {
	Provider     string `json:"p"`
	Subject      string `json:"s"`
	Organization string `json:"o"`
	UseAutoLink  bool   `json:"al"`
}

type recoveryCode struct {
	Code   string `json:"c"`
	UsedAt *int64 `json:"ua"`
}

type codeAddress struct {
	Channel string `json:"c"`
	Address string `json:"a"`
}

func decodeCredentials(i *identity.Identity, records map[string]credential) error {
	if len(records) == 0 {
		return nil
	}
	i.Credentials = make(credentials.Set, len(records))
	for name, r := range records {
		config, err := r.Config.decode()
		if err != nil {
			return fmt.Errorf("the stored document of identity %s has a malformed %s credential", i.ID, name)
		}
		i.Credentials[credentials.Type(name)] = credentials.Credential{
			Type: credentials.Type(name), Identifiers: r.Identifiers, Config: config, Version: r.Version,
			CreatedAt: microseconds(r.CreatedAt), UpdatedAt: microseconds(r.UpdatedAt),
		}
	}
	return nil
}

func (r config) decode() (credentials.Config, error) {
	c := credentials.Config{
		HashedPassword: r.HashedPassword, UsePasswordMigrationHook: r.MigrationHook,
		TOTPURL: r.TOTPURL, UserHandle: r.UserHandle,
	}
	for _, p := range r.Providers {
		c.Providers = append(c.Providers, credentials.Provider(p))
	}
	for _, l := range r.RecoveryCodes {
		code := credentials.RecoveryCode{Code: l.Code}
		if l.UsedAt != nil {
			code.UsedAt = microseconds(*l.UsedAt)
		}
		c.RecoveryCodes = append(c.RecoveryCodes, code)
	}
	for _, raw := range r.Keys {
		key, err := credentials.ParseKey(raw)
		if err != nil {
			return credentials.Config{}, err
		}
		c.Keys = append(c.Keys, key)
	}
	for _, a := range r.Addresses {
		c.Addresses = append(c.Addresses, credentials.CodeAddress(a))
	}
	return c, nil
}
