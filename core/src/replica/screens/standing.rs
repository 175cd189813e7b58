//! What the station has: what waits, and the last receipt.

use rusqlite::Connection;

use super::households::area_lines;
use super::small;
use crate::ids::{DeviceId, RecordId};
use crate::replica::{Replica, ReplicaError, exchange};
use crate::view::{ReceiptView, ScopeLine, Waiting};

impl Replica {
    /// What the station does not have yet.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn waiting(&self, device: DeviceId) -> Result<Waiting, ReplicaError> {
        self.reading(|connection| waiting(connection, device))
    }

    /// The last receipt.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn receipt(&self) -> Result<Option<ReceiptView>, ReplicaError> {
        self.reading(receipt)
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
            "SELECT count(*) FROM log WHERE device = ?1 AND position IS NULL AND refused IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id)",
            [device],
        )?,
    })
}

pub(super) fn receipt(connection: &Connection) -> Result<Option<ReceiptView>, ReplicaError> {
    let Some((body, own_total, blobs_total)) = exchange::newest_receipt(connection)? else { return Ok(None) };
    let whole = body.scopes.iter().fold(crate::sync::Digest::default(), |sum, scope| sum.with(scope.digest));
    let mut scopes = Vec::new();
    for scope in &body.scopes {
        let name = area_lines(connection, "a.id = ?1", [scope.area])?.pop().map(|line| line.name);
        scopes.push(ScopeLine {
            area: scope.area,
            name: name.unwrap_or_default(),
            count: scope.digest.count,
            digest: scope.digest.sum(),
        });
    }
    Ok(Some(ReceiptView {
        id: body.id,
        at: body.at_ms,
        position: body.position,
        own_stored: body.own_stored,
        own_total,
        blobs_stored: body.blobs_stored,
        blobs_total,
        count: whole.count,
        digest: whole.sum(),
        scopes,
    }))
}

pub(super) fn is_waiting(connection: &Connection, record: RecordId) -> Result<bool, ReplicaError> {
    let unconfirmed = "SELECT count(*) FROM log WHERE record = ?1 AND position IS NULL AND refused IS NULL";
    Ok(exchange::count(connection, unconfirmed, [record])? > 0)
}
