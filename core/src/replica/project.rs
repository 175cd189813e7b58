//! The typed columns and search row that follow from a record's row.

use rusqlite::{Transaction, params};

use super::fold::Row;
use super::{ReplicaError, search};
use crate::ids::RecordId;
use crate::record::{Activity, Area, Case, Fields, Grade, Household, Kind, Officer, Person, Season, Task, Visit};

/// Statements for a row that is new, and for one that is there. `INSERT OR REPLACE` would open a savepoint, at which the search
/// index writes out what it has in memory: after each member of a household when a whole station comes.
const HOUSEHOLD: [&str; 2] = [
    "INSERT INTO household VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    "UPDATE household SET area = ?3, name_zh = ?4, name_mong = ?5, name_cyrl = ?6, sort = ?7, phone = ?8, camp = ?9
     WHERE r = ?1 AND id = ?2",
];
const PERSON: [&str; 2] = [
    "INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, (SELECT r FROM household WHERE id = ?3))",
    "UPDATE person SET household = ?3, name_zh = ?4, name_mong = ?5, name_cyrl = ?6, phone = ?7, role = ?8,
         home = (SELECT r FROM household WHERE id = ?3)
     WHERE r = ?1 AND id = ?2",
];
const VISIT: [&str; 2] = [
    "INSERT INTO visit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    "INSERT OR REPLACE INTO visit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
];
const TASK: [&str; 2] = [
    "INSERT INTO task VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    "UPDATE task SET household = ?3, note = ?4, due = ?5, at_ms = ?6, done = ?7, \"case\" = ?8 WHERE r = ?1 AND id = ?2",
];

/// Brings the projections of a record up to its row; `old` is what the row was.
pub(super) fn write(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    match &row.kind {
        Kind::Area => area(tx, r, row),
        Kind::Officer => officer(tx, r, row),
        Kind::Household => household(tx, r, row, old),
        Kind::Person => person(tx, r, row, old),
        Kind::Visit => visit(tx, r, row, old),
        Kind::Task => task(tx, r, row, old),
        Kind::Case => case(tx, r, row),
        Kind::Activity => activity(tx, r, row),
        Kind::Device | Kind::Erasure | Kind::Other(_) => Ok(()),
    }
}

/// Removes everything that [`write()`] and the fold made, so that it can be made again.
pub(super) fn clear(tx: &Transaction<'_>) -> Result<(), ReplicaError> {
    tx.execute_batch(
        "DELETE FROM record; DELETE FROM area; DELETE FROM officer; DELETE FROM household; DELETE FROM person;
         DELETE FROM visit; DELETE FROM task; DELETE FROM \"case\"; DELETE FROM activity; DELETE FROM scope; DELETE FROM resolution; DELETE FROM erasure;
         INSERT INTO search (search) VALUES ('delete-all');",
    )
    .map_err(ReplicaError::sql("clearing the views"))
}

/// Removes the projections of one record that is gone, or whose kind is no longer what it was: `old` is what its row was.
pub(super) fn forget(tx: &Transaction<'_>, r: i64, old: &Row) -> Result<(), ReplicaError> {
    match old.kind {
        Kind::Visit => forget_visit(tx, r, old)?,
        Kind::Household => set_home(tx, old.id, None)?,
        _ => {}
    }
    for table in ["area", "officer", "household", "person", "task", "\"case\"", "activity"] {
        tx.execute(&format!("DELETE FROM {table} WHERE r = ?1"), [r]).map_err(ReplicaError::sql("removing a view"))?;
    }
    tx.execute("DELETE FROM search WHERE rowid = ?1", [r]).map_err(ReplicaError::sql("removing a view"))?;
    Ok(())
}

