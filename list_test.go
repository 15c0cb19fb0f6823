package idem_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage/memory"
)

// seed creates n people.
func (w *world) seed(t testing.TB, n int) []*identity.Identity {
	t.Helper()
	var all []*identity.Identity
	for i := range n {
		all = append(all, w.create(t, identity.Create{Traits: raw(`{"email":"person%d@example.com"}`, i)}))
	}
	return all
}

func idsOf(identities []*identity.Identity) []uuid.UUID {
	var ids []uuid.UUID
	for _, i := range identities {
		ids = append(ids, i.ID)
	}
	return ids
}

func TestListWalksAllPages(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		all := idsOf(w.seed(t, 7))
		for size := 1; size < 9; size++ {
			var walked []uuid.UUID
			q := idem.Query{PageSize: size}
			for {
				page, err := w.ListIdentities(t.Context(), q)
				require.NoError(t, err)
				walked = append(walked, idsOf(page.Identities)...)
				if page.NextPageToken == "" {
					break
				}
				require.Len(t, page.Identities, size)
				q.PageToken = page.NextPageToken
			}
			require.Equal(t, all, walked, "page size %d", size)
		}

		var iterated []uuid.UUID
		for i, err := range w.Identities(t.Context(), idem.Query{PageSize: 2}) {
			require.NoError(t, err)
			iterated = append(iterated, i.ID)
			if len(iterated) == 5 {
				break
			}
		}
		require.Equal(t, all[:5], iterated)

		page, err := w.ListIdentities(t.Context(), idem.Query{PageSize: 2, Offset: 3})
		require.NoError(t, err)
		require.Equal(t, all[3:5], idsOf(page.Identities))
		count, err := w.CountIdentities(t.Context(), idem.Query{})
		require.NoError(t, err)
		require.Equal(t, 7, count)
	})
}

func TestListToken(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		all := w.seed(t, 4)
		page, err := w.ListIdentities(t.Context(), idem.Query{PageSize: 2})
		require.NoError(t, err)
		token := page.NextPageToken
		require.NoError(t, w.DeleteIdentity(t.Context(), all[1].ID))
		page, err = w.ListIdentities(t.Context(), idem.Query{PageToken: token})
		require.NoError(t, err)
		require.Equal(t, idsOf(all[2:]), idsOf(page.Identities), "a token survives the identity that it was made of")

		decoded, err := base64.RawURLEncoding.DecodeString(token)
		require.NoError(t, err)
		for n := range decoded {
			tampered := append([]byte(nil), decoded...)
			tampered[n] ^= 1
			_, err = w.ListIdentities(t.Context(), idem.Query{PageToken: base64.RawURLEncoding.EncodeToString(tampered)})
			requireKind(t, err, idem.KindInvalid)
		}
		for _, bad := range []string{"1", "x", token + "A", token[1:], token + "=", "\x00", "💥"} {
			_, err = w.ListIdentities(t.Context(), idem.Query{PageToken: bad})
			requireKind(t, err, idem.KindInvalid)
		}
		for _, err := range w.Identities(t.Context(), idem.Query{PageToken: "x"}) {
			requireKind(t, err, idem.KindInvalid)
		}
	})
}

func TestListFilters(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		all := w.seed(t, 3)
		organization := uuid.NullUUID{UUID: fixedID(1000), Valid: true}
		linked := w.create(t, identity.Create{
			Traits: raw(`{"username":"+1 (650) 253-0000"}`), OrganizationID: organization,
			Credentials: &credentials.Import{OIDC: &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "Case"}}}},
		})
		for _, c := range []struct {
			name  string
			query idem.Query
			want  []uuid.UUID
		}{
			{"ids", idem.Query{IDs: []uuid.UUID{all[2].ID, all[0].ID, fixedID(999)}}, []uuid.UUID{all[0].ID, all[2].ID}},
			{"identifier in another spelling", idem.Query{Identifier: " PERSON1@example.com"}, []uuid.UUID{all[1].ID}},
			{"phone in another spelling", idem.Query{Identifier: "+1 650 253 0000"}, []uuid.UUID{linked.ID}},
			{"link", idem.Query{Identifier: "google:Case"}, []uuid.UUID{linked.ID}},
			{"link in another case", idem.Query{Identifier: "google:case"}, nil},
			{"prefix", idem.Query{IdentifierPrefix: "Person"}, idsOf(all)},
			{"prefix of a link", idem.Query{IdentifierPrefix: "google:"}, []uuid.UUID{linked.ID}},
			{"organization", idem.Query{OrganizationID: organization}, []uuid.UUID{linked.ID}},
			{"two filters", idem.Query{OrganizationID: organization, Identifier: "google:Case"}, []uuid.UUID{linked.ID}},
			{"two filters that exclude each other", idem.Query{OrganizationID: organization, IdentifierPrefix: "Person"}, nil},
			{"ids and a prefix", idem.Query{IDs: []uuid.UUID{all[0].ID, linked.ID}, IdentifierPrefix: "Person"}, []uuid.UUID{all[0].ID}},
		} {
			page, err := w.ListIdentities(t.Context(), c.query)
			require.NoError(t, err, c.name)
			require.Equal(t, c.want, idsOf(page.Identities), c.name)
			count, err := w.CountIdentities(t.Context(), c.query)
			require.NoError(t, err)
			require.Equal(t, len(c.want), count, c.name)
		}
		for name, bad := range map[string]idem.Query{
			"too many ids":    {IDs: make([]uuid.UUID, 501)},
			"negative offset": {Offset: -1},
		} {
			_, err := w.ListIdentities(t.Context(), bad)
			requireKind(t, err, idem.KindInvalid)
			require.Error(t, err, name)
		}
	})
}

