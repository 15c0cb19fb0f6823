package console_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

const person = `{"type":"object","properties":{"traits":{"type":"object","properties":{
	"email":{"type":"string","format":"email","ory.sh/kratos":{"credentials":{"password":{"identifier":true}},"verification":{"via":"email"},"recovery":{"via":"email"}}},
	"name":{"type":"string"},"age":{"type":"integer","minimum":0}},"required":["email"]}}}`

func newManager(t testing.TB) *idem.Manager {
	parsed, err := schema.Parse("person", []byte(person))
	require.NoError(t, err)
	robot, err := schema.Parse("robot", []byte(`{"type":"object","properties":{"traits":{"type":"object","properties":{"serial":{"type":"string"}},"required":["serial"]}}}`))
	require.NoError(t, err)
	registry, err := schema.NewRegistry(parsed, robot)
	require.NoError(t, err)
	manager, err := idem.New(memory.New(), registry)
	require.NoError(t, err)
	return manager
}

func create(t testing.TB, manager *idem.Manager, traits string) *identity.Identity {
	created, err := manager.CreateIdentity(context.Background(), identity.Create{Traits: json.RawMessage(traits)})
	require.NoError(t, err)
	return created
}

func get(t testing.TB, manager *idem.Manager, i *identity.Identity) *identity.Identity {
	found, err := manager.GetIdentity(context.Background(), i.ID)
	require.NoError(t, err)
	return found
}

// client asks a console as a browser would.
type client struct {
	t       testing.TB
	handler http.Handler
	header  http.Header
}

func newClient(t testing.TB, handler http.Handler) *client {
	return &client{t: t, handler: handler, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
}

func (c *client) do(method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, values := range c.header {
		r.Header[name] = values
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

func (c *client) get(target string) *httptest.ResponseRecorder { return c.do("GET", target, "") }

func (c *client) post(target string, values url.Values) *httptest.ResponseRecorder {
	return c.do("POST", target, values.Encode())
}

// personForm is what every form of a person's page sends.
func personForm(i *identity.Identity, pairs ...string) url.Values {
	values := url.Values{"revision": {strconv.FormatInt(i.Revision, 10)}, "base": {base64.RawURLEncoding.EncodeToString(i.Traits)}, "schema_id": {i.SchemaID}}
	for n := 0; n < len(pairs); n += 2 {
		values.Add(pairs[n], pairs[n+1])
	}
	return values
}

func TestPagesHaveAStrictPolicyAndNoCookie(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	for _, path := range []string{"/", "/people/" + i.ID.String(), "/new", "/schemas", "/activity", "/nowhere", "/people/x"} {
		w := c.get(path)
		require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", w.Header().Get("Content-Security-Policy"), path)
		require.Empty(t, w.Header().Values("Set-Cookie"), path)
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"), path)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"), path)
		body := w.Body.String()
		require.NotContains(t, body, "<style", path)
		require.NotContains(t, body, "style=", path)
		require.NotRegexp(t, regexp.MustCompile(`\son[a-z]+=`), body, path)
		require.NotRegexp(t, regexp.MustCompile(`<script>|(src|href|action)="(https?:)?//`), body, path)
	}
}

func TestAssetsAreNamedAfterTheirContent(t *testing.T) {
	c := newClient(t, console.New(newManager(t), func(*http.Request) error { return httpapi.Forbidden("") }))
	page := c.get("/").Body.String()
	found := regexp.MustCompile(`"\./(assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, found, 3, "the stylesheet, the script and the icon, for those who may see nothing else too")
	total := 0
	for _, match := range found {
		require.Regexp(t, `^assets/[a-z]+\.[0-9a-f]{16}\.(css|js|svg)$`, match[1])
		c.header.Set("Accept-Encoding", "br;q=1, gzip")
		w := c.get("/" + match[1])
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "public, max-age=31536000, immutable", w.Header().Get("Cache-Control"))
		require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
		total += w.Body.Len()
		c.header.Set("Accept-Encoding", "gzip;q=0")
		require.Empty(t, c.get("/"+match[1]).Header().Get("Content-Encoding"))
		require.Equal(t, http.StatusMethodNotAllowed, c.post("/"+match[1], nil).Code)
	}
	require.Less(t, total, 60<<10, "all assets, compressed")
	require.Equal(t, http.StatusNotFound, c.get("/assets/console.css").Code)
	require.Equal(t, http.StatusNotFound, c.get("/assets/../console.go").Code)
}

func TestMountedAnywhereTheLinksLeadThere(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	for _, test := range []struct {
		name, prefix string
		mount        func(authorize func(*http.Request) error) http.Handler
	}{
		{"root", "", func(a func(*http.Request) error) http.Handler { return console.New(manager, a) }},
		{"stripped", "/a/b", func(a func(*http.Request) error) http.Handler {
			return http.StripPrefix("/a/b", console.New(manager, a))
		}},
		{"not stripped", "/a/b", func(a func(*http.Request) error) http.Handler {
			return console.New(manager, a, console.WithPathPrefix("a/b/"))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t, test.mount(httpapi.AllowAll))
			seen := map[string]bool{}
			var visit func(address string)
			visit = func(address string) {
				if seen[address] {
					return
				}
				seen[address] = true
				w := c.get(address)
				require.Equal(t, http.StatusOK, w.Code, address)
				base, err := url.Parse(address)
				require.NoError(t, err)
				for _, match := range regexp.MustCompile(`(?:href|src)="([^"#]*)"`).FindAllStringSubmatch(w.Body.String(), -1) {
					link, err := base.Parse(html.UnescapeString(match[1]))
					require.NoError(t, err)
					require.True(t, strings.HasPrefix(link.Path, test.prefix+"/"), "%s links to %s", address, link)
					visit(link.String())
				}
			}
			visit(test.prefix + "/")
			require.True(t, seen[test.prefix+"/people/"+i.ID.String()])
			require.True(t, seen[test.prefix+"/activity"])

			w := c.post(test.prefix+"/people/"+i.ID.String()+"?act=state", personForm(get(t, manager, i), "state", "inactive"))
			require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
			back, err := url.Parse(test.prefix + "/people/" + i.ID.String())
			require.NoError(t, err)
			to, err := back.Parse(w.Header().Get("Location"))
			require.NoError(t, err)
			require.Contains(t, c.get(to.String()).Body.String(), "Locked out.")
			if test.prefix != "" {
				w = c.get(test.prefix + "?q=x")
				require.Equal(t, http.StatusPermanentRedirect, w.Code)
				require.Equal(t, test.prefix+"/?q=x", w.Header().Get("Location"))
			}
		})
	}
}

