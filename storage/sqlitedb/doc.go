// Package sqlitedb keeps identities in an SQLite database that the application has opened,
// with any driver. All tables and indexes have the prefix idem_. The package imports no
// driver; package sqlite opens a database file of its own with one.
//
// An acknowledged change survives a crash of the process and, with the settings that [New]
// names, of the machine. Concurrent writes share transactions, and so share the cost of
// making them durable. If one write fails, the others are still committed. A single caller
// commits at once; there is no timer. Reads do not wait for writes. Several processes may
// share one file: all checks are made inside the transaction that writes.
//
// Start reading at [Store.Update], then commit.go.
package sqlitedb
