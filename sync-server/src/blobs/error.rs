//! What can go wrong with blobs.

use std::path::PathBuf;

/// Why blobs were not kept or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobsError {
    /// The folder cannot be made.
    #[error("making the folder of blobs {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to wait with.
    #[error("preparing to wait for blobs")]
    Waiting(#[source] std::io::Error),
    /// The place is neither a folder nor `s3://bucket/prefix`.
    #[error("{0} is no place for blobs: a folder, or s3://bucket/prefix")]
    NoPlace(String),
    /// The folder or the bucket failed.
    #[error("{doing}")]
    Objects {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        #[source]
        source: Box<object_store::Error>,
    },
    /// What is kept about an upload is not what this program writes.
    #[error("reading what is kept about an upload")]
    Info(#[source] serde_json::Error),
}

impl BlobsError {
    pub(super) fn doing(doing: &'static str) -> impl FnOnce(object_store::Error) -> Self {
        move |source| Self::Objects { doing, source: Box::new(source) }
    }
}
