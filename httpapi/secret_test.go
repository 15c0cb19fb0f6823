package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/violation"
)

// audience says where a planted text may be seen. Whatever it is, no log line and no
// printed value is among them, but for a cause.
type audience int

const (
	nobody  audience = iota
	configs          // answers to a request with include_credential
	admins           // any answer of the API that is not an error
	anyone           // any answer, an error too
	cause            // the log alone: what went wrong inside
)

// planted is a marked text and who may see it.
type planted struct {
	mark  string
	forms []string
	audience
}

// plants are all texts that a test has planted.
type plants struct {
	all []planted
	// text and json hold what was logged since the last look, at whatever level, and
	// seen what was looked through.
	text, json bytes.Buffer
	seen       strings.Builder
}

// logger logs to both forms at every level there is.
func (p *plants) logger() *slog.Logger {
	everything := &slog.HandlerOptions{Level: slog.Level(math.MinInt), AddSource: true}
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(&p.text, everything), slog.NewJSONHandler(&p.json, everything)))
}

// stem is what the texts of plant begin with. Where it is not, in any form, none of them
// is, which saves looking for each.
const stem = "Planted"

var stemForms = forms(stem)

// plant returns a text that is nowhere else, and remembers it.
func (p *plants) plant(who audience) string {
	sum := sha256.Sum256([]byte(fmt.Sprint("planted", len(p.all))))
	mark := stem + hex.EncodeToString(sum[:8])
	return p.plantText(mark, who)
}

// plantText has mark found as well.
func (p *plants) plantText(mark string, who audience) string {
	p.all = append(p.all, planted{mark, forms(mark), who})
	return mark
}

// forms are the ways in which mark could show: as it is, in hexadecimal, in numbers, and
// in base64 wherever it begins.
func forms(mark string) []string {
	all := []string{
		mark, strings.ToLower(mark), strings.ToUpper(mark), hex.EncodeToString([]byte(mark)), strings.ToUpper(hex.EncodeToString([]byte(mark))),
		fmt.Sprintf("% x", mark), fmt.Sprintf("% X", mark),
		strings.Trim(fmt.Sprint([]byte(mark)), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(mark)), "[]"), " ", ","),
		strings.Trim(fmt.Sprintf("%#v", []byte(mark)), "[]byte{}"),
	}
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + mark))
		all = append(all, encoded[2*shift:len(encoded)-2]) // without what the neighbours decide
	}
	return all
}

// requireUnseen checks that nothing planted shows in text but what may have been seen by
// one of those.
func (p *plants) requireUnseen(t *testing.T, where, text string, who ...audience) {
	t.Helper()
	stemSeen := slices.ContainsFunc(stemForms, func(form string) bool { return strings.Contains(text, form) })
	for _, secret := range p.all {
		if slices.Contains(who, secret.audience) || !stemSeen && strings.HasPrefix(secret.mark, stem) {
			continue
		}
		for _, form := range secret.forms {
			if shows(text, form) {
				require.Fail(t, "a secret is seen", "%s, as %s, in %s:\n%.3000s", secret.mark, form, where, text)
			}
		}
	}
}

// shows reports whether text contains form. A code of six digits is also a part of some addresses in memory, by chance, so
// it counts only where no other digit, of a number to either base, is beside it.
func shows(text, form string) bool {
	if len(form) != 6 || strings.Trim(form, "0123456789") != "" {
		return strings.Contains(text, form)
	}
	beside := func(at int) bool {
		return at >= 0 && at < len(text) && strings.IndexByte("0123456789abcdef", text[at]) >= 0
	}
	for at := 0; ; at++ {
		found := strings.Index(text[at:], form)
		if found < 0 {
			return false
		}
		if at += found; !beside(at-1) && !beside(at+len(form)) {
			return true
		}
	}
}

