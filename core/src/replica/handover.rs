//! Areas that this device gets and loses, and records that leave them.
//!
//! What left counts nowhere here from that moment, and is forgotten as soon as nothing of it waits and the station has given a
//! receipt. Of own revisions the hashes stay, for the chain.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::append::Head;
use super::notes::{meta, set_meta};
use super::sums::Sums;
use super::{Replica, ReplicaError, blobs, erase, exchange, fold, tablet};
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, RecordId};
use crate::time::Instant;

/// How long a discarded change of a record that left can be taken back.
const TAKEN_BACK_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

impl Replica {
    /// Notes which areas this device holds from now on. What was filed in others leaves.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_scopes(&mut self, scopes: &[AreaId]) -> Result<(), ReplicaError> {
        let json = serde_json::to_string(scopes).map_err(ReplicaError::Stored)?;
        self.writing(|tx| {
            let held = exchange::scope_ids(tx)?;
            let lost: Vec<AreaId> = held.iter().copied().filter(|area| !scopes.contains(area)).collect();
            set_meta(tx, "scopes", &json)?;
            if !lost.is_empty() || held.len() != scopes.len() {
                set_meta(tx, SCOPES_TOLD, &(scopes_told(tx)? + 1))?;
            }
            let mut sums = Sums::default();
            for area in lost {
                for record in records_in(tx, area)? {
                    leave(tx, record, area, None, &mut sums)?;
                }
            }
            sums.write(tx)
        })
    }
}

const SCOPES_TOLD: &str = "scopes_told";

/// How often this device has learned of other areas.
pub(super) fn scopes_told(connection: &Connection) -> Result<u64, ReplicaError> {
    Ok(meta(connection, SCOPES_TOLD)?.unwrap_or(0))
}

impl Replica {
    /// Forgets the records that left and of which nothing waits any more: a form about one may have been deleted since the last
    /// receipt came.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn let_go(&mut self, device: DeviceId, now: Instant) -> Result<(), ReplicaError> {
        let any = self.reading(|connection| exchange::count(connection, "SELECT count(*) FROM leaving", []))?;
        if any == 0 { Ok(()) } else { self.writing(|tx| forget_what_left(tx, device, now)) }
    }
}

fn records_in(connection: &Connection, area: AreaId) -> Result<Vec<RecordId>, ReplicaError> {
    let doing = ReplicaError::sql("reading what is filed in an area");
    let read = || {
        let mut from = connection.prepare_cached("SELECT DISTINCT record FROM log WHERE filed = ?1")?;
        from.query_map([area], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()
    };
    read().map_err(doing)
}

/// A record left an area: what counted there counts nowhere, but for what is filed there since that position.
pub(super) fn leave(
    tx: &Transaction<'_>,
    record: RecordId,
    area: AreaId,
    at: Option<u64>,
    sums: &mut Sums,
) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    let mut from = tx
        .prepare_cached(
            "SELECT body_hash FROM log INDEXED BY log_by_record
             WHERE record = ?1 AND filed = ?2 AND (?3 IS NULL OR position < ?3)",
        )
        .map_err(doing("reading what leaves"))?;
    let mut rows = from.query(params![record, area, at]).map_err(doing("reading what leaves"))?;
    while let Some(row) = rows.next().map_err(doing("reading what leaves"))? {
        sums.remove(area, row.get(0).map_err(doing("reading what leaves"))?);
    }
    tx.prepare_cached(
        "UPDATE log INDEXED BY log_by_record SET filed = NULL
         WHERE record = ?1 AND filed = ?2 AND (?3 IS NULL OR position < ?3)",
    )
    .and_then(|mut to| to.execute(params![record, area, at]))
    .map_err(doing("letting a record leave"))?;
    leaves(tx, record)
}

/// A record is to be forgotten, unless some of it is filed in an area held here.
pub(super) fn leaves(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO leaving SELECT ?1
         WHERE NOT EXISTS (SELECT 1 FROM log WHERE record = ?1 AND filed IS NOT NULL)",
    )
    .and_then(|mut to| to.execute([record]))
    .map_err(ReplicaError::sql("noting that a record leaves"))?;
    Ok(())
}

