//! One record with its whole history, as support staff and tests look at it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Replica, ReplicaError, fold};
use crate::ids::{AreaId, DeviceId, OfficerId, RecordId, RevisionId};
use crate::record::{self, Entry, Fields};
use crate::time::Instant;
use crate::view::{ConflictValue, ConflictView, Names};

/// A record.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RecordView {
    /// The record.
    pub id: RecordId,
    /// Its kind.
    pub kind: String,
    /// Its scope.
    pub area: AreaId,
    /// Shown values.
    pub fields: Fields,
    /// Values that did not know each other, by field.
    pub conflicts: Vec<ConflictView>,
    /// Its revisions, in order of arrival.
    pub log: Vec<LogLine>,
}

/// One revision of a record.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LogLine {
    /// The revision.
    pub id: RevisionId,
    /// Whose log.
    pub device: DeviceId,
    /// At which place.
    pub seq: u64,
    /// Who.
    pub officer: OfficerId,
    /// When.
    pub at_ms: Instant,
    /// What the officer saw.
    pub parents: Vec<RevisionId>,
    /// What changed.
    pub fields: Fields,
    /// In the station's feed.
    pub position: Option<u64>,
    /// The station's reason for refusing it.
    pub refused: Option<String>,
}

impl Replica {
    /// Reads one record; `me` tells own values from others'.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn record(&self, id: RecordId, me: DeviceId) -> Result<RecordView, ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT body, position, refused FROM log WHERE record = ?1 ORDER BY n")
                .map_err(doing("reading a record's log"))?;
            let mut rows = statement.query([id]).map_err(doing("reading a record's log"))?;
            let mut log = Vec::new();
            while let Some(row) = rows.next().map_err(doing("reading a record's log"))? {
                let entry = Entry::read(row.get(0).map_err(doing("reading a record's log"))?)?;
                let revision = entry.revision;
                log.push(LogLine {
                    id: revision.id,
                    device: revision.device,
                    seq: revision.seq,
                    officer: revision.officer,
                    at_ms: revision.at_ms,
                    parents: revision.parents.clone(),
                    fields: revision.fields.clone(),
                    position: row.get(1).map_err(doing("reading a record's log"))?,
                    refused: row.get(2).map_err(doing("reading a record's log"))?,
                });
            }
            let revisions = fold::revisions(connection, id)?;
            let state = record::fold(&revisions).ok_or(ReplicaError::NotFound { what: "record" })?;
            let devices = log.iter().map(|line| (line.id, line.device)).collect();
            let conflicts = conflicts(connection, &state, &devices, me)?;
            let kind = state.kind.as_str().to_owned();
            let area = record::area_of(&revisions).unwrap_or(state.area);
            Ok(RecordView { id, kind, area, fields: state.shown(), conflicts, log })
        })
    }
}

impl Replica {
    /// Writes every revision as one line, byte for byte as its author wrote it, in order of arrival.
    ///
    /// # Errors
    /// What SQLite or the writer says.
    pub fn export(&self, out: &mut dyn std::io::Write) -> Result<(), ReplicaError> {
        let doing = ReplicaError::sql;
        self.reading(|connection| {
            let mut statement =
                connection.prepare("SELECT body FROM log ORDER BY n").map_err(doing("reading the log"))?;
            let mut rows = statement.query([]).map_err(doing("reading the log"))?;
            while let Some(row) = rows.next().map_err(doing("reading the log"))? {
                let body: String = row.get(0).map_err(doing("reading the log"))?;
                writeln!(out, "{body}").map_err(ReplicaError::Copy)?;
            }
            Ok(())
        })
    }

    /// How many revisions are here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn revisions(&self) -> Result<u64, ReplicaError> {
        self.reading(|connection| super::exchange::count(connection, "SELECT count(*) FROM log", []))
    }
}

/// The undecided fields of a record with who and when.
pub(super) fn conflicts(
    connection: &rusqlite::Connection,
    state: &record::State,
    devices: &BTreeMap<RevisionId, DeviceId>,
    me: DeviceId,
) -> Result<Vec<ConflictView>, ReplicaError> {
    let mut views = Vec::new();
    for (field, writes) in state.conflicts() {
        let mut values = Vec::new();
        for write in writes {
            values.push(ConflictValue {
                value: write.value.clone(),
                revision: write.revision,
                officer_name: officer_name(connection, write.officer)?,
                at: write.at,
                mine: devices.get(&write.revision) == Some(&me),
            });
        }
        views.push(ConflictView { field: field.to_owned(), values });
    }
    Ok(views)
}

/// The undecided fields of a record, read from its log.
pub(super) fn conflicts_of(
    connection: &rusqlite::Connection,
    record: RecordId,
    me: DeviceId,
) -> Result<Vec<ConflictView>, ReplicaError> {
    let revisions = fold::revisions(connection, record)?;
    let devices = revisions.iter().map(|revision| (revision.id, revision.device)).collect();
    match record::fold(&revisions) {
        Some(state) => conflicts(connection, &state, &devices, me),
        None => Ok(Vec::new()),
    }
}

/// An officer's name; empty if the officer's record is not here.
pub(super) fn officer_name(connection: &rusqlite::Connection, officer: OfficerId) -> Result<Names, ReplicaError> {
    use rusqlite::OptionalExtension as _;
    let name = connection
        .prepare_cached("SELECT name_zh, name_mong, name_cyrl FROM officer WHERE id = ?1")
        .and_then(|mut from| from.query_row([officer], |row| super::people::names(row, 0)).optional())
        .map_err(ReplicaError::sql("reading an officer's name"))?;
    Ok(name.unwrap_or_default())
}
