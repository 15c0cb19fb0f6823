package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// FuzzHistory lets an identity grow and shrink by random operations. Whatever its history, it can be read with everything
// it has and sent back, which changes nothing; and whatever was refused has changed nothing.
//
// Two bytes are an operation: which one, and how much. Amounts are small, so that a history takes a few milliseconds;
// the largest alone gives texts of which three reach the bound of an identity. It runs long with
//
//	go test ./httpapi -run '^$' -fuzz FuzzHistory$ -fuzztime 10m -fuzzminimizetime 1x
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 60, 0, 60, 1, 80, 2, 50, 3, 50})
	f.Add([]byte{4, 255, 5, 255, 4, 255})
	f.Add([]byte{2, 99, 3, 99, 2, 99, 12, 20, 13, 0, 14, 0, 15, 5})
	f.Add([]byte{1, 100, 14, 0, 9, 0, 10, 1, 8, 3, 7, 7})
	api := newFixture(f, "memory", memory.New())
	f.Fuzz(func(t *testing.T, history []byte) {
		id := api.create(t, `{"schema_id":"free"}`).ID
		defer func() {
			require.Equal(t, http.StatusNoContent, api.do(t, http.MethodDelete, identityPath(id), "").status)
		}()
		before, dear := api.whole(t, id), 0
		for n := 0; n+1 < len(history) && n < 2*longest; n += 2 {
			r := api.grow(t, id, int(history[n])%16, n, int(history[n+1]))
			require.Less(t, r.status, 500, "%s", r.body)
			after := api.whole(t, id)
			if r.status >= 400 {
				require.Equal(t, string(before.body), string(after.body), "what is refused changes nothing")
			}
			api.requireEchoOf(t, id, after)
			if before = after; len(after.body) > identity.MaxSize/4 {
				dear++
			}
			if dear == mostDear {
				return
			}
		}
	})
}

const (
	longest  = 10  // operations of a history
	large    = 255 // the amount that means a large text
	mostDear = 3   // operations after which a large identity has been looked at long enough
)

// sizeOf is how many characters a text of that amount has.
func sizeOf(amount int) int {
	if amount < large {
		return amount
	}
	return identity.MaxSize * 3 / 8
}

// grow is one operation of a history: the n-th.
func (f *fixture) grow(t *testing.T, id string, operation, n, amount int) response {
	t.Helper()
	patch := func(body string) response {
		return f.do(t, http.MethodPatch, identityPath(id), body, "Content-Type", "application/merge-patch+json")
	}
	add := func(path, value string) response {
		return f.do(t, http.MethodPatch, identityPath(id), fmt.Sprintf(`[{"op":"add","path":%q,"value":%s}]`, path, value), "Content-Type", "application/json")
	}
	if operation != 4 && operation != 5 {
		amount = min(amount, large-1)
	}
	text := func() string { return `"` + strings.Repeat(`é\"\u0001<`, sizeOf(amount)/11) + `"` }
	switch operation {
	case 0:
		return f.put(t, id, webauthnKeys(n*1000, amount%120, sizeOf(amount)/100))
	case 1:
		return f.put(t, id, recoveryCodes(n*1000, amount%120))
	case 2:
		return f.put(t, id, manyLinks("oidc", n*1000, amount%120))
	case 3:
		return f.put(t, id, manyLinks("saml", n*1000, amount%120))
	case 4:
		return add(fmt.Sprintf("/metadata_public/k%d", n), text())
	case 5:
		return add(fmt.Sprintf("/metadata_admin/k%d/-", n), text())
	case 6:
		return patch(fmt.Sprintf(`{"external_id":"%d"}`, amount))
	case 7:
		return patch(`{"state":"inactive"}`)
	case 8:
		return add("/credentials/oidc/config/providers/-", fmt.Sprintf(`{"provider":"p","subject":"%d-%d"}`, n, amount))
	case 9:
		return f.do(t, http.MethodDelete, identityPath(id)+"/credentials/lookup_secret", "")
	case 10:
		return patch(`{"credentials":{"password":{"config":{"password":"a long password ` + fmt.Sprint(amount) + `"}}}}`)
	case 11:
		return patch(fmt.Sprintf(`{"traits":{"k%d":%s}}`, n, text()))
	case 12:
		return patch(`{"metadata_public":null}`)
	case 13:
		return f.put(t, id, `{}`)
	case 14:
		return add("/credentials/lookup_secret/config/recovery_codes/0/used_at", `"2026-11-23T12:00:00.123456Z"`)
	}
	return add("/credentials/totp", `{"config":{"totp_url":"otpauth://totp/idem:x?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"}}`)
}
