// Package webauthn signs people in with passkeys and security keys (WebAuthn Level 3), on
// top of package signin. The ceremonies are those of github.com/go-webauthn/webauthn; this
// package keeps their state in records that are used once, keeps keys in the format of
// Kratos, so that imported ones work, and turns what was proven into a [signin.Proof].
//
// A ceremony has two halves. Begin returns a handle and options for the browser, which it
// passes to navigator.credentials; Finish takes the handle and what the browser answered.
// The handle belongs to the browser that began, in a cookie or a form. A ceremony lasts
// [CeremonyLife], and its challenge is used up before anything is compared.
//
//	ceremony, err := keys.BeginSignIn(ctx)
//	// the browser: navigator.credentials.get(PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey))
//	who, err := keys.FinishSignIn(ctx, ceremony.Handle, response)
//
// Passkeys are discoverable and need user verification: they are enough alone, for
// [credentials.AAL2]. Security keys are second factors. Passwordless keys that are not
// discoverable, which Kratos has too, are kept and cannot be used here.
//
// A key whose counter does not grow may have been copied and is refused ([ErrCloned]).
// Passkeys that are synced between devices report 0, which is no counter. Attestation is
// not judged.
package webauthn
