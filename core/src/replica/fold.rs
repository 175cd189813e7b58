//! How one more revision changes a record's row: at once when it knew all heads, by folding the log when it did not.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::Value;

use super::{ReplicaError, history, project};
use crate::ids::{AreaId, RecordId, RevisionId};
use crate::record::{AreaDispute, Fields, Kind, Revision, State, area_dispute, area_of, fold};
use crate::time::Instant;

/// A record as its row keeps it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Row {
    pub(super) id: RecordId,
    pub(super) kind: Kind,
    pub(super) area: AreaId,
    pub(super) heads: Vec<RevisionId>,
    pub(super) fields: Fields,
    pub(super) conflicts: BTreeMap<String, Vec<Value>>,
    pub(super) first: Instant,
    pub(super) last: Instant,
}

/// Fields that no screen lists: they stay in the log, where a record's page reads them.
const LOG_ONLY: &[(Kind, &str)] = &[(Kind::Visit, "submission"), (Kind::Activity, "submission")];

/// Stands among the undecided fields for the record's area, which is not a field but may be undecided as well.
pub(super) const AREA: &str = "area";

/// Brings the record's row, projections and search up to a revision that this device just added to the log.
pub(super) fn apply(tx: &Transaction<'_>, revision: &Revision) -> Result<(), ReplicaError> {
    let kept = load(tx, revision.record)?;
    match next_row(kept.as_ref().map(|(_, row)| row), revision) {
        Some(row) => advance_to(tx, kept, row, revision),
        None => refresh(tx, revision.record),
    }
}

/// As [`apply`], for a revision written elsewhere: earlier arrivals may name it as a parent, which only a fold can weigh.
pub(super) fn apply_received(tx: &Transaction<'_>, revision: &Revision) -> Result<(), ReplicaError> {
    if revision.parents.is_empty() {
        let row = advance(None, revision);
        if let Some(r) = store(tx, None, &row)? {
            return project::write(tx, r, &row, None);
        }
    }
    let kept = load(tx, revision.record)?;
    if kept.is_some() && is_awaited(tx, revision)? {
        return refresh(tx, revision.record);
    }
    match next_row(kept.as_ref().map(|(_, row)| row), revision) {
        Some(row) => advance_to(tx, kept, row, revision),
        None => refresh(tx, revision.record),
    }
}

fn advance_to(
    tx: &Transaction<'_>,
    kept: Option<(i64, Row)>,
    row: Row,
    revision: &Revision,
) -> Result<(), ReplicaError> {
    // It knew all that is here, so it decided exactly what the row tells as undecided.
    let settles = |row: &Row| revision.fields.keys().any(|field| row.conflicts.contains_key(field));
    let settles = kept.as_ref().is_some_and(|(_, row)| settles(row));
    put(tx, kept, Some(row))?;
    if settles { history::note_resolutions(tx, revision.record) } else { Ok(()) }
}

/// The row after a revision that knew all heads; `None`: only a fold can tell.
fn next_row(kept: Option<&Row>, revision: &Revision) -> Option<Row> {
    match kept {
        None => revision.parents.is_empty().then(|| advance(None, revision)),
        Some(row) => {
            let knew_all = row.heads.iter().all(|head| revision.parents.contains(head));
            (row.kind == revision.kind && knew_all).then(|| advance(Some(row.clone()), revision))
        }
    }
}

fn put(tx: &Transaction<'_>, kept: Option<(i64, Row)>, row: Option<Row>) -> Result<(), ReplicaError> {
    let Some(row) = row else { return Ok(()) };
    let Some(r) = store(tx, kept.as_ref().map(|(r, _)| *r), &row)? else { return Ok(()) };
    if let Some((_, old)) = kept.as_ref().filter(|(_, old)| old.kind != row.kind) {
        project::forget(tx, r, old)?;
    }
    project::write(tx, r, &row, kept.map(|(_, old)| old).filter(|old| old.kind == row.kind).as_ref())
}