func TestWhatSomebodyMayNotDoIsNeitherOfferedNorDone(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com","name":"Ada"}`)
	reader := func(r *http.Request) error {
		operation := httpapi.Operation(r)
		if r.Method == http.MethodGet && (strings.HasPrefix(operation, "get") || strings.HasPrefix(operation, "list")) {
			return nil
		}
		return httpapi.Forbidden("You only read.")
	}
	c := newClient(t, console.New(manager, reader))
	for _, path := range []string{"/", "/people/" + i.ID.String(), "/schemas", "/activity"} {
		body := c.get(path).Body.String()
		require.NotContains(t, body, `method="post"`, path)
		require.NotContains(t, body, `href="./new"`, path)
	}
	require.Contains(t, c.get("/people/"+i.ID.String()).Body.String(), "ada@example.com")
	require.Equal(t, http.StatusForbidden, c.get("/new").Code)
	for _, act := range []string{"traits", "metadata", "state", "external", "password", "verify", "credential", "signout", "delete"} {
		w := c.post("/people/"+i.ID.String()+"?act="+act, personForm(i, "state", "inactive", "mode", "json", "json", "{}", "confirm", "Ada", "password", "correct horse"))
		require.Equal(t, http.StatusForbidden, w.Code, act)
		require.Contains(t, w.Body.String(), "You only read.")
	}
	require.Equal(t, http.StatusForbidden, c.post("/new", personForm(i)).Code)
	require.Equal(t, http.StatusForbidden, c.post("/schemas?act=check", personForm(i)).Code)
	require.Equal(t, i.Revision, get(t, manager, i).Revision)
}

// An application that decides by the method, not by the operation, has pages without buttons for readers too.
func TestWhatIsNotOfferedByTheMethodAlone(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	c := newClient(t, console.New(manager, func(r *http.Request) error {
		if r.Method != http.MethodGet {
			return httpapi.Forbidden("")
		}
		return nil
	}))
	for _, path := range []string{"/", "/people/" + i.ID.String(), "/schemas"} {
		require.NotContains(t, c.get(path).Body.String(), `method="post"`, path)
	}
}

