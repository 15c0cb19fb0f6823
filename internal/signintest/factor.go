package signintest

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
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

func isA[E error](err error, target *E) bool { return errors.As(err, target) }

// TestSecondFactorNeedsProof gives a second factor to proofs that are not enough.
func (stores Stores) TestSecondFactorNeedsProof(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		first := o.signIn(t)
		require.Equal(t, []credentials.Method{credentials.MethodTOTP}, first.SecondFactors)
		both := func(proof signin.Proof) []error {
			_, totpErr := o.TOTP(t.Context(), proof, o.code(app))
			_, lookupErr := o.LookupCode(t.Context(), proof, "abcde-fghij")
			return []error{totpErr, lookupErr}
		}
		weak := first.Proof
		weak.Methods = []credentials.Method{credentials.MethodTOTP}
		future := first.Proof
		future.At = o.Clock.Now().Add(time.Microsecond)
		old := first.Proof
		old.Epoch++
		for name, c := range map[string]struct {
			proof signin.Proof
			want  error
		}{
			"nobody's":         {signin.Proof{}, signin.ErrSignedOut},
			"of another epoch": {old, signin.ErrSignedOut},
			"of no first one":  {weak, signin.ErrStepUp},
			"from the future":  {future, signin.ErrStepUp},
		} {
			for _, err := range both(c.proof) {
				require.ErrorIs(t, err, c.want, name)
			}
		}
		o.Clock.Advance(signin.MaxFirstFactorAge + time.Microsecond)
		for _, err := range both(first.Proof) {
			require.ErrorIs(t, err, signin.ErrStepUp, "stale")
		}
		fresh := o.signIn(t)
		require.NoError(t, o.SignOutEverywhere(t.Context(), ada.ID))
		for _, err := range both(fresh.Proof) {
			require.ErrorIs(t, err, signin.ErrSignedOut, "ended")
		}
		fresh = o.signIn(t)
		o.Clock.Advance(signin.MaxFirstFactorAge)
		who, err := o.TOTP(t.Context(), fresh.Proof, o.code(app))
		require.NoError(t, err)
		require.Equal(t, credentials.AAL2, who.Proof.AAL)
		require.Equal(t, []credentials.Method{credentials.MethodPassword, credentials.MethodTOTP}, who.Proof.Methods)
		require.Empty(t, who.SecondFactors)
	})
}

// TestTOTPReplay uses codes again: the same, and one of a step before it.
func (stores Stores) TestTOTPReplay(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		first := o.signIn(t).Proof
		now := app.Step(o.Clock.Now())
		code, before := app.Code(now), app.Code(now-1)
		_, err := o.TOTP(t.Context(), first, code)
		require.NoError(t, err)
		for _, again := range []string{code, before} {
			_, err = o.TOTP(t.Context(), first, again)
			require.ErrorIs(t, err, signin.ErrWrongCode)
		}
		o.Clock.Advance(30 * time.Second)
		_, err = o.TOTP(t.Context(), first, code)
		require.ErrorIs(t, err, signin.ErrWrongCode, "within the skew, and used")
		_, err = o.TOTP(t.Context(), first, o.code(app))
		require.NoError(t, err)
	})
}

// TestTOTPReplayUnderAnotherName uses a code again after the same app was imported under another label.
func (stores Stores) TestTOTPReplayUnderAnotherName(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		url := o.get(t, ada).Credentials[credentials.TypeTOTP].Config.TOTPURL
		code := o.code(app)
		_, err := o.TOTP(t.Context(), o.signIn(t).Proof, code)
		require.NoError(t, err)

		renamed := strings.Replace(url, "otpauth://totp/", "otpauth://totp/renamed-", 1)
		require.NotEqual(t, url, renamed)
		_, err = o.Manager.AddCredentials(t.Context(), ada.ID, credentials.Import{TOTP: &credentials.ImportTOTP{URL: renamed}})
		require.NoError(t, err)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, code)
		require.ErrorIs(t, err, signin.ErrWrongCode)
		o.Clock.Advance(30 * time.Second)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
	})
}

