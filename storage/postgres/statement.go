package postgres

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"
)

// statements are the SQL statements with the names of the tables as they are in one
// database.
type statements struct {
	get, getLocked, find                             string
	page, pageOfIDs, pageOfIdentifiers, getMany      string
	owners, ownersByPrefix                           string
	pageOfOrganization                               string
	count, countIDs, countIdentifiers, countPrefixes string
	countOrganization                                string
	create, update, updateClaims, remove             form
	updates, creates, writes, restore, build         form
	updatePart, releasePart, claimPart, pendingPart  string
	restoreChanges                                   string
	records, restoreRecords                          string
	explain                                          string
	number, lastChange, hasPending                   string
	changes, history, times, pruneChanges            string
	record, insertRecord, updateRecord, deleteRecord string
	lockAnonymous, evictAnonymous, pruneRecords      string

	indexing, indexes, lockIndexing, raiseIndexing, markStale    string
	addIndex, setIndexState, completeIndex, forgetIndex, missing string
	cleanIndex, cleanSearch                                      string
	indexEqual, indexUp, indexDown, search                       string
	indexCount, indexSorted                                      string
	unindexPart, indexPart, unsearchPart, searchPart             string
}

// form is a statement that writes, without index rows and with them.
type form struct{ plain, indexed string }

// indexPlace marks in a statement where the parts go that change the indexes.
const indexPlace = `/*indexes*/`

// newForm returns both forms of a statement. The indexed one changes rows of those
// identities that the part of the statement named done has; their arguments come from the
// number on.
func newForm(statement, done string, number int) form {
	list := func(types ...string) string {
		for n, t := range types {
			types[n] = fmt.Sprintf("$%d::text[]", number) + strings.TrimPrefix(t, "text[]")
			number++
		}
		return "unnest(" + strings.Join(types, ", ") + ")"
	}
	parts := `,
			unindexed AS (
				DELETE FROM @idem_index x USING ` + done + ` n, ` + list("::uuid[]", "::bigint[]", "::bytea[]") + ` AS r (id, number, key)
				WHERE r.id = n.id AND x.number = r.number AND x.key = r.key AND x.identity_id = n.id RETURNING 1),
			indexed AS (
				INSERT INTO @idem_index (number, key, identity_id)
				SELECT r.number, r.key, n.id FROM ` + done + ` n JOIN ` + list("::uuid[]", "::bigint[]", "::bytea[]") + ` AS r (id, number, key) ON r.id = n.id
				ON CONFLICT DO NOTHING RETURNING 1),
			unsearched AS (
				DELETE FROM @idem_search x USING ` + done + ` n, ` + list("::uuid[]", "::bigint[]") + ` AS r (id, number)
				WHERE r.id = n.id AND x.number = r.number AND x.identity_id = n.id RETURNING 1),
			searched AS (
				INSERT INTO @idem_search (number, identity_id, grams)
				SELECT r.number, n.id, r.grams::integer[] FROM ` + done + ` n JOIN ` + list("::uuid[]", "::bigint[]", "text[]") + ` AS r (id, number, grams) ON r.id = n.id
				ON CONFLICT (number, identity_id) DO UPDATE SET grams = excluded.grams RETURNING 1)`
	return form{plain: strings.Replace(statement, indexPlace, "", 1), indexed: strings.Replace(statement, indexPlace, parts, 1)}
}

// isVersion is the condition that what is declared is of the version that is argument n.
func isVersion(n int) string {
	return fmt.Sprintf(`(SELECT v.version FROM @idem_indexing v WHERE v.one = 1) = $%d::bigint`, n)
}

// table marks the name of a table in a statement, with which each name begins.
const table = "@idem_"