// A name that nobody can type is not asked for.
func TestWhatIsTypedToDelete(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	for n, name := range []string{"Ada", strings.Repeat("x", 61), "a\u202eb"} {
		i := create(t, manager, `{"email":"p`+strconv.Itoa(n)+`@example.com","name":"`+name+`"}`)
		want := i.ID.String()
		if n == 0 {
			want = name
		}
		require.Contains(t, c.get("/people/"+i.ID.String()).Body.String(), "To go on, type "+want+"<", name)
	}
}

func TestNothingIsAllowedByAccident(t *testing.T) {
	manager := newManager(t)
	for name, authorize := range map[string]func(*http.Request) error{
		"nil":     nil,
		"error":   func(*http.Request) error { return errors.New("no: a secret reason") },
		"panic":   func(*http.Request) error { panic("a secret value") },
		"unknown": func(*http.Request) error { return httpapi.Unauthorized(`Basic realm="console"`, "Use your key.") },
	} {
		c := newClient(t, console.New(manager, authorize, console.WithLogger(slog.New(slog.DiscardHandler))))
		for _, path := range []string{"/", "/new", "/schemas", "/activity", "/activity/stream?after=0", "/nowhere", "/people/x"} {
			w := c.get(path)
			if name == "unknown" {
				require.Equal(t, http.StatusUnauthorized, w.Code, path)
				require.Equal(t, `Basic realm="console"`, w.Header().Get("WWW-Authenticate"))
				continue
			}
			require.Equal(t, http.StatusForbidden, w.Code, "%s %s", name, path)
			require.NotContains(t, w.Body.String(), "secret")
		}
	}
}

func TestWritesFromElsewhereAreRefused(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	for name, header := range map[string]http.Header{
		"cross-site": {"Sec-Fetch-Site": {"cross-site"}},
		"same-site":  {"Sec-Fetch-Site": {"same-site"}},
		"origin":     {"Origin": {"https://evil.example"}},
	} {
		c := newClient(t, console.New(manager, httpapi.AllowAll))
		c.header = header
		w := c.post("/people/"+i.ID.String()+"?act=state", personForm(i, "state", "inactive"))
		require.Equal(t, http.StatusForbidden, w.Code, name)
		require.Equal(t, http.StatusForbidden, c.post("/new", url.Values{"/traits/email": {"x@example.com"}}).Code, name)
	}
	require.Equal(t, identity.StateActive, get(t, manager, i).State)
}

func TestRequestsThatNoPageMakes(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	at := "/people/" + i.ID.String()
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	require.Equal(t, http.StatusMethodNotAllowed, c.do("PUT", "/", "").Code)
	require.Equal(t, http.StatusMethodNotAllowed, c.do("DELETE", at, "").Code)
	require.Equal(t, http.StatusOK, c.do("HEAD", at, "").Code)
	require.Zero(t, c.do("HEAD", at, "").Body.Len())
	require.Equal(t, http.StatusNotFound, c.post(at+"?act=explode", personForm(i)).Code)
	require.Equal(t, http.StatusNotFound, c.post(at, personForm(i)).Code)
	require.Equal(t, http.StatusNotFound, c.get("/person").Code)
	require.Equal(t, http.StatusNotFound, c.get("/people/00000000-0000-0000-0000-000000000000").Code)
	require.Equal(t, http.StatusBadRequest, c.post(at+"?act=state", url.Values{"state": {"inactive"}}).Code, "without a revision")
	require.Equal(t, http.StatusBadRequest, c.post(at+"?act=traits", url.Values{"revision": {"77"}, "base": {"%"}, "mode": {"form"}}).Code)
	require.Equal(t, http.StatusBadRequest, c.post(at+"?act=traits", url.Values{"revision": {"77"}, "base": {"e30x"}, "mode": {"form"}}).Code)
	require.Equal(t, http.StatusUnprocessableEntity, c.post(at+"?act=state", personForm(i, "state", "asleep")).Code)
	require.Equal(t, http.StatusBadRequest, c.do("POST", at+"?act=state", "%zz").Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, c.do("POST", at+"?act=state", "x="+strings.Repeat("x", 9<<20)).Code)
	require.Equal(t, http.StatusBadRequest, c.get("/?page_token=x").Code)
	require.Equal(t, http.StatusBadRequest, c.get("/activity/stream?after=x").Code)
	require.Equal(t, int64(1), get(t, manager, i).Revision)
}

