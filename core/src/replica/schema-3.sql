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
  PRIMARY KEY (household, at_ms, r)
) STRICT, WITHOUT ROWID;
INSERT INTO visit_3 SELECT coalesce(household, x''), at_ms, r, id, officer, outcome, purpose, topics FROM visit;
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
