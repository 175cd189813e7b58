-- The third form: records are erased.

-- Why a record was erased, if it was.
ALTER TABLE record ADD COLUMN erased TEXT;

-- Blobs of erased records that no row of blob has any more: their bytes are to go.
CREATE TABLE doomed (
    station BLOB NOT NULL,
    hash    BLOB NOT NULL,
    PRIMARY KEY (station, hash)
) STRICT, WITHOUT ROWID;

-- When records that were kept long enough were last looked for.
CREATE TABLE retention (
    station   BLOB NOT NULL,
    looked_at INTEGER NOT NULL,
    PRIMARY KEY (station)
) STRICT, WITHOUT ROWID;
