-- The third form: records are erased.

-- Why a record was erased, if it was.
ALTER TABLE record ADD COLUMN erased TEXT;

CREATE INDEX record_erased ON record (station, erased) WHERE erased IS NOT NULL;

-- Blobs that only erased records named, or nothing for long. What comes of them later is none.
CREATE TABLE doomed (
    station BLOB NOT NULL,
    hash    BLOB NOT NULL,
    erased  INTEGER NOT NULL,         -- 1: an erased record named it
    gone    INTEGER NOT NULL,         -- 0: its bytes may be here and are to go
    PRIMARY KEY (station, hash)
) STRICT, WITHOUT ROWID;

-- When records that were kept long enough were last looked for.
CREATE TABLE retention (
    station   BLOB NOT NULL,
    looked_at INTEGER NOT NULL,
    PRIMARY KEY (station)
) STRICT, WITHOUT ROWID;

-- What checking the submissions of visits found, until somebody has looked at it.
CREATE TABLE finding (
    station    BLOB NOT NULL,
    revision   BLOB NOT NULL,
    record     BLOB NOT NULL,
    found_at   INTEGER NOT NULL,
    findings   TEXT NOT NULL,         -- JSON
    settled_at INTEGER,
    PRIMARY KEY (station, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_of_record ON finding (station, record);

-- Up to which position visits were checked.
CREATE TABLE checked (
    station  BLOB NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (station)
) STRICT, WITHOUT ROWID;

-- The packs that were published, none of which ever changes. The one published last is the one that forms are begun with.
CREATE TABLE pack (
    station      BLOB NOT NULL,
    hash         BLOB NOT NULL,
    id           TEXT NOT NULL,
    version      TEXT NOT NULL,
    bytes        BLOB NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (station, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX pack_published ON pack (station, published_at);
