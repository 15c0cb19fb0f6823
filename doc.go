// Package idem is identity management as a library: identities with schema-checked traits, credentials,
// verifiable and recovery addresses, metadata and states, inside your own process. A Manager offers the use
// cases as Go methods. Package httpapi serves them over HTTP, compatible with the identity admin API of Ory
// Kratos.
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
// [Manager.UpdateIdentity] replaces the payload of an identity in one atomic step:
//
//	updated, err := manager.UpdateIdentity(ctx, created.ID, identity.Update{
//		State:  identity.StateInactive,
//		Traits: json.RawMessage(`{"email":"ada@lovelace.example"}`),
//	}, idem.IfRevision(created.Revision))
//
// Traits are validated against the schema. Identifiers and addresses are derived
// from them: an address that stays keeps its id and its verification, a new address
// starts pending, and an address that the traits no longer contain is removed. Credentials
// are merged. Two writers never overwrite each other: an update applies to the
// identity as it is at the commit. With [IfRevision] it fails if the identity has
// changed since the caller read it.
//
// # Errors
//
// The error of every method is an [*Error]. Its Kind classifies it; errors.Is and
// errors.As find the cause:
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
// The store can use the application's own database. Then an identity and the application's rows
// change in one transaction:
//
//	store, err := sqlitedb.New(ctx, db)
//	...
//	tx, err := db.BeginTx(ctx, nil)
//	_, err = tx.ExecContext(ctx, "INSERT INTO members ...")
//	_, err = manager.WithStorage(store.WithTx(tx)).UpdateIdentity(ctx, id, update)
//	err = tx.Commit()
//
// A hook of [WithBeforeCommit] is called before every change is committed, and may refuse
// it with [Veto]. The change feed lists every committed change in order and without gaps: who made it, when, and
// which fields changed, but no values. A reader saves the sequence number of the last change
// it handled, and resumes from it after a crash:
//
//	for change, err := range manager.Watch(ctx, storage.ChangeQuery{After: lastSeen}) {
//
// [ContextWithActor] sets who is recorded as the author of a change.
//
// # Where to read on
//
// Package identity has the rules of an identity as pure functions. Package storage is the
// contract of a store, and storage/storagetest checks it. Packages credentials and
// credentials/passwordhash have credentials and password hashes, package schema has
// schemas, package query has filters and searches. Package signin signs people in: one-time
// codes, second factors, recovery. Package console is an admin's page. Package idemtest gives an
// application's tests a Manager with a known clock, ids and hashes.
package idem
