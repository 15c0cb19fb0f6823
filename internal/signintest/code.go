package signintest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/idemtest"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// unverified makes an identity whose address nobody has verified.
func (o *office) unverified(t testing.TB, options ...idemtest.SeedOption) *identity.Identity {
	t.Helper()
	return o.Seed(t, `{"email":"`+email+`"}`, append([]idemtest.SeedOption{idemtest.Password(password)}, options...)...)
}

func (stores Stores) TestVerification(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.Seed(t, `{"email":"`+email+`","second_email":"lovelace@example.com"}`, idemtest.Password(password))
		sent := o.issue(t, signin.Verification, " ADA@Example.com")
		require.True(t, sent.Send)
		require.Equal(t, email, sent.To)
		require.Len(t, sent.Code, 6)
		require.Equal(t, o.Clock.Now().Add(signin.CodeLife), sent.ExpiresAt)
		_, err := o.CompleteVerification(t.Context(), sent.Handle, wrong(sent.Code))
		require.ErrorIs(t, err, signin.ErrWrongCode)
		for _, handle := range []string{"", "not base64!", sent.Handle[1:], wrong(sent.Handle)} {
			_, err = o.CompleteVerification(t.Context(), handle, sent.Code)
			require.ErrorIs(t, err, signin.ErrWrongCode)
		}
		for _, complete := range []func() error{
			func() error { _, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code); return err },
			func() error { _, err := o.Recover(t.Context(), sent.Handle, sent.Code, another); return err },
		} {
			require.ErrorIs(t, complete(), signin.ErrWrongCode, "for another purpose")
		}
		who, err := o.CompleteVerification(t.Context(), sent.Handle, " "+sent.Code[:3]+" "+sent.Code[3:])
		require.NoError(t, err)
		require.Zero(t, who.Proof, "it signs nobody in")
		for _, a := range who.Identity.VerifiableAddresses {
			require.Equal(t, a.Value == email, a.Verified, "only the address that the code went to")
		}
		require.Equal(t, ada.SignInEpoch, who.Identity.SignInEpoch)
		_, err = o.CompleteVerification(t.Context(), sent.Handle, sent.Code)
		require.ErrorIs(t, err, signin.ErrWrongCode, "once")
	})
}

func (stores Stores) TestSignInWithCode(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		sent := o.issue(t, signin.CodeSignIn, email)
		who, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code)
		require.NoError(t, err)
		require.True(t, ada.Equal(who.Identity))
		require.Equal(t, credentials.AAL1, who.Proof.AAL)
		require.Equal(t, []credentials.Method{credentials.MethodCode}, who.Proof.Methods)
		require.NoError(t, o.Current(t.Context(), who.Proof))
	})
}

// TestWhoGetsCodes goes through the addresses that a code must not go to.
func (stores Stores) TestWhoGetsCodes(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.Seed(t, `{"email":"unverified@example.com","second_email":"second@example.com"}`, idemtest.Verified("second@example.com"))
		o.Seed(t, `{"email":"fresh@example.com"}`)
		o.Seed(t, `{"email":"gone@example.com"}`, idemtest.Verified("gone@example.com"), idemtest.Inactive())
		for _, c := range []struct {
			purpose signin.Purpose
			address string
			send    bool
		}{
			{signin.Verification, "unverified@example.com", true},
			{signin.Verification, "second@example.com", true},
			{signin.Verification, "gone@example.com", false},
			{signin.Verification, "nobody@example.com", false},
			{signin.CodeSignIn, "unverified@example.com", false},
			{signin.CodeSignIn, "second@example.com", false}, // the schema does not mark it for codes
			{signin.CodeSignIn, "gone@example.com", false},
			{signin.CodeSignIn, "nobody@example.com", false},
			{signin.Recovery, "unverified@example.com", false}, // another is verified
			{signin.Recovery, "second@example.com", true},
			{signin.Recovery, "fresh@example.com", true}, // none is
			{signin.Recovery, "gone@example.com", false},
			{signin.Recovery, "nobody@example.com", false},
		} {
			sent := o.issue(t, c.purpose, c.address)
			require.Equal(t, c.send, sent.Send, "%s to %s", c.purpose, c.address)
			o.Clock.Advance(time.Minute)
		}
		_, err := o.IssueCode(t.Context(), signin.Verification, "email", "no address")
		require.Equal(t, idem.KindInvalid, idem.KindOf(err))
		_, err = o.IssueCode(t.Context(), signin.Verification, "pigeon", email)
		require.Equal(t, idem.KindInvalid, idem.KindOf(err))
		_, err = o.IssueCode(t.Context(), "mischief", "email", email)
		require.Error(t, err)
	})
}

