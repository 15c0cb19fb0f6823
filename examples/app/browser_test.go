package main

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/stretchr/testify/require"
)

func TestSignUpAndSignIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	b.open("/")
	b.press(`a[href="/sign-up"]`)
	b.send("/sign-up", "name", "Ada", "email", email, "password", "analytical")
	b.sees("We have sent a mail to " + email)
	b.send("/verify", "code", "wrong")
	b.sees("The code is wrong or not valid any more.")
	b.send("/verify", "code", s.mail.code(t, email))
	b.sees("The address is verified.")
	require.Equal(t, "/sign-in", b.path())
	b.send("/sign-in", "email", email, "password", "wrong")
	b.sees("The e-mail address or the password is wrong.")
	b.send("/sign-in", "email", " ADA@example.com", "password", "analytical")
	b.sees("Hello, Ada")
	b.sees(email + " (verified)")
	b.press("#sign-out")
	b.open("/account")
	b.sees("Please sign in.")
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	b.signUp(email)
	b.signIn(email, password)
	b.press("#add-app")
	secret := eval[string](b, `document.querySelector("#secret").textContent`)
	b.send("/account/app/code", "code", "000000")
	b.sees("The code is wrong")
	b.send("/account/app/code", "code", s.appCode(t, secret))
	b.sees("An authenticator app was added")
	require.Contains(t, s.mail.take(t, email).text, "authenticator app was added")
	b.press("#lookup-codes")
	b.sees("For this, please sign in once more.") // with the app, which has just come
	b.send("/sign-in", "email", email, "password", password)
	require.Equal(t, "/second", b.path())
	b.open("/account")
	b.sees("Please sign in.") // the password alone is not enough
	b.open("/second")
	b.send("/second", "code", s.appCode(t, secret))
	b.sees("The code is wrong") // it was used when the app was added
	s.later(time.Minute)
	b.send("/second", "code", s.appCode(t, secret))
	b.sees("You have signed in at level 2.")
	b.press("#lookup-codes")
	codes := eval[[]string](b, `[...document.querySelectorAll(".lookup")].map(e => e.textContent)`)
	require.Len(t, codes, 12)

	for _, right := range []bool{true, false} { // a lookup code works once
		b.signIn(email, password)
		b.send("/second", "code", codes[0], "kind", "lookup")
		if right {
			b.sees("11 lookup codes")
		} else {
			b.sees("The code is wrong")
		}
	}
	b.send("/second", "code", codes[1], "kind", "lookup")
	b.press("#remove-app")
	b.sees("Add an authenticator app")
	b.signIn(email, password)
	require.Equal(t, "/account", b.path())
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	b.signUp(email)
	s.later(2 * time.Hour)
	b.press(`a[href="/recover"]`)
	b.send("/recover", "email", email)
	b.sees("If " + email + " has an account, we have sent a code there.")
	code := s.mail.code(t, email)
	b.send("/password", "code", "wrong", "password", another)
	b.sees("The code is wrong")
	b.send("/password", "code", code, "password", "password1")
	b.sees("one of the most common passwords")
	b.send("/password", "code", code, "password", another)
	b.sees("Hello, Ada")
	require.Contains(t, s.mail.take(t, email).text, "Your password was changed")
	b.signIn(email, password)
	b.sees("The e-mail address or the password is wrong.")
	b.signIn(email, another)
	b.sees("Hello, Ada")

	// With a second factor the mailbox alone is not enough.
	b.press("#add-app")
	secret := eval[string](b, `document.querySelector("#secret").textContent`)
	b.send("/account/app/code", "code", s.appCode(t, secret))
	s.mail.take(t, email)
	s.later(time.Hour)
	b.open("/recover")
	b.send("/recover", "email", email)
	code = s.mail.code(t, email)
	b.send("/password", "code", code, "password", password)
	b.sees("This account has a second factor")
	b.send("/password", "code", code, "password", password, "second", "000000")
	b.sees("The second factor is wrong.")
	b.send("/password", "code", code, "password", password, "second", s.appCode(t, secret))
	b.sees("Hello, Ada")
}