// TestEnrolmentUsesItsCode signs in with the code that the enrolment was finished with.
func (stores Stores) TestEnrolmentUsesItsCode(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		proof := o.signIn(t).Proof
		begun, err := o.BeginTOTP(t.Context(), proof, "Ada & Co")
		require.NoError(t, err)
		require.Contains(t, begun.URL, "otpauth://totp/Ada%20&%20Co:ada@example.com?")
		app, err := credentials.ParseTOTP(begun.URL)
		require.NoError(t, err)
		require.Empty(t, o.signIn(t).SecondFactors, "nothing is kept yet")
		code := o.code(app)
		_, err = o.FinishTOTP(t.Context(), proof, begun.Handle, o.wrongCode(app))
		require.ErrorIs(t, err, signin.ErrWrongCode)
		for _, handle := range []string{"", "???", wrong(begun.Handle)} {
			_, err = o.FinishTOTP(t.Context(), proof, handle, code)
			require.ErrorIs(t, err, signin.ErrWrongCode)
		}
		changed, err := o.FinishTOTP(t.Context(), proof, begun.Handle, code)
		require.NoError(t, err)
		require.Equal(t, []signin.Address{{Via: "email", Value: email}}, changed.Notify)
		require.ErrorIs(t, o.Current(t.Context(), proof), signin.ErrSignedOut)
		require.NoError(t, o.Current(t.Context(), changed.Proof))
		require.Equal(t, credentials.AAL1, changed.Proof.AAL)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, code)
		require.ErrorIs(t, err, signin.ErrWrongCode)

		// The new proof is below what the identity can reach now.
		_, err = o.BeginTOTP(t.Context(), changed.Proof, "")
		require.ErrorIs(t, err, signin.ErrStepUp)
	})
}

func (stores Stores) TestEnrolmentEnds(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		begin := func() (signin.Proof, signin.Enrolment, credentials.TOTP) {
			proof := o.signIn(t).Proof
			begun, err := o.BeginTOTP(t.Context(), proof, "idem")
			require.NoError(t, err)
			app, err := credentials.ParseTOTP(begun.URL)
			require.NoError(t, err)
			return proof, begun, app
		}
		proof, begun, app := begin()
		for range 5 {
			_, err := o.FinishTOTP(t.Context(), proof, begun.Handle, o.wrongCode(app))
			require.ErrorIs(t, err, signin.ErrWrongCode)
		}
		_, err := o.FinishTOTP(t.Context(), proof, begun.Handle, o.code(app))
		require.ErrorIs(t, err, signin.ErrWrongCode, "after five wrong codes")

		_, begun, app = begin()
		o.Clock.Advance(15 * time.Minute)
		_, err = o.FinishTOTP(t.Context(), o.signIn(t).Proof, begun.Handle, o.code(app))
		require.ErrorIs(t, err, signin.ErrWrongCode, "too late")

		_, begun, app = begin()
		require.NoError(t, o.SignOutEverywhere(t.Context(), ada.ID))
		_, err = o.FinishTOTP(t.Context(), o.signIn(t).Proof, begun.Handle, o.code(app))
		require.ErrorIs(t, err, signin.ErrWrongCode, "of an epoch before")
	})
}

// TestPasswordSuccessKeepsTOTPCount locks the app by wrong codes after right passwords. A right
// password does not reset the count of the app; another second factor does.
func (stores Stores) TestPasswordSuccessKeepsTOTPCount(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		app, proof := o.enrol(t, o.signIn(t).Proof)
		who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
		codes, _, err := o.NewLookupCodes(t.Context(), who.Proof)
		require.NoError(t, err)
		require.ErrorIs(t, o.Current(t.Context(), proof), signin.ErrSignedOut)

		failures := 0
		for failures < signin.MaxTOTPFailures {
			_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.wrongCode(app))
			var throttled *signin.ThrottledError
			if isA(err, &throttled) {
				o.Clock.Advance(throttled.RetryAfter)
				continue
			}
			require.ErrorIs(t, err, signin.ErrWrongCode)
			failures++
		}
		o.Clock.Advance(signin.MaxDelay)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.ErrorIs(t, err, signin.ErrLocked)
		o.Clock.Advance(30 * 24 * time.Hour)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.ErrorIs(t, err, signin.ErrLocked, "a month later")
		_, err = o.LookupCode(t.Context(), o.signIn(t).Proof, codes[0])
		require.NoError(t, err)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
	})
}

// TestEnrolmentOfLongName gives an app to somebody whose name is longer than any app shows.
func (stores Stores) TestEnrolmentOfLongName(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.Seed(t, `{"username":"ada","nickname":"`+strings.Repeat("漢", 600)+`"}`, idemtest.Password(password))
		who, err := o.Password(t.Context(), "ada", password)
		require.NoError(t, err)
		begun, err := o.BeginTOTP(t.Context(), who.Proof, "idem")
		require.NoError(t, err)
		u, err := url.Parse(begun.URL)
		require.NoError(t, err)
		require.Equal(t, "/idem:"+strings.Repeat("漢", signin.MaxAccountName-1)+"…", u.Path)
		app, err := credentials.ParseTOTP(begun.URL)
		require.NoError(t, err)
		_, err = o.FinishTOTP(t.Context(), who.Proof, begun.Handle, o.code(app))
		require.NoError(t, err)
	})
}