// TestCodesForFormerAddresses has an identity whose address was stored by an older rule of normalising.
func (stores Stores) TestCodesForFormerAddresses(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		const typed = "Ada@xn--bcher-kva.example"
		kept := o.Seed(t, `{"email":"`+typed+`"}`, idemtest.Password(password), idemtest.Verified(typed)).Clone()
		require.Equal(t, "ada@bücher.example", kept.VerifiableAddresses[0].Value)
		require.NoError(t, o.DeleteIdentity(t.Context(), kept.ID))
		const former = "ada@xn--bcher-kva.example"
		kept.VerifiableAddresses[0].Value, kept.RecoveryAddresses[0].Value = former, former
		for of, c := range kept.Credentials {
			c.Identifiers = []string{former}
			if of == credentials.TypeCode {
				c.Config.Addresses[0].Address = former
			}
			kept.Credentials[of] = c
		}
		_, err := o.store.Create(t.Context(), kept)
		require.NoError(t, err)

		sent := o.issue(t, signin.CodeSignIn, typed)
		require.True(t, sent.Send)
		require.Equal(t, former, sent.To)
		who, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code)
		require.NoError(t, err)
		require.Equal(t, kept.ID, who.Identity.ID)
		o.Clock.Advance(time.Minute)
		sent = o.issue(t, signin.Recovery, typed)
		require.True(t, sent.Send)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another)
		require.NoError(t, err)
	})
}

// TestHandlesThatWereChanged makes sure that the handle of a code for nobody is refused as that of a code for somebody,
// whatever a client makes of it.
func (stores Stores) TestHandlesThatWereChanged(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		byAdmin, err := o.IssueAdminCode(t.Context(), ada.ID, time.Hour)
		require.NoError(t, err)
		for _, sent := range []signin.Code{
			o.issue(t, signin.Recovery, "nobody@example.com"), o.issue(t, signin.Recovery, email), byAdmin,
		} {
			raw, err := base64.RawURLEncoding.DecodeString(sent.Handle)
			require.NoError(t, err)
			kind := raw[0]
			for _, raw[0] = range []byte{'a', 'c', 0, kind} {
				_, err := o.Recover(t.Context(), base64.RawURLEncoding.EncodeToString(raw), wrong(sent.Code), another)
				require.Equal(t, signin.ErrWrongCode, err)
			}
		}
		// The code of the administrator is still a record of its identity, which goes with it.
		require.NoError(t, o.DeleteIdentity(t.Context(), ada.ID))
		_, err = o.Recover(t.Context(), byAdmin.Handle, byAdmin.Code, another)
		require.Equal(t, signin.ErrWrongCode, err)
	})
}

func (stores Stores) TestCodesAreLimited(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		for _, address := range []string{email, "nobody@example.com"} {
			first := o.issue(t, signin.CodeSignIn, address)
			_, err := o.IssueCode(t.Context(), signin.Verification, "email", address)
			requireThrottled(t, err, time.Minute) // for all purposes
			o.Clock.Advance(time.Minute)
			var sent []signin.Code
			for range signin.MaxLiveCodes {
				sent = append(sent, o.issue(t, signin.CodeSignIn, address))
				o.Clock.Advance(time.Minute)
			}
			_, err = o.SignInWithCode(t.Context(), first.Handle, first.Code)
			require.ErrorIs(t, err, signin.ErrWrongCode, "the fourth ends the first")
			if address == email {
				_, err = o.SignInWithCode(t.Context(), sent[0].Handle, sent[0].Code)
				require.NoError(t, err)
				late := sent[2]
				o.Clock.Advance(late.ExpiresAt.Sub(o.Clock.Now()))
				_, err = o.SignInWithCode(t.Context(), late.Handle, late.Code)
				require.ErrorIs(t, err, signin.ErrWrongCode, "too late")
			}
			for range 20 - 4 {
				o.issue(t, signin.CodeSignIn, address)
				o.Clock.Advance(time.Minute)
			}
			_, err = o.IssueCode(t.Context(), signin.CodeSignIn, "email", address)
			requireThrottled(t, err, 24*time.Hour)
			o.Clock.Advance(-time.Hour) // a clock set back makes nobody wait longer
			_, err = o.IssueCode(t.Context(), signin.CodeSignIn, "email", address)
			requireThrottled(t, err, 24*time.Hour)
			o.Clock.Advance(25 * time.Hour)
			o.issue(t, signin.CodeSignIn, address)
			o.Clock.Advance(-26 * time.Hour)
		}
		ctx := signin.WithClient(t.Context(), "192.0.2.7")
		for n := range 5 {
			_, err := o.IssueCode(ctx, signin.CodeSignIn, "email", fmt.Sprintf("person%d@example.com", n))
			require.NoError(t, err)
		}
		_, err := o.IssueCode(ctx, signin.CodeSignIn, "email", "other@example.com")
		requireThrottled(t, err, time.Hour)
		o.Clock.Advance(time.Hour)
		_, err = o.IssueCode(ctx, signin.CodeSignIn, "email", "other@example.com")
		require.NoError(t, err)
	})
}