/// A record is held here after all.
pub(super) fn stays(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    tx.prepare_cached("DELETE FROM leaving WHERE record = ?1")
        .and_then(|mut to| to.execute([record]))
        .map_err(ReplicaError::sql("noting that a record stays"))?;
    Ok(())
}

const TO_COMPARE: &str = "to_compare";

/// Whether the station's store may lack what this device thinks it has, until both have been compared.
pub(super) fn is_to_be_compared(connection: &Connection) -> Result<bool, ReplicaError> {
    Ok(meta(connection, TO_COMPARE)?.unwrap_or(false))
}

pub(super) fn set_to_be_compared(tx: &Transaction<'_>, to_compare: bool) -> Result<(), ReplicaError> {
    set_meta(tx, TO_COMPARE, &to_compare)
}

/// Forgets the records that left, unless both sides are still to be compared, and but those of which something waits: a revision
/// without a verdict, or one that was refused and about which nobody has decided, or that was discarded only just, or a draft.
pub(super) fn forget_what_left(tx: &Transaction<'_>, device: DeviceId, now: Instant) -> Result<(), ReplicaError> {
    if is_to_be_compared(tx)? {
        return Ok(());
    }
    let doing = ReplicaError::sql;
    let read = || {
        let mut from = tx.prepare_cached(
            "SELECT record FROM leaving
             WHERE NOT EXISTS (SELECT 1 FROM log WHERE log.record = leaving.record AND position IS NULL
                 AND refused IS NOT 'revision_known' AND NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id))
               AND NOT EXISTS (SELECT 1 FROM draft WHERE deleted_ms IS NULL
                 AND (household = leaving.record OR subject = leaving.record OR amends = leaving.record))
               AND NOT EXISTS (SELECT 1 FROM decision WHERE record = leaving.record AND answer IS NULL AND at_ms > ?1)",
        )?;
        from.query_map([now.as_ms() - TAKEN_BACK_FOR_MS], |row| row.get(0))?.collect::<Result<Vec<RecordId>, _>>()
    };
    for record in read().map_err(doing("looking for what left"))? {
        forget(tx, record, device)?;
    }
    Ok(())
}

/// Removes a record's revisions; of own ones the hashes stay.
fn forget(tx: &Transaction<'_>, record: RecordId, device: DeviceId) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    Head::read(tx, device)?.keep_clock(tx)?;
    let seen = tx
        .prepare_cached(
            "DELETE FROM blob_named WHERE device <> ?2 AND (device, seq) IN (SELECT device, seq FROM log WHERE record = ?1)
             RETURNING hash",
        )
        .and_then(|mut from| from.query_map(params![record, device], |row| row.get(0))?.collect::<Result<Vec<Hash>, _>>())
        .map_err(doing("forgetting photos of others"))?;
    seen.into_iter().try_for_each(|hash| blobs::forget_unnamed(tx, hash))?;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO gone (device, seq, body_hash, chain)
         SELECT device, seq, body_hash, chain FROM log WHERE record = ?1 AND device = ?2 AND chain IS NOT NULL",
    )
    .and_then(|mut to| to.execute(params![record, device]))
    .and_then(|_| tx.prepare_cached("DELETE FROM log WHERE record = ?1"))
    .and_then(|mut to| to.execute([record]))
    .and_then(|_| tx.prepare_cached("DELETE FROM leaving WHERE record = ?1"))
    .and_then(|mut to| to.execute([record]))
    .and_then(|_| tx.prepare_cached("DELETE FROM decision WHERE record = ?1"))
    .and_then(|mut to| to.execute([record]))
    .map_err(doing("forgetting a record"))?;
    // Only those are left that an officer deleted.
    tablet::remove_drafts(tx, record)?;
    erase::forget(tx, record)?;
    fold::refresh(tx, record)
}

/// An own body that had gone is here again: its chain hash.
pub(super) fn came_back(tx: &Transaction<'_>, device: DeviceId, seq: u64) -> Result<Option<Hash>, ReplicaError> {
    tx.prepare_cached("DELETE FROM gone WHERE device = ?1 AND seq = ?2 RETURNING chain")
        .and_then(|mut from| from.query_row(params![device, seq], |row| row.get(0)).optional())
        .map_err(ReplicaError::sql("taking a revision back in"))
}