// TestEnrolmentUnlocks locks an authenticator app, and adds another after an administrator has removed it.
func (stores Stores) TestEnrolmentUnlocks(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		for range signin.MaxTOTPFailures {
			_, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.wrongCode(app))
			require.ErrorIs(t, err, signin.ErrWrongCode)
			o.Clock.Advance(signin.MaxDelay)
		}
		_, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.ErrorIs(t, err, signin.ErrLocked)
		_, err = o.BeginTOTP(t.Context(), o.signIn(t).Proof, "idem")
		require.ErrorIs(t, err, signin.ErrStepUp, "the password alone unlocks nothing")

		require.NoError(t, o.DeleteCredential(t.Context(), ada.ID, credentials.TypeTOTP, ""))
		app, _ = o.enrol(t, o.signIn(t).Proof)
		_, err = o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err, "the failures with the old app are not those of the new one")
	})
}

func (stores Stores) TestLookupCodes(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		proof := o.signIn(t).Proof
		codes, changed, err := o.NewLookupCodes(t.Context(), proof)
		require.NoError(t, err)
		require.Len(t, codes, signin.NewLookupCodeCount)
		require.Equal(t, []signin.Address{{Via: "email", Value: email}}, changed.Notify)
		stored := o.get(t, ada).Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes
		for n, c := range stored {
			require.True(t, strings.HasPrefix(c.Code, "$argon2id$v=19$m=19456,t=2,p=1$"))
			require.Equal(t, c.Code[:53], stored[0].Code[:53], "one salt for the list")
			require.NotContains(t, c.Code, codes[n])
		}
		try := func(code string) (signin.SignIn, error) { return o.LookupCode(t.Context(), o.signIn(t).Proof, code) }

		who, err := try(strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")))
		require.NoError(t, err)
		require.Equal(t, credentials.AAL2, who.Proof.AAL)
		require.Equal(t, signin.NewLookupCodeCount-1, who.CodesLeft)
		require.NoError(t, o.Current(t.Context(), who.Proof))
		require.NoError(t, o.Current(t.Context(), changed.Proof), "a used code ends nothing")
		for _, code := range []string{codes[3], "", stored[0].Code, wrong(codes[4])} {
			_, err = try(code)
			require.ErrorIs(t, err, signin.ErrWrongCode, "used, empty, as it is stored, wrong")
		}
		o.Clock.Advance(time.Hour)

		again, _, err := o.NewLookupCodes(t.Context(), who.Proof)
		require.ErrorIs(t, err, signin.ErrStepUp)
		require.Empty(t, again)
		who, err = try(codes[5])
		require.NoError(t, err)
		again, _, err = o.NewLookupCodes(t.Context(), who.Proof)
		require.NoError(t, err)
		_, err = try(codes[6])
		require.ErrorIs(t, err, signin.ErrWrongCode, "of the list before")
		who, err = try(again[0])
		require.NoError(t, err)
		require.Equal(t, signin.NewLookupCodeCount-1, who.CodesLeft)
	})
}

// TestUsedLookupCodesStayUsed has an administrator send back the codes as they were before one of them was used.
func (stores Stores) TestUsedLookupCodesStayUsed(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		codes, _, err := o.NewLookupCodes(t.Context(), o.signIn(t).Proof)
		require.NoError(t, err)
		read := o.get(t, ada)
		_, err = o.LookupCode(t.Context(), o.signIn(t).Proof, codes[0])
		require.NoError(t, err)
		_, err = o.UpdateIdentity(t.Context(), ada.ID, identity.Update{
			Traits: read.Traits,
			Credentials: &credentials.Import{LookupSecret: &credentials.ImportLookupSecret{
				Codes: read.Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes,
			}},
		})
		require.NoError(t, err)
		_, err = o.LookupCode(t.Context(), o.signIn(t).Proof, codes[0])
		require.ErrorIs(t, err, signin.ErrWrongCode)
		who, err := o.LookupCode(t.Context(), o.signIn(t).Proof, codes[1])
		require.NoError(t, err)
		require.Equal(t, signin.NewLookupCodeCount-2, who.CodesLeft)
	})
}

