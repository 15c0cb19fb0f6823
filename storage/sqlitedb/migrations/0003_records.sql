-- Small values that expire. The key is a hash, and so the rows are in no useful order.
CREATE TABLE idem_records (
	key         BLOB    NOT NULL PRIMARY KEY,
	identity_id BLOB, -- NULL if the record belongs to none
	value       BLOB    NOT NULL,
	expires     INTEGER NOT NULL -- microseconds since 1970
) WITHOUT ROWID;

CREATE INDEX idem_records_expires ON idem_records (expires);
CREATE INDEX idem_records_identity ON idem_records (identity_id) WHERE identity_id IS NOT NULL;
CREATE INDEX idem_records_anonymous ON idem_records (expires, key) WHERE identity_id IS NULL;

-- How many records belong to no identity, since counting them would take long.
CREATE TABLE idem_anonymous (records INTEGER NOT NULL);
INSERT INTO idem_anonymous (records) VALUES (0);

CREATE TRIGGER idem_records_insert AFTER INSERT ON idem_records WHEN NEW.identity_id IS NULL
BEGIN UPDATE idem_anonymous SET records = records + 1; END;
CREATE TRIGGER idem_records_delete AFTER DELETE ON idem_records WHEN OLD.identity_id IS NULL
BEGIN UPDATE idem_anonymous SET records = records - 1; END;
CREATE TRIGGER idem_records_update AFTER UPDATE OF identity_id ON idem_records
WHEN (OLD.identity_id IS NULL) <> (NEW.identity_id IS NULL)
BEGIN UPDATE idem_anonymous SET records = records + iif(NEW.identity_id IS NULL, 1, -1); END;
