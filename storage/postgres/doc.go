// Package postgres keeps identities in a PostgreSQL database, for applications that run on
// more than one machine. The application brings the driver: any of database/sql with
// [New], or pgx natively with [NewPgx]; prefer pgx if you can choose. All tables and
// indexes have the prefix idem_.
//
// The durability of an acknowledged change is that of the database: with the default
// settings it is on the disk of the primary, and with a synchronous standby it is on two
// machines. Any number of processes may share a database: all checks are made in the
// statement that writes. Nothing is kept in memory from one call to the next.
// docs/several-machines.md says how to run it.
//
// A change is written with a pending entry of the feed, in one statement. Pending entries
// get their numbers afterwards, in an order that puts a change after all that were
// committed before it began; changes that were under way at the same moment may come in
// either order. A reader of the feed numbers what is pending first, so reading the feed
// needs a primary.
//
// Start reading at [Store.Update], then write.go and feed.go.
package postgres
