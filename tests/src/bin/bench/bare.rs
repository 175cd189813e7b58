//! Replication and saving, each beside the bare SQLite work under it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use ailchin_core::device::StationDoors as _;
use ailchin_core::ids::{AreaId, OfficerId, RecordId};
use ailchin_core::record::{Fields, Household, Kind, Person};
use ailchin_core::replica::{Author, Change, FileKey, Replica};
use ailchin_core::text::index_tokens;
use ailchin_core::world::Machine;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;

use crate::measure::Samples;
use crate::station::{Door, Station};
use crate::{Failure, note};

pub(crate) const KEY: [u8; 32] = [42; 32];

/// Revisions in one transaction of the bare insert: as many as a pull brings.
const ROWS_A_TRANSACTION: usize = 5_000;

const TABLES: &[&str] = &["log", "record", "scope", "area", "officer", "household", "person", "visit", "task"];

pub(crate) struct Replicated {
    pub(crate) path: PathBuf,
    pub(crate) replica: Replica,
    pub(crate) door: Door,
    pub(crate) records: u32,
    pub(crate) revisions: u32,
    pub(crate) whole: Samples,
    pub(crate) receive: Samples,
    pub(crate) insert: Samples,
    pub(crate) wire_bytes: u64,
    pub(crate) zstd_bytes: u64,
}

/// Replicates the station several times, each time beside the bare insert of the same rows; keeps the last replica.
pub(crate) fn replicate(station: &Station, folder: &Path, times: usize) -> Result<Replicated, Failure> {
    let (mut whole, mut receive, mut insert) = (Samples::default(), Samples::default(), Samples::default());
    let mut last = None;
    for time in 0..times {
        let path = folder.join(format!("replica-{time}.db"));
        let door = station.enrol()?;
        let mut replica = Replica::open(&path, Some(&FileKey::new(KEY)))?;
        replica.set_scopes(&door.scopes)?;
        let begun = Instant::now();
        let mut receiving = std::time::Duration::ZERO;
        let (mut after, mut wire_bytes) = (0, 0);
        loop {
            let packed = door.transport.pull(after)?;
            wire_bytes += packed.len() as u64;
            let unpacking = Instant::now();
            let pulled = ailchin_core::sync::read_batch(&packed)?;
            replica.receive(door.device, &pulled, Some(pulled.end.end), ailchin_core::world::World::now(&Machine))?;
            receiving += unpacking.elapsed();
            after = pulled.end.end;
            if !pulled.end.more {
                break;
            }
        }
        whole.add(begun.elapsed());
        receive.add(receiving);

        let rows = Rows::of(&path)?;
        let bare = folder.join(format!("bare-{time}.db"));
        drop(Replica::open(&bare, Some(&FileKey::new(KEY)))?);
        insert.add(rows.insert_into(&bare)?);
        note(&format!("replication {} of {times}", time + 1));
        last = Some((path, replica, door, wire_bytes, rows));
    }
    let (path, replica, door, wire_bytes, rows) = last.ok_or("nothing was replicated")?;
    let ndjson: String = rows.bodies().fold(String::new(), |all, body| all + body + "\n");
    let zstd_bytes = zstd::bulk::compress(ndjson.as_bytes(), 3)?.len() as u64;
    let (records, revisions) = (rows.count("record")?, rows.count("log")?);
    Ok(Replicated { path, replica, door, records, revisions, whole, receive, insert, wire_bytes, zstd_bytes })
}

/// Saves visits, in turn with bare one-row transactions on the same file.
pub(crate) fn save(replicated: &mut Replicated) -> Result<(Samples, Samples), Failure> {
    const BLOCKS: usize = 10;
    const A_BLOCK: usize = 40;
    let connection = open(&replicated.path)?;
    connection.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")?;
    let (household, area, officer) = somebody(&connection)?;
    let author = Author { device: replicated.door.device, officer };
    let (mut ours, mut one_row) = (Samples::default(), Samples::default());
    for _ in 0..BLOCKS {
        for _ in 0..A_BLOCK {
            let fields = visit_fields(household, officer);
            let change = Change { record: RecordId::new(&Machine), kind: Kind::Visit, area, fields };
            ours.time(|| replicated.replica.save(author, &Machine, std::slice::from_ref(&change)))?;
        }
        for _ in 0..A_BLOCK {
            let body = serde_json::to_string(&visit_fields(household, officer))?;
            one_row.time(|| {
                connection.execute_batch("BEGIN IMMEDIATE")?;
                connection.prepare_cached("INSERT INTO bare (body) VALUES (?1)")?.execute([&body])?;
                connection.execute_batch("COMMIT")
            })?;
        }
    }
    Ok((ours, one_row))
}