// TestFailuresOutliveReissue fails over several codes, handles and purposes: the failures
// add up, and codes become long.
func (stores Stores) TestFailuresOutliveReissue(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		complete := func(sent signin.Code, code string) error {
			var err error
			switch sent.Purpose {
			case signin.Verification:
				_, err = o.CompleteVerification(t.Context(), sent.Handle, code)
			case signin.Recovery:
				_, err = o.Recover(t.Context(), sent.Handle, code, another)
			default:
				_, err = o.SignInWithCode(t.Context(), sent.Handle, code)
			}
			return err
		}
		purposes := []signin.Purpose{signin.Verification, signin.CodeSignIn, signin.Recovery}
		for n := range 3 {
			sent := o.issue(t, purposes[n], email)
			require.Len(t, sent.Code, 6)
			for range []int{4, 3, 3}[n] {
				require.ErrorIs(t, complete(sent, wrong(sent.Code)), signin.ErrWrongCode)
			}
			o.Clock.Advance(time.Minute)
		}
		sent := o.issue(t, signin.Verification, email)
		require.Len(t, sent.Code, 16, "after ten failures")
		o.Clock.Advance(29 * 24 * time.Hour)
		sent = o.issue(t, signin.CodeSignIn, email)
		require.Len(t, sent.Code, 16, "for a month")
		require.NoError(t, complete(sent, strings.ToUpper(sent.Code[:4]+"-"+sent.Code[4:])))
		o.Clock.Advance(time.Minute)
		require.Len(t, o.issue(t, signin.CodeSignIn, email).Code, 6, "until one succeeds")

		// Five wrong codes end one, also for the right one.
		o.Clock.Advance(time.Minute)
		sent = o.issue(t, signin.CodeSignIn, email)
		for range signin.MaxCodeAttempts {
			require.ErrorIs(t, complete(sent, wrong(sent.Code)), signin.ErrWrongCode)
		}
		require.ErrorIs(t, complete(sent, sent.Code), signin.ErrWrongCode)
	})
}

