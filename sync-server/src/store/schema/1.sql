-- The first form of a station's store. Released files never change: a later form is a new file.
-- The station leads every primary key: several stations may share a store, and a distributed database may split by it.

CREATE TABLE station (
    station       BLOB PRIMARY KEY,
    name_zh       TEXT NOT NULL,
    name_mong     TEXT NOT NULL,
    name_cyrl     TEXT NOT NULL,
    root          BLOB NOT NULL,
    epoch         BLOB NOT NULL,
    next_position INTEGER NOT NULL,
    signing_key   BLOB NOT NULL,
    console       BLOB NOT NULL,
    console_key   BLOB NOT NULL,
    console_hlc_ms INTEGER NOT NULL,
    console_hlc_n  INTEGER NOT NULL,
    made_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the accounts need to know of the area tree; its records are in the log.
CREATE TABLE area (
    station BLOB NOT NULL,
    area    BLOB NOT NULL,
    parent  BLOB,
    level   TEXT NOT NULL,
    code    TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    PRIMARY KEY (station, area)
) STRICT, WITHOUT ROWID;

CREATE TABLE officer (
    station   BLOB NOT NULL,
    officer   BLOB NOT NULL,
    number    INTEGER NOT NULL,
    name_zh   TEXT NOT NULL,
    name_mong TEXT NOT NULL,
    name_cyrl TEXT NOT NULL,
    role      TEXT NOT NULL,
    password  TEXT,
    made_at   INTEGER NOT NULL,
    PRIMARY KEY (station, officer),
    UNIQUE (station, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE officer_area (
    station BLOB NOT NULL,
    officer BLOB NOT NULL,
    area    BLOB NOT NULL,
    PRIMARY KEY (station, officer, area)
) STRICT, WITHOUT ROWID;

-- seq and chain are the head of the device's log, refused places included; a console has no officer.
CREATE TABLE device (
    station     BLOB NOT NULL,
    device      BLOB NOT NULL,
    officer     BLOB,
    key         BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    chain       BLOB NOT NULL,
    refused     INTEGER NOT NULL,
    enrolled_at INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    revoked_at  INTEGER,
    PRIMARY KEY (station, device),
    UNIQUE (device)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
    station    BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    officer    BLOB NOT NULL,
    made_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    device     BLOB,
    PRIMARY KEY (station, token_hash)
) STRICT, WITHOUT ROWID;

-- area_count and area_digest are the running count and digest of the row's area up to and including the row, so that
-- what is held of an area as of any position is one look into the index.
CREATE TABLE log (
    station     BLOB NOT NULL,
    position    INTEGER NOT NULL,
    id          BLOB NOT NULL,
    record      BLOB NOT NULL,
    kind        TEXT NOT NULL,
    area        BLOB NOT NULL,
    device      BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    body_hash   BLOB NOT NULL,
    chain       BLOB NOT NULL,
    area_count  INTEGER NOT NULL,
    area_digest BLOB NOT NULL,
    stored_at   INTEGER NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (station, position),
    UNIQUE (station, device, seq),
    UNIQUE (station, id)
) STRICT;

-- With the device, so that a tablet's own revisions are passed over without reading them.
CREATE INDEX log_by_area ON log (station, area, position, device);

CREATE TABLE refused (
    station    BLOB NOT NULL,
    device     BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    body_hash  BLOB NOT NULL,
    chain      BLOB NOT NULL,
    code       TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    PRIMARY KEY (station, device, seq)
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each device: its signature over the whole log up to seq.
CREATE TABLE checkpoint (
    station   BLOB NOT NULL,
    device    BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    chain     BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (station, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    station    BLOB NOT NULL,
    hash       BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    stored_at  INTEGER NOT NULL,
    PRIMARY KEY (station, hash)
) STRICT, WITHOUT ROWID;

-- Which device's stored revisions name which blobs.
CREATE TABLE blob_named (
    station BLOB NOT NULL,
    device  BLOB NOT NULL,
    hash    BLOB NOT NULL,
    PRIMARY KEY (station, device, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
    station   BLOB NOT NULL,
    receipt   BLOB NOT NULL,
    device    BLOB NOT NULL,
    at        INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    body      TEXT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (station, receipt)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipt_by_device ON receipt (station, device, at);

CREATE TABLE challenge (
    station    BLOB NOT NULL,
    device     BLOB NOT NULL,
    challenge  BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (station, device, challenge)
) STRICT, WITHOUT ROWID;

-- A tablet's session has a device, a console's has none.
CREATE TABLE session (
    station    BLOB NOT NULL,
    token_hash BLOB NOT NULL,
    device     BLOB,
    officer    BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (station, token_hash)
) STRICT, WITHOUT ROWID;
