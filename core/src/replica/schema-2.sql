-- What the officer decided about own revisions that the station refused. While one has no position it no longer counts:
-- the record is what it is without it, here as everywhere else.

CREATE TABLE decision (
  revision BLOB PRIMARY KEY,
  record   BLOB    NOT NULL,
  answer   BLOB,                    -- the own revision that says it anew; NULL: discarded
  at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Follows from the log: the revisions that decided a conflict.

CREATE TABLE resolution (
  revision BLOB PRIMARY KEY,
  record   BLOB    NOT NULL,
  at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resolution_by_time ON resolution (at_ms);
CREATE INDEX resolution_of_record ON resolution (record);