func TestShows(t *testing.T) {
	for text, want := range map[string]bool{"457723": true, "Code:457723}": true, `"457723"`: true, "x=457723 ": true, "54485445772320": false, "0x457723f": false, "14577231 457723": true} {
		require.Equal(t, want, shows(text, "457723"), text)
	}
	require.True(t, shows("aMFRAb", "MFRA"))
}

// requireNotLogged looks through both logs.
func (p *plants) requireNotLogged(t *testing.T, where string) {
	t.Helper()
	p.requireUnseen(t, "the log after "+where, p.text.String(), cause)
	p.requireUnseen(t, "the log after "+where, p.json.String(), cause)
	p.seen.Write(p.text.Bytes())
	p.text.Reset()
	p.json.Reset()
}

// requireAnswer looks through an answer, its header included.
func (p *plants) requireAnswer(t *testing.T, where string, r response, path string) {
	t.Helper()
	who := []audience{anyone}
	if r.status < 400 {
		who = append(who, admins)
	}
	if r.status == http.StatusOK && strings.Contains(path, "include_credential") {
		who = append(who, configs)
	}
	p.requireUnseen(t, where, fmt.Sprint(r.header)+string(r.body), who...)
}

// requireError looks through all ways to print an error and what it wraps.
func (p *plants) requireError(t *testing.T, err error, who ...audience) {
	t.Helper()
	if err == nil {
		return
	}
	for _, verb := range printVerbs {
		p.requireUnseen(t, "an error", fmt.Sprintf(verb, err), who...)
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		p.requireError(t, wrapper.Unwrap(), who...)
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			p.requireError(t, inner, who...)
		}
	}
}

var printVerbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d"}

// secretHasher makes hashes that are planted, or fails.
type secretHasher struct {
	*plants
	err error
}

func (h *secretHasher) Hash(_ context.Context, password []byte) (string, error) {
	if h.err != nil {
		return "", h.err
	}
	digest := sha256.Sum256(append([]byte(fmt.Sprint(len(h.all))), password...))
	key := base64.StdEncoding.EncodeToString(digest[:])
	return "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$" + h.plantText(key, configs), nil
}

func (h *secretHasher) NeedsRehash(hash passwordhash.Hash) bool {
	return hash.FormatName() != passwordhash.FormatSHA
}

// secretCreate plants a secret in every place that has one and is accepted.
func (p *plants) secretCreate() string {
	seed := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(p.plant(configs)))
	replace := strings.NewReplacer(
		"HASH", storedHash, "SEED", p.plantText(seed, configs),
		"CODE1", p.plant(configs), "CODE2", p.plant(configs), "KEYID", p.plant(configs), "KEYNAME", p.plant(configs), "PUBLIC", p.plant(configs),
		"HANDLE", base64.StdEncoding.EncodeToString([]byte(p.plant(configs))), "PASSKEYID", p.plant(configs),
		"PASSHANDLE", base64.StdEncoding.EncodeToString([]byte(p.plant(admins))), // it is the credential's identifier
		"TOKEN1", p.plant(nobody), "TOKEN2", p.plant(nobody), "TOKEN3", p.plant(nobody), "OLD1", p.plant(nobody), "OLD2", p.plant(nobody),
		"SUBJECT", p.plant(admins), "EXTERNAL", p.plant(admins), "NAME", p.plantText(p.plant(admins)[:20], admins), "METADATA", p.plant(admins), "SHOWN", p.plant(admins),
	)
	p.plantText(storedHash, configs)
	return replace.Replace(`{
		"external_id": "EXTERNAL", "traits": {"username": "ada", "name": "NAME"}, "metadata_admin": {"note": "METADATA"}, "metadata_public": ["SHOWN"],
		"credentials": {
			"password": {"config": {"hashed_password": "HASH"}},
			"oidc": {"config": {"config": {"password": "OLD1", "hashed_password": "OLD2"},
				"providers": [{"provider": "google", "subject": "SUBJECT", "initial_id_token": "TOKEN1", "initial_access_token": "TOKEN2", "initial_refresh_token": "TOKEN3"}]}},
			"totp": {"config": {"totp_url": "otpauth://totp/Idem:ada?secret=SEED"}},
			"lookup_secret": {"config": {"codes": [{"code": "CODE1"}, {"code": "CODE2", "used_at": "2026-10-01T00:00:00Z"}]}},
			"webauthn": {"config": {"credentials": [{"id": "KEYID", "public_key": "PUBLIC", "display_name": "KEYNAME"}], "user_handle": "HANDLE"}},
			"passkey": {"config": {"credentials": [{"id": "PASSKEYID"}], "user_handle": "PASSHANDLE"}}
		}
	}`)
}

