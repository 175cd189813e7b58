-- What is true.

CREATE TABLE log (
  n         INTEGER PRIMARY KEY,   -- order of arrival on this device
  id        BLOB    NOT NULL,
  record    BLOB    NOT NULL,
  area      BLOB    NOT NULL,
  device    BLOB    NOT NULL,
  seq       INTEGER NOT NULL,
  body_hash BLOB    NOT NULL,
  chain     BLOB,                  -- own entries only
  body      TEXT    NOT NULL,      -- byte for byte as its author wrote it
  position  INTEGER,               -- in the station's feed; NULL: not confirmed
  refused   TEXT,                  -- the station's reason
  UNIQUE (device, seq)
) STRICT;
CREATE INDEX log_by_record ON log (record);
CREATE INDEX log_unconfirmed ON log (device, seq) WHERE position IS NULL;

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

-- What follows from the log.

CREATE TABLE record (
  r         INTEGER PRIMARY KEY,
  id        BLOB    NOT NULL UNIQUE,
  kind      TEXT    NOT NULL,
  area      BLOB    NOT NULL,
  heads     BLOB    NOT NULL,      -- revision ids, 16 bytes each, sorted
  fields    TEXT    NOT NULL,      -- shown values; a visit's submission stays in the log
  conflicts TEXT,                  -- values by field; NULL: none
  first_ms  INTEGER NOT NULL,
  last_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX record_in_conflict ON record (r) WHERE conflicts IS NOT NULL;

CREATE TABLE scope (               -- over log entries that have a position
  area   BLOB PRIMARY KEY,
  count  INTEGER NOT NULL,
  digest BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE area (
  r         INTEGER PRIMARY KEY,
  id        BLOB NOT NULL UNIQUE,
  parent    BLOB,
  level     TEXT NOT NULL,
  code      TEXT NOT NULL,
  name_zh   TEXT NOT NULL,
  name_mong TEXT NOT NULL,
  name_cyrl TEXT NOT NULL
) STRICT;

CREATE TABLE officer (
  r         INTEGER PRIMARY KEY,
  id        BLOB NOT NULL UNIQUE,
  name_zh   TEXT NOT NULL,
  name_mong TEXT NOT NULL,
  name_cyrl TEXT NOT NULL
) STRICT;

CREATE TABLE household (
  r         INTEGER PRIMARY KEY,
  id        BLOB NOT NULL UNIQUE,
  area      BLOB NOT NULL,
  name_zh   TEXT NOT NULL,
  name_mong TEXT NOT NULL,
  name_cyrl TEXT NOT NULL,
  sort      TEXT NOT NULL,
  phone     TEXT NOT NULL,
  camp      TEXT NOT NULL
) STRICT;
CREATE INDEX household_in_order ON household (sort, r);
CREATE INDEX household_in_area ON household (area, sort, r);

CREATE TABLE person (
  r         INTEGER PRIMARY KEY,
  id        BLOB NOT NULL,
  household BLOB,
  name_zh   TEXT NOT NULL,
  name_mong TEXT NOT NULL,
  name_cyrl TEXT NOT NULL,
  phone     TEXT NOT NULL,
  role      TEXT NOT NULL
) STRICT;
CREATE INDEX person_of_household ON person (household);

CREATE TABLE visit (
  r         INTEGER PRIMARY KEY,
  id        BLOB    NOT NULL,
  household BLOB,
  at_ms     INTEGER NOT NULL,
  officer   BLOB    NOT NULL,
  outcome   TEXT    NOT NULL,
  purpose   TEXT    NOT NULL,
  topics    TEXT    NOT NULL       -- choice names, separated by spaces
) STRICT;
CREATE INDEX visit_of_household ON visit (household, at_ms);

CREATE TABLE task (
  r         INTEGER PRIMARY KEY,
  id        BLOB    NOT NULL,
  household BLOB,
  note      TEXT    NOT NULL,
  due       TEXT,
  at_ms     INTEGER NOT NULL,
  done      INTEGER NOT NULL
) STRICT;
CREATE INDEX task_of_household ON task (household, at_ms);
CREATE INDEX task_open ON task (due) WHERE done = 0;

CREATE VIRTUAL TABLE search USING fts5 (  -- rowid = record.r
  tokens, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
);

-- What a tablet keeps besides records.

CREATE TABLE draft (
  id         BLOB PRIMARY KEY,
  household  BLOB    NOT NULL,
  form       TEXT    NOT NULL,
  submission TEXT,
  page       INTEGER NOT NULL,
  begun_ms   INTEGER NOT NULL,
  saved_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX draft_of_household ON draft (household, form);

CREATE TABLE blob (
  hash       BLOB PRIMARY KEY,
  media_type TEXT    NOT NULL,
  size_bytes INTEGER NOT NULL,
  bytes      BLOB    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('draft', 'waiting', 'stored'))
) STRICT;
CREATE INDEX blob_waiting ON blob (hash) WHERE state = 'waiting';

CREATE TABLE attachment (
  draft BLOB NOT NULL,
  name  TEXT NOT NULL,
  hash  BLOB NOT NULL,
  PRIMARY KEY (draft, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
  n         INTEGER PRIMARY KEY,
  body      TEXT    NOT NULL,
  signature TEXT    NOT NULL,
  own_total INTEGER NOT NULL,
  blobs_total INTEGER NOT NULL
) STRICT;
