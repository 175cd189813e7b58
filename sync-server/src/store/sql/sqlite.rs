//! SQLite: a file with one connection that writes and some that read.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter};

use super::super::error::{Fault, StoreError};
use super::super::schema;
use super::{Cell, DatabaseError, Row, Tx};

/// Idle reading connections kept open; more are opened when more read at once.
const IDLE_READERS: usize = 8;

/// A store in a file.
#[derive(Debug)]
pub(in crate::store) struct SqliteFile {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteFile {
    pub(in crate::store) fn open(path: &Path) -> Result<Self, StoreError> {
        schema::make_private_file(path)?;
        let mut writer =
            open_connection(path).map_err(|source| StoreError::Database { doing: "opening", source: source.into() })?;
        schema::bring_up_to_date(&mut writer, path)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })
    }

    /// Writes everything committed so far into the main file.
    pub(in crate::store) fn settle(&self) -> Result<(), DatabaseError> {
        lock(&self.readers).clear();
        Ok(lock(&self.writer).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Writes a copy of the file as it is at this moment.
    pub(in crate::store) fn copy_to(&self, to: &Path) -> Result<(), DatabaseError> {
        let reader = open_connection(&self.path)?;
        reader.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
        Ok(())
    }

    pub(in crate::store) fn write<T>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut writer = lock(&self.writer);
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(DatabaseError::from)?;
        let done = job(&Tx::sqlite(&tx, true))?;
        tx.commit().map_err(DatabaseError::from)?;
        Ok(done)
    }

    pub(in crate::store) fn read<T>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => open_connection(&self.path).map_err(DatabaseError::from)?,
        };
        let tx = reader.transaction().map_err(DatabaseError::from)?;
        let done = job(&Tx::sqlite(&tx, false));
        tx.finish().map_err(DatabaseError::from)?;
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
        done
    }
}

/// A panic in one job rolled its transaction back; the connection itself is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(20))?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Cell::Null => ValueRef::Null,
            Cell::Number(number) => ValueRef::Integer(number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn execute(tx: &Transaction<'_>, sql: &str, cells: &[Cell<'_>]) -> Result<u64, DatabaseError> {
    let mut statement = tx.prepare_cached(sql)?;
    debug_assert!(in_order(&statement), "parameters must first appear in ascending order: {sql}");
    let changed = statement.execute(params_from_iter(cells))?;
    Ok(changed as u64)
}

pub(super) fn each(
    tx: &Transaction<'_>,
    sql: &str,
    cells: &[Cell<'_>],
    take: &mut dyn FnMut(&Row<'_>) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    let mut statement = tx.prepare_cached(sql).map_err(DatabaseError::from)?;
    debug_assert!(in_order(&statement), "parameters must first appear in ascending order: {sql}");
    let mut rows = statement.query(params_from_iter(cells)).map_err(DatabaseError::from)?;
    while let Some(row) = rows.next().map_err(DatabaseError::from)? {
        if take(&Row::Sqlite(row))?.is_break() {
            break;
        }
    }
    Ok(())
}

fn in_order(statement: &rusqlite::Statement<'_>) -> bool {
    (1..=statement.parameter_count()).all(|n| statement.parameter_name(n) == Some(format!("${n}").as_str()))
}

pub(super) fn cell<'r>(row: &'r rusqlite::Row<'_>, column: &str) -> Result<Cell<'r>, DatabaseError> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Number(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text);
            text.map(Cell::Text).map_err(|_| DatabaseError::Cell { column: column.to_owned() })
        }
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes)),
        ValueRef::Real(_) => Err(DatabaseError::Cell { column: column.to_owned() }),
    }
}