fn area(tx: &Transaction<'_>, r: i64, row: &Row) -> Result<(), ReplicaError> {
    let area = Area::read(&row.fields);
    let level = area.level.map_or("", crate::record::Level::as_str);
    let name = &area.name;
    tx.prepare_cached("INSERT OR REPLACE INTO area VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .and_then(|mut to| to.execute(params![r, row.id, area.parent, level, area.code, name.zh, name.mong, name.cyrl]))
        .map_err(ReplicaError::sql("projecting an area"))?;
    Ok(())
}

fn officer(tx: &Transaction<'_>, r: i64, row: &Row) -> Result<(), ReplicaError> {
    let name = Officer::read(&row.fields).name;
    tx.prepare_cached("INSERT OR REPLACE INTO officer VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut to| to.execute(params![r, row.id, name.zh, name.mong, name.cyrl]))
        .map_err(ReplicaError::sql("projecting an officer"))?;
    Ok(())
}

fn household(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    let household = Household::read(&row.fields);
    let name = &household.name;
    let sort = crate::text::sort_key(if name.zh.is_empty() { &name.mong } else { &name.zh });
    let camp = household.places.iter().min_by_key(|place| place.season == Season::House);
    let camp = camp.map_or("", |place| place.name.zh.as_str());
    tx.prepare_cached(HOUSEHOLD[usize::from(old.is_some())])
        .and_then(|mut to| {
            let phone = &household.phone;
            to.execute(params![r, row.id, row.area, name.zh, name.mong, name.cyrl, sort, phone, camp])
        })
        .map_err(ReplicaError::sql("projecting a household"))?;
    if old.is_none() {
        set_home(tx, row.id, Some(r))?;
    }
    index(tx, r, row, old)
}

/// By what a record is found.
pub(super) fn texts(kind: &Kind, fields: &Fields) -> Vec<String> {
    let (name, phone, places) = match kind {
        Kind::Household => {
            let household = Household::read(fields);
            (household.name, household.phone, household.places)
        }
        Kind::Person => {
            let person = Person::read(fields);
            (person.name, person.phone, Vec::new())
        }
        _ => return Vec::new(),
    };
    let places = places.into_iter().flat_map(|place| [place.name.zh, place.name.mong]);
    [name.zh, name.mong, name.cyrl, phone].into_iter().chain(places).collect()
}

fn index(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    let texts = texts(&row.kind, &row.fields);
    match old.map(|old| self::texts(&old.kind, &old.fields)) {
        None => search::add(tx, r, &texts),
        Some(before) if before == texts => Ok(()),
        Some(_) => search::is_due(tx, r),
    }
}

/// The members of a household that is here from now on, or no longer.
fn set_home(tx: &Transaction<'_>, household: RecordId, r: Option<i64>) -> Result<(), ReplicaError> {
    tx.prepare_cached("UPDATE person SET home = ?2 WHERE household = ?1")
        .and_then(|mut to| to.execute(params![household, r]))
        .map_err(ReplicaError::sql("projecting the members of a household"))?;
    Ok(())
}

fn person(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    let person = Person::read(&row.fields);
    let name = &person.name;
    let role = person.role.map_or("", crate::record::Role::as_str);
    tx.prepare_cached(PERSON[usize::from(old.is_some())])
        .and_then(|mut to| {
            to.execute(params![r, row.id, person.household, name.zh, name.mong, name.cyrl, person.phone, role])
        })
        .map_err(ReplicaError::sql("projecting a person"))?;
    index(tx, r, row, old)
}

fn visit(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    let visit = Visit::read(&row.fields);
    let (household, at_ms) = visit_place(row, &visit);
    if let Some(old) = old.filter(|old| visit_place(old, &Visit::read(&old.fields)) != (household.clone(), at_ms)) {
        forget_visit(tx, r, old)?;
    }
    let officer = visit.officer.map_or([0; 16], |officer| *officer.as_bytes());
    tx.prepare_cached(VISIT[usize::from(old.is_some())])
        .and_then(|mut to| {
            let topics = visit.topics.join(" ");
            to.execute(params![household, at_ms, r, row.id, officer, visit.outcome, visit.purpose, topics, visit.form])
        })
        .map_err(ReplicaError::sql("projecting a visit"))?;
    Ok(())
}

fn forget_visit(tx: &Transaction<'_>, r: i64, old: &Row) -> Result<(), ReplicaError> {
    let (household, at_ms) = visit_place(old, &Visit::read(&old.fields));
    tx.prepare_cached("DELETE FROM visit WHERE household = ?1 AND at_ms = ?2 AND r = ?3")
        .and_then(|mut from| from.execute(params![household, at_ms, r]))
        .map_err(ReplicaError::sql("removing a view"))?;
    Ok(())
}

/// Among which visits, and where among them, a visit lies: its household, empty if it has none, and its time.
fn visit_place(row: &Row, visit: &Visit) -> (Vec<u8>, i64) {
    let household = visit.household.map_or_else(Vec::new, |household| household.as_bytes().to_vec());
    (household, visit.visited_at.unwrap_or(row.first).as_ms())
}

fn task(tx: &Transaction<'_>, r: i64, row: &Row, old: Option<&Row>) -> Result<(), ReplicaError> {
    let task = Task::read(&row.fields);
    let due = task.due.map(|day| day.to_string());
    tx.prepare_cached(TASK[usize::from(old.is_some())])
        .and_then(|mut to| {
            let (at_ms, done) = (row.first.as_ms(), task.done_at.is_some());
            to.execute(params![r, row.id, task.household, task.note, due, at_ms, done, task.case])
        })
        .map_err(ReplicaError::sql("projecting a task"))?;
    Ok(())
}

fn case(tx: &Transaction<'_>, r: i64, row: &Row) -> Result<(), ReplicaError> {
    let case = Case::read(&row.fields);
    let (due, grade) = (case.due.map(|day| day.to_string()), case.grade.map_or("", Grade::as_str));
    let closed = case.state == Case::CLOSED;
    tx.prepare_cached("INSERT OR REPLACE INTO \"case\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
        .and_then(|mut to| {
            let (kind, title, state) = (case.case_type, case.title, case.state);
            let at_ms = row.first.as_ms();
            to.execute(params![r, row.id, case.household, row.area, kind, title, state, grade, due, at_ms, closed])
        })
        .map_err(ReplicaError::sql("projecting a case"))?;
    Ok(())
}

fn activity(tx: &Transaction<'_>, r: i64, row: &Row) -> Result<(), ReplicaError> {
    let activity = Activity::read(&row.fields);
    let officer = activity.officer.map_or([0; 16], |officer| *officer.as_bytes());
    let at_ms = activity.held_at.unwrap_or(row.first).as_ms();
    tx.prepare_cached("INSERT OR REPLACE INTO activity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .and_then(|mut to| {
            let (household, case, form) = (activity.household, activity.case, activity.form);
            to.execute(params![r, row.id, household, case, row.area, officer, form, at_ms])
        })
        .map_err(ReplicaError::sql("projecting an activity"))?;
    Ok(())
}
