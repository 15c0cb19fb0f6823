-- One row holds one identity whole. token is random and new with each write: a write names the one that it replaces.
-- Room is left in each page for the next versions of its rows, so that an update changes no index.
CREATE TABLE IF NOT EXISTS @idem_identities (
	id              uuid   NOT NULL PRIMARY KEY,
	revision        bigint NOT NULL,
	token           bigint NOT NULL,
	organization_id uuid,
	document        bytea  NOT NULL
)/*postgres*/ WITH (fillfactor = 80)/**/;

CREATE INDEX IF NOT EXISTS idem_identities_organization ON @idem_identities (organization_id, id)
	WHERE organization_id IS NOT NULL;

-- What at most one identity may have. The values are bytes, which need no collation, and may hold any character.
CREATE TABLE IF NOT EXISTS @idem_claims (
	value       bytea NOT NULL,
	type        text  NOT NULL,
	identity_id uuid  NOT NULL,
	PRIMARY KEY (value, type)
);

-- Changes that are committed and have no number in the feed yet. The tickets grow in the order in which changes that
-- depend on each other are made.
CREATE TABLE IF NOT EXISTS @idem_pending (
	ticket      bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
	token       bigint NOT NULL,
	identity_id uuid   NOT NULL,
	revision    bigint NOT NULL,
	operation   text   NOT NULL,
	time        bigint NOT NULL, -- microseconds since 1970
	fields      text   NOT NULL, -- separated by commas
	actor       bytea  NOT NULL
)/*postgres*/ WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)/**/;

-- The change feed.
CREATE TABLE IF NOT EXISTS @idem_changes (
	sequence    bigint NOT NULL PRIMARY KEY,
	token       bigint NOT NULL,
	identity_id uuid   NOT NULL,
	revision    bigint NOT NULL,
	operation   text   NOT NULL,
	time        bigint NOT NULL,
	fields      text   NOT NULL,
	actor       bytea  NOT NULL
);

CREATE INDEX IF NOT EXISTS idem_changes_identity ON @idem_changes (identity_id, sequence);

-- The number of the newest change.
CREATE TABLE IF NOT EXISTS @idem_feed (
	one  integer NOT NULL PRIMARY KEY,
	last bigint  NOT NULL
);

INSERT INTO @idem_feed (one, last) VALUES (1, 0) ON CONFLICT DO NOTHING;

-- Small values that expire.
CREATE TABLE IF NOT EXISTS @idem_records (
	key         bytea  NOT NULL PRIMARY KEY,
	token       bigint NOT NULL,
	identity_id uuid REFERENCES @idem_identities (id) ON DELETE CASCADE, -- NULL if the record belongs to none
	value       bytea  NOT NULL,
	expires     bigint NOT NULL -- microseconds since 1970
);

CREATE INDEX IF NOT EXISTS idem_records_expires ON @idem_records (expires);
CREATE INDEX IF NOT EXISTS idem_records_identity ON @idem_records (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idem_records_anonymous ON @idem_records (expires, key) WHERE identity_id IS NULL;

-- How many records belong to no identity is the sum of the slots: counting them would take long, and one slot would let
-- only one writer in at a time.
CREATE TABLE IF NOT EXISTS @idem_anonymous (
	slot    integer NOT NULL PRIMARY KEY,
	records bigint  NOT NULL
);

INSERT INTO @idem_anonymous (slot, records) VALUES
	(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (15, 0)
	ON CONFLICT DO NOTHING;