// qualify puts the schema before the names of tables.
func qualify(schema, statement string) string {
	if schema == "" {
		return strings.ReplaceAll(statement, table, "idem_")
	}
	return strings.ReplaceAll(statement, table, quoteName(schema)+".idem_")
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// onlyPostgres are the parts of a migration that other engines may refuse.
var onlyPostgres = regexp.MustCompile(`/\*postgres\*/.*?/\*\*/`)

const (
	identityColumns = `i.id, i.revision, i.document`

	// pageEnd are the conditions of a page: $1 is where it begins, $2 its limit, $3 what it
	// skips. The order names the column of the table: that of the answer could be sorted
	// without the index.
	pageEnd = ` AND i.id > $1::uuid ORDER BY i.id LIMIT $2::bigint OFFSET $3::bigint`

	hasIdentifier = `i.id IN (SELECT c.identity_id FROM unnest($4::text[]::bytea[], $5::text[]) AS f (value, type)
		JOIN @idem_claims c ON c.value = f.value AND c.type = f.type)`

	// The arguments of statements that make many writes: their columns, the documents one
	// after the other, and the claims that they take.
	givenWrites = `SELECT * FROM unnest($1::text[]::bigint[], $2::text[]::bigint[], $3::text[]::uuid[], $4::text[]::bigint[], $5::text[]::bigint[],
				$6::text[]::uuid[], $7::text[]::bigint[], $8::text[]::bigint[], $9::text[]::bigint[], $10::text[], $11::text[]::bytea[], $13::text[]::bigint[]`
	givenDocument = `substring($12::bytea FROM g.start::integer FOR g.length::integer)`
	givenClaims   = `SELECT * FROM unnest($16::text[]::uuid[], $17::text[]::bytea[], $18::text[]) AS t (id, value, type)`
	takesNothing  = `g.id NOT IN (SELECT t.id FROM taking t JOIN @idem_claims c ON c.value = t.value AND c.type = t.type WHERE c.identity_id <> t.id)`

	pendingColumns = `(token, identity_id, revision, operation, time, fields, actor)`
	entryColumns   = `sequence, identity_id, revision, operation, time, fields, actor`
)

func newStatements(cfg config) *statements {
	s := &statements{
		get:       `SELECT revision, token, indexed, document FROM @idem_identities WHERE id = $1::uuid`,
		getLocked: `SELECT revision, token, indexed, document FROM @idem_identities WHERE id = $1::uuid FOR UPDATE`,
		find: `SELECT ` + identityColumns + ` FROM @idem_claims c JOIN @idem_identities i ON i.id = c.identity_id
			WHERE c.value = $1::bytea AND c.type = $2::text`,

		page:              `SELECT ` + identityColumns + ` FROM @idem_identities i WHERE true` + pageEnd,
		pageOfIDs:         `SELECT ` + identityColumns + ` FROM @idem_identities i WHERE i.id = ANY ($4::text[]::uuid[])` + pageEnd,
		pageOfIdentifiers: `SELECT ` + identityColumns + ` FROM @idem_identities i WHERE ` + hasIdentifier + pageEnd,
		getMany: `SELECT ` + identityColumns + ` FROM unnest($1::text[]::uuid[]) WITH ORDINALITY AS g (id, place)
			JOIN @idem_identities i ON i.id = g.id ORDER BY g.place`,
		owners: `SELECT c.identity_id FROM unnest($1::text[]::bytea[], $2::text[]) AS f (value, type)
			JOIN @idem_claims c ON c.value = f.value AND c.type = f.type`,
		ownersByPrefix: `SELECT c.value, c.identity_id FROM @idem_claims c
			WHERE c.value >= $1::bytea AND c.value < $2::bytea AND c.type = $3::text ORDER BY c.value LIMIT $4::bigint`,
		pageOfOrganization: `SELECT ` + identityColumns + ` FROM @idem_identities i WHERE i.organization_id = $4::uuid` + pageEnd,
		count:              `SELECT count(*) FROM @idem_identities`,
		countIDs:           `SELECT count(*) FROM @idem_identities WHERE id = ANY ($1::text[]::uuid[])`,
		countIdentifiers: `SELECT count(DISTINCT c.identity_id) FROM unnest($1::text[]::bytea[], $2::text[]) AS f (value, type)
			JOIN @idem_claims c ON c.value = f.value AND c.type = f.type`,
		countPrefixes: `SELECT count(DISTINCT c.identity_id) FROM unnest($1::text[]::bytea[], $2::text[]::bytea[], $3::text[]) AS f (low, high, type)
			JOIN @idem_claims c ON c.value >= f.low AND c.value < f.high AND c.type = f.type`,
		countOrganization: `SELECT count(*) FROM @idem_identities WHERE organization_id = $1::uuid`,

		// What a write does it does in this order, since each part asks for the one before:
		// the identity, whose token says whether the write may happen; the claims that it
		// gives up; those that it takes; the pending entry, whose ticket is then higher than
		// that of every write which this one waited for.
		create: newForm(`WITH created AS (
				INSERT INTO @idem_identities (id, revision, token, organization_id, document, indexed)
				SELECT $2::uuid, $3::bigint, $1::bigint, $8::uuid, $9::bytea, $13::bigint WHERE `+isVersion(12)+` ON CONFLICT (id) DO NOTHING RETURNING id),
			claimed AS (
				INSERT INTO @idem_claims (value, type, identity_id)
				SELECT a.value, a.type, n.id FROM created n, unnest($10::text[]::bytea[], $11::text[]) AS a (value, type) ORDER BY a.value, a.type
				RETURNING 1)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT $1::bigint, n.id, $3::bigint, $4::text, $5::bigint, $6::text, $7::bytea FROM created n WHERE (SELECT count(*) FROM claimed) >= 0`, "created", 14),
		update: newForm(`WITH updated AS (
				UPDATE @idem_identities SET revision = $3::bigint, token = $1::bigint, organization_id = $8::uuid, document = $9::bytea, indexed = $12::bigint
				WHERE id = $2::uuid AND token = $10::bigint AND indexed = $13::bigint AND `+isVersion(11)+` RETURNING id)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT $1::bigint, n.id, $3::bigint, $4::text, $5::bigint, $6::text, $7::bytea FROM updated n`, "updated", 14),
		updateClaims: newForm(`WITH updated AS (
				UPDATE @idem_identities SET revision = $3::bigint, token = $1::bigint, organization_id = $8::uuid, document = $9::bytea, indexed = $16::bigint
				WHERE id = $2::uuid AND token = $10::bigint AND indexed = $17::bigint AND `+isVersion(15)+` RETURNING id),
			released AS (
				DELETE FROM @idem_claims c USING updated n, unnest($11::text[]::bytea[], $12::text[]) AS r (value, type)
				WHERE c.value = r.value AND c.type = r.type AND c.identity_id = n.id RETURNING 1),
			claimed AS (
				INSERT INTO @idem_claims (value, type, identity_id)
				SELECT a.value, a.type, n.id FROM updated n, unnest($13::text[]::bytea[], $14::text[]) AS a (value, type)
				WHERE (SELECT count(*) FROM released) >= 0 ORDER BY a.value, a.type RETURNING 1)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT $1::bigint, n.id, $3::bigint, $4::text, $5::bigint, $6::text, $7::bytea FROM updated n WHERE (SELECT count(*) FROM claimed) >= 0`, "updated", 18),
		remove: newForm(`WITH removed AS (
				DELETE FROM @idem_identities WHERE id = $2::uuid AND token = $8::bigint AND indexed = $12::bigint AND `+isVersion(11)+` RETURNING id),
			released AS (
				DELETE FROM @idem_claims c USING removed n, unnest($9::text[]::bytea[], $10::text[]) AS r (value, type)
				WHERE c.value = r.value AND c.type = r.type AND c.identity_id = n.id RETURNING 1)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT $1::bigint, n.id, $3::bigint, $4::text, $5::bigint, $6::text, $7::bytea FROM removed n WHERE (SELECT count(*) FROM released) >= 0`, "removed", 13),

		// The parts of updateClaims, for engines that refuse to change a table twice in one
		// statement.
		updatePart: `UPDATE @idem_identities SET revision = $2::bigint, token = $1::bigint, organization_id = $3::uuid, document = $4::bytea, indexed = $8::bigint
			WHERE id = $5::uuid AND token = $6::bigint AND indexed = $9::bigint AND ` + isVersion(7),
		releasePart: `DELETE FROM @idem_claims WHERE identity_id = $1::uuid AND (value, type) IN
			(SELECT r.value, r.type FROM unnest($2::text[]::bytea[], $3::text[]) AS r (value, type))`,
		claimPart: `INSERT INTO @idem_claims (value, type, identity_id)
			SELECT a.value, a.type, $1::uuid FROM unnest($2::text[]::bytea[], $3::text[]) AS a (value, type) ORDER BY a.value, a.type`,
		pendingPart: `INSERT INTO @idem_pending ` + pendingColumns + `
			VALUES ($1::bigint, $2::uuid, $3::bigint, $4::text, $5::bigint, $6::text, $7::bytea)`,
		unindexPart: `DELETE FROM @idem_index x USING unnest($1::text[]::uuid[], $2::text[]::bigint[], $3::text[]::bytea[]) AS r (id, number, key)
			WHERE x.number = r.number AND x.key = r.key AND x.identity_id = r.id`,
		indexPart: `INSERT INTO @idem_index (number, key, identity_id)
			SELECT r.number, r.key, r.id FROM unnest($1::text[]::uuid[], $2::text[]::bigint[], $3::text[]::bytea[]) AS r (id, number, key) ON CONFLICT DO NOTHING`,
		unsearchPart: `DELETE FROM @idem_search x USING unnest($1::text[]::uuid[], $2::text[]::bigint[]) AS r (id, number)
			WHERE x.number = r.number AND x.identity_id = r.id`,
		searchPart: `INSERT INTO @idem_search (number, identity_id, grams)
			SELECT r.number, r.id, r.grams::integer[] FROM unnest($1::text[]::uuid[], $2::text[]::bigint[], $3::text[]) AS r (id, number, grams)
			ON CONFLICT (number, identity_id) DO UPDATE SET grams = excluded.grams`,

		// Many updates that change no claim.
		updates: newForm(`WITH given AS (
				`+givenWrites+`)
				AS g (place, token, id, previous, revision, organization_id, start, length, time, fields, actor, indexed)),
			updated AS (
				UPDATE @idem_identities i SET revision = g.revision, token = g.token, organization_id = g.organization_id, document = `+givenDocument+`, indexed = $15::bigint
				FROM given g WHERE i.id = g.id AND i.token = g.previous AND i.indexed = g.indexed AND `+isVersion(14)+`
				RETURNING g.place, g.token, g.id, g.revision, g.time, g.fields, g.actor)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT n.token, n.id, n.revision, 'update', n.time, n.fields, n.actor FROM updated n ORDER BY n.place RETURNING token`, "updated", 16),

		// Many creates. One that would take what another identity claims is left out, to be
		// explained by itself.
		creates: newForm(`WITH given AS (
				`+givenWrites+`)
				AS g (place, token, id, previous, revision, organization_id, start, length, time, fields, actor, indexed)),
			taking AS (
				`+givenClaims+`),
			created AS (
				INSERT INTO @idem_identities (id, revision, token, organization_id, document, indexed)
				SELECT g.id, g.revision, g.token, g.organization_id, `+givenDocument+`, $15::bigint
				FROM given g WHERE `+takesNothing+` AND `+isVersion(14)+` ORDER BY g.id ON CONFLICT (id) DO NOTHING RETURNING token),
			done AS (
				SELECT g.* FROM given g JOIN created w ON w.token = g.token),
			claimed AS (
				INSERT INTO @idem_claims (value, type, identity_id)
				SELECT t.value, t.type, n.id FROM done n JOIN taking t ON t.id = n.id ORDER BY t.value, t.type RETURNING 1)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT n.token, n.id, n.revision, 'create', n.time, n.fields, n.actor FROM done n WHERE (SELECT count(*) FROM claimed) >= 0 ORDER BY n.place RETURNING token`, "done", 19),

		// Many writes of any kind.
		writes: newForm(`WITH given AS (
				`+givenWrites+`, $19::text[])
				AS g (place, token, id, previous, revision, organization_id, start, length, time, fields, actor, indexed, operation)),
			taking AS (
				`+givenClaims+`),
			fit AS (
				SELECT * FROM given g WHERE `+takesNothing+` AND `+isVersion(14)+`),
			created AS (
				INSERT INTO @idem_identities (id, revision, token, organization_id, document, indexed)
				SELECT g.id, g.revision, g.token, g.organization_id, `+givenDocument+`, $15::bigint
				FROM fit g WHERE g.operation = 'create' ORDER BY g.id ON CONFLICT (id) DO NOTHING RETURNING token),
			updated AS (
				UPDATE @idem_identities i SET revision = g.revision, token = g.token, organization_id = g.organization_id, document = `+givenDocument+`, indexed = $15::bigint
				FROM fit g WHERE g.operation = 'update' AND i.id = g.id AND i.token = g.previous AND i.indexed = g.indexed RETURNING g.token),
			removed AS (
				DELETE FROM @idem_identities i USING fit g
				WHERE g.operation = 'delete' AND i.id = g.id AND i.token = g.previous AND i.indexed = g.indexed RETURNING g.token),
			written AS (
				SELECT token FROM created UNION ALL SELECT token FROM updated UNION ALL SELECT token FROM removed),
			done AS (
				SELECT g.* FROM given g JOIN written w ON w.token = g.token),
			released AS (
				DELETE FROM @idem_claims c USING done n, unnest($20::text[]::uuid[], $21::text[]::bytea[], $22::text[]) AS r (id, value, type)
				WHERE r.id = n.id AND c.value = r.value AND c.type = r.type AND c.identity_id = n.id RETURNING 1),
			claimed AS (
				INSERT INTO @idem_claims (value, type, identity_id)
				SELECT t.value, t.type, n.id FROM done n JOIN taking t ON t.id = n.id
				WHERE (SELECT count(*) FROM released) >= 0 ORDER BY t.value, t.type RETURNING 1)`+indexPlace+`
			INSERT INTO @idem_pending `+pendingColumns+`
			SELECT n.token, n.id, n.revision, n.operation, n.time, n.fields, n.actor FROM done n WHERE (SELECT count(*) FROM claimed) >= 0 ORDER BY n.place RETURNING token`, "done", 23),

		// Creates without an entry of the feed.
		restore: newForm(`WITH given AS (
				`+givenWrites+`)
				AS g (place, token, id, previous, revision, organization_id, start, length, time, fields, actor, indexed)),
			taking AS (
				`+givenClaims+`),
			created AS (
				INSERT INTO @idem_identities (id, revision, token, organization_id, document, indexed)
				SELECT g.id, g.revision, g.token, g.organization_id, `+givenDocument+`, $15::bigint
				FROM given g WHERE `+takesNothing+` ORDER BY g.id ON CONFLICT (id) DO NOTHING RETURNING id, token),
			claimed AS (
				INSERT INTO @idem_claims (value, type, identity_id)
				SELECT t.value, t.type, n.id FROM created n JOIN taking t ON t.id = n.id ORDER BY t.value, t.type RETURNING 1)`+indexPlace+`
			SELECT token FROM created WHERE (SELECT count(*) FROM claimed) >= 0 AND $14::bigint >= 0`, "created", 19),

		// Rows of indexes for identities that have not changed meanwhile. Those that a transaction
		// holds are left for later: while this waits for one, others wait for those it has locked.
		build: newForm(`WITH given AS (
				SELECT * FROM unnest($1::text[]::uuid[], $2::text[]::bigint[], $3::text[]::bigint[]) AS g (id, token, indexed)),
			free AS (
				SELECT g.* FROM @idem_identities i JOIN given g ON i.id = g.id AND i.token = g.token AND i.indexed = g.indexed`+skipLocked(cfg)+`),
			updated AS (
				UPDATE @idem_identities i SET indexed = $5::bigint FROM free f
				WHERE i.id = f.id AND i.token = f.token AND i.indexed = f.indexed AND `+isVersion(4)+` RETURNING i.id)`+indexPlace+`
			SELECT id FROM updated`, "updated", 6),
		missing: `SELECT i.id, i.revision, i.token, i.indexed, i.document FROM @idem_identities i WHERE i.indexed < $1::bigint
			ORDER BY i.indexed LIMIT $2::bigint`,

		restoreChanges: `WITH feed AS (
				SELECT last FROM @idem_feed WHERE one = 1 FOR UPDATE),
			restored AS (
				INSERT INTO @idem_changes (sequence, token, identity_id, revision, operation, time, fields, actor)
				SELECT g.* FROM unnest($1::text[]::bigint[], $2::text[]::bigint[], $3::text[]::uuid[], $4::text[]::bigint[], $5::text[], $6::text[]::bigint[], $7::text[], $8::text[]::bytea[])
					AS g (sequence, token, identity_id, revision, operation, time, fields, actor)
				WHERE g.sequence > (SELECT last FROM feed) RETURNING sequence)
			UPDATE @idem_feed SET last = (SELECT max(sequence) FROM restored) WHERE one = 1 AND (SELECT count(*) FROM restored) > 0`,

		records: `SELECT key, identity_id::text, value, expires FROM @idem_records WHERE $1::bytea IS NULL OR key > $1::bytea
			ORDER BY key LIMIT $2::bigint`,
		restoreRecords: `WITH restored AS (
				INSERT INTO @idem_records (key, token, identity_id, value, expires)
				SELECT g.* FROM unnest($1::text[]::bytea[], $2::text[]::bigint[], $3::text[]::uuid[], $4::text[]::bytea[], $5::text[]::bigint[])
					AS g (key, token, identity_id, value, expires)
				ON CONFLICT (key) DO NOTHING RETURNING identity_id),
			counted AS (
				UPDATE @idem_anonymous SET records = records + (SELECT count(*) FROM restored WHERE identity_id IS NULL) WHERE slot = 0 RETURNING 1)
			SELECT (SELECT count(*) FROM restored), (SELECT count(*) FROM counted)`,

		// Why a write did not happen, or that it did: the token that the identity has; the
		// first claim that is another's; whether the feed has the write, and whether it has
		// another one in its place. The last two are asked for where $5 is true.
		explain: `SELECT i.token,
				(SELECT min(a.n) FROM unnest($3::text[]::bytea[], $4::text[]) WITH ORDINALITY AS a (value, type, n)
					JOIN @idem_claims c ON c.value = a.value AND c.type = a.type WHERE c.identity_id <> $1::uuid),
				$5::boolean AND (EXISTS (SELECT 1 FROM @idem_pending p WHERE p.identity_id = $1::uuid AND p.token = $2::bigint)
					OR EXISTS (SELECT 1 FROM @idem_changes h WHERE h.identity_id = $1::uuid AND h.token = $2::bigint)),
				$5::boolean AND (EXISTS (SELECT 1 FROM @idem_pending p WHERE p.identity_id = $1::uuid AND p.revision = $6::bigint)
					OR EXISTS (SELECT 1 FROM @idem_changes h WHERE h.identity_id = $1::uuid AND h.revision = $6::bigint)),
				i.indexed, (SELECT v.version FROM @idem_indexing v WHERE v.one = 1)
			FROM (SELECT 1) one LEFT JOIN @idem_identities i ON i.id = $1::uuid`,

		// The row of the feed is locked first, so that one numbers at a time, and one that has
		// waited counts on from where the other has stopped.
		number: `WITH feed AS (
				SELECT last FROM @idem_feed WHERE one = 1 FOR UPDATE),
			moved AS (
				DELETE FROM @idem_pending WHERE ticket IN (SELECT ticket FROM @idem_pending ORDER BY ticket LIMIT $1::bigint)
				AND (SELECT last FROM feed) >= 0 RETURNING *),
			numbered AS (
				INSERT INTO @idem_changes (sequence, token, identity_id, revision, operation, time, fields, actor)
				SELECT (SELECT last FROM feed) + row_number() OVER (ORDER BY m.ticket), m.token, m.identity_id, m.revision, m.operation, m.time, m.fields, m.actor
				FROM moved m RETURNING sequence)
			UPDATE @idem_feed SET last = (SELECT max(sequence) FROM numbered) WHERE one = 1 AND (SELECT count(*) FROM numbered) > 0`,
		lastChange: `SELECT last FROM @idem_feed WHERE one = 1`,
		hasPending: `SELECT EXISTS (SELECT 1 FROM @idem_pending)`,
		changes:    `SELECT ` + entryColumns + ` FROM @idem_changes WHERE sequence >= $1::bigint ORDER BY sequence LIMIT $2::bigint`,
		history: `SELECT ` + entryColumns + ` FROM @idem_changes WHERE identity_id = $3::uuid AND sequence > $1::bigint
			ORDER BY identity_id, sequence LIMIT $2::bigint`,
		times: `SELECT sequence, time FROM @idem_changes WHERE sequence > $1::bigint ORDER BY sequence LIMIT $2::bigint`,
		pruneChanges: `DELETE FROM @idem_changes WHERE sequence IN
			(SELECT sequence FROM @idem_changes WHERE sequence < $1::bigint ORDER BY sequence LIMIT $2::bigint)`,

		// The least number up to which all identities have rows in indexes, if there are any.
		indexing: `SELECT v.version, CASE WHEN v.version > 0 THEN (SELECT min(i.indexed) FROM @idem_identities i) END FROM @idem_indexing v WHERE v.one = 1`,
		indexes: `SELECT v.version, x.number, x.path, x.fold_version, x.state FROM @idem_indexing v LEFT JOIN @idem_indexes x ON true
			WHERE v.one = 1 ORDER BY x.number`,
		lockIndexing:  `SELECT version FROM @idem_indexing WHERE one = 1 FOR UPDATE`,
		raiseIndexing: `UPDATE @idem_indexing SET version = version + 1 WHERE one = 1`,
		markStale: `WITH marked AS (
				UPDATE @idem_indexes SET state = 'stale' WHERE state IN ('building', 'complete') AND fold_version <> $1::text RETURNING 1)
			UPDATE @idem_indexing SET version = version + 1 WHERE one = 1 AND (SELECT count(*) FROM marked) > 0`,
		addIndex: `INSERT INTO @idem_indexes (number, path, fold_version, state)
			SELECT v.version, $1::bytea, $2::text, 'building' FROM @idem_indexing v WHERE v.one = 1`,
		setIndexState: `UPDATE @idem_indexes SET state = $2::text WHERE number = $1::bigint`,
		completeIndex: `UPDATE @idem_indexes SET state = 'complete' WHERE number = $1::bigint AND state = 'building'`,
		forgetIndex:   `DELETE FROM @idem_indexes WHERE number = $1::bigint AND state = 'dropped'`,
		cleanIndex: `DELETE FROM @idem_index WHERE number = $1::bigint AND (key, identity_id) IN
			(SELECT x.key, x.identity_id FROM @idem_index x WHERE x.number = $1::bigint LIMIT $2::bigint)`,
		cleanSearch: `DELETE FROM @idem_search WHERE number = $1::bigint AND identity_id IN
			(SELECT x.identity_id FROM @idem_search x WHERE x.number = $1::bigint LIMIT $2::bigint)`,
		indexEqual: `SELECT x.key, x.identity_id FROM @idem_index x WHERE x.number = $1::bigint AND x.key = $2::bytea AND x.identity_id > $3::uuid
			ORDER BY x.identity_id LIMIT $4::bigint`,
		indexUp: `SELECT x.key, x.identity_id FROM @idem_index x WHERE x.number = $1::bigint AND (x.key, x.identity_id) > ($2::bytea, $3::uuid) AND x.key < $4::bytea
			ORDER BY x.key, x.identity_id LIMIT $5::bigint`,
		indexDown: `SELECT x.key, x.identity_id FROM @idem_index x WHERE x.number = $1::bigint AND (x.key, x.identity_id) < ($2::bytea, $3::uuid)
			ORDER BY x.key DESC, x.identity_id DESC LIMIT $4::bigint`,
		indexCount: `SELECT count(*) FROM (SELECT 1 FROM @idem_index x WHERE x.number = $1::bigint AND x.key >= $2::bytea AND x.key < $3::bytea
			ORDER BY x.key, x.identity_id LIMIT $4::bigint) counted`,
		indexSorted: `SELECT x.identity_id FROM @idem_index x WHERE x.number = $1::bigint AND x.key >= $2::bytea AND x.key < $3::bytea AND x.identity_id > $4::uuid
			ORDER BY x.identity_id LIMIT $5::bigint`,
		// All that are found first: in the order of the ids the server would look for the first
		// of few among all. Rows of an index that was dropped do not matter.
		search: `WITH found AS MATERIALIZED (SELECT x.identity_id FROM @idem_search x WHERE x.grams @> $1::text::integer[])
			SELECT f.identity_id FROM found f WHERE f.identity_id > $2::uuid ORDER BY f.identity_id LIMIT $3::bigint`,

		record: `SELECT token, identity_id, value, expires FROM @idem_records WHERE key = $1::bytea`,
		insertRecord: recordStatement(cfg, `INSERT INTO @idem_records (key, token, identity_id, value, expires)
			VALUES ($1::bytea, $6::bigint, $7::uuid, $8::bytea, $9::bigint) ON CONFLICT (key) DO NOTHING RETURNING 1`),
		updateRecord: recordStatement(cfg, `UPDATE @idem_records SET token = $6::bigint, identity_id = $7::uuid, value = $8::bytea, expires = $9::bigint
			WHERE key = $1::bytea AND token = $10::bigint RETURNING 1`),
		deleteRecord:  recordStatement(cfg, `DELETE FROM @idem_records WHERE key = $1::bytea AND token = $6::bigint RETURNING 1`),
		lockAnonymous: `SELECT slot FROM @idem_anonymous WHERE slot = 0 FOR UPDATE`,
		// The row that is chosen must still be the one that is deleted: by the time that a
		// statement gets to it another may have renewed it.
		evictAnonymous: `WITH gone AS (
				DELETE FROM @idem_records r USING (
					SELECT key, token FROM @idem_records WHERE identity_id IS NULL ORDER BY expires, key
					LIMIT greatest(0, (SELECT sum(records) FROM @idem_anonymous)::bigint - $1::bigint)) AS e
				WHERE r.key = e.key AND r.token = e.token RETURNING 1)
			UPDATE @idem_anonymous SET records = records - (SELECT count(*) FROM gone) WHERE slot = 0`,
		pruneRecords: `WITH gone AS (
				DELETE FROM @idem_records r USING (SELECT key, token FROM @idem_records WHERE expires <= $1::bigint ORDER BY expires LIMIT $2::bigint) AS e
				WHERE r.key = e.key AND r.token = e.token RETURNING r.identity_id),
			counted AS (
				UPDATE @idem_anonymous SET records = records - (SELECT count(*) FROM gone WHERE identity_id IS NULL)
				WHERE slot = $3::integer AND (SELECT count(*) FROM gone WHERE identity_id IS NULL) > 0 RETURNING 1)
			SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM counted)`,
	}
	for _, statement := range s.all() {
		*statement = qualify(cfg.schema, *statement)
	}
	return s
}

// skipLocked leaves out of a query those identities that another transaction holds, which the
// portable form cannot.
func skipLocked(cfg config) string {
	if cfg.portable {
		return ""
	}
	return ` FOR UPDATE OF i SKIP LOCKED`
}

// recordStatement returns the statement that makes change, which returns a row if it has an
// effect, deletes up to $3 records that had expired at $2, and counts the records that
// belong to no identity, in slot $4. $5 is what change adds to their number. It answers
// how many rows change had, and how many such records there were.
//
// The portable form leaves the expired records to a statement of their own, and so have
// $2 and $3 no use in it.
func recordStatement(cfg config, change string) string {
	expired := `DELETE FROM @idem_records WHERE key IN (SELECT key FROM @idem_records WHERE expires <= $2::bigint AND key <> $1::bytea
			ORDER BY expires LIMIT $3::bigint FOR UPDATE SKIP LOCKED) RETURNING identity_id`
	if cfg.portable {
		expired = `SELECT NULL::uuid AS identity_id WHERE $2::bigint < $3::bigint AND false`
	}
	return `WITH expired AS (` + expired + `),
		changed AS (` + change + `),
		added AS (
			SELECT $5::bigint * (SELECT count(*) FROM changed) - (SELECT count(*) FROM expired WHERE identity_id IS NULL) AS records),
		counted AS (
			UPDATE @idem_anonymous SET records = records + (SELECT records FROM added)
			WHERE slot = $4::integer AND (SELECT records FROM added) <> 0 RETURNING 1)
		SELECT (SELECT count(*) FROM changed), (SELECT sum(records)::bigint FROM @idem_anonymous), (SELECT count(*) FROM counted)`
}

// all returns the statements.
func (s *statements) all() []*string {
	return []*string{
		&s.get, &s.getLocked, &s.find, &s.page, &s.pageOfIDs, &s.pageOfIdentifiers, &s.getMany, &s.owners, &s.ownersByPrefix, &s.pageOfOrganization,
		&s.count, &s.countIDs, &s.countIdentifiers, &s.countPrefixes, &s.countOrganization,
		&s.create.plain, &s.update.plain, &s.updateClaims.plain, &s.remove.plain, &s.updates.plain, &s.creates.plain, &s.writes.plain, &s.restore.plain, &s.build.plain,
		&s.create.indexed, &s.update.indexed, &s.updateClaims.indexed, &s.remove.indexed, &s.updates.indexed, &s.creates.indexed, &s.writes.indexed,
		&s.restore.indexed, &s.build.indexed, &s.updatePart, &s.releasePart, &s.claimPart, &s.pendingPart, &s.explain, &s.restoreChanges, &s.records, &s.restoreRecords,
		&s.indexing, &s.indexes, &s.lockIndexing, &s.raiseIndexing, &s.markStale, &s.addIndex, &s.setIndexState, &s.completeIndex, &s.forgetIndex, &s.missing,
		&s.cleanIndex, &s.cleanSearch, &s.indexEqual, &s.indexUp, &s.indexDown, &s.indexCount, &s.indexSorted, &s.search, &s.unindexPart, &s.indexPart, &s.unsearchPart, &s.searchPart,
		&s.number, &s.lastChange, &s.hasPending, &s.changes, &s.history, &s.times, &s.pruneChanges,
		&s.record, &s.insertRecord, &s.updateRecord, &s.deleteRecord, &s.lockAnonymous, &s.evictAnonymous, &s.pruneRecords,
	}
}

// queryOne reads the one row that a query returns. It returns errNoRow if there is none.
func queryOne(ctx context.Context, from session, sql string, args []any, dest ...any) error {
	found := false
	err := from.query(ctx, sql, args, func(row row) error {
		found = true
		return row.Scan(dest...)
	})
	if err == nil && !found {
		return errNoRow
	}
	return err
}

// statementsOf splits the text of a migration: drivers that prepare take one statement at a
// time. No text in it holds a semicolon.
func statementsOf(script string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(comments.ReplaceAllString(script, ""), ";") {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

var comments = regexp.MustCompile(`--[^\n]*`)