// misplaced are bodies with a secret, SECRET, where none belongs or none can be read.
var misplaced = []string{
	// A wrong place, a misspelt name.
	`{"password":"SECRET"}`, `{"credentials":"SECRET"}`, `{"credentials":{"password":"SECRET"}}`, `{"credentials":{"password":{"password":"SECRET"}}}`,
	`{"credentials":{"passwrd":{"config":{"password":"SECRET"}}}}`, `{"credentials":{"password":{"config":{"pasword":"SECRET"}}}}`,
	`{"credentials":{"password":{"cfg":{"password":"SECRET"}}}}`, `{"traits":{"password":"SECRET"}}`, `{"traits":{"email":"SECRET"}}`, `{"traits":{"email":"x","phone":"SECRET","age":"SECRET"}}`,
	`{"traits":"SECRET"}`, `{"schema_id":"SECRET"}`, `{"state":"SECRET"}`, `{"external_id":"SECRET\u0000"}`, `{"organization_id":"SECRET"}`, `{"id":"SECRET"}`,
	`{"verifiable_addresses":["SECRET"]}`, `{"verifiable_addresses":[{"value":"a@b.co","via":"SECRET","status":"SECRET","verified_at":"SECRET"}]}`,
	`"SECRET"`, `["SECRET"]`, `SECRET`,
	// A wrong type.
	`{"credentials":{"password":{"config":"SECRET"}}}`, `{"credentials":{"password":{"config":["SECRET"]}}}`, `{"credentials":{"password":{"config":{"password":["SECRET"]}}}}`,
	`{"credentials":{"password":{"config":{"password":{"value":"SECRET"}}}}}`, `{"credentials":{"password":{"config":{"use_password_migration_hook":"SECRET"}}}}`,
	`{"credentials":{"totp":{"config":{"totp_url":["SECRET"]}}}}`, `{"credentials":{"lookup_secret":{"config":{"codes":"SECRET"}}}}`, `{"credentials":{"lookup_secret":{"config":{"codes":["SECRET"]}}}}`,
	`{"credentials":{"lookup_secret":{"config":{"codes":[{"code":["SECRET"]}]}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":"SECRET"}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":["SECRET"]}}}}`,
	`{"credentials":{"webauthn":{"config":{"credentials":[{"id":["SECRET"]}]}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":[{"id":"x","is_passwordless":"SECRET"}]}}}}`,
	`{"credentials":{"oidc":{"config":{"providers":["SECRET"]}}}}`, `{"credentials":{"oidc":{"config":{"providers":[{"provider":"x","subject":["SECRET"]}]}}}}`,
	`{"credentials":{"code":{"config":{"addresses":[{"channel":"SECRET","address":"SECRET"}]}}}}`,
	// A name twice.
	`{"credentials":{"password":{"config":{"password":"SECRET","password":"SECRET"}}}}`, `{"credentials":{"password":{"config":{"password":"SECRET"}},"password":{}}}`,
	`{"credentials":{"webauthn":{"config":{"credentials":[{"id":"SECRET","id":"SECRET"}]}}}}`, `{"metadata_admin":{"a":"SECRET","a":"SECRET"}}`,
	// Broken JSON, before, within and after the secret.
	`{"credentials":{"password":{"config":{"password":"SECRET`, `{"credentials":{"password":{"config":{"password":SECRET}}}}`, `{"credentials":{"password":{"config":{"password":"SECRET\x"}}}}`,
	`{"credentials":{"password":{"config":{"password":"SECRET` + "\xff" + `"}}}}`, `{"credentials":{"password":{"config":{"password":"SECRET` + "\n" + `"}}}}`, `{"credentials":{"password":{"config":{"password":"SECRET\ud800"}}}}`,
	`{"credentials":{"password":{"config":{"password":"SECRET"}}}}x`, `{"credentials":{"password":{"config":{"password":"SECRET"}}}} "SECRET"`, `{"credentials":{"password":{"config":{"password":"SECRET"}},}}`,
	// What cannot be used.
	`{"credentials":{"password":{"config":{"password":"` + strings.Repeat("SECRET", 100) + `"}}}}`, `{"credentials":{"password":{"config":{"password":"SECRET"}}},"state":"asleep"}`,
	`{"credentials":{"password":{"config":{"password":"SECRET"}}},"traits":{"email":"x"}}`, `{"credentials":{"password":{"config":{"hashed_password":"SECRET"}}}}`,
	`{"credentials":{"totp":{"config":{"totp_url":"SECRET"}}}}`, `{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/x?secret=SECRET!"}}}}`, `{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/x?secret=SECRET%zz"}}}}`,
	`{"credentials":{"totp":{"config":{"totp_url":"otpauth://SECRET:SECRET@totp/x?secret=MFRA"}}}}`, `{"credentials":{"totp":{"config":{"totp_url":"http://SECRET\u007f/"}}}}`, `{"credentials":{"totp":{"config":{"totp_url":"otpauth://totp/x?secret=MFRA&digits=SECRET"}}}}`,
	`{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"` + strings.Repeat("SECRET", 20) + `"}]}}}}`, `{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"SECRET","used_at":"SECRET"}]}}}}`,
	`{"credentials":{"lookup_secret":{"config":{"codes":[{"code":"SECRET\u0000"}]}}}}`, `{"credentials":{"webauthn":{"config":{"credentials":[{"id":"","public_key":"SECRET"}]}}}}`,
	`{"credentials":{"webauthn":{"config":{"credentials":[{"id":"x","public_key":"SECRET\u0000"}]}}}}`, `{"credentials":{"webauthn":{"config":{"user_handle":"SECRET!"}}}}`,
	`{"credentials":{"passkey":{"config":{"credentials":[],"user_handle":"SECRET!"}}}}`,
	`{"credentials":{"oidc":{"config":{"providers":[{"provider":"SECRET:x","subject":"SECRET"}]}}}}`,
	`{"credentials":{"oidc":{"config":{"providers":[{"provider":"","subject":"SECRET","initial_id_token":"SECRET"}]}}}}`,
}

