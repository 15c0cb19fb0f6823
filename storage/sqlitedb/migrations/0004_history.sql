-- Where to enter the chain of an identity with many changes: every 64th of them. Reading a
-- page of a long history from its newest change would read all that came after the page.
CREATE INDEX idem_changes_milestones ON idem_changes (identity_id, sequence) WHERE revision % 64 = 0;