/// Whether another revision of the record that is here may have this one as a parent.
fn is_awaited(tx: &Transaction<'_>, revision: &Revision) -> Result<bool, ReplicaError> {
    tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM log WHERE record = ?1 AND id <> ?2 AND instr(body, ?3))")
        .and_then(|mut from| {
            from.query_row(params![revision.record, revision.id, revision.id.to_string()], |row| row.get(0))
        })
        .map_err(ReplicaError::sql("looking for children of a revision"))
}

/// Folds the record from the log; `None` if the log has none of it.
pub(super) fn refold(connection: &Connection, record: RecordId) -> Result<Option<Row>, ReplicaError> {
    let revisions = revisions(connection, record)?;
    let area = area_of(&revisions);
    Ok(fold(&revisions).map(|state| {
        let mut row = Row::of(record, &state, area_dispute(&revisions).as_ref());
        row.area = area.unwrap_or(row.area);
        row
    }))
}

/// Makes a record's row and views anew from the log; without a revision that counts there is no such record.
pub(super) fn refresh(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    let kept = load(tx, record)?;
    let row = refold(tx, record)?;
    if let (Some((r, old)), None) = (&kept, &row) {
        project::forget(tx, *r, old)?;
        tx.execute("DELETE FROM record WHERE r = ?1", [r]).map_err(ReplicaError::sql("removing a record"))?;
    }
    put(tx, kept, row)?;
    history::note_resolutions(tx, record)
}

/// The revisions of a record that are here and count, in order of arrival. One that the station refused no longer counts
/// once the officer has decided what becomes of it; of a record that was erased none counts.
pub(super) fn revisions(connection: &Connection, record: RecordId) -> Result<Vec<Revision>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached(
            "SELECT body FROM log WHERE record = ?1 AND
             (position IS NOT NULL OR NOT EXISTS (SELECT 1 FROM decision WHERE revision = log.id)) ORDER BY n",
        )
        .map_err(doing("reading a record's log"))?;
    let bodies =
        statement.query_map([record], |row| row.get::<_, String>(0)).map_err(doing("reading a record's log"))?;
    let mut revisions = Vec::new();
    for body in bodies {
        let body = body.map_err(doing("reading a record's log"))?;
        let revision: Revision = serde_json::from_str(&body).map_err(ReplicaError::Stored)?;
        if revision.kind == Kind::Erasure {
            return Ok(Vec::new());
        }
        if !revision.is_tombstone() {
            revisions.push(revision);
        }
    }
    Ok(revisions)
}

/// Reads a record's row.
pub(super) fn load(connection: &Connection, record: RecordId) -> Result<Option<(i64, Row)>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached("SELECT r, kind, area, heads, fields, conflicts, first_ms, last_ms FROM record WHERE id = ?1")
        .map_err(doing("reading a record"))?;
    let raw = statement
        .query_row([record], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, AreaId>(2)?,
                row.get::<_, Vec<u8>>(3)?,
                row.get::<_, String>(4)?,
                row.get::<_, Option<String>>(5)?,
                row.get::<_, i64>(6)?,
                row.get::<_, i64>(7)?,
            ))
        })
        .optional()
        .map_err(doing("reading a record"))?;
    let Some((r, kind, area, heads, fields, conflicts, first, last)) = raw else { return Ok(None) };
    let row = Row {
        id: record,
        kind: Kind::named(&kind),
        area,
        heads: heads.as_chunks::<16>().0.iter().map(|bytes| RevisionId::from_bytes(*bytes)).collect(),
        fields: serde_json::from_str(&fields).map_err(ReplicaError::Stored)?,
        conflicts: match conflicts {
            Some(json) => serde_json::from_str(&json).map_err(ReplicaError::Stored)?,
            None => BTreeMap::new(),
        },
        first: Instant::from_ms(first),
        last: Instant::from_ms(last),
    };
    Ok(Some((r, row)))
}