func TestNoPageShowsASecret(t *testing.T) {
	manager := newManager(t)
	ctx := context.Background()
	created, err := manager.CreateIdentity(ctx, identity.Create{
		Traits: json.RawMessage(`{"email":"ada@example.com"}`),
		Credentials: &credentials.Import{
			Password:     &credentials.ImportPassword{Password: "secret-password"},
			TOTP:         &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP&issuer=idem"},
			LookupSecret: &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "secret-code"}}},
			WebAuthn:     &credentials.ImportWebAuthn{Credentials: []json.RawMessage{json.RawMessage(`{"id":"c2VjcmV0LWlk","public_key":"c2VjcmV0LWtleQ==","display_name":"My <key>"}`)}},
		},
	})
	require.NoError(t, err)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	at := "/people/" + created.ID.String()
	page := c.get(at).Body.String()
	require.Contains(t, page, "My &lt;key&gt;")
	require.Contains(t, page, "1 of 1 left")
	require.Contains(t, page, `value="c2VjcmV0LWlk"`, "one key can be removed by its id, which is none")
	failed := c.post(at+"?act=password", personForm(created, "password", strings.Repeat("secret", 2000))).Body.String()
	for _, body := range []string{page, failed, c.get("/").Body.String(), c.get("/activity").Body.String()} {
		for _, secret := range []string{"secret-password", "argon2", "JBSWY3DPEHPK3PXP", "secret-code", "c2VjcmV0LWtleQ", "secretsecret"} {
			require.NotContains(t, body, secret)
		}
	}
}

func TestActsOnAPerson(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll, console.WithActor(func(*http.Request) string { return "admin:1" })))
	i := create(t, manager, `{"email":"ada@example.com","name":"Ada","extra":1.50}`)
	at := "/people/" + i.ID.String()
	do := func(act string, pairs ...string) *identity.Identity {
		t.Helper()
		w := c.post(at+"?act="+act, personForm(get(t, manager, i), pairs...))
		require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
		return get(t, manager, i)
	}
	require.Equal(t, `{"email":"ada@example.com","name":"Ada King","extra":1.50}`, string(do("traits", "mode", "form", "/traits/name", "Ada King").Traits))
	require.Equal(t, `{"email":"ada@example.com"}`, string(do("traits", "mode", "json", "json", ` {"email":"ada@example.com"} `).Traits))
	require.Equal(t, `{"plan":"pro"}`, string(do("metadata", "part", "public", "json", `{"plan":"pro"}`).MetadataPublic))
	require.Equal(t, `[1]`, string(do("metadata", "part", "admin", "json", `[1]`).MetadataAdmin))
	require.Empty(t, do("metadata", "part", "public", "json", "").MetadataPublic)
	require.Equal(t, "c-1", do("external", "external_id", "c-1").ExternalID)
	require.Equal(t, identity.StateInactive, do("state", "state", "inactive").State)
	require.Equal(t, identity.StateActive, do("state", "state", "active").State)
	verified := do("verify", "address", get(t, manager, i).VerifiableAddresses[0].ID.String()).VerifiableAddresses[0]
	require.True(t, verified.Verified)
	require.Equal(t, identity.AddressCompleted, verified.Status)
	require.False(t, verified.VerifiedAt.IsZero())
	do("password", "password", "correct horse battery")
	_, err := manager.VerifyPassword(context.Background(), "ada@example.com", "correct horse battery")
	require.NoError(t, err)

	linked, err := manager.UpdateIdentity(context.Background(), i.ID, identity.Update{Traits: get(t, manager, i).Traits, ExternalID: "c-1",
		Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}, {Provider: "github", Subject: "2"}}}}})
	require.NoError(t, err)
	require.Len(t, linked.Credentials[credentials.TypeOIDC].Config.Providers, 2)
	rest := do("credential", "type", "oidc", "identifier", "google:1").Credentials[credentials.TypeOIDC]
	require.Equal(t, []string{"github:2"}, rest.Identifiers)

	keyed, err := manager.AddCredentials(context.Background(), i.ID, credentials.Import{WebAuthn: &credentials.ImportWebAuthn{Credentials: []json.RawMessage{
		json.RawMessage(`{"id":"b25l","public_key":"AA=="}`), json.RawMessage(`{"id":"dHdv","public_key":"AA=="}`)}}})
	require.NoError(t, err)
	require.Len(t, keyed.Credentials[credentials.TypeWebAuthn].Config.Keys, 2)
	left := do("credential", "type", "webauthn", "identifier", "b25l").Credentials[credentials.TypeWebAuthn].Config.Keys
	require.Len(t, left, 1)
	require.Equal(t, "dHdv", left[0].ID)

	moved := do("traits", "mode", "form", "schema_id", "person", "/traits/name", "A")
	form := personForm(moved, "mode", "form", "/traits/serial", "7")
	form.Set("schema_id", "robot")
	require.Equal(t, http.StatusSeeOther, c.post(at+"?act=traits", form).Code)
	require.Equal(t, "robot", get(t, manager, i).SchemaID)

	history := c.get(at).Body.String()
	require.Contains(t, history, "admin:1")
	w := c.post(at+"?act=delete", personForm(get(t, manager, i), "confirm", "somebody"))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "Nothing was deleted.")
	w = c.post(at+"?act=delete", personForm(get(t, manager, i), "confirm", "A"))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, http.StatusNotFound, c.get(at).Code)
}

