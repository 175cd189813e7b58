//! Erasing a record: of its revisions only tombstones stay, and of everything else that spoke of it nothing.
//!
//! What was deleted is overwritten by SQLite (`secure_delete`); the search index and the write-ahead log are swept out after the
//! transaction, at once or when the file is opened next.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::notes::{meta, set_meta};
use super::{Change, Replica, ReplicaError, SCHEMA_VERSION, blobs, fold, schema, tablet};
use crate::hash::Hash;
use crate::ids::RecordId;
use crate::record::{Entry, EraseReason, Kind, REASON, Revision};
use crate::view::Erasures;

impl Replica {
    /// How many records of these areas were erased, and why.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn erasures(&self) -> Result<Erasures, ReplicaError> {
        self.reading(erasures)
    }

    /// Sweeps out what erasing left in places that no query reads.
    pub(super) fn sweep(&mut self) -> Result<(), ReplicaError> {
        if !self.reading(|connection| Ok(meta(connection, "sweep")?.unwrap_or(false)))? {
            return Ok(());
        }
        let doing = || ReplicaError::sql("sweeping out what was erased");
        self.writing(|tx| tx.execute_batch("INSERT INTO search (search) VALUES ('optimize')").map_err(doing()))?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(doing())?;
        if let Some(path) = self.connection.path().filter(|path| !path.is_empty()) {
            schema::remove_copies(path.as_ref(), SCHEMA_VERSION)?;
        }
        self.writing(|tx| tx.execute("DELETE FROM meta WHERE key = 'sweep'", []).map(|_| ()).map_err(doing()))
    }
}

/// Whether a record was erased.
pub(super) fn is_erased(connection: &Connection, record: RecordId) -> Result<bool, ReplicaError> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM erasure WHERE record = ?1)")
        .and_then(|mut from| from.query_row([record], |row| row.get(0)))
        .map_err(ReplicaError::sql("looking whether a record was erased"))
}

/// Checks that neither what is changed nor the household it belongs to was erased.
pub(super) fn check(connection: &Connection, change: &Change) -> Result<(), ReplicaError> {
    let household = change.fields.get("household").and_then(Value::as_str).and_then(|id| RecordId::parse(id).ok());
    for record in std::iter::once(change.record).chain(household) {
        if is_erased(connection, record)? {
            return Err(ReplicaError::Erased);
        }
    }
    Ok(())
}

/// Leaves of a record what its erasure leaves; the erasure is in the log.
pub(super) fn erase(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    let mut said = tablet::remove_drafts(tx, record)?;
    for body in bodies(tx, record)? {
        let entry = Entry::read(body)?;
        if entry.revision.is_tombstone() || entry.revision.kind == Kind::Erasure {
            continue;
        }
        said = true;
        let left = entry.erase();
        let place = (entry.revision.device, entry.revision.seq);
        // One that was refused is nothing to decide about any more.
        tx.prepare_cached(
            "UPDATE log SET id = ?3, body = ?4, refused = iif(refused IS NULL, NULL, 'revision_known')
             WHERE device = ?1 AND seq = ?2",
        )
        .and_then(|mut to| to.execute(params![place.0, place.1, left.revision.id, left.body]))
        .map_err(doing("erasing a revision"))?;
        let named = tx
            .prepare_cached("DELETE FROM blob_named WHERE device = ?1 AND seq = ?2 RETURNING hash")
            .and_then(|mut from| {
                from.query_map(params![place.0, place.1], |row| row.get(0))?.collect::<Result<Vec<Hash>, _>>()
            })
            .map_err(doing("erasing what a revision names"))?;
        for hash in named {
            blobs::forget_unnamed(tx, hash)?;
        }
    }
    tx.execute("DELETE FROM decision WHERE record = ?1", [record]).map_err(doing("erasing decisions"))?;
    note(tx, record)?;
    if said {
        set_meta(tx, "sweep", &true)?;
    }
    fold::refresh(tx, record)
}

/// Notes anew from the log whether a record was erased.
pub(super) fn note_anew(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    forget(tx, record)?;
    note(tx, record)
}

fn note(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    let mut erasures: Vec<Revision> = Vec::new();
    for body in bodies(tx, record)? {
        let revision = Entry::read(body)?.revision;
        if revision.kind == Kind::Erasure && !revision.is_tombstone() {
            erasures.push(revision);
        }
    }
    let Some(first) = erasures.iter().min_by_key(|revision| (revision.hlc, revision.id)) else { return Ok(()) };
    let reason = first.fields.get(REASON).and_then(Value::as_str).unwrap_or_default();
    tx.prepare_cached("INSERT OR REPLACE INTO erasure VALUES (?1, ?2, ?3)")
        .and_then(|mut to| to.execute(params![record, reason, first.at_ms.as_ms()]))
        .map_err(ReplicaError::sql("noting that a record was erased"))?;
    Ok(())
}

/// Notes from the log all records that were erased.
pub(super) fn note_all(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    let read = || {
        let mut from = tx.prepare("SELECT DISTINCT record FROM log WHERE instr(body, '\"kind\":\"erasure\"') > 0")?;
        from.query_map([], |row| row.get(0))?.collect::<Result<Vec<RecordId>, _>>()
    };
    read().map_err(ReplicaError::sql("listing what was erased"))?.into_iter().try_for_each(|record| note(tx, record))
}

/// A record leaves, and with it that it was erased.
pub(super) fn forget(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    tx.prepare_cached("DELETE FROM erasure WHERE record = ?1")
        .and_then(|mut to| to.execute([record]))
        .map_err(ReplicaError::sql("forgetting an erasure"))?;
    Ok(())
}

pub(super) fn erasures(connection: &Connection) -> Result<Erasures, ReplicaError> {
    let doing = ReplicaError::sql;
    let count = |reason: EraseReason| {
        connection
            .prepare_cached("SELECT count(*) FROM erasure WHERE reason = ?1")
            .and_then(|mut from| from.query_row([reason.as_str()], |row| row.get(0)))
            .map_err(doing("counting what was erased"))
    };
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(at_ms) FROM erasure")
        .and_then(|mut from| from.query_row([], |row| row.get(0)).optional())
        .map_err(doing("reading when a record was erased last"))?
        .flatten();
    Ok(Erasures {
        on_request: count(EraseReason::Request)?,
        after_retention: count(EraseReason::Retention)?,
        last: last.map(crate::time::Instant::from_ms),
    })
}

fn bodies(connection: &Connection, record: RecordId) -> Result<Vec<String>, ReplicaError> {
    connection
        .prepare_cached("SELECT body FROM log WHERE record = ?1 ORDER BY n")
        .and_then(|mut from| from.query_map([record], |row| row.get(0))?.collect())
        .map_err(ReplicaError::sql("reading a record's log"))
}
