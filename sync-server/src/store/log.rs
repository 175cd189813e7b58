//! The log's rows: appending at the next position, and what is held of an area as of a position.

use std::collections::HashMap;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::record::{Entry, blobs};
use ailchin_core::sync::Digest;
use ailchin_core::time::Instant;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::station::{self, StationRow};

/// Appends to one station's log within one transaction. What [`Appender::finish`] was not called for has no positions.
pub(super) struct Appender<'a, 't> {
    tx: &'a Tx<'t>,
    station: StationId,
    next: u64,
    held: HashMap<AreaId, Digest>,
    now: Instant,
}

impl<'a, 't> Appender<'a, 't> {
    pub(super) fn begin(tx: &'a Tx<'t>, station: &StationRow, now: Instant) -> Self {
        Self { tx, station: station.id, next: station.next_position, held: HashMap::new(), now }
    }

    /// Stores an entry with its chain hash, and the blobs it names; returns its position, or `None` if a revision of its name is
    /// stored already.
    pub(super) fn store(&mut self, entry: &Entry, chain: Hash) -> Result<Option<u64>, Fault> {
        let revision = &entry.revision;
        let mut digest = match self.held.get(&revision.area) {
            Some(digest) => *digest,
            None => held(self.tx, self.station, revision.area, u64::MAX)?,
        };
        digest.add(entry.body_hash);
        let position = self.next;
        let stored = self.tx.execute(
            "INSERT INTO log (station, position, id, record, kind, area, device, seq, body_hash, chain, area_count,
                 area_digest, stored_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (station, id) DO NOTHING",
            cells![
                self.station,
                position,
                revision.id,
                revision.record,
                revision.kind.as_str(),
                revision.area,
                revision.device,
                revision.seq,
                entry.body_hash,
                chain,
                digest.count,
                digest.sum(),
                self.now,
                entry.body
            ],
        )?;
        if stored == 0 {
            return Ok(None);
        }
        for (blob, _) in blobs(&revision.fields) {
            self.tx.execute(
                "INSERT INTO blob_named (station, device, hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                cells![self.station, revision.device, blob],
            )?;
        }
        self.held.insert(revision.area, digest);
        self.next += 1;
        Ok(Some(position))
    }

    /// Takes a place in a device's log for a body that is not stored.
    pub(super) fn refuse(
        &self,
        device: DeviceId,
        seq: u64,
        body_hash: Hash,
        chain: Hash,
        code: Code,
    ) -> Result<(), Fault> {
        self.tx.execute(
            "INSERT INTO refused (station, device, seq, body_hash, chain, code, refused_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            cells![self.station, device, seq, body_hash, chain, code.as_str(), self.now],
        )?;
        Ok(())
    }

    /// Writes the next position down.
    pub(super) fn finish(self) -> Result<(), Fault> {
        station::set_next_position(self.tx, self.station, self.next)
    }
}

/// Count and digest of an area as of `position`: one look into the index.
pub(super) fn held(tx: &Tx<'_>, station: StationId, area: AreaId, position: u64) -> Result<Digest, Fault> {
    let row = tx.optional(
        "SELECT area_count, area_digest FROM log WHERE station = $1 AND area = $2 AND position <= $3
         ORDER BY position DESC LIMIT 1",
        cells![station, area, position],
        |row| Ok(Digest::from_parts(row.get("area_count")?, row.get("area_digest")?)),
    )?;
    Ok(row.unwrap_or_default())
}

/// The greatest position in an area; 0 if it is empty.
pub(super) fn newest(tx: &Tx<'_>, station: StationId, area: AreaId) -> Result<u64, Fault> {
    tx.one(
        "SELECT coalesce(max(position), 0) AS newest FROM log WHERE station = $1 AND area = $2",
        cells![station, area],
        |row| row.get("newest"),
    )
}
