-- The greatest number of an index at the last write of the identity, and so up to which number idem_index and
-- idem_search have its rows. One that a writer made which did not know of a later index, or that was there before it,
-- is found by this: its rows have yet to be made.
ALTER TABLE @idem_identities ADD COLUMN IF NOT EXISTS indexed bigint NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS idem_identities_indexed ON @idem_identities (indexed);

-- What applications have declared. A number is that of the rows of one index, and is never used again. The path of the
-- search index is empty; it is bytes because it may hold any character.
CREATE TABLE IF NOT EXISTS @idem_indexes (
	number       bigint NOT NULL PRIMARY KEY,
	path         bytea  NOT NULL,
	fold_version text   NOT NULL,
	state        text   NOT NULL -- building, complete, stale, or dropped until its rows are deleted
);

-- The version changes with every change of idem_indexes. A write names the version that it was worked out for.
CREATE TABLE IF NOT EXISTS @idem_indexing (
	one     integer NOT NULL PRIMARY KEY,
	version bigint  NOT NULL
);

INSERT INTO @idem_indexing (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS @idem_index (
	number      bigint NOT NULL,
	key         bytea  NOT NULL,
	identity_id uuid   NOT NULL,
	PRIMARY KEY (number, key, identity_id)
);

-- The trigrams of the text that a search looks at, as numbers.
CREATE TABLE IF NOT EXISTS @idem_search (
	number      bigint    NOT NULL,
	identity_id uuid      NOT NULL,
	grams       integer[] NOT NULL,
	PRIMARY KEY (number, identity_id)
);

/*postgres*/ CREATE INDEX IF NOT EXISTS idem_search_grams ON @idem_search USING gin (grams) /**/;
