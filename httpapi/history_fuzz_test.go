package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage/memory"
)

// FuzzHistory lets an identity grow and shrink by random operations. Whatever its history, it can be read with everything
// it has and sent back, which changes nothing; and whatever was refused has changed nothing.
//
// Two bytes are an operation: which one, and how much. It runs long with
//
//	go test ./httpapi -run '^$' -fuzz FuzzHistory$ -fuzztime 10m -parallel 1
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 60, 0, 60, 1, 80, 2, 50, 3, 50, 4, 200, 5, 200, 6, 1, 7, 7, 8, 3, 9, 0, 10, 1})
	f.Add([]byte{4, 255, 5, 255, 4, 255, 5, 254, 0, 99, 11, 255, 1, 1, 6, 0, 8, 0})
	f.Add([]byte{2, 99, 3, 99, 2, 99, 12, 20, 13, 0, 14, 0, 15, 5, 1, 100, 1, 100, 0, 255})
	f.Fuzz(func(t *testing.T, history []byte) {
		f := newFixture(t, "memory", memory.New())
		id := f.create(t, `{"schema_id":"free"}`).ID
		for n := 0; n+1 < len(history) && n < 60; n += 2 {
			amount := int(history[n+1])
			before := f.whole(t, id)
			r := f.grow(t, id, int(history[n])%16, n, amount)
			require.Less(t, r.status, 500, "%s", r.body)
			if r.status >= 400 {
				require.Equal(t, string(before.body), string(f.whole(t, id).body), "what is refused changes nothing")
			}
			f.requireEcho(t, id)
		}
	})
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
	long := strings.Repeat(`\u0001é"\"`[:8], amount*500)
	text := fmt.Sprintf("%q", strings.Repeat("é\"\x01<", amount*800))
	switch operation {
	case 0:
		return f.put(t, id, webauthnKeys(n*1000, amount%120, amount*100))
	case 1:
		return f.put(t, id, recoveryCodes(n*1000, amount%120))
	case 2:
		return f.put(t, id, manyLinks("oidc", n*1000, amount%120))
	case 3:
		return f.put(t, id, manyLinks("saml", n*1000, amount%120))
	case 4:
		return add(fmt.Sprintf("/metadata_public/k%d", n), text)
	case 5:
		return add(fmt.Sprintf("/metadata_admin/k%d/-", n), text)
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
		return patch(fmt.Sprintf(`{"traits":{"k%d":%q}}`, n, long))
	case 12:
		return patch(`{"metadata_public":null}`)
	case 13:
		return f.put(t, id, `{}`)
	case 14:
		return add("/credentials/lookup_secret/config/recovery_codes/0/used_at", `"2026-11-23T12:00:00.123456Z"`)
	}
	return add("/credentials/totp", `{"config":{"totp_url":"otpauth://totp/idem:x?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"}}`)
}
