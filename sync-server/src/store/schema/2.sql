-- The second form of a station's store.

-- The key that opens what is sealed to the station (X25519); made when a tablet is first told about it.
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
