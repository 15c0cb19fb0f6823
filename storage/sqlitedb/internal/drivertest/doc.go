// Package drivertest holds, in a module of its own, the proof that package sqlitedb imports
// no driver: it runs the contract with github.com/glebarez/go-sqlite, which registers the
// name "sqlite", as the driver of package sqlite does. A program with both panics when it
// starts.
package drivertest
