//! Why a bundle was not taken or not answered.

use ailchin_core::bundle::BundleUnreadable;
use ailchin_core::error::Code;

use crate::blobs::BlobsError;
use crate::store::StoreError;

/// Why a bundle was not taken or not answered.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read or written.
    #[error("opening or making a bundle")]
    Unreadable(#[from] BundleUnreadable),
    /// It is refused; what was taken of it before stays.
    #[error("refused: {0}")]
    Refused(Code),
    /// The store refused or failed.
    #[error("working on a bundle")]
    Store(#[source] StoreError),
    /// A blob could not be kept.
    #[error("keeping a blob of a bundle")]
    Blobs(#[from] BlobsError),
    /// A page of the feed could not be packed, or a part not kept.
    #[error("{doing}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

impl From<StoreError> for BundleError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(code) => Self::Refused(code),
            other => Self::Store(other),
        }
    }
}

impl BundleError {
    /// The code for whoever brought it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unreadable(cause) => cause.code(),
            Self::Refused(code) => *code,
            Self::Store(cause) => cause.code(),
            Self::Blobs(_) | Self::File { .. } => Code::StationFailed,
        }
    }
}
