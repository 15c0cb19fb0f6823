package sqlitedb

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// statement names one of the SQL statements below.
type statement int

const (
	selectByID statement = iota
	selectIdentity
	selectByIdentifier
	selectOwner
	selectOwnersByPrefix
	selectPage
	selectOrganizationPage
	countAll
	countOrganization
	selectChanges
	selectHistory
	selectLastChange
	selectMilestone
	selectTimes
	selectRecord
	selectIndexing
	selectIndexes
	selectIndexEqual
	selectIndexUp
	selectIndexDown
	countIndexRows
	selectIndexSorted
	selectSearchNumber
	selectSearch
	firstWriteStatement // those before it only read

	takeWriteLock statement = iota - 1
	selectState
	insertIdentity
	updateIdentity
	deleteIdentity
	insertIdentifier
	insertSomeIdentifiers
	insertManyIdentifiers
	deleteIdentifier
	insertChange
	insertSomeChanges
	insertManyChanges
	deleteChanges
	selectExists
	replaceRecord
	deleteRecord
	deleteRecordsOf
	deleteExpiredRecords
	selectAnonymousRecords
	deleteFirstAnonymousRecord
	markStale
	raiseIndexing
	insertIndexRow
	deleteIndexRow
	insertSearchNumber
	insertSearchText
	deleteSearchText
	deleteSearchNumber
	statementCount
)

// newestChange is the sequence number of the newest change.
const newestChange = `(SELECT coalesce(max(sequence), 0) FROM idem_changes)`

