//! The bare SQLite work under a replication: the rows it left, inserted from memory.

use std::path::Path;
use std::time::{Duration, Instant};

use ailchin_core::record::{Fields, Household, Person};
use ailchin_core::replica::{FileKey, Replica};
use ailchin_core::text::index_tokens;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use crate::Failure;

pub(crate) const KEY: [u8; 32] = [42; 32];

/// Revisions in one transaction of the bare insert: as many as a pull brings.
const ROWS_A_TRANSACTION: usize = 5_000;

const TABLES: &[&str] = &["log", "record", "scope", "area", "officer", "household", "person", "visit", "task"];

/// A connection as a replica opens it.
pub(crate) fn open(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    let key = ailchin_core::sync::to_hex(&KEY);
    connection.pragma_update(None, "key", format!("x'{key}'"))?;
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -64 * 1024)?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Every row that a replication left, in memory.
pub(crate) struct Rows(Vec<(String, Vec<Vec<Sql>>)>);

impl Rows {
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let connection = open(path)?;
        let mut tables = Vec::new();
        for table in TABLES {
            // In the order in which they came: visits lie by household.
            let order = if *table == "visit" { " ORDER BY r" } else { "" };
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}{order}"))?;
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

    /// Makes an empty replica and inserts them.
    pub(crate) fn insert_into(&self, path: &Path) -> Result<Duration, Failure> {
        drop(Replica::open(path, Some(&FileKey::new(KEY)))?);
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

    /// What the bodies of the log take, packed all at once.
    pub(crate) fn packed_bytes(&self) -> Result<u64, Failure> {
        let log = self.0.iter().find(|(sql, _)| sql.contains(" log ")).map(|(_, rows)| rows.as_slice());
        let bodies = log.unwrap_or_default().iter().filter_map(|row| match row.get(8) {
            Some(Sql::Text(body)) => Some(body.as_str()),
            _ => None,
        });
        let ndjson = bodies.fold(String::new(), |all, body| all + body + "\n");
        Ok(zstd::bulk::compress(ndjson.as_bytes(), 3)?.len() as u64)
    }

    pub(crate) fn count(&self, table: &str) -> Result<u32, Failure> {
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