pub(crate) fn open(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    let key = ailchin_core::sync::to_hex(&KEY);
    connection.pragma_update(None, "key", format!("x'{key}'"))?;
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -64 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn somebody(connection: &Connection) -> Result<(RecordId, AreaId, OfficerId), Failure> {
    let (household, area) =
        connection.query_row("SELECT id, area FROM household LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((household, area, connection.query_row("SELECT id FROM officer LIMIT 1", [], |row| row.get(0))?))
}

fn visit_fields(household: RecordId, officer: OfficerId) -> Fields {
    let submission = "<data id=\"household_visit\"><outcome>visited</outcome></data>".repeat(20);
    Fields::from([
        ("household".to_owned(), json!(household)),
        ("officer".to_owned(), json!(officer)),
        ("visited_at_ms".to_owned(), json!(ailchin_core::world::World::now(&Machine))),
        ("form".to_owned(), json!("household_visit")),
        ("answer.outcome".to_owned(), json!("visited")),
        ("answer.present_count".to_owned(), json!(3)),
        ("answer.purpose".to_owned(), json!("visit")),
        ("answer.topics".to_owned(), json!(["fraud", "fire"])),
        ("answer.opinions".to_owned(), json!("希望修一修去夏营盘的路，雨后过不去。")),
        ("submission".to_owned(), json!(submission)),
    ])
}

/// Every row that a replication left, in memory.
struct Rows(Vec<(String, Vec<Vec<Sql>>)>);

impl Rows {
    fn of(path: &Path) -> Result<Self, Failure> {
        let connection = open(path)?;
        let mut tables = Vec::new();
        for table in TABLES {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = statement.column_count();
            let rows = statement
                .query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?
                .collect::<Result<Vec<Vec<Sql>>, _>>()?;
            let marks: Vec<String> = (1..=columns).map(|column| format!("?{column}")).collect();
            tables.push((format!("INSERT OR REPLACE INTO {table} VALUES ({})", marks.join(", ")), rows));
        }
        let mut tokens = Vec::new();
        let mut statement =
            connection.prepare("SELECT r, kind, fields FROM record WHERE kind IN ('household', 'person')")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let fields: Fields = serde_json::from_str(&row.get::<_, String>(2)?)?;
            tokens.push(vec![row.get(0)?, Sql::from(tokens_of(&row.get::<_, String>(1)?, &fields))]);
        }
        tables.push(("INSERT INTO search (rowid, tokens) VALUES (?1, ?2)".to_owned(), tokens));
        Ok(Self(tables))
    }

    fn insert_into(&self, path: &Path) -> Result<std::time::Duration, Failure> {
        let connection = open(path)?;
        let begun = Instant::now();
        for (sql, rows) in &self.0 {
            for some in rows.chunks(ROWS_A_TRANSACTION) {
                connection.execute_batch("BEGIN IMMEDIATE")?;
                let mut statement = connection.prepare_cached(sql)?;
                for row in some {
                    statement.execute(params_from_iter(row))?;
                }
                connection.execute_batch("COMMIT")?;
            }
        }
        Ok(begun.elapsed())
    }

    fn bodies(&self) -> impl Iterator<Item = &str> {
        let log = self.0.iter().find(|(sql, _)| sql.contains(" log ")).map(|(_, rows)| rows.as_slice());
        log.unwrap_or_default().iter().filter_map(|row| match row.get(8) {
            Some(Sql::Text(body)) => Some(body.as_str()),
            _ => None,
        })
    }

    fn count(&self, table: &str) -> Result<u32, Failure> {
        let rows = self.0.iter().find(|(sql, _)| sql.contains(&format!(" {table} "))).map_or(0, |(_, rows)| rows.len());
        Ok(u32::try_from(rows)?)
    }
}

fn tokens_of(kind: &str, fields: &Fields) -> String {
    let mut texts = Vec::new();
    let name = if kind == "household" {
        let household = Household::read(fields);
        texts.push(household.phone);
        texts.extend(household.places.into_iter().flat_map(|place| [place.name.zh, place.name.mong]));
        household.name
    } else {
        let person = Person::read(fields);
        texts.push(person.phone);
        person.name
    };
    texts.extend([name.zh, name.mong, name.cyrl]);
    texts.iter().map(|text| index_tokens(text)).collect::<Vec<_>>().join(" ")
}
