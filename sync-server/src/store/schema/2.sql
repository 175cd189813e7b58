-- The second form: what is in the feed is told apart from what is in the logs, because a revision may move in the feed when its
-- record goes to another area.

-- One row for each position, kept for ever. area_count and area_digest are the running count and digest of the row's area up
-- to and including the row, so that what is held of an area as of any position is one look into the index. What stands there:
-- 0 a revision; 1 one that stands further on now; 2 a record that left the area; 3 a revision that came from another area or
-- position, and is handed to its own author too.
CREATE TABLE feed (
    station     BLOB NOT NULL,
    position    INTEGER NOT NULL,
    area        BLOB NOT NULL,
    what        INTEGER NOT NULL,
    device      BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    record      BLOB NOT NULL,
    body_hash   BLOB NOT NULL,
    area_count  INTEGER NOT NULL,
    area_digest BLOB NOT NULL,
    PRIMARY KEY (station, position)
) STRICT, WITHOUT ROWID;

INSERT INTO feed (station, position, area, what, device, seq, record, body_hash, area_count, area_digest)
    SELECT station, position, area, 0, device, seq, record, body_hash, area_count, area_digest FROM log;

CREATE INDEX feed_by_area ON feed (station, area, position, what, device);

-- area is the author's; filed and position say where the revision stands in the feed now.
CREATE TABLE log_2 (
    station   BLOB NOT NULL,
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    id        BLOB NOT NULL,
    record    BLOB NOT NULL,
    kind      TEXT NOT NULL,
    area      BLOB NOT NULL,
    filed     BLOB NOT NULL,
    position  INTEGER NOT NULL,
    body_hash BLOB NOT NULL,
    chain     BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (station, device, seq),
    UNIQUE (station, id)
) STRICT;

INSERT INTO log_2 (station, device, seq, id, record, kind, area, filed, position, body_hash, chain, stored_at, body)
    SELECT station, device, seq, id, record, kind, area, area, position, body_hash, chain, stored_at, body FROM log;

DROP TABLE log;
ALTER TABLE log_2 RENAME TO log;
CREATE INDEX log_of_record ON log (station, record);

-- Where a record is filed: in its household's area if it has one, else in its own. Made from the log where it is missing.
CREATE TABLE record (
    station   BLOB NOT NULL,
    record    BLOB NOT NULL,
    area      BLOB NOT NULL,
    household BLOB,
    filed     BLOB NOT NULL,
    PRIMARY KEY (station, record)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_of_household ON record (station, household);

-- Stretches of logs that a checkpoint covers: with them anybody can prove each of their revisions later.
CREATE TABLE stretch (
    station   BLOB NOT NULL,
    device    BLOB NOT NULL,
    seq_to    INTEGER NOT NULL,
    seq_from  INTEGER NOT NULL,
    previous  BLOB NOT NULL,
    hashes    BLOB NOT NULL,
    chain     BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (station, device, seq_to)
) STRICT, WITHOUT ROWID;

DROP TABLE checkpoint;

-- Another name of a device that was put back to a copy, or of which there were two.
ALTER TABLE device ADD COLUMN was BLOB;

-- The key that opens what is sealed to the station (X25519), if it is not the one that belongs to its signing key.
CREATE TABLE sealing (
    station BLOB NOT NULL,
    key     BLOB NOT NULL,
    PRIMARY KEY (station)
) STRICT, WITHOUT ROWID;

-- Bundles that came from tablets; ask is the JSON of what the tablet wants to know.
CREATE TABLE bundle (
    station BLOB NOT NULL,
    device  BLOB NOT NULL,
    bundle  BLOB NOT NULL,
    parts   INTEGER NOT NULL,
    ask     TEXT NOT NULL,
    came_at INTEGER NOT NULL,
    PRIMARY KEY (station, device, bundle)
) STRICT, WITHOUT ROWID;

-- The parts of them that were taken.
CREATE TABLE bundle_part (
    station BLOB NOT NULL,
    device  BLOB NOT NULL,
    bundle  BLOB NOT NULL,
    part    INTEGER NOT NULL,
    came_at INTEGER NOT NULL,
    PRIMARY KEY (station, device, bundle, part)
) STRICT, WITHOUT ROWID;
