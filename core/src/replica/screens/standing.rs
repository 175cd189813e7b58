//! How far own work got: what waits, what the station answered for, what it stored, what a receipt covers.

use rusqlite::{Connection, params};

use super::receipts::stated;
use super::small;
use crate::ids::{DeviceId, RecordId};
use crate::replica::append::Head;
use crate::replica::{Replica, ReplicaError, exchange};
use crate::view::{Standing, Tally, Waiting};

impl Replica {
    /// What the station does not have yet.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn waiting(&self, device: DeviceId) -> Result<Waiting, ReplicaError> {
        self.reading(|connection| waiting(connection, device))
    }

    /// How far own changes and photos got.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn standing(&self, device: DeviceId) -> Result<Standing, ReplicaError> {
        self.reading(|connection| standing(connection, device))
    }
}

pub(super) fn waiting(connection: &Connection, device: DeviceId) -> Result<Waiting, ReplicaError> {
    let of_log = "FROM log WHERE device = ?1 AND position IS NULL AND refused IS";
    let (blobs, blob_bytes) = connection
        .prepare_cached("SELECT count(*), coalesce(sum(size_bytes), 0) FROM blob WHERE state = 'waiting'")
        .and_then(|mut from| from.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(ReplicaError::sql("counting blobs that wait"))?;
    Ok(Waiting {
        revisions: small(connection, &format!("SELECT count(*) {of_log} NULL"), [device])?,
        records: small(connection, &format!("SELECT count(DISTINCT record) {of_log} NULL"), [device])?,
        blobs,
        blob_bytes,
        refused: small(
            connection,
            "SELECT count(*) FROM log WHERE device = ?1 AND position IS NULL AND refused <> 'revision_known'
             AND NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id)",
            [device],
        )?,
    })
}

fn standing(connection: &Connection, device: DeviceId) -> Result<Standing, ReplicaError> {
    let waiting = waiting(connection, device)?;
    // What the officer has answered or discarded counts no more, neither as made nor as missing.
    let decided = exchange::count(
        connection,
        "SELECT count(*) FROM decision d JOIN log l ON l.record = d.record AND l.id = d.revision
         WHERE l.device = ?1 AND l.position IS NULL",
        [device],
    )?;
    let made = Head::read(connection, device)?.seq.saturating_sub(decided);
    let unstored = exchange::count(
        connection,
        "SELECT count(*) FROM log WHERE device = ?1 AND position IS NULL AND refused IS NOT 'revision_known'",
        [device],
    )?;
    // What was fetched to be seen was made elsewhere; what was freed for space is at the station all the same.
    let stored_blobs = exchange::count(connection, "SELECT count(*) FROM blob WHERE state IN ('stored', 'freed')", [])?;
    let blobs = stored_blobs + u64::from(waiting.blobs);
    // A receipt that was given to this tablet under a former name counts another log.
    let verified = match stated(connection)?.filter(|body| body.device == device) {
        Some(body) => Tally {
            revisions: body.own_seq.saturating_sub(exchange::count(
                connection,
                "SELECT count(*) FROM log WHERE device = ?1 AND seq <= ?2 AND position IS NULL
                 AND refused IS NOT 'revision_known'",
                params![device, body.own_seq],
            )?),
            blobs: body.blobs_stored.min(stored_blobs),
        },
        None => Tally::default(),
    };
    Ok(Standing {
        made: Tally { revisions: made, blobs },
        sent: Tally { revisions: made.saturating_sub(waiting.revisions.into()), blobs: stored_blobs },
        stored: Tally { revisions: (made + decided).saturating_sub(unstored), blobs: stored_blobs },
        verified,
    })
}

pub(super) fn is_waiting(connection: &Connection, record: RecordId) -> Result<bool, ReplicaError> {
    let unconfirmed = "SELECT count(*) FROM log WHERE record = ?1 AND position IS NULL AND refused IS NULL";
    Ok(exchange::count(connection, unconfirmed, [record])? > 0)
}
