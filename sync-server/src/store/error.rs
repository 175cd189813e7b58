//! Why the store did not do something.

use ailchin_core::error::Code;
use ailchin_core::ids::StationId;
use ailchin_core::sync::ScopeDigest;

use super::address::AddressError;
use super::sql::DatabaseError;

/// Why a job of the store was not done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request is refused; nothing was changed.
    #[error("refused: {0}")]
    Refused(Code),
    /// Tablet and station do not hold the same; this is what the station holds.
    #[error("refused: digest_mismatch")]
    Mismatch(Vec<ScopeDigest>),
    /// The database failed.
    #[error("{doing} in the station's store")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: DatabaseError,
    },
    /// A station cannot be moved to where it is already.
    #[error("the other store holds the station {0} already; nothing was moved")]
    StationThere(StationId),
    /// The store's address leads nowhere.
    #[error("finding the station's store")]
    Address(#[source] AddressError),
    /// The file was written by a newer program.
    #[error("the station's store has form {found}, this program knows form {known}: use the newer program")]
    TooNew {
        /// The form of the file.
        found: usize,
        /// The newest form this program knows.
        known: usize,
    },
    /// The store's folder or the copy before a migration cannot be written.
    #[error("{doing} on disk")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// What was written down cannot be read or written as JSON or as a key.
    #[error("{doing}: the station's store holds something this program cannot read")]
    Unreadable {
        /// What was being done.
        doing: &'static str,
    },
}

impl StoreError {
    /// The code for whoever asked.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused(code) => *code,
            Self::Mismatch(_) => Code::DigestMismatch,
            Self::TooNew { .. } => Code::FileTooNew,
            Self::StationThere(_)
            | Self::Database { .. }
            | Self::Address(_)
            | Self::File { .. }
            | Self::Unreadable { .. } => Code::StationFailed,
        }
    }
}

/// What goes wrong inside a transaction; [`StoreError`] adds what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(DatabaseError),
    Refused(Code),
    Mismatch(Vec<ScopeDigest>),
    Unreadable,
    Sink(std::io::Error),
    StationThere(StationId),
}

impl From<DatabaseError> for Fault {
    fn from(source: DatabaseError) -> Self {
        Self::Sql(source)
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl Fault {
    pub(super) fn while_doing(self, doing: &'static str) -> StoreError {
        match self {
            Self::Sql(source) => StoreError::Database { doing, source },
            Self::Refused(code) => StoreError::Refused(code),
            Self::Mismatch(scopes) => StoreError::Mismatch(scopes),
            Self::StationThere(station) => StoreError::StationThere(station),
            Self::Unreadable => StoreError::Unreadable { doing },
            Self::Sink(source) => StoreError::File { doing, source },
        }
    }
}
