-- One row holds one identity whole. A rowid table with an index on the id keeps
-- the rows, which are far larger than an id, out of the tree that is searched.
CREATE TABLE idem_identities (
	id              BLOB    NOT NULL PRIMARY KEY,
	revision        INTEGER NOT NULL,
	organization_id BLOB,
	document        BLOB    NOT NULL
);

-- What at most one identity may have. The kinds other than identifiers live here
-- under types that no credential has.
CREATE TABLE idem_identifiers (
	type        TEXT NOT NULL,
	identifier  TEXT NOT NULL,
	identity_id BLOB NOT NULL,
	PRIMARY KEY (type, identifier)
) WITHOUT ROWID;

CREATE INDEX idem_identities_organization ON idem_identities (organization_id, id)
	WHERE organization_id IS NOT NULL;
