//! The questions of the screens, one method each.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params};

use super::people::names;
use super::read::{conflicts_of, officer_name};
use super::{Replica, ReplicaError, exchange, fold, tablet};
use crate::ids::{AreaId, DeviceId, OfficerId, RecordId};
use crate::record::{Fields, Household, Kind, Level, Visit, blobs};
use crate::time::{Day, Instant};
use crate::view::{
    AreaLine, AttachmentView, HouseholdLine, HouseholdList, HouseholdPage, HouseholdQuery, OfficerLine, PersonView,
    PlaceView, ReceiptView, ScopeLine, TaskLine, TimelineEntry, Today, VisitPage, Waiting,
};

/// How far ahead Today looks for due tasks.
const DUE_WITHIN_DAYS: i32 = 7;
const MAX_LINES: u32 = 500;
/// More changes than anybody makes in a day.
const A_DAYS_CHANGES: u32 = 500;
const MAX_DUE: u32 = 200;
const MAX_TIMELINE: u32 = 200;

impl Replica {
    /// What is due, begun and waiting.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn today(&self, device: DeviceId, officer: OfficerId, now: Instant) -> Result<Today, ReplicaError> {
        self.reading(|connection| {
            let day = now.day();
            let until = day.plus_days(DUE_WITHIN_DAYS).to_string();
            Ok(Today {
                day,
                officer: OfficerLine { id: officer, name: officer_name(connection, officer)? },
                due: tasks(
                    connection,
                    "t.done = 0 AND t.due <= ?1 ORDER BY t.due, t.r LIMIT ?2",
                    params![until, MAX_DUE],
                    day,
                )?,
                open_tasks: small(connection, "SELECT count(*) FROM task WHERE done = 0", [])?,
                drafts: tablet::drafts(connection, None)?,
                visits_today: small(
                    connection,
                    "SELECT count(DISTINCT r.r)
                     FROM (SELECT record FROM log WHERE device = ?1 ORDER BY seq DESC LIMIT ?3) l
                     JOIN record r ON r.id = l.record WHERE r.kind = 'visit' AND r.first_ms >= ?2",
                    params![device, day.start().as_ms(), A_DAYS_CHANGES],
                )?,
                waiting: waiting(connection, device)?,
                conflicts: conflicted(connection)?,
                receipt: receipt(connection)?,
            })
        })
    }

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

    /// How many records have an undecided conflict.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn conflicted(&self) -> Result<u32, ReplicaError> {
        self.reading(conflicted)
    }

    /// The areas with their households counted, the largest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn areas(&self) -> Result<Vec<AreaLine>, ReplicaError> {
        self.reading(|connection| {
            let mut lines = area_lines(connection, "1 ORDER BY a.code, a.r", [])?;
            lines.sort_by_key(|line| Level::named(&line.level).map(|level| level as u8));
            Ok(lines)
        })
    }

    /// A page of households: all of them in order of name, or those that the officer's words find, first by what is the
    /// household's own and then by its members.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn households(&self, query: &HouseholdQuery) -> Result<HouseholdList, ReplicaError> {
        let typed = query.query.trim_matches(' ');
        let words = match crate::text::match_expression(typed) {
            None if !typed.is_empty() => return Ok(HouseholdList { total: 0, lines: Vec::new() }),
            words => words,
        };
        self.reading(|connection| find_households(connection, words, query))
    }

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
                conflicts: match row.conflicts.is_empty() {
                    true => Vec::new(),
                    false => conflicts_of(connection, id, device)?,
                },
                waiting: is_waiting(connection, id)?,
            })
        })
    }

    /// A visit with its answers.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn visit(&self, id: RecordId) -> Result<VisitPage, ReplicaError> {
        self.reading(|connection| {
            let row = match fold::load(connection, id)? {
                Some((_, row)) if row.kind == Kind::Visit => row,
                _ => return Err(ReplicaError::NotFound { what: "visit" }),
            };
            let visit = Visit::read(&row.fields);
            let household = visit.household.ok_or(ReplicaError::NotFound { what: "household" })?;
            let officer = visit.officer.map(|officer| officer_name(connection, officer)).transpose()?;
            Ok(VisitPage {
                id,
                household,
                household_name: tablet::household_name(connection, household)?,
                at: visit.visited_at.unwrap_or(row.first),
                officer_name: officer.unwrap_or_default(),
                form: visit.form,
                attachments: attachments(&row.fields),
                answers: row
                    .fields
                    .into_iter()
                    .filter_map(|(field, value)| Some((field.strip_prefix("answer.")?.to_owned(), value)))
                    .collect(),
                waiting: is_waiting(connection, id)?,
            })
        })
    }

    /// The kind and scope of a record, to save a change of it.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn place_of(&self, record: RecordId) -> Result<(Kind, AreaId), ReplicaError> {
        self.reading(|connection| exchange::record_place(connection, record))
    }
}

