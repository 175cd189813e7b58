//! How a store comes to today's form: forward only, each step all or nothing, of a file a copy before the first.
//!
//! A step is written once, in SQLite's words.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use postgres::Client;
use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;
use super::sql::DatabaseError;

/// The steps, oldest first. Step `n` leads from form `n` to form `n + 1`.
const STEPS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// Makes the file readable by its owner only: it holds the station's keys.
pub(super) fn make_private_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ()).map_err(|source| StoreError::File { doing: "making the store's file", source })
}

/// Brings the file to today's form.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    walk(connection, path, STEPS)
}

fn walk(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let database = |source: rusqlite::Error| StoreError::Database {
        doing: "bringing the store to today's form",
        source: source.into(),
    };
    let found = form_of(connection).map_err(database)?;
    if found > steps.len() {
        return Err(StoreError::TooNew { found, known: steps.len() });
    }
    if found > 0 && found < steps.len() {
        keep_copy(connection, &copy_path(path, found))?;
    }
    for (index, step) in steps.iter().enumerate().skip(found) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
        // Two programs may have opened the same old file at once: the second finds the step done.
        if form_of(&tx).map_err(database)? == index {
            tx.execute_batch(step).map_err(database)?;
            tx.pragma_update(None, "user_version", index + 1).map_err(database)?;
        }
        tx.commit().map_err(database)?;
    }
    Ok(())
}

fn form_of(connection: &Connection) -> rusqlite::Result<usize> {
    connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).map(|form| form as usize)
}

fn copy_path(path: &Path, form: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".form-{form}"));
    PathBuf::from(name)
}

fn keep_copy(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Ok(());
    }
    connection
        .execute("VACUUM INTO ?1", [to.to_string_lossy()])
        .map(|_| ())
        .map_err(|source| StoreError::Database { doing: "keeping a copy before the first step", source: source.into() })
}

/// Brings a database to today's form: in one transaction, and one server at a time.
pub(super) fn bring_database_up_to_date(client: &mut Client) -> Result<(), StoreError> {
    let database = |source: postgres::Error| StoreError::Database {
        doing: "bringing the store to today's form",
        source: DatabaseError::from(source),
    };
    let mut tx = client.transaction().map_err(database)?;
    tx.batch_execute(LOCK).map_err(database)?;
    let rows = tx.query("SELECT form FROM store_form", &[]).map_err(database)?;
    let found: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(database)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > STEPS.len() {
        return Err(StoreError::TooNew { found, known: STEPS.len() });
    }
    for step in STEPS.iter().skip(found) {
        tx.batch_execute(&in_postgres(step)).map_err(database)?;
    }
    tx.batch_execute(&format!("DELETE FROM store_form; INSERT INTO store_form VALUES ({})", STEPS.len()))
        .map_err(database)?;
    tx.commit().map_err(database)
}

/// Servers that start at the same moment wait here for one another.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7883949046);
    CREATE TABLE IF NOT EXISTS store_form (form BIGINT NOT NULL)";

/// A step in PostgreSQL's words. Texts compare by their bytes there too.
fn in_postgres(step: &str) -> String {
    const WORDS: &[(&str, &str)] = &[("BLOB", "BYTEA"), ("INTEGER", "BIGINT"), ("TEXT", "TEXT COLLATE \"C\"")];
    let mut text = String::with_capacity(step.len());
    for line in step.lines() {
        let line = line.replace(") STRICT, WITHOUT ROWID;", ");").replace(") STRICT;", ");");
        let mut words = line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in &mut words {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            match WORDS.iter().find(|(sqlite, _)| *sqlite == bare) {
                Some((_, postgres)) => {
                    text.push_str(postgres);
                    text.push_str(word.get(bare.len()..).unwrap_or_default());
                }
                None => text.push_str(word),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.db");
        (folder, path)
    }

    #[test]
    fn the_file_of_a_newer_program_is_refused_and_left_as_it_is() {
        let (_folder, path) = file();
        let mut connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = bring_up_to_date(&mut connection, &path);
        assert!(matches!(refused, Err(StoreError::TooNew { found: 99, known: 3 })), "{refused:?}");
        assert_eq!(form_of(&connection).unwrap(), 99);
    }

    #[test]
    fn a_step_on_an_older_file_leaves_a_copy_of_it() {
        let (_folder, path) = file();
        let mut connection = Connection::open(&path).unwrap();
        let first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
        walk(&mut connection, &path, &[first]).unwrap();
        walk(&mut connection, &path, &[first, "ALTER TABLE a ADD COLUMN y INTEGER;"]).unwrap();
        assert_eq!(form_of(&connection).unwrap(), 2);
        let copy = Connection::open(copy_path(&path, 1)).unwrap();
        assert_eq!(form_of(&copy).unwrap(), 1);
        assert_eq!(copy.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
    }

    #[test]
    fn a_step_that_fails_changes_nothing() {
        let (_folder, path) = file();
        let mut connection = Connection::open(&path).unwrap();
        let broken = "CREATE TABLE b (x INTEGER); CREATE TABLE nonsense (;";
        assert!(walk(&mut connection, &path, &[broken]).is_err());
        assert_eq!(form_of(&connection).unwrap(), 0);
        assert!(connection.query_row("SELECT * FROM b", [], |_| Ok(())).is_err());
    }
}