// TestCodeDies changes what a code was issued for.
func (stores Stores) TestCodeDies(t *testing.T) {
	for name, change := range map[string]func(o *office, ada *identity.Identity) error{
		"epoch": func(o *office, ada *identity.Identity) error {
			return o.SignOutEverywhere(context.Background(), ada.ID)
		},
		"password": func(o *office, ada *identity.Identity) error {
			_, err := o.SetPassword(context.Background(), ada.ID, another)
			return err
		},
		"inactive, and active again": func(o *office, ada *identity.Identity) error {
			_, err := o.SetState(context.Background(), ada.ID, identity.StateInactive)
			if err == nil {
				_, err = o.SetState(context.Background(), ada.ID, identity.StateActive)
			}
			return err
		},
		"inactive": func(o *office, ada *identity.Identity) error {
			_, err := o.SetState(context.Background(), ada.ID, identity.StateInactive)
			return err
		},
		"gone": func(o *office, ada *identity.Identity) error { return o.DeleteIdentity(context.Background(), ada.ID) },
		"address removed": func(o *office, ada *identity.Identity) error {
			_, err := o.UpdateIdentity(context.Background(), ada.ID, identity.Update{Traits: []byte(`{}`)})
			return err
		},
		"address removed and added again": func(o *office, ada *identity.Identity) error {
			_, err := o.UpdateIdentity(context.Background(), ada.ID, identity.Update{Traits: []byte(`{}`)})
			if err == nil {
				_, err = o.UpdateIdentity(context.Background(), ada.ID, identity.Update{Traits: ada.Traits})
			}
			if err == nil {
				_, err = o.MarkVerified(context.Background(), ada.ID, "email", email)
			}
			return err
		},
		"address moved to somebody else": func(o *office, ada *identity.Identity) error {
			_, err := o.UpdateIdentity(context.Background(), ada.ID, identity.Update{Traits: []byte(`{}`)})
			if err == nil {
				_, err = o.CreateIdentity(context.Background(), identity.Create{
					Traits: ada.Traits, VerifiableAddresses: []identity.CreateVerifiableAddress{{Value: email, Verified: true}}})
			}
			return err
		},
		"generation": nil,
	} {
		t.Run(name, func(t *testing.T) {
			stores.each(t, func(t *testing.T, o *office) {
				ada := o.ada(t)
				proof := o.signIn(t).Proof
				var sent []signin.Code
				for _, purpose := range []signin.Purpose{signin.Verification, signin.CodeSignIn, signin.Recovery} {
					sent = append(sent, o.issue(t, purpose, email))
					o.Clock.Advance(time.Minute)
				}
				admin, err := o.IssueAdminCode(t.Context(), ada.ID, time.Hour)
				require.NoError(t, err)
				desk := o.Service
				if change == nil {
					desk, err = signin.New(o.Manager.Manager, key, signin.WithGeneration(1))
				} else {
					err = change(o, ada)
				}
				require.NoError(t, err)
				before := o.everything(t)
				_, err = desk.CompleteVerification(t.Context(), sent[0].Handle, sent[0].Code)
				require.ErrorIs(t, err, signin.ErrWrongCode)
				_, err = desk.SignInWithCode(t.Context(), sent[1].Handle, sent[1].Code)
				require.ErrorIs(t, err, signin.ErrWrongCode)
				_, err = desk.Recover(t.Context(), sent[2].Handle, sent[2].Code, "a new engine, at last")
				require.ErrorIs(t, err, signin.ErrWrongCode)
				if !strings.HasPrefix(name, "address") { // an administrator's goes to none
					_, err = desk.Recover(t.Context(), admin.Handle, admin.Code, "a new engine, at last")
					require.ErrorIs(t, err, signin.ErrWrongCode)
				}
				require.Equal(t, before, o.everything(t), "nothing has changed")
				if !strings.HasPrefix(name, "address") {
					require.ErrorIs(t, desk.Current(t.Context(), proof), signin.ErrSignedOut)
				}
			})
		})
	}
}

// everything is the revision of every identity.
func (o *office) everything(t testing.TB) map[uuid.UUID]int64 {
	t.Helper()
	all := map[uuid.UUID]int64{}
	for i, err := range o.Identities(t.Context(), idem.Query{}) {
		require.NoError(t, err)
		all[i.ID] = i.Revision
	}
	return all
}

func (stores Stores) TestRecover(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		proof := o.signIn(t).Proof
		sent := o.issue(t, signin.Recovery, email)
		who, err := o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last")
		require.NoError(t, err)
		require.Equal(t, credentials.AAL1, who.Proof.AAL)
		require.Equal(t, []credentials.Method{credentials.MethodRecovery}, who.Proof.Methods)
		require.NoError(t, o.Current(t.Context(), who.Proof))
		require.ErrorIs(t, o.Current(t.Context(), proof), signin.ErrSignedOut)
		_, err = o.Password(t.Context(), email, "a new engine, at last")
		require.NoError(t, err)
		require.Equal(t, ada.VerifiableAddresses, o.get(t, ada).VerifiableAddresses)
	})
}

// TestRecoverUnverified recovers an account that a stranger may have prepared: what they
// have planted is gone, in the same step.
func (stores Stores) TestRecoverUnverified(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		eve := o.unverified(t, idemtest.Link("google", "eve"), func(c *identity.Create) {
			c.Credentials.TOTP = &credentials.ImportTOTP{URL: "otpauth://totp/idem:eve?secret=JBSWY3DPEHPK3PXP"}
			c.Credentials.LookupSecret = &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "planted"}}}
			c.Credentials.Passkey = &credentials.ImportPasskey{UserHandle: []byte("eve"), Credentials: rawKeys("cGxhbnRlZA")}
			c.Credentials.WebAuthn = &credentials.ImportWebAuthn{Credentials: rawKeys("c2Vjb25k")}
		})
		proof := o.signIn(t).Proof
		sent := o.issue(t, signin.Recovery, email)
		_, err := o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last")
		require.NoError(t, err)
		now := o.get(t, eve)
		require.Equal(t, eve.Revision+1, now.Revision, "in one step")
		require.True(t, now.VerifiableAddresses[0].Verified)
		require.ErrorIs(t, o.Current(t.Context(), proof), signin.ErrSignedOut)
		for of, c := range now.Credentials {
			if of != credentials.TypePassword && of != credentials.TypeCode {
				require.True(t, c.Config.IsZero(), of)
			}
		}
		_, err = o.FindByIdentifier(t.Context(), credentials.TypeOIDC, "google:eve")
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = o.Password(t.Context(), email, "a new engine, at last")
		require.NoError(t, err)
	})
}