func TestWhatIsRefusedIsToldAtItsFieldAndKept(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	i := create(t, manager, `{"email":"ada@example.com"}`)
	create(t, manager, `{"email":"taken@example.com"}`)
	at := "/people/" + i.ID.String()

	w := c.post(at+"?act=traits", personForm(i, "mode", "form", "/traits/email", "no address", "/traits/name", "typed <b>", "/traits/age", "-5"))
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	body := w.Body.String()
	require.Regexp(t, `(?s)name="/traits/email" value="no address".*?aria-invalid="true".*?<ul class="errors" id="f:/traits/email:errors">`, body)
	require.Regexp(t, `(?s)id="f:/traits/age:errors"`, body)
	require.Contains(t, body, `value="typed &lt;b&gt;"`)

	body = c.post(at+"?act=traits", personForm(i, "mode", "form", "/traits/age", "old")).Body.String()
	require.Contains(t, body, "must be a number")
	require.Contains(t, body, `value="old"`)

	w = c.post(at+"?act=traits", personForm(i, "mode", "form", "/traits/email", "taken@example.com"))
	require.Equal(t, http.StatusConflict, w.Code)
	require.Regexp(t, `(?s)id="f:/traits/email:errors"><li dir="auto">belongs to somebody else`, w.Body.String())

	body = c.post(at+"?act=traits", personForm(i, "mode", "json", "json", `{"email":1}`)).Body.String()
	require.Contains(t, body, "/traits/email: ")
	require.Contains(t, body, `{&#34;email&#34;:1}`)
	body = c.post(at+"?act=traits", personForm(i, "mode", "json", "json", `{"email"`)).Body.String()
	require.Contains(t, body, "This is not JSON")
	body = c.post(at+"?act=metadata", personForm(i, "part", "admin", "json", `{"a":1,}`)).Body.String()
	require.Contains(t, body, "This is not JSON")
	require.Contains(t, body, `{&#34;a&#34;:1,}`)
	require.Equal(t, int64(1), get(t, manager, i).Revision)

	w = c.post("/new", url.Values{"schema_id": {"person"}, "/traits/name": {"Ada"}, "external_id": {"x-1"}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), `id="f:/traits/email:errors"`)
	require.Contains(t, w.Body.String(), `value="x-1"`)
}

func TestNewPerson(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	require.Contains(t, c.get("/new?schema=robot").Body.String(), `name="/traits/serial"`)
	w := c.post("/new", url.Values{"schema_id": {"person"}, "/traits/email": {"ada@example.com"}, "external_id": {"x"}, "state": {"inactive"}, "password": {"correct horse battery"}})
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	created, err := manager.FindByExternalID(context.Background(), "x")
	require.NoError(t, err)
	require.Equal(t, `{"email":"ada@example.com"}`, string(created.Traits))
	require.Equal(t, identity.StateInactive, created.State)
	require.NotEmpty(t, created.Credentials[credentials.TypePassword].Config.HashedPassword)
	require.Equal(t, "./people/"+created.ID.String()+"?done=create", w.Header().Get("Location"))
	w = c.post("/new", url.Values{"schema_id": {"robot"}, "json": {`{"serial":"7","more":[1]}`}})
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
}

