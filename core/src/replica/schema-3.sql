-- Who a search finds leads to the household at once.

ALTER TABLE person ADD COLUMN home INTEGER;  -- household.r; NULL as long as the household is not here
UPDATE person SET home = (SELECT r FROM household WHERE household.id = person.household);

-- A household's visits lie together, in the order in which its page shows them: a page reads few places, a save writes one less.

CREATE TABLE visit_3 (
  household BLOB    NOT NULL,      -- empty: of none
  at_ms     INTEGER NOT NULL,
  r         INTEGER NOT NULL,
  id        BLOB    NOT NULL,
  officer   BLOB    NOT NULL,
  outcome   TEXT    NOT NULL,
  purpose   TEXT    NOT NULL,
  topics    TEXT    NOT NULL,      -- choice names, separated by spaces
  form      TEXT    NOT NULL,
  PRIMARY KEY (household, at_ms, r)
) STRICT, WITHOUT ROWID;
INSERT INTO visit_3 SELECT coalesce(household, x''), at_ms, r, id, officer, outcome, purpose, topics,
  coalesce((SELECT record.fields ->> 'form' FROM record WHERE record.r = visit.r), '') FROM visit;
DROP TABLE visit;
ALTER TABLE visit_3 RENAME TO visit;

-- How often this device had learned of other areas when it asked.
ALTER TABLE bundle ADD COLUMN scopes_told INTEGER NOT NULL DEFAULT 0;

-- What is asked about a blob is answered without reading its bytes.
CREATE INDEX blob_as_it_stands ON blob (hash, state, covered);
CREATE INDEX blob_not_stated ON blob (state) WHERE covered = 0 AND state IN ('waiting', 'stored');
CREATE INDEX blob_named_by_hash ON blob_named (hash);

-- What is filed in an area is read in the order in which it came: a save, a verdict and a fetched revision touch no random page.
DROP INDEX log_filed;
CREATE INDEX log_filed ON log (filed) WHERE filed IS NOT NULL;

-- Records whose search rows are made anew at the end of the transaction; empty otherwise.
CREATE TABLE search_due (r INTEGER PRIMARY KEY) STRICT;

-- Forms come from packs of the station; what is being filled in goes on with the pack it was begun with.

CREATE TABLE pack (
  hash     BLOB PRIMARY KEY,
  bytes    BLOB    NOT NULL,
  taken_ms INTEGER NOT NULL,
  current  INTEGER NOT NULL        -- 1: the one that the station published last
) STRICT;

CREATE TABLE draft_3 (
  id         BLOB PRIMARY KEY,
  about      TEXT    NOT NULL,     -- household, case, area
  subject    BLOB    NOT NULL,     -- which one
  household  BLOB,                 -- the household behind it
  form       TEXT    NOT NULL,
  pack       BLOB,                 -- NULL: begun before there were packs
  amends     BLOB,                 -- the finished form that it changes
  submission TEXT,
  page       INTEGER NOT NULL,
  begun_ms   INTEGER NOT NULL,
  saved_ms   INTEGER NOT NULL,
  deleted_ms INTEGER               -- deleted by hand; can be taken back for a while
) STRICT, WITHOUT ROWID;
INSERT INTO draft_3 SELECT id, 'household', household, household, form, NULL, NULL, submission, page, begun_ms, saved_ms, NULL FROM draft;
DROP TABLE draft;
ALTER TABLE draft_3 RENAME TO draft;
CREATE INDEX draft_of_household ON draft (household, form);

CREATE TABLE "case" (
  r         INTEGER PRIMARY KEY,
  id        BLOB    NOT NULL UNIQUE,
  household BLOB,
  area      BLOB    NOT NULL,
  type      TEXT    NOT NULL,
  title     TEXT    NOT NULL,
  state     TEXT    NOT NULL,
  grade     TEXT    NOT NULL,
  due       TEXT,
  at_ms     INTEGER NOT NULL,
  closed    INTEGER NOT NULL
) STRICT;
ALTER TABLE task ADD COLUMN "case" BLOB;
CREATE INDEX task_of_case ON task ("case") WHERE "case" IS NOT NULL;
CREATE INDEX case_of_household ON "case" (household);
CREATE INDEX case_open ON "case" (due, r) WHERE closed = 0;

CREATE TABLE activity (
  r         INTEGER PRIMARY KEY,
  id        BLOB    NOT NULL UNIQUE,
  household BLOB,
  "case"    BLOB,
  area      BLOB    NOT NULL,
  officer   BLOB    NOT NULL,
  form      TEXT    NOT NULL,
  at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX activity_of_case ON activity ("case", at_ms);
CREATE INDEX activity_of_household ON activity (household, at_ms);
CREATE INDEX activity_latest ON activity (at_ms);
