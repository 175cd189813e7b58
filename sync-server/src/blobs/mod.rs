//! Where the bytes of blobs lie: a folder, or a bucket of an S3-compatible store.
//!
//! | object | what it is |
//! |---|---|
//! | `<first two digits>/<hash>` | a whole blob; it counts once the store has a row for it |
//! | `uploads/<station>/<device>/<hash>/info` | an upload under way (`blobs::uploads`) |
//! | `uploads/<station>/<device>/<hash>/<offset>` | bytes of it that arrived |
//! | `revoked/<station>/<device>/<bundle>/<part>-<hash>` | a part of what a device handed over that was shut out (`blobs::last`) |
//!
//! What an upload has so far lies here too, and not in the memory or on the disk of one server: any server that shares the
//! store can go on with it. Nothing is acknowledged before it is durable.

mod bucket;
mod error;
mod found;
mod last;
pub(crate) mod uploads;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ailchin_core::hash::Hash;
use axum::body::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};

pub use bucket::Bucket;
pub use error::BlobsError;
pub use found::LookingError;
pub use last::{LastName, LastPart};

/// The blobs of a server.
#[derive(Clone, Debug)]
pub struct Blobs {
    objects: Arc<dyn ObjectStore>,
}

/// Where blobs are to lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(Bucket),
}

impl Blobs {
    /// Blobs at a place. A folder is made if there is none; a bucket is not asked before it is needed.
    ///
    /// # Errors
    /// [`BlobsError`] if the folder cannot be made or the bucket's settings are no settings.
    pub fn at(place: &Place) -> Result<Self, BlobsError> {
        match place {
            Place::Folder(path) => Self::in_folder(path),
            Place::Bucket(bucket) => Ok(Self { objects: bucket.open()? }),
        }
    }

    /// Blobs in a folder, which is made if there is none. A file and its name are on the disk before it counts.
    ///
    /// # Errors
    /// [`BlobsError`] if it cannot be made.
    pub fn in_folder(path: &Path) -> Result<Self, BlobsError> {
        std::fs::create_dir_all(path).map_err(|source| BlobsError::Folder { path: path.to_owned(), source })?;
        let folder =
            LocalFileSystem::new_with_prefix(path).map_err(BlobsError::doing("opening the folder of blobs"))?;
        Ok(Self { objects: Arc::new(folder.with_fsync(true).with_automatic_cleanup(true)) })
    }

    /// Where a blob lies below its folder or bucket.
    #[must_use]
    pub fn path(hash: Hash) -> PathBuf {
        PathBuf::from(key(hash).to_string())
    }

    /// Keeps bytes durably; kept twice is kept once. The caller has verified the hash.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub async fn keep(&self, hash: Hash, bytes: Bytes) -> Result<(), BlobsError> {
        // What may lie there without a row was perhaps not written to its end: it is written anew.
        self.put(&key(hash), bytes, PutMode::Overwrite, "keeping a blob").await.map(|_| ())
    }

    /// Keeps bytes durably where nothing else runs beside, as on the command line.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub fn keep_and_wait(&self, hash: Hash, bytes: Vec<u8>) -> Result<(), BlobsError> {
        alone(self.keep(hash, bytes.into()))
    }

    /// Lets the bytes of a blob go; let go twice is let go once.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub async fn let_go(&self, hash: Hash) -> Result<(), BlobsError> {
        self.remove(&key(hash), "letting a blob go").await
    }

    /// Lets the bytes of a blob go where nothing else runs beside, as on the command line.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub fn let_go_and_wait(&self, hash: Hash) -> Result<(), BlobsError> {
        alone(self.let_go(hash))
    }

    /// Whether the bytes of a blob are here.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub async fn has(&self, hash: Hash) -> Result<bool, BlobsError> {
        let found = found(self.objects.head(&key(hash)).await).map_err(BlobsError::doing("looking for a blob"))?;
        Ok(found.is_some())
    }

    /// Whether the bytes of a blob are here, where nothing else runs beside.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub fn has_and_wait(&self, hash: Hash) -> Result<bool, BlobsError> {
        alone(self.has(hash))
    }

    /// The bytes of a blob, or a part of them; `None` if they are not here.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub async fn read(&self, hash: Hash, part: Option<Range<u64>>) -> Result<Option<Bytes>, BlobsError> {
        let got = match part {
            Some(part) => self.objects.get_range(&key(hash), part).await,
            None => self.read_key(&key(hash)).await,
        };
        found(got).map_err(BlobsError::doing("reading a blob"))
    }

    async fn read_key(&self, key: &Key) -> object_store::Result<Bytes> {
        self.objects.get(key).await?.bytes().await
    }

    /// Writes an object; `false` if [`PutMode::Create`] found one of that name.
    async fn put(&self, key: &Key, bytes: Bytes, mode: PutMode, doing: &'static str) -> Result<bool, BlobsError> {
        match self.objects.put_opts(key, bytes.into(), PutOptions::from(mode)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(BlobsError::doing(doing)(source)),
        }
    }

    /// Removes an object; removed twice is removed once.
    async fn remove(&self, key: &Key, doing: &'static str) -> Result<(), BlobsError> {
        found(self.objects.delete(key).await).map(|_| ()).map_err(BlobsError::doing(doing))
    }
}

/// Does what is to be waited for where nothing else runs beside, as on the command line.
pub(crate) fn alone<T>(work: impl Future<Output = Result<T, BlobsError>>) -> Result<T, BlobsError> {
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BlobsError::Waiting)?;
    alone.block_on(work)
}

fn key(hash: Hash) -> Key {
    let name = hash.to_string();
    Key::from_iter([name.get(..2).unwrap_or_default(), name.as_str()])
}

/// `None` for what is not there.
fn found<T>(got: object_store::Result<T>) -> object_store::Result<Option<T>> {
    match got {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_kept_twice_is_there_once_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let (hash, bytes) = (Hash::of(b"a picture"), Bytes::from_static(b"a picture"));
        blobs.keep(hash, bytes.clone()).await.unwrap();
        blobs.keep(hash, bytes.clone()).await.unwrap();
        let path = folder.path().join(Blobs::path(hash));
        assert_eq!(std::fs::read(&path).unwrap(), b"a picture");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(blobs.read(hash, None).await.unwrap(), Some(bytes));
        assert_eq!(blobs.read(hash, Some(2..9)).await.unwrap().unwrap(), "picture");
        assert_eq!(blobs.read(Hash::of(b"another"), None).await.unwrap(), None);
    }

    #[tokio::test]
    async fn bytes_that_a_power_cut_left_behind_are_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let hash = Hash::of(b"a picture");
        let path = folder.path().join(Blobs::path(hash));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, b"").unwrap();
        blobs.keep(hash, Bytes::from_static(b"a picture")).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a picture");
    }
}