// misplacedPatches are the same for a JSON Patch.
var misplacedPatches = []string{
	`[{"op":"SECRET","path":"/x"}]`, `[{"op":"add","path":"/nothing","value":"SECRET"}]`, `[{"op":"add","path":"SECRET","value":"SECRET"}]`, `[{"op":"add","path":["SECRET"]}]`, `["SECRET"]`,
	`[{"op":"test","path":"/credentials/password/config/hashed_password","value":"SECRET"}]`, `[{"op":"test","path":"/metadata_admin","value":"SECRET"}]`,
	`[{"op":"add","path":"/credentials/password/config","value":{"pasword":"SECRET"}}]`, `[{"op":"add","path":"/credentials/password/config","value":"SECRET"}]`,
	`[{"op":"replace","path":"/credentials/password/config/hashed_password","value":"SECRET"}]`, `[{"op":"add","path":"/credentials/totp/config/totp_url","value":"SECRET"}]`,
	`[{"op":"add","path":"/credentials/lookup_secret/config/recovery_codes/0","value":"SECRET"}]`, `[{"op":"add","path":"/credentials/webauthn/config/credentials/-","value":"SECRET"}]`,
	`[{"op":"copy","from":"/credentials/password/config/hashed_password","path":"/traits/name"}]`, `[{"op":"copy","from":"/credentials/totp/config/totp_url","path":"/state"}]`,
	`[{"op":"move","from":"/credentials/lookup_secret/config/recovery_codes/0/code","path":"/traits/email"}]`, `[{"op":"copy","from":"/credentials/password/config","path":"/credentials/totp/config"}]`,
	`[{"op":"copy","from":"/credentials/webauthn/config/credentials/0","path":"/schema_id"}]`, `[{"op":"test","path":"/credentials","value":{}}]`, `[{"op":"add","path":"/credentials/password/config/password","value":"SECRET"},{"op":"SECRET"}]`,
}

