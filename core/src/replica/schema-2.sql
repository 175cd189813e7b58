-- What the officer decided about own revisions that the station refused. While one has no position it no longer counts:
-- the record is what it is without it, here as everywhere else.

CREATE TABLE decision (
  revision BLOB PRIMARY KEY,
  record   BLOB    NOT NULL,
  answer   BLOB,                    -- the own revision that says it anew; NULL: discarded
  at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Follows from the log: records that were erased.

CREATE TABLE erasure (
  record BLOB PRIMARY KEY,
  reason TEXT    NOT NULL,
  at_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Follows from the log: the revisions that decided a conflict.

CREATE TABLE resolution (
  revision BLOB PRIMARY KEY,
  record   BLOB    NOT NULL,
  at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resolution_by_time ON resolution (at_ms);
CREATE INDEX resolution_of_record ON resolution (record);

-- Blobs: how far an upload came, what a receipt covers, what was dropped to free space, what was fetched to be seen.

CREATE TABLE blob_2 (
  hash       BLOB PRIMARY KEY,
  media_type TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  bytes      BLOB,                        -- NULL if freed
  -- draft: of a form not finished. waiting: for the station. stored: the station has verified it. freed: as stored, its
  -- bytes are only there. fetched: another tablet's, to be seen; may be dropped at any time.
  state      TEXT    NOT NULL CHECK (state IN ('draft', 'waiting', 'stored', 'freed', 'fetched')),
  upload     TEXT,                        -- the address the station gave an upload of it
  covered    INTEGER NOT NULL DEFAULT 0,  -- a receipt states that the station has it
  CHECK ((bytes IS NULL) = (state = 'freed'))
) STRICT;
INSERT INTO blob_2 (rowid, hash, media_type, size_bytes, bytes, state)
  SELECT rowid, hash, media_type, size_bytes, bytes, state FROM blob ORDER BY rowid;
DROP TABLE blob;
ALTER TABLE blob_2 RENAME TO blob;
CREATE INDEX blob_in_state ON blob (state, size_bytes);

-- Which revision names which blobs; follows from the log.
CREATE TABLE blob_named (
  device BLOB    NOT NULL,
  seq    INTEGER NOT NULL,
  hash   BLOB    NOT NULL,
  PRIMARY KEY (device, seq, hash)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO blob_named
  SELECT log.device, log.seq, unhex(json_extract(field.value, '$.blob'))
  FROM log, json_each(log.body, '$.fields') AS field
  WHERE field.type = 'object' AND length(json_extract(field.value, '$.blob')) = 64
    AND unhex(json_extract(field.value, '$.blob')) IS NOT NULL;

-- Who syncs; nobody if there is no row, or if its holder is gone (`lease.rs`).

CREATE TABLE sync_lease (
  only   INTEGER PRIMARY KEY CHECK (only = 1),
  holder BLOB    NOT NULL           -- made anew for every sync
) STRICT;

-- Bundles that were written into files, and when the station's receipt for them came back.

CREATE TABLE bundle (
  id          BLOB PRIMARY KEY,
  at_ms       INTEGER NOT NULL,
  epoch       BLOB,                 -- the life of the station's store as it was known then
  parts       INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  revisions   INTEGER NOT NULL,
  blobs       INTEGER NOT NULL,
  answered_ms INTEGER
) STRICT, WITHOUT ROWID;

-- The area in whose scope a revision counts; NULL: in none that is held here.
ALTER TABLE log ADD COLUMN filed BLOB;
UPDATE log SET filed = area WHERE position IS NOT NULL;
CREATE INDEX log_filed ON log (filed, body_hash) WHERE filed IS NOT NULL;

-- Places of own logs whose body went with its record to another area's tablets: the chain needs their hashes.
CREATE TABLE gone (
  device    BLOB    NOT NULL,
  seq       INTEGER NOT NULL,
  body_hash BLOB    NOT NULL,
  chain     BLOB    NOT NULL,
  lost      INTEGER NOT NULL DEFAULT 0,   -- the station lost the place and is to be told again
  PRIMARY KEY (device, seq)
) STRICT, WITHOUT ROWID;

-- How revisions of others can be proved to anybody: stretches of their logs that a checkpoint covers.
CREATE TABLE stretch (
  device    BLOB    NOT NULL,
  seq_to    INTEGER NOT NULL,
  seq_from  INTEGER NOT NULL,
  previous  BLOB    NOT NULL,
  hashes    BLOB    NOT NULL,             -- 32 bytes for each place
  chain     BLOB    NOT NULL,
  signature BLOB    NOT NULL,
  PRIMARY KEY (device, seq_to)
) STRICT, WITHOUT ROWID;

-- Records that left the areas held here: forgotten as soon as nothing of them waits and a receipt was given.
CREATE TABLE leaving (
  record BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