func TestAConflictLosesNothing(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	base := create(t, manager, `{"email":"ada@example.com","name":"Ada","note":{"a":1,"b":1}}`)
	at := "/people/" + base.ID.String()
	yours := personForm(base, "mode", "form", "/traits/name", "Ada King", "/traits/note", `{"a":2,"b":1}`)
	theirs := c.post(at+"?act=traits", personForm(base, "mode", "json", "json", `{"email":"ada@example.com","name":"Countess","note":{"a":1,"b":3}}`))
	require.Equal(t, http.StatusSeeOther, theirs.Code)

	w := c.post(at+"?act=traits", yours)
	require.Equal(t, http.StatusPreconditionFailed, w.Code)
	body := html.UnescapeString(w.Body.String())
	for _, shown := range []string{`"Ada"`, `"Countess"`, `"Ada King"`, "/traits/name", "Both of you changed this"} {
		require.Contains(t, body, shown)
	}
	merge := url.Values{}
	for _, match := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(w.Body.String(), -1) {
		merge.Set(match[1], html.UnescapeString(match[2]))
	}
	require.Equal(t, `{"email":"ada@example.com","name":"Countess","note":{"a":1,"b":3}}`, string(get(t, manager, base).Traits), "nothing was written")

	// A third change arrives before the merge is sent: it is shown, too.
	_, err := manager.UpdateIdentity(context.Background(), base.ID, identity.Update{Traits: json.RawMessage(`{"email":"ada@example.com","name":"Lady","note":{"a":1,"b":3}}`)})
	require.NoError(t, err)
	w = c.post(at+"?act=traits", merge)
	require.Equal(t, http.StatusPreconditionFailed, w.Code)
	require.Contains(t, w.Body.String(), "Lady")
	for _, match := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(w.Body.String(), -1) {
		merge.Set(match[1], html.UnescapeString(match[2]))
	}
	w = c.post(at+"?act=traits", merge)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body)
	require.Equal(t, `{"email":"ada@example.com","name":"Ada King","note":{"a":2,"b":3}}`, string(get(t, manager, base).Traits))
}

// hiddenOf returns what the form of a page sends unseen: the first form whose tag or fields have all the texts.
func hiddenOf(t testing.TB, page string, has ...string) url.Values {
	for _, form := range strings.Split(page, "<form")[1:] {
		form, _, _ = strings.Cut(form, "</form>")
		if slices.ContainsFunc(has, func(text string) bool { return !strings.Contains(form, text) }) {
			continue
		}
		values := url.Values{}
		for _, match := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(form, -1) {
			values.Add(match[1], html.UnescapeString(match[2]))
		}
		return values
	}
	require.Fail(t, "the page has no such form", has)
	return nil
}

// Somebody else saves first. What is sent then is refused because it is no value, and mended: the conflict still shows.
func TestAConflictIsSeenAfterAMistake(t *testing.T) {
	for _, test := range []struct {
		name            string
		form            []string // how to find it in the page
		wrong, right    []string
		theirs          identity.Update
		ofTheirs, yours string // what the conflict shows
	}{
		{"form", []string{`act=traits`, `value="form"`}, []string{"/traits/name", "Ada", "/traits/age", "old"}, []string{"/traits/name", "Ada", "/traits/age", "36"},
			identity.Update{Traits: json.RawMessage(`{"email":"ada@example.com","age":40}`)}, "40", "36"},
		{"JSON", []string{`act=traits`, `value="json"`}, []string{"json", `{"email":"ada@example.com","age":36`}, []string{"json", `{"email":"ada@example.com","age":36}`},
			identity.Update{Traits: json.RawMessage(`{"email":"ada@example.com","age":40}`)}, "40", "36"},
		{"metadata", []string{`act=metadata`, `value="admin"`}, []string{"json", `{"a":2`}, []string{"json", `{"a":2}`},
			identity.Update{Traits: json.RawMessage(`{"email":"ada@example.com"}`), MetadataAdmin: json.RawMessage(`{"a":3}`)}, "3", "2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			manager := newManager(t)
			c := newClient(t, console.New(manager, httpapi.AllowAll))
			i := create(t, manager, `{"email":"ada@example.com"}`)
			at := "/people/" + i.ID.String()
			action := at + "?" + test.form[0]
			send := func(page string, typed []string) *httptest.ResponseRecorder {
				values := hiddenOf(t, page, test.form...)
				for n := 0; n < len(typed); n += 2 {
					values.Set(typed[n], typed[n+1])
				}
				return c.post(action, values)
			}
			page := c.get(at).Body.String()
			_, err := manager.UpdateIdentity(t.Context(), i.ID, test.theirs)
			require.NoError(t, err)
			w := send(page, test.wrong)
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			w = send(w.Body.String(), test.right)
			require.Equal(t, http.StatusPreconditionFailed, w.Code, "theirs is not written over unseen")
			body := html.UnescapeString(w.Body.String())
			require.Contains(t, body, `<pre class="code">`+test.ofTheirs+`</pre>`)
			require.Contains(t, body, `<pre class="code">`+test.yours+`</pre>`)
			require.Equal(t, int64(2), get(t, manager, i).Revision)
		})
	}
}

