//! The page of one household.

use rusqlite::{Connection, params};

use super::cases::{activities, cases, form_names, forms};
use super::households::areas_above;
use super::standing::is_waiting;
use super::tasks::tasks;
use super::{rows, small};
use crate::ids::{DeviceId, RecordId};
use crate::pack::About;
use crate::record::{Household, Kind};
use crate::replica::people::names;
use crate::replica::read::conflicts_of;
use crate::replica::{Replica, ReplicaError, fold, packs, tablet};
use crate::time::{Day, Instant};
use crate::view::{HouseholdPage, PersonView, PlaceView, TimelineEntry};

const MAX_TIMELINE: u32 = 200;

impl Replica {
    /// Everything about one household.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn household(&self, id: RecordId, device: DeviceId, now: Instant) -> Result<HouseholdPage, ReplicaError> {
        self.reading(|connection| {
            let row = match fold::load(connection, id)? {
                Some((_, row)) if row.kind == Kind::Household => row,
                _ => return Err(ReplicaError::NotFound { what: "household" }),
            };
            let household = Household::read(&row.fields);
            let places = household.places.into_iter().map(|place| PlaceView {
                season: place.season.as_str().to_owned(),
                name: place.name,
                lat: place.lat,
                lon: place.lon,
                distance_km: place.distance_km,
            });
            let pack = packs::current(connection)?;
            Ok(HouseholdPage {
                id,
                name: household.name,
                areas: areas_above(connection, row.area)?,
                phone: household.phone,
                places: places.collect(),
                persons: persons(connection, id)?,
                timeline: timeline(connection, id, now.day())?,
                visits: small(connection, "SELECT count(*) FROM visit WHERE household = ?1", [id])?,
                drafts: tablet::drafts(connection, Some(id))?,
                cases: cases(
                    connection,
                    "c.household = ?1 ORDER BY c.closed, c.due IS NULL, c.due, c.r LIMIT ?2",
                    params![id, MAX_TIMELINE],
                    now.day(),
                )?,
                forms: forms(&pack, About::Household),
                form_names: form_names(&pack),
                conflicts: match row.conflicts.is_empty() {
                    true => Vec::new(),
                    false => conflicts_of(connection, id, device)?,
                },
                waiting: is_waiting(connection, id)?,
                seen: row.heads,
            })
        })
    }
}

fn timeline(connection: &Connection, household: RecordId, today: Day) -> Result<Vec<TimelineEntry>, ReplicaError> {
    let mut entries = rows(
        connection,
        "SELECT v.id, v.at_ms, v.outcome, v.purpose, v.topics, o.name_zh, o.name_mong, o.name_cyrl,
                EXISTS (SELECT 1 FROM log l WHERE l.record = v.id AND l.position IS NULL AND l.refused IS NULL), v.form
         FROM visit v LEFT JOIN officer o ON o.id = v.officer
         WHERE v.household = ?1 ORDER BY v.at_ms DESC LIMIT ?2",
        params![household, MAX_TIMELINE],
        |row| {
            Ok(TimelineEntry::Visit {
                id: row.get(0)?,
                at: Instant::from_ms(row.get(1)?),
                officer_name: names(row, 5)?,
                outcome: row.get(2)?,
                purpose: row.get(3)?,
                topics: row
                    .get::<_, String>(4)?
                    .split(' ')
                    .filter(|topic| !topic.is_empty())
                    .map(str::to_owned)
                    .collect(),
                waiting: row.get(8)?,
                form: row.get(9)?,
            })
        },
    )?;
    let done =
        activities(connection, "v.household = ?1 ORDER BY v.at_ms DESC LIMIT ?2", params![household, MAX_TIMELINE])?;
    entries.extend(done.into_iter().map(|activity| TimelineEntry::Activity { activity }));
    let of_tasks =
        tasks(connection, "t.household = ?1 ORDER BY t.at_ms DESC LIMIT ?2", params![household, MAX_TIMELINE], today)?;
    for task in of_tasks {
        let (at, waiting) = connection
            .prepare_cached(
                "SELECT first_ms, EXISTS (SELECT 1 FROM log l WHERE l.record = ?1 AND l.position IS NULL AND l.refused IS NULL)
                 FROM record WHERE id = ?1",
            )
            .and_then(|mut from| from.query_row([task.id], |row| Ok((Instant::from_ms(row.get(0)?), row.get(1)?))))
            .map_err(ReplicaError::sql("reading a task's time"))?;
        entries.push(TimelineEntry::Task { task, at, waiting });
    }
    entries.sort_by_key(|entry| match entry {
        TimelineEntry::Visit { at, .. } | TimelineEntry::Task { at, .. } => std::cmp::Reverse(*at),
        TimelineEntry::Activity { activity } => std::cmp::Reverse(activity.at),
    });
    entries.truncate(usize::try_from(MAX_TIMELINE).unwrap_or(usize::MAX));
    Ok(entries)
}

fn persons(connection: &Connection, household: RecordId) -> Result<Vec<PersonView>, ReplicaError> {
    rows(
        connection,
        "SELECT id, name_zh, name_mong, name_cyrl, phone, role FROM person WHERE household = ?1
         ORDER BY role <> 'head', role <> 'spouse', r",
        [household],
        |row| Ok(PersonView { id: row.get(0)?, name: names(row, 1)?, phone: row.get(4)?, role: row.get(5)? }),
    )
}
