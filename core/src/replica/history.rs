//! A record's past, and how many conflicts were decided in a month.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::read::officer_name;
use super::{Replica, ReplicaError, exchange, fold, naming};
use crate::error::Code;
use crate::ids::{AreaId, DeviceId, RecordId, RevisionId};
use crate::record::{Entry, Names, Revision, Step, history};
use crate::time::Instant;
use crate::view::{HistoryChange, HistoryEntry, Moved, RecordHistory};

const MAX_ENTRIES: usize = 200;

/// Fields that no reader of a history needs: what a form filled in is told answer by answer.
const NOT_TOLD: &[&str] = &["submission", "instance", "form", "form_version"];

impl Replica {
    /// Every change of a record, refused ones included; `me` tells own changes from others'.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn history(&self, record: RecordId, me: DeviceId) -> Result<RecordHistory, ReplicaError> {
        self.reading(|connection| {
            let logged = logged(connection, record)?;
            let revisions: Vec<Revision> = logged.iter().map(|one| one.revision.clone()).collect();
            let standing: HashMap<RevisionId, &Logged> = logged.iter().map(|one| (one.revision.id, one)).collect();
            let steps = history(&revisions);
            let mut entries = Vec::new();
            for step in steps.iter().rev().take(MAX_ENTRIES) {
                if let Some(logged) = standing.get(&step.revision.id) {
                    entries.push(entry(connection, step, logged, me)?);
                }
            }
            let values = entries.iter().flat_map(|entry| &entry.changes).flat_map(|change| [&change.from, &change.to]);
            let links = naming::links(connection, values)?;
            let total = u32::try_from(steps.len()).unwrap_or(u32::MAX);
            let (_, row) = fold::load(connection, record)?.ok_or(ReplicaError::NotFound { what: "record" })?;
            Ok(RecordHistory { title: naming::title(connection, &row)?, total, entries, links })
        })
    }

    /// Conflicts decided since the first day of the month of `now`, by whomever, on records that are here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn decided_this_month(&self, now: Instant) -> Result<u32, ReplicaError> {
        self.reading(|connection| decided_this_month(connection, now))
    }
}

pub(super) fn decided_this_month(connection: &Connection, now: Instant) -> Result<u32, ReplicaError> {
    let since = now.day().first_of_month().start();
    let count = exchange::count(connection, "SELECT count(*) FROM resolution WHERE at_ms >= ?1", [since.as_ms()])?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Notes anew which revisions of a record decided a conflict.
pub(super) fn note_resolutions(tx: &Transaction<'_>, record: RecordId) -> Result<(), ReplicaError> {
    let doing = ReplicaError::sql;
    let revisions = fold::revisions(tx, record)?;
    tx.prepare_cached("DELETE FROM resolution WHERE record = ?1")
        .and_then(|mut from| from.execute([record]))
        .map_err(doing("noting decided conflicts"))?;
    for step in history(&revisions).iter().filter(|step| step.settles()) {
        tx.prepare_cached("INSERT OR REPLACE INTO resolution VALUES (?1, ?2, ?3)")
            .and_then(|mut to| to.execute(params![step.revision.id, record, step.revision.at_ms.as_ms()]))
            .map_err(doing("noting decided conflicts"))?;
    }
    Ok(())
}

fn entry(
    connection: &Connection,
    step: &Step<'_>,
    logged: &Logged,
    me: DeviceId,
) -> Result<HistoryEntry, ReplicaError> {
    let revision = step.revision;
    let moved = match step.moved_from {
        Some(from) => Some(Moved { from: area_name(connection, from)?, to: area_name(connection, revision.area)? }),
        None => None,
    };
    let told = step.changes.iter().filter(|change| !NOT_TOLD.contains(&change.field.as_str()));
    Ok(HistoryEntry {
        revision: revision.id,
        officer_name: officer_name(connection, revision.officer)?,
        at: revision.at_ms,
        device: revision.device,
        mine: revision.device == me,
        first: step.first,
        settles: step.settles(),
        moved,
        changes: told
            .map(|change| HistoryChange {
                field: change.field.clone(),
                from: change.from.clone(),
                to: change.to.clone(),
                settled: change.settled,
            })
            .collect(),
        waiting: logged.position.is_none() && logged.refused.is_none(),
        refused: logged.refused,
        set_aside: logged.decided,
    })
}

fn area_name(connection: &Connection, area: AreaId) -> Result<Names, ReplicaError> {
    let name = fold::load(connection, area.into())?.map(|(_, row)| Names::read(&row.fields));
    Ok(name.unwrap_or_default())
}

/// A revision as it stands in the log.
struct Logged {
    revision: Revision,
    position: Option<u64>,
    refused: Option<Code>,
    decided: bool,
}

fn logged(connection: &Connection, record: RecordId) -> Result<Vec<Logged>, ReplicaError> {
    let doing = ReplicaError::sql;
    let mut statement = connection
        .prepare_cached(
            "SELECT body, position, refused, EXISTS (SELECT 1 FROM decision WHERE revision = log.id)
             FROM log WHERE record = ?1 ORDER BY n",
        )
        .map_err(doing("reading a record's log"))?;
    let mut rows = statement.query([record]).map_err(doing("reading a record's log"))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(doing("reading a record's log"))? {
        let body: String = row.get(0).map_err(doing("reading a record's log"))?;
        let refused: Option<String> = row.get(2).map_err(doing("reading a record's log"))?;
        all.push(Logged {
            revision: Entry::read(body)?.revision,
            position: row.get(1).map_err(doing("reading a record's log"))?,
            refused: refused.map(|code| exchange::code_of(&code)),
            decided: row.get(3).map_err(doing("reading a record's log"))?,
        });
    }
    Ok(all)
}
