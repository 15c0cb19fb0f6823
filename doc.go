// Package idem is identity management as a library: identities with
// schema-checked traits, credentials, verifiable and recovery addresses, metadata
// and states, inside your own process. What people otherwise run an identity server
// for is here a [Manager], and over HTTP a handler in package httpapi that speaks
// the identity admin API of Ory Kratos.
//
// # The first minutes
//
// A schema says what the traits of an identity look like, and which of them sign
// in, are verified, or recover an account. It is JSON Schema draft-07 with one
// extension keyword:
//
//	person, err := schema.Parse("person", document)
//	schemas, err := schema.NewRegistry(person)
//
// A store keeps the identities: package storage/memory in unit tests, package
// storage/sqlite in one file:
//
//	store, err := sqlite.Open(ctx, "identities.db")
//	defer store.Close()
//
// A Manager joins the two:
//
//	manager, err := idem.New(store, schemas)
//	created, err := manager.CreateIdentity(ctx, identity.Create{
//		Traits: json.RawMessage(`{"email":"ada@example.com"}`),
//	})
//
// # Updating an identity
//
// [Manager.UpdateIdentity] is the main act. It replaces what the update names, all
// or nothing:
//
//	updated, err := manager.UpdateIdentity(ctx, created.ID, identity.Update{
//		State:  identity.StateInactive,
//		Traits: json.RawMessage(`{"email":"ada@lovelace.example"}`),
//	}, idem.IfRevision(created.Revision))
//
// Traits are checked whole against the schema. Identifiers and addresses follow
// from them: an address that stays keeps its id and whether it is verified, a new
// one starts pending, and one that the traits no longer give is gone. Credentials
// are merged. Two writers never overwrite each other: an update works on the
// identity as it is when it commits, and with [IfRevision] it happens only if that
// is still the one the caller has seen.
//
// # Errors
//
// Every method returns an [*Error]. Its Kind is for a switch, and errors.Is and
// errors.As see through it:
//
//	var invalid *violation.Error
//	switch {
//	case errors.Is(err, storage.ErrNotFound):
//	case errors.Is(err, storage.ErrRevision):
//	case errors.As(err, &invalid): // invalid.Violations says where and why
//	}
//
// # Belonging to the application
//
// On an SQLite database that the application has open, an identity and the
// application's own rows change together or not at all:
//
//	store, err := sqlitedb.New(ctx, db)
//	...
//	tx, err := db.BeginTx(ctx, nil)
//	_, err = tx.ExecContext(ctx, "INSERT INTO members ...")
//	_, err = manager.WithStorage(store.WithTx(tx)).UpdateIdentity(ctx, id, update)
//	err = tx.Commit()
//
// A hook of [WithBeforeCommit] sees every change before it is committed, and may veto
// it. What was committed is in the change feed, in order and without gaps: who, when,
// which fields, and never a value. A reader keeps the sequence number of the last change
// it has dealt with, and goes on from there after a crash:
//
//	for change, err := range manager.Watch(ctx, storage.ChangeQuery{After: lastSeen}) {
//
// [ContextWithActor] says in whose name a change is made.
//
// # Where to read on
//
// The rules of an identity are in package identity, and are pure functions. What a
// store promises is in package storage, and storage/storagetest checks it. Hashes
// of passwords are in package credentials, and everything about schemas in package
// schema. Package idemtest gives an application's own tests a Manager whose clock, ids
// and hashes are known.
package idem
