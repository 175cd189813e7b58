//! Which blobs the station has verified bytes of. The bytes lie in a folder; a row comes after them.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::record::{Entry, blobs};
use ailchin_core::time::Instant;

use super::sql::cells;
use super::{Store, StoreError, device, erase};

impl Store {
    /// Whether verified bytes are here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_blob(&self, station: StationId, hash: Hash) -> Result<bool, StoreError> {
        self.read("looking for a blob", |tx| {
            tx.exists("SELECT 1 FROM blob WHERE station = $1 AND hash = $2", cells![station, hash])
        })
    }

    /// Blobs that stored revisions name and of which there is no row, in the order of their hashes, after one of them.
    ///
    /// # Errors
    /// What the database says.
    pub fn blobs_without_row(
        &self,
        station: StationId,
        after: Option<Hash>,
        most: u64,
    ) -> Result<Vec<Hash>, StoreError> {
        let after = after.unwrap_or(Hash::from_bytes([0; 32]));
        self.read("looking for blobs without a row", |tx| {
            tx.all(
                "SELECT DISTINCT blob_named.hash AS hash FROM blob_named
                 WHERE blob_named.station = $1 AND blob_named.hash > $2 AND NOT EXISTS (
                     SELECT 1 FROM blob WHERE blob.station = blob_named.station AND blob.hash = blob_named.hash)
                 ORDER BY hash LIMIT $3",
                cells![station, after, most],
                |row| row.get("hash"),
            )
        })
    }

    /// Size and media type of a blob for a device that may read the revision at place `seq` of `author`'s log, if that
    /// revision names the blob and its bytes are here.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`.
    pub fn blob_for(
        &self,
        station: StationId,
        reader: DeviceId,
        hash: Hash,
        (author, seq): (DeviceId, u64),
    ) -> Result<Option<(u64, String)>, StoreError> {
        self.read("looking for a blob that somebody wants to see", |tx| {
            let device = device::require(tx, station, reader)?;
            let scopes = device::scopes(tx, station, &device)?.unwrap_or_default();
            let revision = tx.optional(
                "SELECT filed, body FROM log WHERE station = $1 AND device = $2 AND seq = $3",
                cells![station, author, seq],
                |row| Ok((row.get::<AreaId>("filed")?, row.get::<String>("body")?)),
            )?;
            let Some((area, body)) = revision else { return Ok(None) };
            let may_read = author == reader || scopes.contains(&area);
            let names = |entry: Entry| blobs(&entry.revision.fields).any(|(named, _)| named == hash);
            if !may_read || !Entry::read(body).is_ok_and(names) {
                return Ok(None);
            }
            tx.optional(
                "SELECT size_bytes, media_type FROM blob WHERE station = $1 AND hash = $2",
                cells![station, hash],
                |row| Ok((row.get("size_bytes")?, row.get("media_type")?)),
            )
        })
    }

    /// Notes that verified bytes are here; noted twice is noted once. Afterwards the caller looks whether they are here still: they
    /// may have been those of an erased blob, let go meanwhile.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_blob(
        &self,
        station: StationId,
        hash: Hash,
        size_bytes: u64,
        media_type: &str,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.write("noting a blob", |tx| {
            // Whoever lets the bytes of an erased blob of this hash go is done before this goes on, or does not begin.
            if !erase::lives(tx, station, hash)? {
                return Ok(());
            }
            tx.execute(
                "INSERT INTO blob (station, hash, size_bytes, media_type, stored_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING",
                cells![station, hash, size_bytes, media_type, now],
            )?;
            Ok(())
        })
    }
}
