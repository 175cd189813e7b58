//! Which blobs the station has verified bytes of. The bytes lie in a folder; a row comes after them.

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::time::Instant;

use super::sql::cells;
use super::{Store, StoreError};

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

    /// Notes that verified bytes are here; noted twice is noted once.
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
            tx.execute(
                "INSERT INTO blob (station, hash, size_bytes, media_type, stored_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING",
                cells![station, hash, size_bytes, media_type, now],
            )?;
            Ok(())
        })
    }
}