func TestImport(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		w.create(t, identity.Create{Traits: raw(`{"email":"there@example.com"}`)})
		var creates []identity.Create
		for n := range 1500 {
			creates = append(creates, identity.Create{Traits: raw(`{"email":"person%d@example.com"}`, n)})
		}
		creates[3].State = "asleep"
		creates[4].Traits = raw(`{"email":"nobody"}`)
		creates[5].Traits = raw(`{"email":"THERE@example.com"}`)
		creates[1400].Traits = raw(`{"email":"person7@example.com"}`)
		creates[1401].Credentials = &credentials.Import{Password: &credentials.ImportPassword{HashedPassword: "x"}}
		creates[1402].Credentials = &credentials.Import{Password: &credentials.ImportPassword{Password: "a password"}}
		results, err := w.CreateIdentities(t.Context(), creates)
		require.NoError(t, err)
		require.Len(t, results, len(creates))
		refused := map[int]idem.Kind{3: idem.KindInvalid, 4: idem.KindInvalid, 5: idem.KindConflict, 1400: idem.KindConflict, 1401: idem.KindInvalid}
		for n, r := range results {
			if kind, ok := refused[n]; ok {
				requireKind(t, r.Err, kind)
				require.Nil(t, r.Identity)
				continue
			}
			require.NoError(t, r.Err)
			require.Equal(t, fmt.Sprintf(`{"email":"person%d@example.com"}`, n), string(r.Identity.Traits))
		}
		require.ErrorContains(t, results[5].Err, "identifier")
		require.NotEmpty(t, results[1402].Identity.Credentials[credentials.TypePassword].Config.HashedPassword)
		count, err := w.CountIdentities(t.Context(), idem.Query{})
		require.NoError(t, err)
		require.Equal(t, 1+1500-len(refused), count)
	})
}

func TestDeleteCredential(t *testing.T) {
	onBothStores(t, func(t *testing.T, w *world) {
		created := w.create(t, identity.Create{
			SchemaID: "customer", Traits: raw(`{"number":"C1"}`),
			Credentials: &credentials.Import{
				Password: &credentials.ImportPassword{Password: "a password"},
				OIDC:     &credentials.ImportOIDC{Providers: []credentials.Provider{{Provider: "google", Subject: "1"}, {Provider: "github", Subject: "2"}}},
				TOTP:     &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=idem"},
			},
		})
		later := w.advance()
		require.NoError(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeTOTP, ""))
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeTOTP, ""), idem.KindNotFound)
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeOIDC, ""), idem.KindInvalid)
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeOIDC, "google:2"), idem.KindNotFound)
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypePasskey, ""), idem.KindNotFound)
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeCode, ""), idem.KindInvalid)
		requireKind(t, w.DeleteCredential(t.Context(), uuid.New(), credentials.TypeOIDC, "google:1"), idem.KindNotFound)
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypePassword, "", idem.IfRevision(1)), idem.KindPrecondition)
		require.NoError(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypeOIDC, "google:1"))
		_, err := w.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:1")
		requireKind(t, err, idem.KindNotFound)
		require.NoError(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypePassword, "", idem.IfRevision(3)))

		before, err := w.GetIdentity(t.Context(), created.ID)
		require.NoError(t, err)
		require.Equal(t, int64(4), before.Revision)
		require.Equal(t, later, before.UpdatedAt)
		require.Equal(t, []string{"c1"}, before.Credentials[credentials.TypePassword].Identifiers, "identifiers belong to the traits")
		require.True(t, before.Credentials[credentials.TypePassword].Config.IsZero())
		requireKind(t, w.DeleteCredential(t.Context(), created.ID, credentials.TypePassword, ""), idem.KindNotFound)
		err = w.DeleteCredential(t.Context(), created.ID, credentials.TypeOIDC, "github:2")
		requireKind(t, err, idem.KindInvalid)
		require.ErrorIs(t, err, credentials.ErrLastFirstFactor)
		w.requireUnchanged(t, before)
	})
}

// TestImportPanicsOnItsCaller has a hook of the application panic: on a goroutine that
// nobody recovers it would end the process.
func TestImportPanicsOnItsCaller(t *testing.T) {
	w := newWorld(t, memory.New(), idem.WithPasswordPolicy(func(context.Context, idem.PasswordCandidate) error { panic("a bug of the application") }))
	require.PanicsWithValue(t, "a bug of the application", func() {
		_, _ = w.CreateIdentities(t.Context(), []identity.Create{{Credentials: withPassword("a password")}})
	})
}
