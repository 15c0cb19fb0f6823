// Package webauthn signs people in with passkeys and security keys (WebAuthn Level 3). It
// builds on package signin. The ceremonies are those of github.com/go-webauthn/webauthn. This
// package keeps the state of a ceremony in a record that can be used once. It keeps keys in the
// format of Kratos, so imported keys work. It turns the result of a ceremony into a
// [signin.Proof].
//
// A ceremony has two halves. Begin returns a handle and options for the browser, which passes
// them to navigator.credentials. Finish takes the handle and the browser's answer. Keep the
// handle with the browser that began the ceremony, in a cookie or a form. A ceremony lasts
// [CeremonyLife]. Finish uses up the challenge before it compares anything.
//
//	ceremony, err := keys.BeginSignIn(ctx)
//	// the browser: navigator.credentials.get(PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey))
//	who, err := keys.FinishSignIn(ctx, ceremony.Handle, response)
//
// Passkeys are discoverable and require user verification. A passkey alone is enough for
// [credentials.AAL2]. Security keys are second factors. Kratos also has passwordless keys that
// are not discoverable. They are kept, but cannot be used here.
//
// A key is refused with [ErrCloned] if its counter does not grow, because it may have been
// copied. Passkeys that are synced between devices report 0, which means that they have no
// counter. Attestation is not evaluated.
package webauthn
