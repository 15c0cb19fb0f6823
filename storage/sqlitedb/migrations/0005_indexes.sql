-- What applications have declared. A number is that of the rows of one index, and is never
-- used again. The path of the search index is empty.
CREATE TABLE idem_indexes (
	number       INTEGER NOT NULL PRIMARY KEY,
	path         TEXT    NOT NULL,
	fold_version TEXT    NOT NULL,
	state        TEXT    NOT NULL, -- building, complete, stale, or dropped until its rows are deleted
	built        BLOB              -- while it is built: the last identity that was
);

-- The version changes with every change of idem_indexes but that of built.
CREATE TABLE idem_indexing (version INTEGER NOT NULL);
INSERT INTO idem_indexing (version) VALUES (0);

CREATE TABLE idem_index (
	number      INTEGER NOT NULL,
	key         BLOB    NOT NULL,
	identity_id BLOB    NOT NULL,
	PRIMARY KEY (number, key, identity_id)
) WITHOUT ROWID;

-- The numbers under which idem_search, which is created when it is declared, has the texts.
CREATE TABLE idem_search_numbers (
	number      INTEGER NOT NULL PRIMARY KEY,
	identity_id BLOB    NOT NULL UNIQUE
);
