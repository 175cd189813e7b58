//! Cases as lines, the page of one, and what was done.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde_json::Value;

use super::standing::is_waiting;
use super::tasks::tasks;
use super::{rows, small};
use crate::ids::RecordId;
use crate::pack::{About, Pack};
use crate::record::Kind;
use crate::replica::people::names;
use crate::replica::{Replica, ReplicaError, fold, packs, tablet};
use crate::time::{Day, Instant};
use crate::view::{ActivityLine, CaseLine, CaseList, CasePage, FormLine, PageOf};

const MAX_PAGE: u32 = 500;
const MAX_LINES: u32 = 200;

impl Replica {
    /// Open cases, those due first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn cases(&self, page: PageOf, now: Instant) -> Result<CaseList, ReplicaError> {
        self.reading(|connection| {
            let total = small(connection, "SELECT count(*) FROM \"case\" WHERE closed = 0", [])?;
            let wanted = "c.closed = 0 ORDER BY c.due IS NULL, c.due, c.r LIMIT ?1 OFFSET ?2";
            let lines = cases(connection, wanted, params![page.limit.min(MAX_PAGE), page.offset], now.day())?;
            Ok(CaseList { total, lines })
        })
    }

    /// Everything about one case.
    ///
    /// # Errors
    /// [`ReplicaError::NotFound`] if it is not here.
    pub fn case(&self, id: RecordId, now: Instant) -> Result<CasePage, ReplicaError> {
        self.reading(|connection| {
            let not_here = || ReplicaError::NotFound { what: "case" };
            let (_, row) =
                fold::load(connection, id)?.filter(|(_, row)| row.kind == Kind::Case).ok_or_else(not_here)?;
            let line = cases(connection, "c.id = ?1", [id], now.day())?.pop().ok_or_else(not_here)?;
            let text = |name: &str| row.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let degrees = |part: &str| row.fields.get("place")?.get(part)?.as_f64();
            let pack = packs::current(connection)?;
            Ok(CasePage {
                line,
                note: text("note"),
                outcome: text("outcome"),
                area_m2: row.fields.get("area_m2").and_then(Value::as_f64),
                place: degrees("lat").zip(degrees("lon")),
                activities: activities(
                    connection,
                    "v.\"case\" = ?1 ORDER BY v.at_ms DESC LIMIT ?2",
                    params![id, MAX_LINES],
                )?,
                tasks: tasks(connection, "t.\"case\" = ?1 ORDER BY t.done, t.due", [id], now.day())?,
                forms: forms(&pack, About::Case),
                drafts: tablet::drafts(connection, None)?.into_iter().filter(|draft| draft.subject == id).collect(),
                form_names: form_names(&pack),
                conflict: !row.conflicts.is_empty(),
                waiting: is_waiting(connection, id)?,
                seen: row.heads,
            })
        })
    }

    /// What was done that was no visit, the newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn activities(&self, page: PageOf) -> Result<Vec<ActivityLine>, ReplicaError> {
        self.reading(|connection| {
            let wanted = "1 ORDER BY v.at_ms DESC LIMIT ?1 OFFSET ?2";
            activities(connection, wanted, params![page.limit.min(MAX_PAGE), page.offset])
        })
    }
}

/// The forms that can be begun about such a thing.
pub(super) fn forms(pack: &Pack, about: About) -> Vec<FormLine> {
    let of = pack.forms.iter().filter(|form| form.about == about);
    of.map(|form| FormLine { id: form.model.id.clone(), about, names: form.names.clone() }).collect()
}

pub(super) fn form_names(pack: &Pack) -> BTreeMap<String, BTreeMap<String, String>> {
    pack.forms.iter().map(|form| (form.model.id.clone(), form.names.clone())).collect()
}

pub(super) fn cases(
    connection: &Connection,
    wanted: &str,
    values: impl rusqlite::Params,
    today: Day,
) -> Result<Vec<CaseLine>, ReplicaError> {
    let sql = format!(
        "SELECT c.id, c.type, c.title, c.state, c.grade, c.due, c.household, c.at_ms, c.closed,
                h.name_zh, h.name_mong, h.name_cyrl, a.name_zh, a.name_mong, a.name_cyrl
         FROM \"case\" c LEFT JOIN household h ON h.id = c.household LEFT JOIN area a ON a.id = coalesce(h.area, c.area)
         WHERE {wanted}"
    );
    rows(connection, &sql, values, |row| {
        let due = row.get::<_, Option<String>>(5)?.and_then(|text| Day::parse(&text));
        let closed: bool = row.get(8)?;
        Ok(CaseLine {
            id: row.get(0)?,
            case_type: row.get(1)?,
            title: row.get(2)?,
            state: row.get(3)?,
            grade: row.get(4)?,
            due,
            overdue: !closed && due.is_some_and(|due| due < today),
            household: row.get(6)?,
            household_name: names(row, 9)?,
            area_name: names(row, 12)?,
            at: Instant::from_ms(row.get(7)?),
        })
    })
}

pub(super) fn activities(
    connection: &Connection,
    wanted: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<ActivityLine>, ReplicaError> {
    let sql = format!(
        "SELECT v.id, v.form, v.at_ms, o.name_zh, o.name_mong, o.name_cyrl, a.name_zh, a.name_mong, a.name_cyrl,
                EXISTS (SELECT 1 FROM log l WHERE l.record = v.id AND l.position IS NULL AND l.refused IS NULL)
         FROM activity v LEFT JOIN officer o ON o.id = v.officer LEFT JOIN area a ON a.id = v.area
         WHERE {wanted}"
    );
    rows(connection, &sql, values, |row| {
        Ok(ActivityLine {
            id: row.get(0)?,
            form: row.get(1)?,
            at: Instant::from_ms(row.get(2)?),
            officer_name: names(row, 3)?,
            area_name: names(row, 6)?,
            waiting: row.get(9)?,
        })
    })
}
