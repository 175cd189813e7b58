//! Saving a visit, in turn with bare one-row transactions on the same file.

use std::path::Path;

use ailchin_core::ids::{AreaId, OfficerId, RecordId};
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Author, Change};
use ailchin_core::world::Machine;
use rusqlite::Connection;
use serde_json::json;

use crate::Failure;
use crate::measure::Samples;
use crate::replicate::Replicated;
use crate::rows::open;

const BLOCKS: usize = 10;
const A_BLOCK: usize = 40;

/// What a save and a bare transaction take, in time and in pages of the file that they write.
pub(crate) struct Saves {
    pub(crate) ours: Samples,
    pub(crate) one_row: Samples,
    pub(crate) our_pages: f64,
    pub(crate) one_rows_pages: f64,
}

pub(crate) fn measure(replicated: &mut Replicated) -> Result<Saves, Failure> {
    let path = replicated.path.clone();
    let connection = open(&path)?;
    connection.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")?;
    let (household, area, officer) = somebody(&connection)?;
    let author = Author { device: replicated.door.device, officer };
    let mut saves =
        Saves { ours: Samples::default(), one_row: Samples::default(), our_pages: 0.0, one_rows_pages: 0.0 };
    for _ in 0..BLOCKS {
        empty_log(&connection)?;
        for _ in 0..A_BLOCK {
            let fields = visit_fields(household, officer);
            let change = Change { record: RecordId::new(&Machine), kind: Kind::Visit, area, fields };
            saves.ours.time(|| replicated.replica.save(author, &Machine, std::slice::from_ref(&change)))?;
        }
        saves.our_pages += pages_logged(&path)? / (BLOCKS * A_BLOCK) as f64;
        empty_log(&connection)?;
        for _ in 0..A_BLOCK {
            let body = serde_json::to_string(&visit_fields(household, officer))?;
            saves.one_row.time(|| {
                connection.execute_batch("BEGIN IMMEDIATE")?;
                connection.prepare_cached("INSERT INTO bare (body) VALUES (?1)")?.execute([&body])?;
                connection.execute_batch("COMMIT")
            })?;
        }
        saves.one_rows_pages += pages_logged(&path)? / (BLOCKS * A_BLOCK) as f64;
    }
    Ok(saves)
}

fn empty_log(connection: &Connection) -> Result<(), Failure> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// The pages in the write-ahead log: a header of 32 bytes, then each page with 24 bytes before it.
fn pages_logged(path: &Path) -> Result<f64, Failure> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Ok(std::fs::metadata(log)?.len().saturating_sub(32) as f64 / (4_096.0 + 24.0))
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
