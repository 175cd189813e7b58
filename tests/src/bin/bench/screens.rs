//! Search and pages, each beside the least SQLite must read for the same answer; and memory.

use std::path::Path;
use std::process::Command;

use ailchin_core::ids::{DeviceId, OfficerId, RecordId};
use ailchin_core::replica::{FileKey, Replica};
use ailchin_core::text::match_expression;
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::{Machine, World as _};
use rusqlite::Connection;
use rusqlite::types::Value as Sql;

use crate::measure::{Samples, used};
use crate::replicate::Replicated;
use crate::rows::{KEY, open};
use crate::{Failure, say};

const LINES: u32 = 50;

/// What a question takes, and the least that SQLite must read for it.
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) search: bool,
    pub(crate) ours: Samples,
    pub(crate) bare: Samples,
}

/// Asks every kind of question of a filled replica, so many times.
pub(crate) fn measure(replicated: &Replicated, repeats: usize) -> Result<Vec<Asked>, Failure> {
    let connection = open(&replicated.path)?;
    let households = some_households(&connection)?;
    let officer: OfficerId = connection.query_row("SELECT id FROM officer LIMIT 1", [], |row| row.get(0))?;
    let device = replicated.door.device;
    let replica = &replicated.replica;
    let mut answers = Vec::new();

    for (what, words) in words(&connection)? {
        let (mut ours, mut bare) = (Samples::default(), Samples::default());
        for word in words.iter().cycle().take(repeats) {
            let query = HouseholdQuery { query: word.clone(), limit: LINES, ..HouseholdQuery::default() };
            let found = ours.time(|| replica.households(&query))?;
            if found.total == 0 {
                return Err(format!("{what}: {word} finds nothing").into());
            }
            let expression = match_expression(word).ok_or("a word that cannot be searched")?;
            bare.time(|| {
                read_all(&connection, "SELECT rowid FROM search WHERE search MATCH ?1", expression.clone().into())
            })?;
        }
        answers.push(Asked { what: format!("search, {what}"), search: true, ours, bare });
    }

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for household in households.iter().cycle().take(repeats) {
        ours.time(|| replica.household(*household, device, Machine.now()))?;
        bare.time(|| {
            PAGE_ROWS.iter().try_for_each(|sql| read_all(&connection, sql, household.as_bytes().to_vec().into()))
        })?;
    }
    answers.push(Asked { what: "household page".to_owned(), search: false, ours, bare });

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    let all = replica.households(&HouseholdQuery { limit: 1, ..HouseholdQuery::default() })?.total;
    for turn in 0..repeats {
        let offset = all.saturating_sub(LINES) * u32::try_from(turn)? / u32::try_from(repeats)?;
        let query = HouseholdQuery { offset, limit: LINES, ..HouseholdQuery::default() };
        ours.time(|| replica.households(&query))?;
        let sql = format!("SELECT * FROM household ORDER BY sort, r LIMIT {LINES} OFFSET ?1");
        bare.time(|| read_all(&connection, &sql, i64::from(offset).into()))?;
    }
    answers.push(Asked { what: format!("list of households, {LINES} lines anywhere"), search: false, ours, bare });

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for _ in 0..repeats {
        ours.time(|| replica.today(device, officer, Machine.now()))?;
        let until = Machine.now().day().plus_days(7).to_string();
        bare.time(|| {
            read_all(
                &connection,
                "SELECT * FROM task WHERE done = 0 AND due <= ?1 ORDER BY due LIMIT 200",
                until.into(),
            )
        })?;
    }
    answers.push(Asked { what: "Today".to_owned(), search: false, ours, bare });
    Ok(answers)
}

/// The rows that a household's page is made of; those of the log say what of it waits.
const PAGE_ROWS: &[&str] = &[
    "SELECT * FROM record WHERE id = ?1",
    "SELECT * FROM person WHERE household = ?1",
    "SELECT * FROM visit WHERE household = ?1 ORDER BY at_ms DESC LIMIT 200",
    "SELECT * FROM task WHERE household = ?1 ORDER BY at_ms DESC LIMIT 200",
    "SELECT position, refused FROM visit CROSS JOIN log ON log.record = visit.id WHERE visit.household = ?1",
    "SELECT position, refused FROM task CROSS JOIN log ON log.record = task.id WHERE task.household = ?1",
    "SELECT count(*) FROM household WHERE area = (SELECT area FROM household WHERE id = ?1)",
];

fn read_all(connection: &Connection, sql: &str, value: Sql) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([value])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            std::hint::black_box(row.get::<_, Sql>(column)?);
        }
    }
    Ok(())
}

fn some_households(connection: &Connection) -> Result<Vec<RecordId>, Failure> {
    let mut statement = connection.prepare("SELECT id FROM household ORDER BY id LIMIT 200")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Words of every script, taken from names that are there.
fn words(connection: &Connection) -> Result<Vec<(&'static str, Vec<String>)>, Failure> {
    let mut statement = connection.prepare(
        "SELECT name_zh, name_mong, name_cyrl, phone FROM person WHERE name_mong <> '' AND phone <> '' LIMIT 40",
    )?;
    let names = statement
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?
        .collect::<Result<Vec<[String; 4]>, _>>()?;
    let start = |text: &str, letters: usize| text.chars().take(letters).collect::<String>();
    let pinyin = |name: &[String; 4], from_word: usize, letters: usize| {
        let tokens = ailchin_core::text::index_tokens(&name[0]);
        let latin: Vec<&str> = tokens.split(' ').filter(|token| token.is_ascii()).collect();
        start(latin.get(from_word).copied().unwrap_or_default(), letters)
    };
    let each = |make: &dyn Fn(&[String; 4]) -> String| names.iter().map(make).filter(|word| !word.is_empty()).collect();
    Ok(vec![
        ("two Han characters", each(&|name| start(&name[0], 2))),
        ("pinyin", each(&|name| pinyin(name, 0, 5))),
        ("initials", each(&|name| pinyin(name, 1, 2))),
        ("one Latin letter", each(&|name| pinyin(name, 0, 1))),
        ("Mongolian", each(&|name| start(&name[1], 4))),
        ("Cyrillic", each(&|name| start(&name[2], 4))),
        (
            "last four digits",
            each(&|name| name[3].chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect()),
        ),
    ])
}

/// The most memory, in MiB, that a fresh process needs to open the replica and ask.
pub(crate) fn memory_in_child(replicated: &Replicated) -> Result<u64, Failure> {
    let said = Command::new(std::env::current_exe()?).arg("memory").arg(&replicated.path).output()?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned().into());
    }
    Ok(String::from_utf8(said.stdout)?.trim().parse()?)
}

/// Opens a replica, asks, and prints the peak memory of this process in MiB.
pub(crate) fn memory(path: &Path) -> Result<(), Failure> {
    let replica = Replica::open(path, Some(&FileKey::new(KEY)))?;
    let connection = open(path)?;
    let device = DeviceId::from_bytes([0; 16]);
    for household in some_households(&connection)? {
        replica.household(household, device, Machine.now())?;
    }
    for (_, words) in words(&connection)? {
        for query in words {
            replica.households(&HouseholdQuery { query, limit: 500, ..HouseholdQuery::default() })?;
        }
    }
    replica.recount()?;
    say(&used("self")?.peak_mib.to_string());
    Ok(())
}
