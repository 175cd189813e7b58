//! What is kept of differences: that tablet and station were found to hold something else, and which receipt settled it.
//!
//! One difference lasts from the comparison that finds it to the next receipt, however many syncs that takes; what moved
//! meanwhile is counted when it has moved, so that nothing counts twice.

use rusqlite::{Connection, Transaction};

use super::notes::{meta, set_meta};
use super::{Replica, ReplicaError, exchange};
use crate::ids::DeviceId;
use crate::sync::ReceiptBody;
use crate::time::Instant;
use crate::view::Difference;

/// So many are remembered.
const KEPT: usize = 20;

/// What was found of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Changes that were lacking here and have come.
    pub fetched: u64,
    /// Changes that were lacking at the station.
    pub returned: u64,
    /// Photos and signatures that were lacking at the station.
    pub photos: u64,
}

impl Replica {
    /// Notes that tablet and station do not hold the same.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn note_difference(&mut self, now: Instant, found: Found) -> Result<(), ReplicaError> {
        self.writing(|tx| {
            let mut all = differences(tx)?;
            let Found { fetched, returned, photos } = found;
            match all.last_mut().filter(|last| last.settled_by.is_none()) {
                Some(last) => {
                    last.fetched += fetched;
                    last.returned += returned;
                    last.photos += photos;
                }
                None => all.push(Difference { at: now, fetched, returned, photos, settled_by: None, settled_at: None }),
            }
            write(tx, &all)
        })
    }

    /// How many own changes have a position after a place of the own log.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn placed_after(&self, device: DeviceId, seq: u64) -> Result<u64, ReplicaError> {
        let sql = "SELECT (SELECT count(*) FROM log WHERE device = ?1 AND seq > ?2 AND position IS NOT NULL)
                        + (SELECT count(*) FROM gone WHERE device = ?1 AND seq > ?2 AND NOT lost)";
        self.reading(|connection| exchange::count(connection, sql, rusqlite::params![device, seq]))
    }
}

/// A receipt states that both hold the same.
pub(super) fn settle(tx: &Transaction<'_>, receipt: &ReceiptBody) -> Result<(), ReplicaError> {
    let mut all = differences(tx)?;
    let Some(last) = all.last_mut().filter(|last| last.settled_by.is_none()) else { return Ok(()) };
    last.settled_by = Some(receipt.id);
    last.settled_at = Some(receipt.at_ms);
    write(tx, &all)
}

/// The differences that are remembered, the newest last.
pub(super) fn differences(connection: &Connection) -> Result<Vec<Difference>, ReplicaError> {
    let json: Option<String> = meta(connection, "differences")?;
    json.map_or_else(|| Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(ReplicaError::Stored))
}

fn write(tx: &Transaction<'_>, all: &[Difference]) -> Result<(), ReplicaError> {
    let kept = &all[all.len().saturating_sub(KEPT)..];
    let json = serde_json::to_string(kept).map_err(ReplicaError::Stored)?;
    set_meta(tx, "differences", &json)
}
