//! The lists from which forms choose: households, persons, cases, tasks, as files of comma-separated values in the shape of ODK's
//! entity lists. A record's version is how many revisions of it are here.

use std::fmt::Write as _;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::{DraftRow, Replica, ReplicaError, fold, screens::rows, tablet};
use crate::ids::{AreaId, OfficerId, RecordId, RevisionId};
use crate::pack::About;
use crate::record::{Fields, Kind, Names};
use crate::time::Instant;

/// A list has no more lines; households and persons beyond them are found by their pages.
const MAX_LINES: u32 = 5_000;

/// What an ODK client says of the copy of a record that an officer saw.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Version {
    /// Revisions of it that are here.
    pub base: u64,
    /// Those of them that the station had, if there are others.
    pub trunk: Option<u64>,
    /// The first of the others.
    pub branch: Option<RevisionId>,
}

impl Replica {
    /// The list of this name for a draft, with a heading; `None` if there is no such list.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn list(
        &self,
        name: &str,
        draft: &DraftRow,
        officer: OfficerId,
        now: Instant,
    ) -> Result<Option<String>, ReplicaError> {
        self.reading(|connection| {
            let lines = match name {
                "context.csv" => return context(connection, draft, officer, now).map(Some),
                "household.csv" => households(connection)?,
                "person.csv" => persons(connection, draft.household)?,
                "case.csv" => cases(connection, draft)?,
                "task.csv" => tasks(connection, draft.household)?,
                _ => return Ok(None),
            };
            records(connection, &kind_of(name), &lines).map(Some)
        })
    }
}

fn kind_of(list: &str) -> Kind {
    Kind::named(list.trim_end_matches(".csv"))
}

fn records(connection: &Connection, kind: &Kind, ids: &[RecordId]) -> Result<String, ReplicaError> {
    let mut csv = String::from("name,label,label_mong,__version,__trunkVersion,__branchId");
    kind.properties().iter().for_each(|property| {
        let _ = write!(csv, ",{property}");
    });
    for id in ids {
        let Some((_, row)) = fold::load(connection, *id)? else { continue };
        let (label, label_mong) = labels(kind, &row.fields);
        let version = version(connection, *id)?;
        csv.push('\n');
        let trunk = version.trunk.map(|trunk| trunk.to_string()).unwrap_or_default();
        let branch = version.branch.map(|branch| branch.to_string()).unwrap_or_default();
        line(&mut csv, &[id.to_string(), label, label_mong, version.base.to_string(), trunk, branch]);
        for property in kind.properties() {
            csv.push(',');
            cell(&mut csv, &text_of(row.fields.get(*property)));
        }
    }
    csv.push('\n');
    Ok(csv)
}

fn labels(kind: &Kind, fields: &Fields) -> (String, String) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind {
        Kind::Case => (text("title"), String::new()),
        Kind::Task => (text("note"), String::new()),
        _ => {
            let name = Names::read(fields);
            (if name.zh.is_empty() { name.mong.clone() } else { name.zh }, name.mong)
        }
    }
}

/// A value as a form reads it: a place as a position.
fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(place)) => match (place.get("lat"), place.get("lon")) {
            (Some(lat), Some(lon)) => format!("{lat} {lon}"),
            _ => String::new(),
        },
        Some(other) => other.to_string(),
    }
}

fn context(
    connection: &Connection,
    draft: &DraftRow,
    officer: OfficerId,
    now: Instant,
) -> Result<String, ReplicaError> {
    let of = |id: Option<RecordId>| {
        let name = id.map(|id| tablet::subject_name(connection, id)).transpose();
        name.map(|name| (id.map(|id| id.to_string()).unwrap_or_default(), name.unwrap_or_default()))
    };
    let subject = |about: About| (draft.subject.about == about).then_some(draft.subject.id);
    let area: Option<AreaId> = match subject(About::Area) {
        Some(area) => Some(area.into()),
        None => fold::load(connection, draft.subject.id)?.map(|(_, row)| row.area),
    };
    let (household, household_name) = of(draft.household)?;
    let (case, case_name) = of(subject(About::Case))?;
    let (area, area_name) = of(area.map(RecordId::from))?;
    let mut csv = String::from(
        "name,label,household,household_label,household_label_mong,case,case_label,officer,officer_label,area,area_label,area_label_mong,today\n",
    );
    let (officer, officer_name) = of(Some(officer.into()))?;
    line(
        &mut csv,
        &[
            "context".to_owned(),
            "context".to_owned(),
            household,
            household_name.zh,
            household_name.mong,
            case,
            case_name.zh,
            officer,
            officer_name.zh,
            area,
            area_name.zh,
            area_name.mong,
            now.day().to_string(),
        ],
    );
    csv.push('\n');
    Ok(csv)
}