func TestAChangeElsewhereIsNoConflict(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	base := create(t, manager, `{"email":"ada@example.com"}`)
	at := "/people/" + base.ID.String()
	require.Equal(t, http.StatusSeeOther, c.post(at+"?act=state", personForm(base, "state", "inactive")).Code)
	require.Equal(t, http.StatusSeeOther, c.post(at+"?act=traits", personForm(base, "mode", "form", "/traits/name", "Ada")).Code)
	i := get(t, manager, base)
	require.Equal(t, identity.StateInactive, i.State, "the traits do not bring back the state")
	require.JSONEq(t, `{"email":"ada@example.com","name":"Ada"}`, string(i.Traits))
	// What is done at once is done only to what was seen.
	for _, act := range []string{"state", "external", "password", "verify", "credential", "signout", "delete"} {
		w := c.post(at+"?act="+act, personForm(base, "state", "active", "external_id", "typed", "password", "correct horse", "confirm", "Ada"))
		require.Equal(t, http.StatusPreconditionFailed, w.Code, act)
		require.Contains(t, w.Body.String(), "Somebody else has changed this person", act)
	}
	require.Equal(t, i.Revision, get(t, manager, base).Revision)
}

func TestSomebodyWithoutASchemaCanBeSeenAndLockedOut(t *testing.T) {
	store := memory.New()
	before, err := schema.Parse("gone", []byte(person))
	require.NoError(t, err)
	registry, err := schema.NewRegistry(before)
	require.NoError(t, err)
	manager, err := idem.New(store, registry)
	require.NoError(t, err)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	manager = newManagerOn(t, store)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	w := c.get("/people/" + i.ID.String())
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "their schema is not registered")
	require.Contains(t, w.Body.String(), "ada@example.com")
}

func newManagerOn(t testing.TB, store *memory.Store) *idem.Manager {
	parsed, err := schema.Parse("person", []byte(person))
	require.NoError(t, err)
	registry, err := schema.NewRegistry(parsed)
	require.NoError(t, err)
	manager, err := idem.New(store, registry)
	require.NoError(t, err)
	return manager
}

