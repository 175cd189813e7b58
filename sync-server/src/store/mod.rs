//! What the station holds, in SQLite: accounts, the log, receipts, sessions.
//!
//! One method of [`Store`] is one job is one transaction. The files beside this one hold the repository functions, which work in
//! the transaction they are given. All of it blocks: the server calls it from threads made for that.

mod accounts;
mod area;
mod blobs;
mod cells;
mod checkpoints;
mod device;
mod error;
mod feed;
mod invite;
mod log;
mod overview;
mod place;
mod push;
mod receipt;
mod schema;
mod session;
mod station;
mod token;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use accounts::{NewOfficer, OfficerRow};
pub use area::AreaRow;
pub use device::DeviceRow;
pub use error::StoreError;
pub use feed::PullLimits;
pub use overview::{Overview, TabletOverview};
pub use session::Access;
pub use station::{ConsoleChange, NewStation, StationRow};

use error::Fault;

/// Idle reading connections kept open; more are opened when more read at once.
const IDLE_READERS: usize = 8;

/// A station's store: one connection that writes, some that read.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Store {
    /// Opens the store at `path`, makes it if there is none, and brings an older one to today's form after keeping a copy.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] for the file of a newer program, which is left as it is; otherwise what the disk or SQLite says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::make_private_file(path)?;
        let mut writer = open_connection(path).map_err(|source| StoreError::Database { doing: "opening", source })?;
        schema::bring_up_to_date(&mut writer, path)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })
    }

    /// Writes everything committed so far into the main file, so that it can be copied alone.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn settle(&self) -> Result<(), StoreError> {
        lock(&self.readers).clear();
        lock(&self.writer)
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(|source| StoreError::Database { doing: "settling", source })
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn answers(&self) -> Result<(), StoreError> {
        self.read("looking whether it answers", |tx| {
            Ok(tx.query_row("SELECT count(*) FROM station", [], |row| row.get::<_, i64>(0)).map(|_| ())?)
        })
    }

    fn write<T>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let database = |source| StoreError::Database { doing, source };
        let mut writer = lock(&self.writer);
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(database)?;
        let done = job(&tx).map_err(|fault| fault.while_doing(doing))?;
        tx.commit().map_err(database)?;
        Ok(done)
    }

    fn read<T>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let database = |source| StoreError::Database { doing, source };
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => open_connection(&self.path).map_err(database)?,
        };
        let tx = reader.transaction().map_err(database)?;
        let done = job(&tx).map_err(|fault| fault.while_doing(doing));
        tx.finish().map_err(database)?;
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
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