fn line<const N: usize>(csv: &mut String, cells: &[String; N]) {
    for (place, text) in cells.iter().enumerate() {
        if place > 0 {
            csv.push(',');
        }
        cell(csv, text);
    }
}

/// RFC 4180.
fn cell(csv: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        let _ = write!(csv, "\"{}\"", text.replace('"', "\"\""));
    } else {
        csv.push_str(text);
    }
}

fn ids(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<RecordId>, ReplicaError> {
    rows(connection, sql, values, |row| row.get(0))
}

fn households(connection: &Connection) -> Result<Vec<RecordId>, ReplicaError> {
    ids(connection, "SELECT id FROM household ORDER BY sort, r LIMIT ?1", [MAX_LINES])
}

/// Of the household in question, otherwise all.
fn persons(connection: &Connection, household: Option<RecordId>) -> Result<Vec<RecordId>, ReplicaError> {
    ids(
        connection,
        "SELECT id FROM person WHERE ?1 IS NULL OR household = ?1 ORDER BY role <> 'head', r LIMIT ?2",
        params![household, MAX_LINES],
    )
}

/// Open ones, and the one in question.
fn cases(connection: &Connection, draft: &DraftRow) -> Result<Vec<RecordId>, ReplicaError> {
    ids(
        connection,
        "SELECT id FROM \"case\" WHERE (closed = 0 AND (?1 IS NULL OR household = ?1)) OR id = ?2
         ORDER BY due IS NULL, due, r LIMIT ?3",
        params![draft.household, draft.subject.id, MAX_LINES],
    )
}

fn tasks(connection: &Connection, household: Option<RecordId>) -> Result<Vec<RecordId>, ReplicaError> {
    ids(
        connection,
        "SELECT id FROM task WHERE done = 0 AND (?1 IS NULL OR household = ?1) ORDER BY due IS NULL, due, r LIMIT ?2",
        params![household, MAX_LINES],
    )
}

fn version(connection: &Connection, record: RecordId) -> Result<Version, ReplicaError> {
    let (base, unconfirmed, branch): (u64, u64, Option<RevisionId>) = connection
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE position IS NULL),
                    (SELECT id FROM log WHERE record = ?1 AND position IS NULL ORDER BY n LIMIT 1)
             FROM log WHERE record = ?1",
        )
        .and_then(|mut from| from.query_row([record], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))))
        .map_err(ReplicaError::sql("counting revisions"))?;
    let trunk = (unconfirmed > 0).then(|| base - unconfirmed);
    Ok(Version { base, trunk, branch })
}

/// What an officer saw of a record when so many revisions of it were here, in the order in which they came.
pub(super) fn heads_of(connection: &Connection, record: RecordId, seen: u64) -> Result<Vec<RevisionId>, ReplicaError> {
    let came = ids_of_revisions(connection, record, seen)?;
    let revisions = fold::revisions(connection, record)?;
    let seen: Vec<_> = revisions.into_iter().filter(|revision| came.contains(&revision.id)).collect();
    let is_parent = |id: RevisionId| seen.iter().any(|revision| revision.parents.contains(&id));
    Ok(seen.iter().map(|revision| revision.id).filter(|id| !is_parent(*id)).collect())
}

fn ids_of_revisions(connection: &Connection, record: RecordId, first: u64) -> Result<Vec<RevisionId>, ReplicaError> {
    rows(
        connection,
        "SELECT id FROM log WHERE record = ?1 ORDER BY n LIMIT ?2",
        params![record, i64::try_from(first).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )
}