/// Writes a record's row: over the one that is there, or a new one, unless there is one of its name; then `None`.
fn store(tx: &Transaction<'_>, r: Option<i64>, row: &Row) -> Result<Option<i64>, ReplicaError> {
    let doing = ReplicaError::sql;
    let heads: Vec<u8> = row.heads.iter().flat_map(|head| *head.as_bytes()).collect();
    let fields = serde_json::to_string(&row.fields).map_err(ReplicaError::Stored)?;
    let conflicts = match row.conflicts.is_empty() {
        true => None,
        false => Some(serde_json::to_string(&row.conflicts).map_err(ReplicaError::Stored)?),
    };
    if let Some(r) = r {
        tx.prepare_cached(
            "UPDATE record SET kind = ?2, area = ?3, heads = ?4, fields = ?5, conflicts = ?6, first_ms = ?7, last_ms = ?8
             WHERE r = ?1",
        )
        .and_then(|mut statement| {
            let (kind, first, last) = (row.kind.as_str(), row.first.as_ms(), row.last.as_ms());
            statement.execute(params![r, kind, row.area, heads, fields, conflicts, first, last])
        })
        .map_err(doing("updating a record"))?;
        return Ok(Some(r));
    }
    let added = tx
        .prepare_cached(
            "INSERT INTO record (id, kind, area, heads, fields, conflicts, first_ms, last_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            let (kind, first, last) = (row.kind.as_str(), row.first.as_ms(), row.last.as_ms());
            statement.execute(params![row.id, kind, row.area, heads, fields, conflicts, first, last])
        })
        .map_err(doing("adding a record"))?;
    Ok((added > 0).then(|| tx.last_insert_rowid()))
}

/// The row after a revision that knew all heads: what it names changes, nothing else does.
fn advance(row: Option<Row>, revision: &Revision) -> Row {
    let mut row = row.unwrap_or_else(|| Row {
        id: revision.record,
        kind: revision.kind.clone(),
        area: revision.area,
        heads: Vec::new(),
        fields: Fields::new(),
        conflicts: BTreeMap::new(),
        first: revision.at_ms,
        last: revision.at_ms,
    });
    row.kind = revision.kind.clone();
    row.area = revision.area;
    row.conflicts.remove(AREA);
    row.heads = vec![revision.id];
    row.first = row.first.min(revision.at_ms);
    row.last = row.last.max(revision.at_ms);
    for (field, value) in &revision.fields {
        row.conflicts.remove(field);
        if value.is_null() {
            row.fields.remove(field);
        } else if is_listed(&row.kind, field) {
            row.fields.insert(field.clone(), value.clone());
        }
    }
    row
}

impl Row {
    /// What a record would be if it had this revision only.
    pub(super) fn of_one(revision: &Revision) -> Option<Self> {
        fold([revision]).map(|state| Self::of(revision.record, &state, None))
    }

    fn of(id: RecordId, state: &State, area: Option<&AreaDispute>) -> Self {
        let mut fields = state.shown();
        fields.retain(|field, _| is_listed(&state.kind, field));
        let mut conflicts: BTreeMap<String, Vec<Value>> = state
            .conflicts()
            .map(|(field, writes)| (field.to_owned(), writes.iter().map(|write| write.value.clone()).collect()))
            .collect();
        if let Some(area) = area {
            let areas = area.moves.iter().map(|moved| Value::from(moved.area.to_string()));
            conflicts.insert(AREA.to_owned(), areas.collect());
        }
        Self {
            id,
            kind: state.kind.clone(),
            area: state.area,
            heads: state.heads.clone(),
            fields,
            conflicts,
            first: state.span.0,
            last: state.span.1,
        }
    }
}

fn is_listed(kind: &Kind, field: &str) -> bool {
    !LOG_ONLY.iter().any(|(of, name)| of == kind && *name == field)
}
