//! Blobs whose bytes are here and whose rows are not: the store was put back to an older copy, or the program ended between the
//! two. They count again once their bytes were verified; bytes that are something else never do.

use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::sync::{MAX_BLOB_BYTES, MEDIA};
use ailchin_core::time::Instant;
use ailchin_core::world::World;

use tokio::task::JoinSet;

use super::{Blobs, BlobsError};
use crate::store::{Store, StoreError};

/// So many blobs are looked for before the next are listed.
const AT_ONCE: u64 = 200;

/// So many requests at once ask a bucket which blobs are there.
const ASKED_AT_ONCE: usize = 16;

/// Why lost rows were not looked for to the end.
#[derive(Debug, thiserror::Error)]
pub enum LookingError {
    /// The folder or the bucket failed.
    #[error("looking for blobs whose rows were lost")]
    Blobs(#[from] BlobsError),
    /// The store failed.
    #[error("looking for blobs whose rows were lost")]
    Store(#[from] StoreError),
    /// The job ended early.
    #[error("looking for blobs whose rows were lost")]
    Ended(#[from] tokio::task::JoinError),
}

/// A blob whose bytes were verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verified {
    pub(crate) hash: Hash,
    pub(crate) size_bytes: u64,
    pub(crate) media_type: &'static str,
}

impl Blobs {
    /// The blob behind a hash, if its bytes are here, whole, and of a kind that the station takes.
    pub(crate) async fn verified(&self, hash: Hash) -> Result<Option<Verified>, BlobsError> {
        let Some(size_bytes) = self.size(hash).await? else { return Ok(None) };
        if size_bytes > MAX_BLOB_BYTES as u64 {
            return Ok(None);
        }
        let Some(bytes) = self.read(hash, None).await? else { return Ok(None) };
        let media = MEDIA.iter().find(|media| bytes.starts_with(media.begins_with));
        let media = media.filter(|media| bytes.len() as u64 <= media.max_bytes && Hash::of(&bytes) == hash);
        Ok(media.map(|media| Verified { hash, size_bytes: bytes.len() as u64, media_type: media.media_type }))
    }

    /// Of these blobs, those whose bytes are here.
    pub(crate) async fn verified_of(&self, hashes: &[Hash]) -> Result<Vec<Verified>, BlobsError> {
        let mut found = Vec::new();
        for some in hashes.chunks(ASKED_AT_ONCE) {
            let mut asking = JoinSet::new();
            for hash in some.iter().copied() {
                let blobs = self.clone();
                asking.spawn(async move { (hash, blobs.size(hash).await) });
            }
            // Most are not here; those that are, are read one at a time.
            for (hash, size) in asking.join_all().await {
                if size?.is_some() {
                    found.extend(self.verified(hash).await?);
                }
            }
        }
        Ok(found)
    }

    /// The same where nothing else runs beside, as on the command line.
    pub(crate) fn verified_and_wait(&self, hashes: &[Hash]) -> Result<Vec<Verified>, BlobsError> {
        super::alone(self.verified_of(hashes))
    }

    /// Looks for every blob that a stored revision names and the store has no row of. How many were found.
    ///
    /// # Errors
    /// What the store, the folder or the bucket says.
    pub async fn find_lost(&self, store: &Arc<Store>, world: &dyn World) -> Result<usize, LookingError> {
        let mut found = 0;
        for station in blocking(store, Store::stations).await? {
            let mut after = None;
            loop {
                let station = station.id;
                let lost = blocking(store, move |store| store.blobs_without_row(station, after, AT_ONCE)).await?;
                let Some(last) = lost.last().copied() else { break };
                let verified = self.verified_of(&lost).await?;
                found += verified.len();
                let now = world.now();
                blocking(store, move |store| store.keep_found(station, &verified, now)).await?;
                after = Some(last);
            }
        }
        Ok(found)
    }
}

async fn blocking<T: Send + 'static>(
    store: &Arc<Store>,
    job: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, LookingError> {
    let store = Arc::clone(store);
    Ok(tokio::task::spawn_blocking(move || job(&store)).await??)
}

impl Store {
    /// Notes blobs that were found.
    pub(crate) fn keep_found(&self, station: StationId, found: &[Verified], now: Instant) -> Result<(), StoreError> {
        found.iter().try_for_each(|blob| self.keep_blob(station, blob.hash, blob.size_bytes, blob.media_type, now))
    }
}
