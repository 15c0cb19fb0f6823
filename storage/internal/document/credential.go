package document

import (
	"encoding/base64"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/internal/jsonwriter"
	"github.com/idemkit/idem/internal/strictjson"
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
			w.Strings(c.Identifiers)
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
	jsonwriter.ObjectsMember(w, "p", providers, func(p credentials.Provider) {
		w.StringMember("p", p.Provider)
		w.StringMember("s", p.Subject)
		if p.Organization != "" {
			w.StringMember("o", p.Organization)
		}
		if p.UseAutoLink {
			w.BoolMember("al", true)
		}
	})
}

func writeRecoveryCodes(w *jsonwriter.Writer, codes []credentials.RecoveryCode) {
	jsonwriter.ObjectsMember(w, "l", codes, func(code credentials.RecoveryCode) {
		w.StringMember("c", code.Code)
		if !code.UsedAt.IsZero() {
			writeTime(w, "ua", code.UsedAt)
		}
	})
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
	jsonwriter.ObjectsMember(w, "a", addresses, func(a credentials.CodeAddress) {
		w.StringMember("c", a.Channel)
		w.StringMember("a", a.Address)
	})
}

func readCredentials(r *strictjson.Reader) credentials.Set {
	set := make(credentials.Set)
	identifiers := make([]string, 0, 8) // of all types: each has a piece, and cannot append to the next
	for m := r.Object(); m.Next(); {
		// The key of a map that is a piece of the document would move the Reader to the heap.
		t := known(credentials.Type(m.Name), types)
		set[t] = readCredential(r, t, &identifiers)
	}
	return set
}

// types are the types that this release knows.
var types = credentials.Types()

func readCredential(r *strictjson.Reader, t credentials.Type, identifiers *[]string) credentials.Credential {
	c := credentials.Credential{Type: t}
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "i":
			start := len(*identifiers)
			for e := r.Array(); e.Next(); {
				*identifiers = append(*identifiers, r.String())
			}
			c.Identifiers = (*identifiers)[start:len(*identifiers):len(*identifiers)]
		case "n":
			c.Version = int(r.Int())
		case "ca":
			c.CreatedAt = readTime(r)
		case "ua":
			c.UpdatedAt = readTime(r)
		case "c":
			c.Config = readConfig(r)
		default:
			r.Skip()
		}
	}
	return c
}

func readConfig(r *strictjson.Reader) (c credentials.Config) {
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "h":
			c.HashedPassword = r.String()
		case "mh":
			c.UsePasswordMigrationHook = r.Bool()
		case "p":
			for e := r.Array(); e.Next(); {
				c.Providers = append(c.Providers, readProvider(r))
			}
		case "u":
			c.TOTPURL = r.String()
		case "l":
			for e := r.Array(); e.Next(); {
				c.RecoveryCodes = append(c.RecoveryCodes, readRecoveryCode(r))
			}
		case "k":
			for e := r.Array(); e.Next(); {
				c.Keys = append(c.Keys, readKey(r))
			}
		case "uh":
			c.UserHandle = readBase64(r)
		case "a":
			c.Addresses = make([]credentials.CodeAddress, 0, 2) // most people have at most an e-mail address and a number
			for e := r.Array(); e.Next(); {
				c.Addresses = append(c.Addresses, readCodeAddress(r))
			}
		default:
			r.Skip()
		}
	}
	return c
}

func readProvider(r *strictjson.Reader) (p credentials.Provider) {
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "p":
			p.Provider = r.String()
		case "s":
			p.Subject = r.String()
		case "o":
			p.Organization = r.String()
		case "al":
			p.UseAutoLink = r.Bool()
		default:
			r.Skip()
		}
	}
	return p
}

func readRecoveryCode(r *strictjson.Reader) (c credentials.RecoveryCode) {
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "c":
			c.Code = r.String()
		case "ua":
			c.UsedAt = readTime(r)
		default:
			r.Skip()
		}
	}
	return c
}

func readKey(r *strictjson.Reader) credentials.Key {
	key, err := credentials.ParseKey(r.Raw())
	if err != nil {
		r.Fail()
	}
	return key
}

func readCodeAddress(r *strictjson.Reader) (a credentials.CodeAddress) {
	for m := r.Object(); m.Next(); {
		switch m.Name {
		case "c":
			a.Channel = r.String()
		case "a":
			a.Address = r.String()
		default:
			r.Skip()
		}
	}
	return a
}

func readBase64(r *strictjson.Reader) []byte {
	decoded, err := base64.StdEncoding.DecodeString(r.String())
	if err != nil {
		r.Fail()
	}
	return decoded
}
