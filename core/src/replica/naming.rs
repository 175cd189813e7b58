//! What a record is called where it stands among others, and the names behind the identifiers in its values.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use super::fold::{self, Row};
use super::{ReplicaError, tablet};
use crate::ids::RecordId;
use crate::record::{Activity, Case, Kind, Names, Person, Task, Visit};
use crate::view::RecordTitle;

/// How a record is announced.
pub(super) fn title(connection: &Connection, row: &Row) -> Result<RecordTitle, ReplicaError> {
    let household = match row.kind {
        Kind::Household => Some(row.id),
        Kind::Person => Person::read(&row.fields).household,
        Kind::Visit => Visit::read(&row.fields).household,
        Kind::Task => Task::read(&row.fields).household,
        Kind::Case => Case::read(&row.fields).household,
        Kind::Activity => Activity::read(&row.fields).household,
        Kind::Area | Kind::Officer | Kind::Device | Kind::Erasure | Kind::Other(_) => None,
    };
    let household_name = match household {
        Some(id) => match tablet::household_name(connection, id) {
            Err(ReplicaError::NotFound { .. }) => Names::default(),
            name => name?,
        },
        None => Names::default(),
    };
    let at = match row.kind {
        Kind::Visit => Some(Visit::read(&row.fields).visited_at.unwrap_or(row.first)),
        Kind::Activity => Some(Activity::read(&row.fields).held_at.unwrap_or(row.first)),
        _ => None,
    };
    Ok(RecordTitle {
        id: row.id,
        kind: row.kind.as_str().to_owned(),
        name: Names::read(&row.fields),
        note: match row.kind {
            Kind::Task => Task::read(&row.fields).note,
            Kind::Case => Case::read(&row.fields).title,
            _ => String::new(),
        },
        at,
        household,
        household_name,
        area_name: name_of(connection, row.area.into())?.unwrap_or_default(),
    })
}

/// The names of the records that values point to, as far as they are here.
pub(super) fn links<'a>(
    connection: &Connection,
    values: impl IntoIterator<Item = &'a Value>,
) -> Result<BTreeMap<RecordId, Names>, ReplicaError> {
    let mut names = BTreeMap::new();
    for id in values.into_iter().filter_map(Value::as_str).filter_map(|text| RecordId::parse(text).ok()) {
        if let Some(name) = name_of(connection, id)? {
            names.insert(id, name);
        }
    }
    Ok(names)
}

fn name_of(connection: &Connection, id: RecordId) -> Result<Option<Names>, ReplicaError> {
    let Some((_, row)) = fold::load(connection, id)? else { return Ok(None) };
    let name = match row.kind {
        Kind::Task => Names { zh: Task::read(&row.fields).note, ..Names::default() },
        Kind::Case => Names { zh: Case::read(&row.fields).title, ..Names::default() },
        Kind::Visit => title(connection, &row)?.household_name,
        _ => Names::read(&row.fields),
    };
    Ok(Some(name))
}
