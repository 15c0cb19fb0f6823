// Package sqlite keeps identities in an SQLite database, durably: an
// acknowledged change survives a crash of the process and of the machine.
//
// [Open] opens a database file of its own with settings made for this work. [New]
// uses a database that the application has open already, whatever its driver; all
// tables are prefixed idem_.
//
// Writes of concurrent callers share transactions and so the cost of making them
// durable, each isolated from its neighbours' failure; a lone caller waits for
// nobody. Reads never wait for writes. Several processes may share one file: all
// checks are made inside the transaction that writes.
//
// Start reading at [Store.Update], then commit.go.
package sqlite