fn find_households(
    connection: &Connection,
    words: Option<String>,
    query: &HouseholdQuery,
) -> Result<HouseholdList, ReplicaError> {
    let area = query.area.map_or(Sql::Null, |area| Sql::from(area.as_bytes().to_vec()));
    let found = match words {
        Some(_) => {
            "hit (r) AS MATERIALIZED (SELECT rowid FROM search WHERE search MATCH ?2),
             found (r, through) AS MATERIALIZED (SELECT r, min(through) FROM (
               SELECT h.r, 0 AS through FROM hit JOIN household h ON h.r = hit.r WHERE ?1 IS NULL OR h.area = ?1
               UNION ALL
               SELECT h.r, 1 FROM hit JOIN person p ON p.r = hit.r JOIN household h ON h.id = p.household
               WHERE ?1 IS NULL OR h.area = ?1) GROUP BY r)"
        }
        None if query.area.is_some() => "found (r) AS (SELECT r FROM household WHERE area = ?1 AND ?2 IS NULL)",
        None => "found (r) AS (SELECT r FROM household WHERE ?1 IS NULL AND ?2 IS NULL)",
    };
    let (of_found, order) = match (&words, query.area) {
        (Some(_), _) => ("found f CROSS JOIN household h ON h.r = f.r", "f.through, h.sort, h.r"),
        (None, Some(_)) => ("household h INDEXED BY household_in_area WHERE h.area = ?1", "h.sort, h.r"),
        (None, None) => ("household h INDEXED BY household_in_order", "h.sort, h.r"),
    };
    let sql = format!(
        "WITH {found}, page AS MATERIALIZED (
           SELECT h.r, row_number() OVER (ORDER BY {order}) AS line, (SELECT count(*) FROM found) AS total
           FROM {of_found} ORDER BY {order} LIMIT ?3 OFFSET ?4)
         SELECT h.id, h.name_zh, h.name_mong, h.name_cyrl, h.phone, h.camp, a.name_zh, a.name_mong, a.name_cyrl,
                (SELECT max(v.at_ms) FROM visit v WHERE v.household = h.id),
                (SELECT count(*) FROM task t WHERE t.household = h.id AND t.done = 0),
                EXISTS (SELECT 1 FROM record c WHERE c.r = h.r AND c.conflicts IS NOT NULL),
                page.total
         FROM page JOIN household h ON h.r = page.r LEFT JOIN area a ON a.id = h.area ORDER BY page.line"
    );
    let words = words.map_or(Sql::Null, Sql::from);
    let mut total = 0;
    let values = params![area, words, query.limit.min(MAX_LINES), query.offset];
    let lines = rows(connection, &sql, values, |row| {
        total = row.get(12)?;
        Ok(HouseholdLine {
            id: row.get(0)?,
            name: names(row, 1)?,
            area_name: names(row, 6)?,
            phone: row.get(4)?,
            camp: row.get(5)?,
            last_visit: row.get::<_, Option<i64>>(9)?.map(|ms| Instant::from_ms(ms).day()),
            open_tasks: row.get(10)?,
            conflict: row.get(11)?,
        })
    })?;
    if lines.is_empty() && (query.offset > 0 || query.limit == 0) {
        let sql = format!("WITH {found} SELECT count(*) FROM found");
        total = small(connection, &sql, params![area, words])?;
    }
    Ok(HouseholdList { total, lines })
}

fn tasks(
    connection: &Connection,
    wanted: &str,
    values: impl rusqlite::Params,
    today: Day,
) -> Result<Vec<TaskLine>, ReplicaError> {
    let sql = format!(
        "SELECT t.id, t.household, t.note, t.due, t.done, h.name_zh, h.name_mong, h.name_cyrl,
                a.name_zh, a.name_mong, a.name_cyrl
         FROM task t LEFT JOIN household h ON h.id = t.household LEFT JOIN area a ON a.id = h.area
         WHERE {wanted}"
    );
    rows(connection, &sql, values, |row| {
        let due = row.get::<_, Option<String>>(3)?.and_then(|text| Day::parse(&text));
        let done: bool = row.get(4)?;
        Ok(TaskLine {
            id: row.get(0)?,
            household: row.get(1)?,
            household_name: names(row, 5)?,
            area_name: names(row, 8)?,
            note: row.get(2)?,
            due,
            overdue: !done && due.is_some_and(|due| due < today),
            done,
        })
    })
}

