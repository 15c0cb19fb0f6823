-- The change feed. The changes of one identity form a chain, from the newest, which its
-- row names, through previous: an index would cost every update a page more.
CREATE TABLE idem_changes (
	sequence    INTEGER NOT NULL PRIMARY KEY,
	identity_id BLOB    NOT NULL,
	revision    INTEGER NOT NULL,
	operation   TEXT    NOT NULL,
	time        INTEGER NOT NULL, -- microseconds since 1970
	fields      TEXT    NOT NULL, -- separated by commas
	actor       TEXT    NOT NULL,
	previous    INTEGER
);

ALTER TABLE idem_identities ADD COLUMN last_change INTEGER;

-- Where the chain of an identity that is gone begins.
CREATE INDEX idem_changes_deletes ON idem_changes (identity_id, sequence) WHERE operation = 'delete';
