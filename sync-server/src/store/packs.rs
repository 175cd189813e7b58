//! The packs that a station published: immutable, named by what they say, the newest current.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::pack::{KindRule, Pack, PackError, PackFiles, builtin};
use ailchin_core::sync::PackNotice;
use ailchin_core::time::Instant;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, station};

/// A published pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackRow {
    /// Says its whole content.
    pub hash: Hash,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// How many bytes travel.
    pub size_bytes: u64,
    /// When it was published last.
    pub published_at: Instant,
}

impl Store {
    /// Publishes a pack: tablets take it with their next sync. One that was published before becomes current once more.
    ///
    /// # Errors
    /// What the database says; `not_found` for a station that is not here.
    pub fn publish_pack(&self, station: StationId, pack: &Pack, bytes: &[u8], now: Instant) -> Result<(), StoreError> {
        self.write("publishing a pack", |tx| {
            station::require(tx, station)?;
            // Two in the same millisecond still have an order.
            let sql = "SELECT published_at FROM pack WHERE station = $1 ORDER BY published_at DESC LIMIT 1";
            let newest = tx.optional(sql, cells![station], |row| row.get::<Instant>("published_at"))?;
            let at = newest.map_or(now, |newest| now.max(newest.plus_ms(1)));
            tx.execute(
                "INSERT INTO pack (station, hash, id, version, bytes, published_at) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (station, hash) DO UPDATE SET published_at = excluded.published_at",
                cells![station, pack.hash, pack.id.as_str(), pack.version.as_str(), bytes, at],
            )?;
            Ok(())
        })
    }

    /// The packs that were published, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn packs(&self, station: StationId) -> Result<Vec<PackRow>, StoreError> {
        self.read("reading which packs were published", |tx| {
            tx.all(
                "SELECT hash, id, version, length(bytes) AS size_bytes, published_at FROM pack
                 WHERE station = $1 ORDER BY published_at DESC",
                cells![station],
                |row| {
                    Ok(PackRow {
                        hash: row.get("hash")?,
                        id: row.get("id")?,
                        version: row.get("version")?,
                        size_bytes: row.get("size_bytes")?,
                        published_at: row.get("published_at")?,
                    })
                },
            )
        })
    }

    /// The bytes of a published pack.
    ///
    /// # Errors
    /// `not_found`; what the database says.
    pub fn pack_bytes(&self, station: StationId, hash: Hash) -> Result<Vec<u8>, StoreError> {
        self.read("reading a pack", |tx| {
            let sql = "SELECT bytes FROM pack WHERE station = $1 AND hash = $2";
            let bytes = tx.optional(sql, cells![station, hash], |row| row.get::<Vec<u8>>("bytes"))?;
            bytes.ok_or(Fault::Refused(Code::NotFound))
        })
    }

    /// Why and how long a station keeps each kind of record, by its current pack; `None` if this program cannot read that.
    ///
    /// # Errors
    /// What the database says.
    pub fn kinds(&self, station: StationId) -> Result<Option<Vec<KindRule>>, StoreError> {
        let Some(current) = self.packs(station)?.into_iter().next() else {
            return Ok(builtin().ok().map(|pack| pack.kinds.clone()));
        };
        Ok(self.pack(station, current.hash)?.ok().map(|pack| pack.kinds))
    }

    /// A published pack, read.
    ///
    /// # Errors
    /// As [`Store::pack_bytes`]; a [`PackError`] if this program cannot read it.
    pub fn pack(&self, station: StationId, hash: Hash) -> Result<Result<Pack, PackError>, StoreError> {
        Ok(PackFiles::from_bytes(&self.pack_bytes(station, hash)?).and_then(Pack::read))
    }
}

/// What tablets are told of the current pack.
pub(super) fn current(tx: &Tx<'_>, station: StationId) -> Result<Option<PackNotice>, Fault> {
    tx.optional(
        "SELECT hash, length(bytes) AS size_bytes FROM pack WHERE station = $1 ORDER BY published_at DESC LIMIT 1",
        cells![station],
        |row| Ok(PackNotice { hash: row.get("hash")?, size_bytes: row.get("size_bytes")? }),
    )
}
