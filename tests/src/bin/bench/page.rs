//! Search and pages, each beside the least SQLite must read for the same answer; and memory.

use std::path::Path;
use std::process::Command;

use ailchin_core::ids::{DeviceId, OfficerId, RecordId};
use ailchin_core::replica::{FileKey, Replica};
use ailchin_core::text::match_expression;
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::{Machine, World as _};
use rusqlite::Connection;

use crate::bare::{KEY, Replicated, open};
use crate::measure::Samples;
use crate::{Failure, say};

const REPEATS: usize = 300;
const LINES: u32 = 50;

/// Asks every kind of question of a filled replica.
pub(crate) fn queries(replicated: &Replicated) -> Result<Vec<(String, Samples, Samples)>, Failure> {
    let connection = open(&replicated.path)?;
    let households = some_households(&connection)?;
    let officer: OfficerId = connection.query_row("SELECT id FROM officer LIMIT 1", [], |row| row.get(0))?;
    let device = replicated.door.device;
    let replica = &replicated.replica;
    let mut answers = Vec::new();

    for (what, words) in words(&connection)? {
        let (mut ours, mut bare) = (Samples::default(), Samples::default());
        for word in words.iter().cycle().take(REPEATS) {
            let query = HouseholdQuery { query: word.clone(), limit: LINES, ..HouseholdQuery::default() };
            let found = ours.time(|| replica.households(&query))?;
            if found.total == 0 {
                return Err(format!("{what}: {word} finds nothing").into());
            }
            let expression = match_expression(word).ok_or("a word that cannot be searched")?;
            bare.time(|| ids(&connection, "SELECT rowid FROM search WHERE search MATCH ?1 LIMIT 2000", &expression))?;
        }
        answers.push((format!("search, {what}"), ours, bare));
    }

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for household in households.iter().cycle().take(REPEATS) {
        ours.time(|| replica.household(*household, device, Machine.now()))?;
        bare.time(|| {
            connection
                .prepare_cached("SELECT count(*), max(v.at_ms) FROM household h JOIN visit v ON v.household = h.id WHERE h.id = ?1")?
                .query_row([household], |row| row.get::<_, i64>(0))
        })?;
    }
    answers.push(("household page".to_owned(), ours, bare));

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    let all = u32::try_from(replica.households(&HouseholdQuery::default())?.total)?;
    for turn in 0..REPEATS {
        let offset = all.saturating_sub(LINES) * u32::try_from(turn)? / u32::try_from(REPEATS)?;
        let query = HouseholdQuery { offset, limit: LINES, ..HouseholdQuery::default() };
        ours.time(|| replica.households(&query))?;
        let sql = format!("SELECT r FROM household WHERE ?1 = '' ORDER BY sort, r LIMIT {LINES} OFFSET {offset}");
        bare.time(|| ids(&connection, &sql, ""))?;
    }
    answers.push((format!("list of households, {LINES} lines anywhere"), ours, bare));

    let (mut ours, mut bare) = (Samples::default(), Samples::default());
    for _ in 0..REPEATS {
        ours.time(|| replica.today(device, officer, Machine.now()))?;
        bare.time(|| ids(&connection, "SELECT r FROM task WHERE done = 0 AND due <= '2999' AND ?1 = '' LIMIT 200", ""))?;
    }
    answers.push(("Today".to_owned(), ours, bare));
    Ok(answers)
}

fn ids(connection: &Connection, sql: &str, value: &str) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([value], |row| row.get::<_, i64>(0))?;
    Ok(rows.count())
}

fn some_households(connection: &Connection) -> Result<Vec<RecordId>, Failure> {
    let mut statement = connection.prepare("SELECT id FROM household ORDER BY id LIMIT 200")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Words of every script, taken from names that are there.
fn words(connection: &Connection) -> Result<Vec<(&'static str, Vec<String>)>, Failure> {
    let mut statement = connection
        .prepare("SELECT name_zh, name_mong, name_cyrl, phone FROM person WHERE name_mong <> '' AND phone <> '' LIMIT 40")?;
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
        ("last four digits", each(&|name| name[3].chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect())),
    ])
}

/// The most memory that a fresh process needs to open the replica and ask.
pub(crate) fn memory_in_child(replicated: &Replicated) -> Result<String, Failure> {
    let said = Command::new(std::env::current_exe()?).arg("memory").arg(&replicated.path).output()?;
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).into_owned().into());
    }
    Ok(String::from_utf8(said.stdout)?.trim().to_owned())
}

/// Opens a replica, asks, and prints the peak memory of this process.
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
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    say(&format!("{} MiB", kib / 1024));
    Ok(())
}