fn timeline(connection: &Connection, household: RecordId, today: Day) -> Result<Vec<TimelineEntry>, ReplicaError> {
    let mut entries = rows(
        connection,
        "SELECT v.id, v.at_ms, v.outcome, v.purpose, v.topics, o.name_zh, o.name_mong, o.name_cyrl,
                EXISTS (SELECT 1 FROM log l WHERE l.record = v.id AND l.position IS NULL)
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
            })
        },
    )?;
    let of_tasks =
        tasks(connection, "t.household = ?1 ORDER BY t.at_ms DESC LIMIT ?2", params![household, MAX_TIMELINE], today)?;
    for task in of_tasks {
        let (at, waiting) = connection
            .prepare_cached(
                "SELECT first_ms, EXISTS (SELECT 1 FROM log l WHERE l.record = ?1 AND l.position IS NULL)
                 FROM record WHERE id = ?1",
            )
            .and_then(|mut from| from.query_row([task.id], |row| Ok((Instant::from_ms(row.get(0)?), row.get(1)?))))
            .map_err(ReplicaError::sql("reading a task's time"))?;
        entries.push(TimelineEntry::Task { task, at, waiting });
    }
    entries.sort_by_key(|entry| match entry {
        TimelineEntry::Visit { at, .. } | TimelineEntry::Task { at, .. } => std::cmp::Reverse(*at),
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

fn areas_above(connection: &Connection, smallest: AreaId) -> Result<Vec<AreaLine>, ReplicaError> {
    let mut areas: Vec<AreaLine> = Vec::new();
    let mut next = Some(smallest);
    while let Some(id) = next.filter(|id| areas.len() < 8 && areas.iter().all(|area| area.id != *id)) {
        let Some(line) = area_lines(connection, "a.id = ?1", [id])?.pop() else { break };
        next = line.parent;
        areas.push(line);
    }
    Ok(areas)
}

fn area_lines(
    connection: &Connection,
    wanted: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<AreaLine>, ReplicaError> {
    let sql = format!(
        "SELECT a.id, a.parent, a.level, a.name_zh, a.name_mong, a.name_cyrl,
                (SELECT count(*) FROM household h WHERE h.area = a.id)
         FROM area a WHERE {wanted}"
    );
    rows(connection, &sql, values, |row| {
        Ok(AreaLine {
            id: row.get(0)?,
            parent: row.get(1)?,
            level: row.get(2)?,
            name: names(row, 3)?,
            households: row.get(6)?,
        })
    })
}

fn waiting(connection: &Connection, device: DeviceId) -> Result<Waiting, ReplicaError> {
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
        refused: small(connection, &format!("SELECT count(*) {of_log} NOT NULL"), [device])?,
    })
}

fn receipt(connection: &Connection) -> Result<Option<ReceiptView>, ReplicaError> {
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

fn conflicted(connection: &Connection) -> Result<u32, ReplicaError> {
    small(connection, "SELECT count(*) FROM record WHERE conflicts IS NOT NULL", [])
}

fn is_waiting(connection: &Connection, record: RecordId) -> Result<bool, ReplicaError> {
    let unconfirmed = "SELECT count(*) FROM log WHERE record = ?1 AND position IS NULL";
    Ok(exchange::count(connection, unconfirmed, [record])? > 0)
}

fn attachments(fields: &Fields) -> Vec<AttachmentView> {
    blobs(fields)
        .map(|(hash, value)| {
            let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            AttachmentView {
                name: text("name"),
                hash,
                size_bytes: value.get("size_bytes").and_then(serde_json::Value::as_u64).unwrap_or(0),
                media_type: text("media_type"),
            }
        })
        .collect()
}

fn small<P: rusqlite::Params>(connection: &Connection, sql: &str, values: P) -> Result<u32, ReplicaError> {
    Ok(u32::try_from(exchange::count(connection, sql, values)?).unwrap_or(u32::MAX))
}

pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ReplicaError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut from| from.query_map(values, read)?.collect())
        .map_err(ReplicaError::sql("reading for a screen"))
}