// TestImportedLookupCodes has codes of another system, plain, and a list put together from
// both, and one that stays plain.
func (stores Stores) TestImportedLookupCodes(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t, func(c *identity.Create) {
			c.Credentials.LookupSecret = &credentials.ImportLookupSecret{Codes: []credentials.RecoveryCode{
				{Code: "Plain-01"}, {Code: "used", UsedAt: o.Clock.Now()}, {Code: "$argon2id$v=19$m=19456,t=2,p=1$not base64$x"}, {Code: "$2a$04$whatever"},
			}}
		})
		for _, code := range []string{"plain-01", "used", "$argon2id$v=19$m=19456,t=2,p=1$not base64$x", "$2a$04$whatever"} {
			_, err := o.LookupCode(t.Context(), o.signIn(t).Proof, code)
			require.ErrorIs(t, err, signin.ErrWrongCode, code)
		}
		who, err := o.LookupCode(t.Context(), o.signIn(t).Proof, " Plain-01 ")
		require.NoError(t, err)
		_, err = o.LookupCode(t.Context(), o.signIn(t).Proof, "Plain-01")
		require.ErrorIs(t, err, signin.ErrWrongCode)

		plain := newOffice(t, o.store, signin.WithPlainLookupCodes())
		plain.Clock = o.Clock
		codes, _, err := plain.NewLookupCodes(t.Context(), who.Proof)
		require.NoError(t, err)
		require.Equal(t, strings.ReplaceAll(codes[0], "-", ""), o.get(t, ada).Credentials[credentials.TypeLookupSecret].Config.RecoveryCodes[0].Code)
		_, err = o.LookupCode(t.Context(), o.signIn(t).Proof, codes[0])
		require.NoError(t, err)
	})
}

func (stores Stores) TestNoFactor(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		first := o.signIn(t).Proof
		_, err := o.TOTP(t.Context(), first, "123456")
		require.ErrorIs(t, err, signin.ErrNoFactor)
		_, err = o.LookupCode(t.Context(), first, "123456")
		require.ErrorIs(t, err, signin.ErrNoFactor)
		weak := o.Seed(t, `{"email":"weak@example.com"}`, idemtest.Password(password), func(c *identity.Create) {
			c.Credentials.TOTP = &credentials.ImportTOTP{URL: "otpauth://totp/idem:ada?secret=JBSWY3DPEHPK3PXP&digits=4"}
		})
		who, err := o.Password(t.Context(), "weak@example.com", password)
		require.NoError(t, err)
		require.Equal(t, weak.ID, who.Identity.ID)
		require.Empty(t, who.SecondFactors)
		_, err = o.TOTP(t.Context(), who.Proof, "1234")
		require.ErrorIs(t, err, credentials.ErrTOTPNotAccepted)
	})
}

func (stores Stores) TestChangePassword(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		other, proof := o.signIn(t).Proof, o.signIn(t).Proof
		_, err := o.ChangePassword(t.Context(), proof, another, "a new engine, at last")
		require.ErrorIs(t, err, idem.ErrWrongPassword)
		_, err = o.ChangePassword(t.Context(), proof, password, "password1")
		require.Equal(t, idem.KindInvalid, idem.KindOf(err))
		_, err = o.ChangePassword(t.Context(), proof, password, email)
		require.Equal(t, idem.KindInvalid, idem.KindOf(err), "like the identifier")
		require.NoError(t, o.Current(t.Context(), proof))
		changed, err := o.ChangePassword(t.Context(), proof, password, "a new engine, at last")
		require.NoError(t, err)
		require.NoError(t, o.Current(t.Context(), changed.Proof))
		require.ErrorIs(t, o.Current(t.Context(), other), signin.ErrSignedOut)
		require.Equal(t, []signin.Address{{Via: "email", Value: email}}, changed.Notify)
		_, err = o.Password(t.Context(), email, "a new engine, at last")
		require.NoError(t, err)

		o.Clock.Advance(signin.MaxStepUpAge + time.Microsecond)
		_, err = o.ChangePassword(t.Context(), changed.Proof, "a new engine, at last", password)
		require.ErrorIs(t, err, signin.ErrStepUp)

		// An identity without a password has its first.
		require.NoError(t, o.DeleteCredential(t.Context(), ada.ID, credentials.TypePassword, ""))
		sent := o.issue(t, signin.CodeSignIn, email)
		who, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code)
		require.NoError(t, err)
		_, err = o.ChangePassword(t.Context(), who.Proof, "", password)
		require.NoError(t, err)
		o.signIn(t)
	})
}

