//! Finding households, and the areas to filter them by.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params};

use super::{rows, small};
use crate::ids::AreaId;
use crate::record::Level;
use crate::replica::people::names;
use crate::replica::{Replica, ReplicaError};
use crate::time::Instant;
use crate::view::{AreaLine, HouseholdLine, HouseholdList, HouseholdQuery};

const MAX_LINES: u32 = 500;

impl Replica {
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
    /// household's own and then by its members. A single letter with which very many names begin finds those only.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn households(&self, query: &HouseholdQuery) -> Result<HouseholdList, ReplicaError> {
        let typed = query.query.trim_matches(' ');
        let words = match crate::text::match_expression(typed) {
            None if !typed.is_empty() => return Ok(HouseholdList { total: 0, lines: Vec::new() }),
            words => words,
        };
        let letter = typed.bytes().next().filter(|letter| typed.len() == 1 && letter.is_ascii_alphabetic());
        let letter = letter.map(|letter| char::from(letter.to_ascii_lowercase()).to_string());
        self.reading(|connection| match letter {
            Some(letter) if begins_many(connection, &letter)? => {
                find_households(connection, Asked::Begins(letter), query)
            }
            _ => find_households(connection, words.map_or(Asked::All, Asked::Words), query),
        })
    }
}

/// What is looked for.
enum Asked {
    All,
    /// What the index matches.
    Words(String),
    /// Names that begin with a letter.
    Begins(String),
}

/// With so many names behind a letter nobody misses those in which it only stands.
const MANY: u32 = 200;

fn begins_many(connection: &Connection, letter: &str) -> Result<bool, ReplicaError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM household INDEXED BY household_in_order
               WHERE sort >= ?1 AND sort < ?1 || '{' LIMIT ?2)";
    Ok(small(connection, sql, params![letter, MANY])? >= MANY)
}

fn find_households(
    connection: &Connection,
    asked: Asked,
    query: &HouseholdQuery,
) -> Result<HouseholdList, ReplicaError> {
    let area = query.area.map_or(Sql::Null, |area| Sql::from(area.as_bytes().to_vec()));
    let found = match (&asked, query.area) {
        (Asked::Words(_), _) => {
            "hit (r, through) AS MATERIALIZED (
               SELECT coalesce(p.home, s.rowid), min(p.r IS NOT NULL)
               FROM search s LEFT JOIN person p ON p.r = s.rowid WHERE s.search MATCH ?2 GROUP BY 1),
             found (r, through, sort) AS MATERIALIZED (
               SELECT h.r, hit.through, h.sort FROM hit CROSS JOIN household h ON h.r = hit.r
               WHERE ?1 IS NULL OR h.area = ?1)"
        }
        (Asked::All, Some(_)) => "found (r) AS (SELECT r FROM household WHERE area = ?1 AND ?2 IS NULL)",
        (Asked::All, None) => "found (r) AS (SELECT r FROM household WHERE ?1 IS NULL AND ?2 IS NULL)",
        (Asked::Begins(_), Some(_)) => {
            "found (r) AS (SELECT r FROM household INDEXED BY household_in_area
               WHERE area = ?1 AND sort >= ?2 AND sort < ?2 || '{')"
        }
        (Asked::Begins(_), None) => {
            "found (r) AS (SELECT r FROM household INDEXED BY household_in_order
               WHERE ?1 IS NULL AND sort >= ?2 AND sort < ?2 || '{')"
        }
    };
    let (through, of_found, order) = match (&asked, query.area) {
        (Asked::Words(_), _) => ("through", "found h", "h.through, h.sort, h.r"),
        (Asked::All, Some(_)) => ("0", "household h INDEXED BY household_in_area WHERE h.area = ?1", "h.sort, h.r"),
        (Asked::All, None) => ("0", "household h INDEXED BY household_in_order", "h.sort, h.r"),
        (Asked::Begins(_), Some(_)) => (
            "0",
            "household h INDEXED BY household_in_area WHERE h.area = ?1 AND h.sort >= ?2 AND h.sort < ?2 || '{'",
            "h.sort, h.r",
        ),
        (Asked::Begins(_), None) => {
            ("0", "household h INDEXED BY household_in_order WHERE h.sort >= ?2 AND h.sort < ?2 || '{'", "h.sort, h.r")
        }
    };
    let sql = format!(
        "WITH {found}, page (r, through, sort) AS MATERIALIZED (
           SELECT h.r, {through}, h.sort FROM {of_found} ORDER BY {order} LIMIT ?3 OFFSET ?4)
         SELECT h.id, h.name_zh, h.name_mong, h.name_cyrl, h.phone, h.camp, a.name_zh, a.name_mong, a.name_cyrl,
                (SELECT max(v.at_ms) FROM visit v WHERE v.household = h.id),
                (SELECT count(*) FROM task t WHERE t.household = h.id AND t.done = 0),
                EXISTS (SELECT 1 FROM record c WHERE c.r = h.r AND c.conflicts IS NOT NULL),
                (SELECT count(*) FROM found)
         FROM page JOIN household h ON h.r = page.r LEFT JOIN area a ON a.id = h.area
         ORDER BY page.through, page.sort, page.r"
    );
    let words = match asked {
        Asked::All => Sql::Null,
        Asked::Words(text) | Asked::Begins(text) => Sql::from(text),
    };
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

pub(super) fn areas_above(connection: &Connection, smallest: AreaId) -> Result<Vec<AreaLine>, ReplicaError> {
    let mut areas: Vec<AreaLine> = Vec::new();
    let mut next = Some(smallest);
    while let Some(id) = next.filter(|id| areas.len() < 8 && areas.iter().all(|area| area.id != *id)) {
        let Some(line) = area_lines(connection, "a.id = ?1", [id])?.pop() else { break };
        next = line.parent;
        areas.push(line);
    }
    Ok(areas)
}

pub(in crate::replica) fn area_lines(
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
