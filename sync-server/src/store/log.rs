//! The log's rows: appending at the next position, and what is held of an area as of a position.

use std::collections::HashMap;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, RevisionId, StationId};
use ailchin_core::record::{Entry, blobs};
use ailchin_core::sync::Digest;
use ailchin_core::time::Instant;
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use super::cells::{HashCell, cell, hash, number};
use super::error::Fault;
use super::station::{self, StationRow};

/// Appends to one station's log within one transaction. What [`Appender::finish`] was not called for has no positions.
pub(super) struct Appender<'t> {
    tx: &'t Transaction<'t>,
    station: StationId,
    next: u64,
    held: HashMap<AreaId, Digest>,
    now: Instant,
}

impl<'t> Appender<'t> {
    pub(super) fn begin(tx: &'t Transaction<'t>, station: &StationRow, now: Instant) -> Self {
        Self { tx, station: station.id, next: station.next_position, held: HashMap::new(), now }
    }

    /// Stores an entry with its chain hash, and the blobs it names; returns its position.
    pub(super) fn store(&mut self, entry: &Entry, chain: Hash) -> Result<u64, Fault> {
        let revision = &entry.revision;
        let mut digest = match self.held.get(&revision.area) {
            Some(digest) => *digest,
            None => held(self.tx, self.station, revision.area, u64::MAX)?,
        };
        digest.add(entry.body_hash);
        let position = self.next;
        let mut statement = self.tx.prepare_cached(
            "INSERT INTO log (station, position, id, record, kind, area, device, seq, body_hash, chain, area_count,
                 area_digest, stored_at, body)
             VALUES (:station, :position, :id, :record, :kind, :area, :device, :seq, :body_hash, :chain, :count,
                 :digest, :now, :body)",
        )?;
        statement.execute(named_params! {
            ":station": self.station, ":position": cell(position), ":id": revision.id, ":record": revision.record,
            ":kind": revision.kind.as_str(), ":area": revision.area, ":device": revision.device,
            ":seq": cell(revision.seq), ":body_hash": HashCell(entry.body_hash), ":chain": HashCell(chain),
            ":count": cell(digest.count), ":digest": HashCell(digest.sum()), ":now": self.now.as_ms(),
            ":body": entry.body,
        })?;
        for (blob, _) in blobs(&revision.fields) {
            let mut statement = self
                .tx
                .prepare_cached("INSERT OR IGNORE INTO blob_named (station, device, hash) VALUES (?1, ?2, ?3)")?;
            statement.execute((self.station, revision.device, HashCell(blob)))?;
        }
        self.held.insert(revision.area, digest);
        self.next += 1;
        Ok(position)
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
        let mut statement = self.tx.prepare_cached(
            "INSERT INTO refused (station, device, seq, body_hash, chain, code, refused_at)
             VALUES (:station, :device, :seq, :body_hash, :chain, :code, :now)",
        )?;
        statement.execute(named_params! {
            ":station": self.station, ":device": device, ":seq": cell(seq), ":body_hash": HashCell(body_hash),
            ":chain": HashCell(chain), ":code": code.as_str(), ":now": self.now.as_ms(),
        })?;
        Ok(())
    }

    /// Whether a revision of this name is stored already.
    pub(super) fn knows(&self, id: RevisionId) -> Result<bool, Fault> {
        let mut statement = self.tx.prepare_cached("SELECT 1 FROM log WHERE station = ?1 AND id = ?2")?;
        Ok(statement.exists((self.station, id))?)
    }

    /// Writes the next position down.
    pub(super) fn finish(self) -> Result<(), Fault> {
        Ok(station::set_next_position(self.tx, self.station, self.next)?)
    }
}

/// Count and digest of an area as of `position`: one look into the index.
pub(super) fn held(
    connection: &Connection,
    station: StationId,
    area: AreaId,
    position: u64,
) -> rusqlite::Result<Digest> {
    let mut statement = connection.prepare_cached(
        "SELECT area_count, area_digest FROM log WHERE station = ?1 AND area = ?2 AND position <= ?3
         ORDER BY position DESC LIMIT 1",
    )?;
    let row = statement
        .query_row((station, area, cell(position)), |row| {
            Ok(Digest::from_parts(number(row, "area_count")?, hash(row, "area_digest")?))
        })
        .optional()?;
    Ok(row.unwrap_or_default())
}

/// The greatest position in an area; 0 if it is empty.
pub(super) fn newest(connection: &Connection, station: StationId, area: AreaId) -> rusqlite::Result<u64> {
    let mut statement = connection
        .prepare_cached("SELECT coalesce(max(position), 0) AS newest FROM log WHERE station = ?1 AND area = ?2")?;
    statement.query_row((station, area), |row| number(row, "newest"))
}
