//! One device's copy in SQLite: the log, and the views of it that answer the screens.
//!
//! The log is the truth; records, projections, search rows and per-scope digests follow from it and can be rebuilt
//! ([`Replica::rebuild`]). Saving a revision and everything that follows from it is one durable transaction.

mod append;
mod blobs;
#[cfg(feature = "bundle")]
mod bundles;
mod conflicts;
mod differences;
mod erase;
mod error;
mod exchange;
mod fold;
mod handover;
mod history;
mod inputs;
#[cfg(feature = "bundle")]
mod last_work;
mod lease;
mod lists;
mod naming;
mod notes;
mod packs;
mod people;
mod project;
mod read;
mod refused;
mod repair;
mod schema;
mod screens;
mod search;
mod sums;
mod tablet;

pub use append::{Author, Change};
pub use blobs::{NamedBlob, StoredBlob, WaitingBlob};
#[cfg(feature = "bundle")]
pub use bundles::ExportNote;
pub use differences::Found;
pub use error::ReplicaError;
pub use exchange::{OutboxBatch, Received, RefusedEntry};
#[cfg(feature = "bundle")]
pub use last_work::LastWork;
pub use lists::Version;
pub use notes::StationNote;
pub use read::{LogLine, RecordView};
pub use repair::Gift;
pub use schema::SCHEMA_VERSION;
pub use tablet::{DraftRow, FinishedForm, Subject};

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

/// The 256-bit key of an encrypted file. Its bytes are not shown by `Debug` and are wiped when it is dropped.
pub struct FileKey([u8; 32]);

impl FileKey {
    /// Wraps key bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to wrap them for storage.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKey(…)")
    }
}

impl Drop for FileKey {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

/// An open replica.
#[derive(Debug)]
pub struct Replica {
    connection: Connection,
    lease: Option<lease::Lease>,
}

impl Replica {
    /// Opens the file, or makes it; brings an older one up to this program's schema, keeping a copy first.
    ///
    /// # Errors
    /// [`ReplicaError::TooNew`] if a newer program wrote it, [`ReplicaError::WrongKey`] if the key does not open it,
    /// otherwise what SQLite says.
    pub fn open(path: &Path, key: Option<&FileKey>) -> Result<Self, ReplicaError> {
        let connection = Connection::open(path).map_err(ReplicaError::sql("opening the replica"))?;
        schema::prepare(&connection, key)?;
        let mut replica = Self { connection, lease: None };
        schema::migrate(&mut replica.connection, path, schema::MIGRATIONS)?;
        // What cannot be swept now, with a full disk, is swept next time: the tablet opens all the same.
        let _ = replica.sweep();
        Ok(replica)
    }

    /// Opens a replica in memory, for tests and previews.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn in_memory() -> Result<Self, ReplicaError> {
        let connection = Connection::open_in_memory().map_err(ReplicaError::sql("opening a replica in memory"))?;
        schema::prepare(&connection, None)?;
        let mut replica = Self { connection, lease: None };
        schema::migrate(&mut replica.connection, Path::new(""), schema::MIGRATIONS)?;
        Ok(replica)
    }

    /// Rows that were changed through this connection so far: a number that grows whenever something is saved.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Reads one consistent state: every query in `work` sees the same revisions.
    pub(crate) fn reading<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        let transaction = self.connection.unchecked_transaction().map_err(ReplicaError::sql("beginning to read"))?;
        work(&transaction)
    }

    /// Writes all or nothing, durably.
    pub(crate) fn writing<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, ReplicaError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(ReplicaError::sql("beginning to write"))?;
        let made = work(&transaction)?;
        search::catch_up(&transaction)?;
        transaction.commit().map_err(ReplicaError::sql("committing"))?;
        Ok(made)
    }
}