func rawKeys(id string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage(fmt.Sprintf(`{"id":%q,"public_key":"cGs="}`, id))}
}

// TestRecoverNeedsSecondFactor leaves everything as it was without one.
func (stores Stores) TestRecoverNeedsSecondFactor(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
		codes, _, err := o.NewLookupCodes(t.Context(), who.Proof)
		require.NoError(t, err)
		before := o.get(t, ada)
		sent := o.issue(t, signin.Recovery, email)
		var needed *signin.SecondFactorError

		_, err = o.Recover(t.Context(), sent.Handle, wrong(sent.Code), another)
		require.ErrorIs(t, err, signin.ErrWrongCode, "asked for only after a right code")
		for range 2 * signin.MaxCodeAttempts { // more than there are wrong codes
			_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another)
			require.ErrorAs(t, err, &needed)
			require.False(t, needed.Wrong)
			require.Equal(t, []credentials.Method{credentials.MethodTOTP, credentials.MethodLookupCode}, needed.Methods)
		}
		for _, second := range []signin.SecondFactor{signin.WithTOTP(o.wrongCode(app)), signin.WithLookupCode("abcde-fghij")} {
			_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another, second)
			require.ErrorAs(t, err, &needed)
			require.True(t, needed.Wrong)
		}
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "password1", signin.WithLookupCode(codes[1]))
		require.Equal(t, idem.KindInvalid, idem.KindOf(err))
		require.True(t, before.Equal(o.get(t, ada)), "nothing was consumed")

		o.Clock.Advance(time.Minute)
		who, err = o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last", signin.WithLookupCode(codes[1]))
		require.NoError(t, err)
		require.Equal(t, credentials.AAL1, who.Proof.AAL)
		used := 0
		for _, c := range o.get(t, ada).Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes {
			if !c.UsedAt.IsZero() {
				used++
			}
		}
		require.Equal(t, 1, used)

		sent = o.issue(t, signin.Recovery, email)
		totp := o.code(app)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "another engine, at last", signin.WithTOTP(totp))
		require.NoError(t, err)
		who, err = o.Password(t.Context(), email, "another engine, at last")
		require.NoError(t, err)
		_, err = o.TOTP(t.Context(), who.Proof, totp)
		require.ErrorIs(t, err, signin.ErrWrongCode, "the code counts as used")

		o.Clock.Advance(time.Minute)
		who, err = o.Password(t.Context(), email, "another engine, at last")
		require.NoError(t, err)
		totp = o.code(app)
		_, err = o.TOTP(t.Context(), who.Proof, totp)
		require.NoError(t, err)
		sent = o.issue(t, signin.Recovery, email)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "the last engine of all", signin.WithTOTP(totp))
		require.ErrorAs(t, err, &needed, "the second factor is what is wrong, and not the code of the mail")
		require.True(t, needed.Wrong)
		o.Clock.Advance(time.Minute)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "the last engine of all", signin.WithTOTP(o.code(app)))
		require.NoError(t, err)
	})
}

// TestRecoverWithSecurityKey has a key that the caller checks.
func (stores Stores) TestRecoverWithSecurityKey(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t, func(c *identity.Create) {
			c.Credentials.WebAuthn = &credentials.ImportWebAuthn{Credentials: rawKeys("c2Vjb25k")}
		})
		sent := o.issue(t, signin.Recovery, email)
		errKey := errors.New("another key")
		var needed *signin.SecondFactorError
		_, err := o.Recover(t.Context(), sent.Handle, sent.Code, another)
		require.ErrorAs(t, err, &needed)
		require.Equal(t, []credentials.Method{credentials.MethodSecurityKey}, needed.Methods)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another, signin.WithSecurityKey(func(context.Context, *identity.Identity) error { return errKey }))
		require.ErrorIs(t, err, errKey)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another, signin.WithSecurityKey(func(_ context.Context, i *identity.Identity) error {
			require.Equal(t, ada.ID, i.ID)
			return nil
		}))
		require.NoError(t, err)
	})
}

