package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
)

// TestNewEmailEndsWithRecovery has a stranger verify a new address just before the owner recovers the account: the request of
// the stranger comes too late to adopt it.
func TestNewEmailEndsWithRecovery(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger := s.member(t, email)
	require.Equal(t, "/verify", stranger.post("/account/email", "email", "eve@example.com").path)
	s.mail.take(t, email)
	i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, email)
	require.NoError(t, err)
	verified, err := s.manager.MarkVerified(t.Context(), i.ID, identity.ViaEmail, "eve@example.com")
	require.NoError(t, err)

	s.later(2 * time.Minute)
	code, err := s.desk.IssueCode(t.Context(), signin.Recovery, identity.ViaEmail, email)
	require.NoError(t, err)
	who, err := s.desk.Recover(t.Context(), code.Handle, code.Code, another)
	require.NoError(t, err)
	require.ErrorIs(t, s.adoptNewEmail(t.Context(), verified), signin.ErrSignedOut)
	require.NoError(t, s.cancelNewEmail(t.Context(), who.Identity.ID))
	require.Equal(t, "/account", s.client(t).signIn(email, another).path)
	after, err := s.manager.GetIdentity(t.Context(), i.ID)
	require.NoError(t, err)
	require.JSONEq(t, `{"email":"`+email+`"}`, string(after.Traits))
	require.Len(t, after.VerifiableAddresses, 1)
}

// TestNobodyBlocksAnAddress has strangers take an address without showing that it is theirs, in all ways that differ.
func TestNobodyBlocksAnAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	eve := s.member(t, "eve@example.com")

	// As a pending address: another member can ask for it too.
	ada := s.member(t, email)
	require.Equal(t, "/verify", eve.post("/account/email", "email", "lovelace@example.com").path)
	s.mail.code(t, "lovelace@example.com")
	s.later(2 * time.Minute)
	require.Equal(t, "/verify", ada.post("/account/email", "email", "lovelace@example.com").path)
	require.NotContains(t, eve.get("/account").body, "lovelace@example.com")
	require.Equal(t, "/account", ada.post("/verify", "code", s.mail.code(t, "lovelace@example.com")).path)
	require.Contains(t, ada.get("/account").body, `<span id="email">lovelace@example.com</span> (verified)`)

	// As the address of an account that could recover only with another one, which was verified and not adopted.
	s.later(2 * time.Hour)
	mallory := s.client(t)
	mallory.post("/sign-up", "name", "Mallory", "email", "grace@example.com", "password", password)
	require.Equal(t, "/account", mallory.signIn("grace@example.com", password).path)
	require.Equal(t, "/verify", mallory.post("/account/email", "email", "mallory@example.com").path)
	i, err := s.manager.FindByIdentifier(t.Context(), credentials.TypePassword, "grace@example.com")
	require.NoError(t, err)
	_, err = s.manager.MarkVerified(t.Context(), i.ID, identity.ViaEmail, "mallory@example.com")
	require.NoError(t, err)
	s.mail.code(t, "grace@example.com")
	s.later(2 * time.Minute)
	grace := s.client(t)
	require.Equal(t, "/verify", grace.post("/sign-up", "name", "Grace", "email", "grace@example.com", "password", another).path)
	require.Equal(t, "/sign-in", grace.post("/verify", "code", s.mail.code(t, "grace@example.com")).path)
	require.Contains(t, grace.signIn("grace@example.com", another).body, "Hello, Grace")
	require.Contains(t, mallory.get("/account").body, `<span id="email">mallory@example.com</span> (verified)`)
}
