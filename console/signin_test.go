package console_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/signin"
)

func TestRecoveryCode(t *testing.T) {
	manager := newManager(t)
	desk, err := signin.New(manager, []byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	at := "/people/" + i.ID.String()
	c := newClient(t, console.New(manager, httpapi.AllowAll, console.WithSignIn(desk, func(code signin.Code) string { return "https://app.example/recover?h=" + code.Handle })))
	require.Contains(t, c.get(at).Body.String(), "?act=recovery")
	w := c.post(at+"?act=recovery", url.Values{"life": {"24h"}})
	require.Equal(t, http.StatusOK, w.Code)
	body := html.UnescapeString(w.Body.String())
	code := regexp.MustCompile(`class="once"><code>([^<]+)</code>`).FindStringSubmatch(body)
	handle := regexp.MustCompile(`recover\?h=([^"]+)"`).FindStringSubmatch(body)
	require.NotNil(t, code)
	require.NotNil(t, handle)
	require.NotContains(t, handle[1], code[1])
	_, err = desk.Recover(context.Background(), handle[1], code[1], "a long new password")
	require.NoError(t, err)
	_, err = manager.VerifyPassword(context.Background(), "ada@example.com", "a long new password")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, c.post(at+"?act=recovery", url.Values{"life": {"9000h"}}).Code)

	without := newClient(t, console.New(manager, httpapi.AllowAll))
	require.NotContains(t, without.get(at).Body.String(), "?act=recovery")
	require.Equal(t, http.StatusNotFound, without.post(at+"?act=recovery", url.Values{"life": {"24h"}}).Code)
}

func TestEndOfAllSignIns(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com"}`)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	require.Equal(t, http.StatusSeeOther, c.post("/people/"+i.ID.String()+"?act=signout", personForm(i)).Code)
	require.NotEqual(t, i.SignInEpoch, get(t, manager, i).SignInEpoch)
}

func TestRederive(t *testing.T) {
	manager := newManager(t)
	i := create(t, manager, `{"email":"ada@example.com","name":"ada"}`)
	other := create(t, manager, `{"email":"grace@example.com","name":"ada"}`)
	c := newClient(t, console.New(manager, httpapi.AllowAll))
	marked := strings.Replace(person, `"name":{"type":"string"}`, `"name":{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}`, 1)
	body := c.post("/schemas?act=check", url.Values{"id": {"person"}, "document": {marked}}).Body.String()
	require.Contains(t, body, "gains: password ada")
	require.Contains(t, body, "password ada would belong to "+i.ID.String()+" too")

	parsed, err := schema.Parse("person", []byte(marked))
	require.NoError(t, err)
	registry, err := manager.Schemas().With(parsed)
	require.NoError(t, err)
	require.NoError(t, manager.SetSchemas(registry))
	w := c.post("/schemas?act=rederive", url.Values{"id": {"person"}})
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "2 people were looked at, 1 were changed, 1 could not be.")
	require.Contains(t, w.Body.String(), "people/"+other.ID.String())
	require.True(t, strings.HasSuffix(strings.TrimSpace(w.Body.String()), "</html>"))
	require.Contains(t, get(t, manager, i).Credentials[credentials.TypePassword].Identifiers, "ada")
}