// TestPolicySilentBeforeRightCode has a bad password at every stage: nobody learns from what
// is said about it that there is an account.
func (stores Stores) TestPolicySilentBeforeRightCode(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		known, unknown := o.issue(t, signin.Recovery, email), o.issue(t, signin.Recovery, "nobody@example.com")
		for _, sent := range []signin.Code{known, unknown} {
			for _, bad := range []string{"", "password1", email} {
				_, err := o.Recover(t.Context(), sent.Handle, wrong(sent.Code), bad)
				require.Equal(t, signin.ErrWrongCode, err)
			}
		}
		_, err := o.Recover(t.Context(), unknown.Handle, unknown.Code, "password1")
		require.Equal(t, signin.ErrWrongCode, err)
		o.Clock.Advance(time.Minute)
		sent := o.issue(t, signin.Recovery, email)
		for n := range 10 {
			_, err := o.Recover(t.Context(), sent.Handle, sent.Code, "password1")
			require.Equal(t, idem.KindInvalid, idem.KindOf(err), n)
		}
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last")
		require.ErrorIs(t, err, signin.ErrWrongCode, "ten refusals use it up")
	})
}

// TestAdminCodeWithoutAddress recovers an account whose mailbox is lost.
func (stores Stores) TestAdminCodeWithoutAddress(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		nameless := o.Seed(t, `{"username":"ada"}`, idemtest.Password(password))
		for _, life := range []time.Duration{0, -time.Second, signin.MaxAdminCodeLife + 1} {
			_, err := o.IssueAdminCode(t.Context(), nameless.ID, life)
			require.Error(t, err)
		}
		_, err := o.IssueAdminCode(t.Context(), idemtest.ID(404), time.Hour)
		require.ErrorIs(t, err, storage.ErrNotFound)
		var all []signin.Code
		for range 50 { // unlimited, and none ends another
			sent, err := o.IssueAdminCode(t.Context(), nameless.ID, signin.MaxAdminCodeLife)
			require.NoError(t, err)
			all = append(all, sent)
		}
		o.Clock.Advance(signin.MaxAdminCodeLife - time.Second)
		_, err = o.Recover(t.Context(), all[0].Handle, wrong(all[0].Code), another)
		require.ErrorIs(t, err, signin.ErrWrongCode)
		_, err = o.CompleteVerification(t.Context(), all[0].Handle, all[0].Code)
		require.ErrorIs(t, err, signin.ErrWrongCode)
		_, err = o.Recover(t.Context(), all[0].Handle, all[0].Code, "a new engine, at last")
		require.NoError(t, err)
		_, err = o.Recover(t.Context(), all[1].Handle, all[1].Code, "a new engine, at last")
		require.ErrorIs(t, err, signin.ErrWrongCode, "the epoch is another")

		late, err := o.IssueAdminCode(t.Context(), nameless.ID, time.Hour)
		require.NoError(t, err)
		o.Clock.Advance(time.Hour)
		_, err = o.Recover(t.Context(), late.Handle, late.Code, "another engine, at last")
		require.ErrorIs(t, err, signin.ErrWrongCode)

		// It recovers nobody who is locked out, not even if it was issued meanwhile.
		_, err = o.SetState(t.Context(), nameless.ID, identity.StateInactive)
		require.NoError(t, err)
		locked, err := o.IssueAdminCode(t.Context(), nameless.ID, time.Hour)
		require.NoError(t, err)
		for _, password := range []string{"password1", "another engine, at last"} { // and the policy is silent
			_, err = o.Recover(t.Context(), locked.Handle, locked.Code, password)
			require.Equal(t, signin.ErrWrongCode, err)
		}

		// It verifies nothing, and asks for a second factor where there is one.
		eve := o.unverified(t, func(c *identity.Create) {
			c.Credentials.LookupSecret = &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{{Code: "mine"}}}
		})
		sent, err := o.IssueAdminCode(t.Context(), eve.ID, time.Hour)
		require.NoError(t, err)
		var needed *signin.SecondFactorError
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another)
		require.ErrorAs(t, err, &needed)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, another, signin.WithLookupCode("mine"))
		require.NoError(t, err)
		require.False(t, o.get(t, eve).VerifiableAddresses[0].Verified)
	})
}
