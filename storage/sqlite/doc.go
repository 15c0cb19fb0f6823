// Package sqlite keeps identities in an SQLite database file of its own, durably: an
// acknowledged change survives a crash of the process and of the machine.
//
// [Open] opens the file with the driver modernc.org/sqlite, which is written in Go, and
// with suitable settings. The store is that of package sqlitedb, which also takes a
// database that the application has open already, with any driver.
package sqlite