// TestSecretsStayIn plants a marked secret in every place that can hold one, rightly or
// not, by every way in, and looks for all of them in every answer, in every line of the
// log at every level, and in every error.
func TestSecretsStayIn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	var hashes []string
	file, err := os.ReadFile("../credentials/passwordhash/testdata/handbook_hashes.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &hashes))
	hashes = append(hashes, "$P$5IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
		"pbkdf2_sha256$10$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=", "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw")

	onFaultyStores(t, func(t *testing.T, f *fixture, store *faultyStore, _ *bytes.Buffer) {
		p := &plants{}
		hasher := &secretHasher{plants: p}
		policyTold, vetoTold, hookCause := p.plant(anyone), p.plant(anyone), p.plant(cause)
		thrown, refused := p.plant(nobody), p.plant(nobody)
		f.manager, err = idem.New(store, newSchemas(t), idem.WithClock(f.now), idem.WithIDs(f.newID), idem.WithHasher(hasher), idem.WithLogger(p.logger()),
			idem.WithPasswordPolicy(func(_ context.Context, candidate idem.PasswordCandidate) error {
				switch candidate.Password {
				case refused:
					return errors.New(policyTold)
				case thrown:
					panic(candidate.Password)
				}
				return nil
			}),
			idem.WithBeforeCommit(func(_ context.Context, c idem.PendingChange) error {
				switch {
				case c.After != nil && c.After.ExternalID == "vetoed":
					return idem.Veto(vetoTold)
				case c.After != nil && c.After.ExternalID == "thrown":
					panic(c.After.Credentials[credentials.TypePassword].Config.HashedPassword)
				}
				return nil
			}),
			idem.WithPasswordMigration(func(_ context.Context, _ *identity.Identity, _, password string) (bool, error) {
				if password == thrown {
					panic(password)
				}
				return password == "right", errors.New(hookCause)
			}))
		require.NoError(t, err)
		open := httpapi.New(f.manager, httpapi.AllowAll, httpapi.WithBaseURL(baseURL))
		f.handler = open
		send := func(method, path, mediaType, body string) response {
			t.Helper()
			r := f.do(t, method, path, body, "Content-Type", mediaType)
			where := method + " " + path + " " + body
			p.requireAnswer(t, where, r, path)
			inProblem := f.serve(newRequest(t, method, path, body, "Content-Type", mediaType, "Accept", "application/problem+json"))
			p.requireAnswer(t, where, inProblem, path)
			p.requireNotLogged(t, where)
			return r
		}
		everyWay := func(id, body string) {
			t.Helper()
			send("POST", "/admin/identities", mediaJSON, body)
			send("PUT", identityPath(id), mediaJSON, body)
			send("PUT", identityPath(absentID), mediaJSON, body)
			send("PUT", identityPath(id), "text/plain", body)
			send("PATCH", identityPath(id), mediaMergePatch, body)
			send("PATCH", identityPath(id), mediaJSONPatch, `[{"op":"replace","path":"","value":`+body+`}]`)
			send("PATCH", "/admin/identities", mediaJSON, `{"identities":[{"create":`+body+`}]}`)
			send("PATCH", "/admin/identities", mediaJSON, body)
		}
		read := func(id string) {
			t.Helper()
			for _, path := range []string{identityPath(id), identityPath(id) + allConfigs, "/admin/identities", "/admin/identities" + allConfigs, "/admin/identities?credentials_identifier=ada", changesPath, identityChangesPath(id), "/schemas", "/openapi.json"} {
				requireStatus(t, http.StatusOK, send("GET", path, "", ""))
			}
		}

		create := p.secretCreate()
		created := send("POST", "/admin/identities", mediaJSON, create)
		requireStatus(t, http.StatusCreated, created)
		id := created.document(t).ID
		read(id)
		require.Contains(t, string(f.whole(t, id).body), storedHash, "the configs are what the scan makes an exception for")
		requireStatus(t, http.StatusOK, send("PUT", identityPath(id), mediaJSON, p.secretCreate()))
		everyWay(id, create)
		read(id)

		// Plain passwords, by every way that takes one.
		plain := p.plant(nobody)
		password := func(secret string) string {
			return `{"traits":{"username":"ada"},"credentials":{"password":{"config":{"password":"` + secret + `"}}}}`
		}
		everyWay(id, password(plain))
		requireStatus(t, http.StatusOK, send("PATCH", identityPath(id), mediaJSONPatch, `[{"op":"add","path":"/credentials/password/config","value":{"password":"`+p.plant(nobody)+`"}}]`))
		everyWay(id, password(refused))
		require.Contains(t, string(send("PUT", identityPath(id), mediaJSON, password(refused)).body), policyTold)
		for _, way := range [][3]string{
			{"POST", "/admin/identities", password(thrown)}, {"PUT", identityPath(id), password(thrown)}, {"PATCH", "/admin/identities", `{"identities":[{"create":` + password(thrown) + `}]}`},
		} {
			requireStatus(t, http.StatusInternalServerError, send(way[0], way[1], mediaJSON, way[2]))
		}
		hasher.err = errors.New(p.plant(cause))
		requireStatus(t, http.StatusInternalServerError, send("PUT", identityPath(id), mediaJSON, password(p.plant(nobody))))
		hasher.err = violation.New("", "", "is not to our taste")
		requireStatus(t, http.StatusBadRequest, send("PUT", identityPath(id), mediaJSON, password(p.plant(nobody))))
		hasher.err = nil

		for externalID, want := range map[string]int{"vetoed": http.StatusUnprocessableEntity, "thrown": http.StatusInternalServerError} {
			body := strings.Replace(password(p.plant(nobody)), "{", `{"external_id":"`+externalID+`",`, 1)
			requireStatus(t, want, send("PUT", identityPath(id), mediaJSON, body))
			everyWay(id, body)
		}

		for _, body := range misplaced {
			everyWay(id, strings.ReplaceAll(body, "SECRET", p.plant(nobody)))
		}
		for _, patch := range misplacedPatches {
			r := send("PATCH", identityPath(id), mediaJSONPatch, strings.ReplaceAll(patch, "SECRET", p.plant(nobody)))
			require.GreaterOrEqual(t, r.status, 400, patch)
		}
		send("PUT", identityPath(id), mediaJSON, p.secretCreate())
		read(id)

		// What is in the path and the query is nobody else's either.
		for _, path := range []string{"/credentials/oidc?identifier=", "/credentials/saml?identifier=x:", "/credentials/", "/"} {
			send("DELETE", identityPath(id)+path+p.plant(nobody), "", "")
		}
		for _, path := range []string{"?include_credential=", "/", "?"} {
			send("GET", identityPath(id)+path+p.plant(nobody), "", "")
		}
		for _, parameter := range []string{"ids", "page_token", "page_size", "page", "organization_id", "include_credential"} {
			send("GET", "/admin/identities?"+parameter+"="+p.plant(nobody), "", "")
		}
		for _, name := range []string{"totp", "lookup_secret", "webauthn", "passkey", "code", "oidc", "password"} {
			send("DELETE", identityPath(id)+"/credentials/"+name, "", "")
		}
		requireStatus(t, http.StatusNoContent, send("DELETE", identityPath(id), "", ""))

		// Hashes of every family, whole and broken. Which store keeps one says nothing of
		// its family: one of three will do for the one that waits for its disk.
		for n, hash := range hashes {
			if f.storeName == "sqlite" && n%3 != 0 {
				continue
			}
			part := hash[strings.LastIndexAny(hash, "$}")+1:]
			p.plantText(part[max(0, len(part)-24):len(part)-4], configs)
			p.plantText(part[:min(16, len(part))], configs)
			body := func(hash string) string {
				return fmt.Sprintf(`{"traits":{"username":"user-%d"},"credentials":{"password":{"config":{"hashed_password":%q}}}}`, n, hash)
			}
			r := send("POST", "/admin/identities", mediaJSON, body(hash))
			requireStatus(t, http.StatusCreated, r)
			id := r.document(t).ID
			for _, broken := range []string{hash[:len(hash)-2], hash + "\n", strings.Repeat(hash, 100)} {
				everyWay(id, body(broken))
			}
			everyWay(id, body(hash))
			read(id)
			for _, password := range []string{"landscape-Pa55", p.plant(nobody)} {
				verified, err := f.manager.VerifyPassword(t.Context(), fmt.Sprintf("user-%d", n), password)
				p.requireError(t, err)
				p.requirePrinted(t, verified)
			}
			p.requireNotLogged(t, "a sign-in with "+hash[:8])
			requireStatus(t, http.StatusNoContent, send("DELETE", identityPath(id), "", ""))
		}

		// Sign-ins that fail in every way.
		requireStatus(t, http.StatusCreated, send("POST", "/admin/identities", mediaJSON, `{"traits":{"username":"hook"},"credentials":{"password":{"config":{"use_password_migration_hook":true}}}}`))
		sleeper := send("POST", "/admin/identities", mediaJSON, `{"state":"inactive","traits":{"username":"sleeper"},"credentials":{"password":{"config":{"password":"`+plain+`"}}}}`)
		requireStatus(t, http.StatusCreated, sleeper)
		for _, identifier := range []string{"sleeper", "hook", p.plant(nobody)} {
			for _, password := range []string{plain, p.plant(nobody), p.plant(nobody) + "\xff", strings.Repeat(p.plant(nobody), 100)} {
				verified, err := f.manager.VerifyPassword(t.Context(), identifier, password)
				require.Error(t, err)
				require.Nil(t, verified)
				p.requireError(t, err, cause)
			}
		}
		p.requireNotLogged(t, "sign-ins that failed")
		require.Contains(t, p.seen.String(), hookCause, "the cause of a fault is logged")

		// A store that fails and says why, or panics with what it was given.
		storeCause, storeThrown := p.plant(cause), p.plant(nobody)
		for name, fail := range map[string]func() error{
			"an error": func() error { return errors.New(storeCause) },
			"a panic":  func() error { panic(errors.New(storeThrown)) },
			"panicked": func() error { panic(storeThrown) },
		} {
			for _, e := range endpoints {
				store.fail = fail
				send(e.method, e.at(sleeper.document(t).ID), e.body().mediaType, e.body().content)
				send("PUT", identityPath(id), mediaJSON, password(p.plant(nobody)))
				store.fail = func() error { return nil }
			}
			p.requireNotLogged(t, "a store with "+name)
		}
		require.Contains(t, p.seen.String(), storeCause)

		// An authorize that fails, says why, or panics.
		for _, authorize := range []func(*http.Request) error{
			func(*http.Request) error { return errors.New(thrown) },
			func(*http.Request) error { return fmt.Errorf("%s: %w", thrown, httpapi.Unauthorized("", "")) },
			func(*http.Request) error { panic(thrown) },
			func(*http.Request) error { panic(errors.New(thrown)) },
		} {
			f.handler = httpapi.New(f.manager, authorize)
			for _, e := range endpoints {
				require.Contains(t, []int{401, 403}, send(e.method, e.at(id), e.body().mediaType, e.body().content).status)
			}
		}
		f.handler = open
		p.requireSecretsInGo(t, f.manager)
		require.Contains(t, p.seen.String(), "level=DEBUG")
	})
}

