//! Which blobs the station has verified bytes of. The bytes lie in a folder; a row comes after them.

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::time::Instant;

use super::cells::{HashCell, cell};
use super::{Store, StoreError};

impl Store {
    /// Whether verified bytes are here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_blob(&self, station: StationId, hash: Hash) -> Result<bool, StoreError> {
        self.read("looking for a blob", |tx| {
            let mut statement = tx.prepare_cached("SELECT 1 FROM blob WHERE station = ?1 AND hash = ?2")?;
            Ok(statement.exists((station, HashCell(hash)))?)
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
                "INSERT OR IGNORE INTO blob (station, hash, size_bytes, media_type, stored_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                (station, HashCell(hash), cell(size_bytes), media_type, now.as_ms()),
            )?;
            Ok(())
        })
    }
}
