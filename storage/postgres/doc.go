// Package postgres keeps identities in a PostgreSQL database, for applications that run on
// more than one machine. The application brings the driver: any of database/sql with
// [New], or pgx natively with [NewPgx]; pgx is the one to choose if there is a choice. All
// tables and indexes have the prefix idem_.
//
// An acknowledged change is as durable as the database makes it: with its defaults on the
// disk of the primary, with a synchronous standby on two machines. Any number of processes
// may share a database: all checks are made in the statement that writes. Nothing is kept
// in memory from one call to the next. docs/several-machines.md says how to run it.
//
// A change is written with a pending entry of the feed, in one statement. Pending entries
// get their numbers afterwards, in an order that puts a change after all that were
// committed before it began; changes that were under way at the same moment may come in
// either order. A reader of the feed numbers what is pending first, so reading the feed
// needs a primary.
//
// Start reading at [Store.Update], then write.go and feed.go.
package postgres