func TestChangedEmail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	b.signUp(email)
	b.signIn(email, password)
	b.send("/account/email", "email", "new@example.com")
	b.sees("We have sent a mail to new@example.com")
	require.Contains(t, s.mail.take(t, email).text, "asked to change the address of your account to new@example.com")
	code := s.mail.code(t, "new@example.com")

	other := s.tab(t) // until the code has come back, all is as before
	other.signIn("new@example.com", password)
	other.sees("The e-mail address or the password is wrong.")
	other.signIn(email, password)
	other.sees("soon new@example.com")

	b.send("/verify", "code", code)
	b.sees("new@example.com (verified)")
	require.Contains(t, s.mail.take(t, email).text, "The address of your account was changed")
	other.signIn(email, password)
	other.sees("The e-mail address or the password is wrong.")
	other.signIn("new@example.com", password)
	other.sees("Hello, Ada")
	s.later(2 * time.Hour)
	other.open("/recover")
	other.send("/recover", "email", email)
	other.sees("If " + email + " has an account")
	other.open("/recover")
	other.send("/recover", "email", "new@example.com")
	other.send("/password", "code", s.mail.code(t, "new@example.com"), "password", another)
	other.sees("Hello, Ada")
	s.mail.none(t, email) // mails are sent in order, so one to the old address would be there
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	id := b.authenticator()
	b.signUp(email)
	b.click("#passkey") // there is none yet
	b.sees("The passkey was not used.")
	b.signIn(email, password)
	b.press("#add-passkey")
	b.sees("A passkey was added to your account.")
	require.Contains(t, s.mail.take(t, email).text, "A passkey was added")
	keys := call(b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: id}).Credentials
	require.Len(t, keys, 1)
	require.True(t, keys[0].IsResidentCredential)
	require.Equal(t, "localhost", keys[0].RpID)
	require.NotContains(t, string(keys[0].UserHandle), email)

	b.press("#sign-out")
	b.open("/sign-in")
	b.press("#passkey")
	b.sees("Hello, Ada")
	b.sees("You have signed in at level 2.")

	// Without verifying its owner the authenticator is worth nothing.
	b.press("#sign-out")
	b.open("/sign-in")
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id})
	b.click("#passkey")
	b.sees("The passkey was not used.")
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: true})

	// A passkey that was removed is worth nothing, though the authenticator still has it.
	b.press("#passkey")
	b.press("#remove-passkeys")
	b.sees("The passkeys were removed")
	b.press("#sign-out")
	b.open("/sign-in")
	b.click("#passkey")
	b.sees("The key was refused.")
	require.Equal(t, "/sign-in", b.path())
}

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first, second := s.tab(t), s.tab(t)
	first.signUp(email)
	first.signIn(email, password)
	second.signIn(email, password)
	second.sees("Hello, Ada")
	first.press("#everywhere")
	first.open("/account")
	first.sees("Please sign in.")
	second.open("/account")
	second.sees("Please sign in.")
	require.Equal(t, "/sign-in", second.path())
	second.signIn(email, password)
	second.sees("Hello, Ada")
}

func TestGoogle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.tab(t)
	s.issuer.is("1906", "grace@gmail.com", nil)
	b.open("/sign-up")
	b.press("#google")
	b.sees("This makes an account for grace@gmail.com")
	b.send("/google/sign-up", "name", "Grace")
	b.sees("Hello, Grace")
	b.sees("grace@gmail.com (verified)")
	b.press("#sign-out")
	b.open("/sign-in")
	b.press("#google")
	b.sees("Hello, Grace")

	// Another account there with an address that somebody has here.
	b.press("#sign-out")
	b.signUp(email)
	s.issuer.is("1815", email, nil)
	b.open("/sign-in")
	b.press("#google")
	b.sees("There is an account with that address.")
	b.send("/sign-in", "email", email, "password", password)
	b.sees("Hello, Ada")
	require.NotContains(t, b.text(), "Linked\n")
	b.press("#link")
	b.sees("Your account at Google was linked to your account.")
	b.press("#sign-out")
	b.open("/sign-in")
	b.press("#google")
	b.sees("Hello, Ada")
}