func TestCheckSchema(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	i := create(t, manager, `{"email":"ada@example.com","age":7}`)
	stricter := strings.Replace(person, `"minimum":0`, `"minimum":18`, 1)
	body := c.post("/schemas?act=check", url.Values{"id": {"person"}, "document": {stricter}}).Body.String()
	require.Contains(t, body, i.ID.String())
	require.Contains(t, body, "/traits/age")
	body = c.post("/schemas?act=check", url.Values{"id": {"person"}, "document": {person}}).Body.String()
	require.Contains(t, body, "Everybody fits")
	w := c.post("/schemas?act=check", url.Values{"id": {"person"}, "document": {`{"type":"nothing"`}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "This is not a schema that can be used")
	w = c.post("/schemas?act=check", url.Values{"id": {"person"}, "document": {`{"properties":{"traits":{"type":"object","properties":{"x":{"$ref":"nowhere"}}}}}`}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code, w.Body)
	body = c.get("/schemas?id=person").Body.String()
	require.Contains(t, body, "/traits/email")
	require.Contains(t, body, "is an address to verify, by email")
}

func TestHistoryAndActivityShowTheNewestFirst(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	i := create(t, manager, `{"email":"ada@example.com"}`)
	for n := range 120 {
		ctx := idem.ContextWithActor(context.Background(), "actor-"+strconv.Itoa(n)+".")
		_, err := manager.UpdateIdentity(ctx, i.ID, identity.Update{Traits: i.Traits, ExternalID: strconv.Itoa(n)})
		require.NoError(t, err)
	}
	body := c.get("/people/" + i.ID.String()).Body.String()
	require.Contains(t, body, "actor-119.")
	require.Contains(t, body, "actor-90.")
	require.NotContains(t, body, "actor-89.")
	require.Less(t, strings.Index(body, "actor-119."), strings.Index(body, "actor-118."))

	// Older changes of the person, beside those of others, each once and in order.
	var actors []string
	for at := "/people/" + i.ID.String(); at != ""; {
		create(t, manager, fmt.Sprintf(`{"email":"other-%d@example.com"}`, len(actors)))
		body = c.get(at).Body.String()
		history := body[strings.Index(body, `<ol class="history">`):]
		history = history[:strings.Index(history, "</ol>")]
		for _, found := range regexp.MustCompile(`actor-(\d+)\.|<strong>created`).FindAllStringSubmatch(history, -1) {
			actors = append(actors, found[1])
		}
		require.Equal(t, strings.Contains(at, "?"), strings.Contains(body, `#history" rel="first"`), at)
		next := regexp.MustCompile(`href="\.\./(people/[^"]+\?history=\d+)#history" rel="next"`).FindStringSubmatch(body)
		if at = ""; next != nil {
			at = "/" + next[1]
		}
	}
	var want []string
	for n := 119; n >= 0; n-- {
		want = append(want, strconv.Itoa(n))
	}
	require.Equal(t, append(want, ""), actors)
	for _, address := range []string{"?history=x", "?history=-3", "?history=999999999"} {
		require.Contains(t, c.get("/people/"+i.ID.String()+address).Body.String(), "actor-119.", address)
	}

	seen := 0
	for at := "/activity"; at != ""; {
		body = c.get(at).Body.String()
		seen += len(regexp.MustCompile(`data-sequence=`).FindAllString(body, -1))
		next := regexp.MustCompile(`href="\./(activity\?before=\d+)"`).FindStringSubmatch(body)
		if at = ""; next != nil {
			at = "/" + next[1]
		}
	}
	require.Equal(t, 121+5, seen, "each once")
}

func TestActivityStream(t *testing.T) {
	manager := newManager(t)
	handler := console.New(manager, httpapi.AllowAll)
	server := httptest.NewServer(handler)
	defer server.Close()
	answer, err := server.Client().Get(server.URL + "/activity/stream?after=0")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	create(t, manager, `{"email":"ada@example.com"}`)
	var told strings.Builder
	buffer := make([]byte, 256)
	for !strings.Contains(told.String(), "data: 1\n\n") {
		n, err := answer.Body.Read(buffer)
		require.NoError(t, err)
		told.Write(buffer[:n])
	}
	require.NotContains(t, told.String(), "ada", "numbers alone")
	handler.EndStreams()
	_, err = io.ReadAll(answer.Body)
	require.NoError(t, err)
}

func TestSearchAndPages(t *testing.T) {
	manager := newManager(t)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	require.Contains(t, c.get("/").Body.String(), "Nobody is here yet.")
	for n := range 60 {
		create(t, manager, `{"email":"person`+strconv.Itoa(n)+`@example.com"}`)
	}
	last := create(t, manager, `{"email":"ada@example.com","name":"Ada <Lovelace>"}`)
	seen := map[string]bool{}
	for at := "/?page_size=25"; at != ""; {
		body := c.get(at).Body.String()
		for _, match := range regexp.MustCompile(`people/([0-9a-f-]{36})`).FindAllStringSubmatch(body, -1) {
			seen[match[1]] = true
		}
		next := regexp.MustCompile(`href="\./([^"]*)" rel="next"`).FindStringSubmatch(body)
		if at = ""; next != nil {
			at = "/" + html.UnescapeString(next[1])
		}
	}
	require.Len(t, seen, 61)
	for _, search := range []string{"ada@", last.ID.String()} {
		body := c.get("/?q=" + url.QueryEscape(search)).Body.String()
		require.Contains(t, body, "Ada &lt;Lovelace&gt;", search)
		require.Len(t, regexp.MustCompile(`people/[0-9a-f-]{36}`).FindAllString(body, -1), 1)
	}
	require.Contains(t, c.get("/?q=%3Cscript%3E").Body.String(), "Nobody matches.")
}
