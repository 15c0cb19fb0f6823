// Package cgotest holds, in a module of its own, the proof that a store takes an
// application's database as it is: sqlitedb.New over github.com/mattn/go-sqlite3, which
// wraps the C library and needs cgo, where idem's own driver is written in Go.
package cgotest
