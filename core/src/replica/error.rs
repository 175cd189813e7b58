//! What can go wrong with a replica.

use crate::error::Code;
use crate::record::{EntryUnreadable, FieldWrong};

/// Why the replica did not do something.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// SQLite failed.
    #[error("{doing}")]
    Sql {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The replica could not be copied before a migration, or its log not written out.
    #[error("copying the replica")]
    Copy(#[source] std::io::Error),
    /// A newer program wrote the file.
    #[error("the replica has schema {found}, this program knows {known}")]
    TooNew {
        /// The file's schema.
        found: i64,
        /// This program's.
        known: i64,
    },
    /// The key does not open the file.
    #[error("the key does not open the replica")]
    WrongKey,
    /// A field's value is not allowed.
    #[error("checking what is to be saved")]
    Field(#[from] FieldWrong),
    /// A revision could not be written or read.
    #[error("writing or reading a revision")]
    Entry(#[from] EntryUnreadable),
    /// A revision would be larger than the station takes.
    #[error("a revision of {bytes} bytes is too large")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Stored JSON is not what this program writes.
    #[error("reading a stored record")]
    Stored(#[source] serde_json::Error),
    /// The pack that is needed cannot be read, or is not the one that was named.
    #[error("reading a pack")]
    Pack(#[source] crate::pack::PackError),
    /// The pack that is built into the program cannot be read.
    #[error("reading the built-in pack")]
    Builtin(#[source] &'static crate::pack::PackError),
    /// There is no such record, draft or blob.
    #[error("there is no such {what} here")]
    NotFound {
        /// What was asked for.
        what: &'static str,
    },
    /// The record, or the household it belongs to, was erased.
    #[error("what is to be changed was erased")]
    Erased,
    /// The same place of a log holds something else.
    #[error("a log holds something else at the same place")]
    Forked,
    /// Somebody else syncs with this replica.
    #[error("a sync with this replica is under way")]
    Leased,
}

impl ReplicaError {
    pub(crate) fn sql(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sql { doing, source }
    }

    /// What the interface is told.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Sql { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => Code::DiskFull,
                _ => Code::FileFailed,
            },
            Self::Copy(source) if source.kind() == std::io::ErrorKind::StorageFull => Code::DiskFull,
            Self::Copy(_) | Self::Stored(_) | Self::WrongKey => Code::FileFailed,
            Self::TooNew { .. } => Code::FileTooNew,
            Self::Field(_) => Code::FieldWrong,
            Self::Entry(_) => Code::Malformed,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::NotFound { .. } => Code::NotFound,
            Self::Erased => Code::RecordErased,
            Self::Pack(cause) => cause.code(),
            Self::Builtin(cause) => cause.code(),
            Self::Forked => Code::LogForked,
            Self::Leased => Code::SyncRunning,
        }
    }
}
