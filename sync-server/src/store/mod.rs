//! What the station holds, in SQLite or PostgreSQL: accounts, the log, receipts, sessions.
//!
//! One method of [`Store`] is one job is one transaction. The files beside this one hold the repository functions, which work in
//! the transaction they are given. All of it blocks: the server calls it from threads made for that.

mod accounts;
mod address;
mod admission;
mod area;
mod blobs;
mod bundle;
mod device;
mod erase;
mod error;
mod feed;
mod findings;
mod give;
mod invite;
mod log;
mod moving;
mod officer_areas;
mod overview;
mod packs;
mod place;
mod push;
mod ranges;
mod receipt;
mod records;
mod retention;
mod schema;
mod session;
mod sql;
mod station;
mod stretches;
mod token;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::world::World;

pub use accounts::{NewOfficer, OfficerRow};
pub use address::{AddressError, StoreAddress};
pub use admission::LastWork;
pub use area::AreaRow;
pub use bundle::BundleRow;
pub use device::DeviceRow;
pub use error::StoreError;
pub use feed::{FeedLine, PullLimits};
pub use findings::{Found, Rules};
pub use give::Given;
pub use moving::Moved;
pub use overview::{Overview, TabletOverview};
pub use packs::PackRow;
pub use records::FoundRecord;
pub use retention::{Due, PastRetention};
pub use session::Access;
pub use sql::DatabaseError;
pub use station::{ConsoleChange, NewStation, StationRow};

use address::Place;
use error::Fault;
use sql::{Pool, SqliteFile, Tx};

/// A station's store.
#[derive(Debug)]
pub struct Store {
    database: Database,
    /// The name under which this program writes for the console of each station. A program that starts takes a new one: should
    /// the store have been put back to an older copy, its log can meet no other.
    consoles: Mutex<BTreeMap<StationId, DeviceId>>,
}

#[derive(Debug)]
enum Database {
    Sqlite(SqliteFile),
    Postgres(Pool),
}

impl Store {
    /// Opens the store at `path`, makes it if there is none, and brings an older one to today's form after keeping a copy.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] for the file of a newer program, which is left as it is; otherwise what the disk or SQLite says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(Database::Sqlite(SqliteFile::open(path)?))
    }

    /// Opens the store at an address; `file` is what an empty one means. In PostgreSQL several servers may have the same store
    /// open.
    ///
    /// # Errors
    /// [`StoreError::Address`] for an address that leads nowhere; otherwise as [`Store::open`].
    pub fn at(address: &StoreAddress, file: &Path) -> Result<Self, StoreError> {
        match address.read(file).map_err(StoreError::Address)? {
            Place::File(path) => Self::open(&path),
            Place::Postgres(config, tls) => Self::over(Database::Postgres(Pool::open(*config, tls)?)),
        }
    }

    fn over(database: Database) -> Result<Self, StoreError> {
        let store = Self { database, consoles: Mutex::default() };
        station::file_everything(&store)?;
        Ok(store)
    }

    /// The name under which this program writes for a station's console.
    fn console(&self, station: StationId, world: &dyn World) -> DeviceId {
        let mut consoles = self.consoles.lock().unwrap_or_else(PoisonError::into_inner);
        *consoles.entry(station).or_insert_with(|| DeviceId::new(world))
    }

    fn writes_as(&self, station: StationId, console: DeviceId) {
        self.consoles.lock().unwrap_or_else(PoisonError::into_inner).insert(station, console);
    }

    /// Writes everything committed so far into the main file, so that it can be copied alone, and lets go of what is idle.
    ///
    /// # Errors
    /// What the database says.
    pub fn settle(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(file) => {
                file.settle().map_err(|source| StoreError::Database { doing: "settling", source })
            }
            Database::Postgres(pool) => {
                pool.settle();
                Ok(())
            }
        }
    }

    /// Writes a copy of the store's file as it is at this moment; `false` if the store is no file.
    ///
    /// # Errors
    /// What the database says; also if there is a file of that name.
    pub fn back_up(&self, to: &Path) -> Result<bool, StoreError> {
        match &self.database {
            Database::Sqlite(file) => {
                file.copy_to(to).map(|()| true).map_err(|source| StoreError::Database { doing: "copying", source })
            }
            Database::Postgres(_) => Ok(false),
        }
    }

    /// Overwrites what was deleted, wherever the database may still have it.
    fn overwrite_what_was_erased(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(file) => file.settle(),
            Database::Postgres(pool) => pool.vacuum(),
        }
        .map_err(|source| StoreError::Database { doing: "overwriting what was erased", source })
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// What the database says.
    pub fn answers(&self) -> Result<(), StoreError> {
        self.read("looking whether it answers", |tx| tx.exists("SELECT station FROM station LIMIT 1", &[]).map(|_| ()))
    }

    /// Does a job that writes. On PostgreSQL it may be begun anew if another transaction was in the way: it must do the same
    /// again. A job for a station begins with `station::require`, which locks the station's row.
    fn write<T>(&self, doing: &'static str, job: impl FnMut(&Tx<'_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.database.write(job).map_err(|fault| fault.while_doing(doing))
    }

    /// Does a job that only reads: one view of the store from beginning to end.
    fn read<T>(&self, doing: &'static str, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.database.read(job).map_err(|fault| fault.while_doing(doing))
    }
}

impl Database {
    fn write<T>(&self, job: impl FnMut(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Sqlite(file) => file.write(job),
            Self::Postgres(pool) => pool.write(job),
        }
    }

    fn read<T>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Sqlite(file) => file.read(job),
            Self::Postgres(pool) => pool.read(job),
        }
    }
}