// meanwhileStore lets something happen after the next read of an identity.
type meanwhileStore struct {
	storage.Storage
	after func()
}

func (s *meanwhileStore) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	i, err := s.Storage.Get(ctx, id)
	if after := s.after; after != nil {
		s.after = nil
		after()
	}
	return i, err
}

// TestChangePasswordMeanwhile has something happen between the check of the proof and that of the password. The right
// password does not make a proof good that has ended meanwhile, nor is it of use if the identifier has become another's.
func (stores Stores) TestChangePasswordMeanwhile(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, o *office, ada *identity.Identity){
		"signed out everywhere": func(t *testing.T, o *office, ada *identity.Identity) {
			require.NoError(t, o.SignOutEverywhere(t.Context(), ada.ID))
		},
		"blocked": func(t *testing.T, o *office, ada *identity.Identity) {
			_, err := o.SetState(t.Context(), ada.ID, identity.StateInactive)
			require.NoError(t, err)
		},
		"the identifier is another's": func(t *testing.T, o *office, ada *identity.Identity) {
			_, err := o.ModifyIdentity(t.Context(), ada.ID, func(u *identity.Update) error {
				u.Traits = json.RawMessage(`{"email":"lovelace@example.com"}`)
				return nil
			})
			require.NoError(t, err)
			o.unverified(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			stores.each(t, func(t *testing.T, plain *office) {
				store := &meanwhileStore{Storage: plain.store}
				o := newOffice(t, store)
				ada := o.ada(t)
				proof := o.signIn(t).Proof
				store.after = func() { meanwhile(t, o, ada) }
				_, err := o.ChangePassword(t.Context(), proof, password, another)
				require.ErrorIs(t, err, signin.ErrSignedOut)
				for i, err := range o.Identities(t.Context(), idem.Query{}) {
					require.NoError(t, err)
					require.Equal(t, ada.Credentials[credentials.TypePassword].Config.HashedPassword,
						i.Credentials[credentials.TypePassword].Config.HashedPassword, "nobody has another password")
				}
			})
		})
	}
}

// TestStepUp asks for every change with proofs that are not enough.
func (stores Stores) TestStepUp(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t, idemtest.Link("google", "1815"))
		app, low := o.enrol(t, o.signIn(t).Proof)
		who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
		ended := who.Proof
		ended.Epoch++
		changes := map[string]func(ctx context.Context, proof signin.Proof) error{
			"begin": func(ctx context.Context, proof signin.Proof) error { _, err := o.BeginTOTP(ctx, proof, ""); return err },
			"finish": func(ctx context.Context, proof signin.Proof) error {
				_, err := o.FinishTOTP(ctx, proof, "x", "1")
				return err
			},
			"codes": func(ctx context.Context, proof signin.Proof) error {
				_, _, err := o.NewLookupCodes(ctx, proof)
				return err
			},
			"change": func(ctx context.Context, proof signin.Proof) error {
				_, err := o.ChangePassword(ctx, proof, password, "another engine, at last")
				return err
			},
			"link": func(ctx context.Context, proof signin.Proof) error {
				_, err := o.LinkFederated(ctx, proof, signin.Claims{Provider: "github", Subject: "ada"})
				return err
			},
			"remove": func(ctx context.Context, proof signin.Proof) error {
				_, err := o.RemoveFactor(ctx, proof, credentials.TypeOIDC, "google:1815")
				return err
			},
		}
		for name, change := range changes {
			require.ErrorIs(t, change(t.Context(), low), signin.ErrStepUp, "%s below the highest level", name)
			require.ErrorIs(t, change(t.Context(), ended), signin.ErrSignedOut, name)
		}
		changed, err := o.RemoveFactor(t.Context(), who.Proof, credentials.TypeOIDC, "google:1815")
		require.NoError(t, err)
		require.ErrorIs(t, o.Current(t.Context(), who.Proof), signin.ErrSignedOut)
		require.NoError(t, o.Current(t.Context(), changed.Proof))
		_, err = o.RemoveFactor(t.Context(), changed.Proof, credentials.TypeOIDC, "google:1815")
		require.ErrorIs(t, err, credentials.ErrNoCredential)
		_, err = o.LinkFederated(t.Context(), changed.Proof, signin.Claims{Provider: "github", Subject: "ada"})
		require.NoError(t, err)
		o.Clock.Advance(signin.MaxStepUpAge + time.Microsecond)
		for name, change := range changes {
			require.Error(t, change(t.Context(), changed.Proof), name)
		}
	})
}