var queries = [statementCount]string{
	// For each query the driver allocates the name and the declared type of every column. An expression has no declared type,
	// and an empty name needs no memory.
	selectByID:     `SELECT +revision AS "", +last_change AS "", +document AS "" FROM idem_identities WHERE id = ?`,
	selectIdentity: `SELECT +revision AS "", +document AS "" FROM idem_identities WHERE id = ?`,
	selectByIdentifier: `SELECT +i.id AS "", +i.revision AS "", +i.document AS "" FROM idem_identifiers c
		JOIN idem_identities i ON i.id = c.identity_id WHERE c.type = ? AND c.identifier = ?`,
	selectOwner:          `SELECT identity_id FROM idem_identifiers WHERE type = ? AND identifier = ?`,
	selectOwnersByPrefix: `SELECT identifier, identity_id FROM idem_identifiers WHERE type = ? AND identifier >= ? AND identifier < ? ORDER BY identifier LIMIT ?`,
	selectPage:           `SELECT id, revision, document FROM idem_identities WHERE id > ? ORDER BY id LIMIT ? OFFSET ?`,
	selectOrganizationPage: `SELECT id, revision, document FROM idem_identities
		WHERE organization_id = ? AND id > ? ORDER BY id LIMIT ? OFFSET ?`,
	countAll:          `SELECT count(*) FROM idem_identities`,
	countOrganization: `SELECT count(*) FROM idem_identities WHERE organization_id = ?`,

	selectChanges: `SELECT sequence, identity_id, revision, operation, time, fields, actor
		FROM idem_changes WHERE sequence >= ? ORDER BY sequence LIMIT ?`,
	selectHistory: `WITH RECURSIVE history (sequence) AS (
			SELECT coalesce(?,
				(SELECT last_change FROM idem_identities WHERE id = ?),
				(SELECT max(sequence) FROM idem_changes WHERE operation = 'delete' AND identity_id = ?))
			UNION ALL
			SELECT coalesce(c.previous, (SELECT max(d.sequence) FROM idem_changes d
				WHERE d.operation = 'delete' AND d.identity_id = c.identity_id AND d.sequence < c.sequence)) AS earlier
			FROM history h JOIN idem_changes c ON c.sequence = h.sequence WHERE earlier > ?)
		SELECT c.sequence, c.identity_id, c.revision, c.operation, c.time, c.fields, c.actor
		FROM history h JOIN idem_changes c ON c.sequence = h.sequence WHERE c.sequence > ? ORDER BY c.sequence LIMIT ?`,
	selectLastChange: `SELECT ` + newestChange,
	selectMilestone: `SELECT min(sequence) FROM (
			SELECT min(sequence) AS sequence FROM idem_changes WHERE revision % 64 = 0 AND identity_id = ? AND sequence > ?
			UNION ALL
			SELECT min(sequence) FROM idem_changes WHERE operation = 'delete' AND identity_id = ? AND sequence > ?)`,
	selectTimes: `SELECT sequence, time FROM idem_changes ORDER BY sequence`,

	selectIndexing:   `SELECT version FROM idem_indexing`,
	selectIndexes:    `SELECT number, path, fold_version, state FROM idem_indexes ORDER BY number`,
	selectIndexEqual: `SELECT key, identity_id FROM idem_index WHERE number = ? AND key = ? AND identity_id > ? ORDER BY identity_id LIMIT ?`,
	selectIndexUp: `SELECT key, identity_id FROM idem_index WHERE number = ? AND (key, identity_id) > (?, ?) AND key < ?
		ORDER BY key, identity_id LIMIT ?`,
	selectIndexDown: `SELECT key, identity_id FROM idem_index WHERE number = ? AND (key, identity_id) < (?, ?)
		ORDER BY key DESC, identity_id DESC LIMIT ?`,
	countIndexRows: `SELECT count(*) FROM (SELECT 1 FROM idem_index WHERE number = ? AND key >= ? AND key < ? LIMIT ?)`,
	selectIndexSorted: `SELECT identity_id FROM idem_index WHERE number = ? AND key >= ? AND key < ? AND identity_id > ?
		ORDER BY identity_id LIMIT ?`,
	selectSearchNumber: `SELECT number FROM idem_search_numbers WHERE identity_id = ?`,
	selectSearch: `SELECT idem_search.rowid, n.identity_id FROM idem_search JOIN idem_search_numbers n ON n.number = idem_search.rowid
		WHERE idem_search MATCH ? AND idem_search.rowid > ? ORDER BY idem_search.rowid LIMIT ?`,

	selectState: `SELECT ` + newestChange + ` AS "", version AS "" FROM idem_indexing`,
	// A write that touches no row takes the lock all the same.
	takeWriteLock: `DELETE FROM idem_identities WHERE id IS NULL`,
	insertIdentity: `INSERT INTO idem_identities (id, revision, last_change, organization_id, document)
		VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
	updateIdentity:        `UPDATE idem_identities SET revision = ?, last_change = ?, organization_id = ?, document = ? WHERE id = ? AND revision = ? AND last_change IS ?`,
	deleteIdentity:        `DELETE FROM idem_identities WHERE id = ? AND revision = ? AND last_change IS ?`,
	insertIdentifier:      insertIdentifierRows(1),
	insertSomeIdentifiers: insertIdentifierRows(someClaims),
	insertManyIdentifiers: insertIdentifierRows(manyClaims),
	deleteIdentifier:      `DELETE FROM idem_identifiers WHERE type = ? AND identifier = ? AND identity_id = ?`,
	insertChange:          insertChangeRows(1),
	insertSomeChanges:     insertChangeRows(someChanges),
	insertManyChanges:     insertChangeRows(manyChanges),
	deleteChanges:         `DELETE FROM idem_changes WHERE sequence IN (SELECT sequence FROM idem_changes WHERE sequence < ? ORDER BY sequence LIMIT ?)`,

	selectRecord: `SELECT identity_id, value, expires FROM idem_records WHERE key = ?`,
	selectExists: `SELECT 1 FROM idem_identities WHERE id = ?`,
	replaceRecord: `INSERT INTO idem_records (key, identity_id, value, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET identity_id = excluded.identity_id, value = excluded.value, expires = excluded.expires`,
	deleteRecord:    `DELETE FROM idem_records WHERE key = ?`,
	deleteRecordsOf: `DELETE FROM idem_records WHERE identity_id = ?`,
	deleteExpiredRecords: `DELETE FROM idem_records WHERE key IN
		(SELECT key FROM idem_records WHERE expires <= ? ORDER BY expires LIMIT ?)`,
	selectAnonymousRecords: `SELECT records FROM idem_anonymous`,
	deleteFirstAnonymousRecord: `DELETE FROM idem_records WHERE key =
		(SELECT key FROM idem_records WHERE identity_id IS NULL ORDER BY expires, key LIMIT 1)`,

	markStale:          `UPDATE idem_indexes SET state = 'stale' WHERE state IN ('building', 'complete') AND fold_version <> ?`,
	raiseIndexing:      `UPDATE idem_indexing SET version = version + 1`,
	insertIndexRow:     `INSERT INTO idem_index (number, key, identity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
	deleteIndexRow:     `DELETE FROM idem_index WHERE number = ? AND key = ? AND identity_id = ?`,
	insertSearchNumber: `INSERT INTO idem_search_numbers (identity_id) VALUES (?) ON CONFLICT DO NOTHING`,
	insertSearchText:   `INSERT INTO idem_search (rowid, text) SELECT number, ? FROM idem_search_numbers WHERE identity_id = ?`,
	deleteSearchText:   `DELETE FROM idem_search WHERE rowid = (SELECT number FROM idem_search_numbers WHERE identity_id = ?)`,
	deleteSearchNumber: `DELETE FROM idem_search_numbers WHERE identity_id = ?`,
}

// What a statement costs by itself is more than what a row of it does, so there is one
// for some changes at a time and one for many, and so there is for claims.
//
// OR IGNORE and OR FAIL keep SQLite from copying every page that such a statement writes, which it does to undo a
// statement that fails halfway. That goes to a file once it is more than a few pages. Here nothing needs it: what is
// ignored is found by its count, and what fails is rolled back with all that was written before it.
const (
	someChanges = 4
	manyChanges = 16
	someClaims  = 4
	manyClaims  = 8 // a person with an e-mail address and a phone number has 9
)

// insertIdentifierRows takes the owner once, and then the type and the value of each claim.
func insertIdentifierRows(count int) string {
	return `INSERT OR IGNORE INTO idem_identifiers (identity_id, type, identifier) VALUES ` + rows(`(?1, ?, ?)`, count)
}

func insertChangeRows(count int) string {
	return `INSERT OR FAIL INTO idem_changes (identity_id, revision, operation, time, fields, actor, previous) VALUES ` +
		rows(`(?, ?, ?, ?, ?, ?, ?)`, count)
}

// rows is a list of rows of parameters.
func rows(row string, count int) string { return row + strings.Repeat(`, `+row, count-1) }

// ofSearch are the statements that need the search index to be there.
var ofSearch = map[statement]bool{selectSearch: true, insertSearchText: true, deleteSearchText: true}

// statements are prepared on a database. The pool prepares each again on every
// connection that it is used on first.
type statements [statementCount]*sql.Stmt

func (d *database) prepare(ctx context.Context, db *sql.DB, count statement, search bool) (*statements, error) {
	var prepared statements
	for n := range count {
		if ofSearch[n] && !search {
			continue // they name a table that is not there
		}
		err := d.poll(ctx, time.Now(), func(time.Time) (err error) {
			prepared[n], err = db.PrepareContext(ctx, queries[n])
			return err
		})
		if err != nil {
			return nil, errors.Join(sqliteerror.Translate(err), prepared.close())
		}
	}
	return &prepared, nil
}

func (s *statements) close() error {
	var errs []error
	for _, prepared := range s {
		if prepared != nil {
			errs = append(errs, prepared.Close())
		}
	}
	return errors.Join(errs...)
}

// statement implements [source].
func (s *statements) statement(_ context.Context, n statement) (*sql.Stmt, error) {
	if s[n] == nil {
		return nil, errNotPrepared
	}
	return s[n], nil
}

// errNotPrepared says that the search index was not there when the store was opened.
var errNotPrepared = errors.New("sqlitedb: the search index was declared after this store was opened")