// requireSecretsInGo uses the Go API, where values and errors come back as they are.
func (p *plants) requireSecretsInGo(t *testing.T, manager *idem.Manager) {
	t.Helper()
	imports := []*credentials.Import{
		{Password: &credentials.ImportPassword{Password: p.plant(nobody)}},
		{Password: &credentials.ImportPassword{Password: strings.Repeat(p.plant(nobody), 100)}},
		{Password: &credentials.ImportPassword{HashedPassword: "$2a$10$" + p.plant(nobody)}},
		{TOTP: &credentials.ImportTOTP{URL: "otpauth://totp/x?secret=" + p.plant(nobody) + "!"}},
		{LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: p.plant(configs)}, {Code: p.plant(nobody) + "\x00"}}}},
		{WebAuthn: &credentials.ImportWebAuthn{Credentials: []json.RawMessage{json.RawMessage(`{"id":"` + p.plant(nobody) + `"`)}, UserHandle: []byte(strings.Repeat(p.plant(nobody), 10))}},
		{Passkey: &credentials.ImportPasskey{Credentials: []json.RawMessage{json.RawMessage(`{"id":1,"x":"` + p.plant(nobody) + `"}`)}}},
		{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "a:b", Subject: p.plant(admins)}}}},
	}
	var creates []identity.Create
	for _, imported := range imports {
		creates = append(creates, identity.Create{Credentials: imported, MetadataAdmin: json.RawMessage(`{"note":"` + p.plant(admins) + `"}`), Traits: json.RawMessage(`{"email":"` + p.plant(admins) + `"}`)})
		creates = append(creates, identity.Create{Credentials: imported, MetadataAdmin: json.RawMessage(`{"note":"` + p.plant(admins) + `"}`)})
	}
	results, err := manager.CreateIdentities(t.Context(), creates)
	require.NoError(t, err)
	p.requirePrinted(t, results)
	for n, c := range creates {
		p.requireError(t, results[n].Err)
		p.requirePrinted(t, c)
		created, err := manager.CreateIdentity(t.Context(), c)
		p.requireError(t, err)
		if created == nil {
			created = &identity.Identity{ID: uuid.MustParse(absentID)}
		}
		p.requirePrinted(t, created)
		p.requireOwnView(t, created)
		u := identity.Update{Credentials: c.Credentials, MetadataAdmin: c.MetadataAdmin, Traits: c.Traits}
		p.requirePrinted(t, u)
		updated, err := manager.UpdateIdentity(t.Context(), created.ID, u)
		p.requireError(t, err)
		p.requirePrinted(t, updated)
	}
	for _, document := range misplacedPatches {
		patch := idem.JSONPatch([]byte(strings.ReplaceAll(document, "SECRET", p.plant(nobody))))
		p.requirePrinted(t, patch)
		_, err := manager.PatchIdentity(t.Context(), uuid.MustParse(absentID), patch)
		p.requireError(t, err)
	}
	page, err := manager.ListIdentities(t.Context(), idem.Query{})
	require.NoError(t, err)
	p.requirePrinted(t, page)
	p.requireNotLogged(t, "the Go API")
}

// requireOwnView checks that what an identity may see of itself has no secret and no
// admin metadata.
func (p *plants) requireOwnView(t *testing.T, i *identity.Identity) {
	t.Helper()
	own, err := json.Marshal(i)
	require.NoError(t, err)
	p.requireUnseen(t, "an identity's own view", string(own), admins) // its traits are among those
	require.NotContains(t, string(own), `"note"`)
}
