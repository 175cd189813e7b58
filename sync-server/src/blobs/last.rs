//! What devices that were shut out have handed over: sealed parts, kept as they came, beside the blobs and out of the log.
//!
//! | object | what it is |
//! |---|---|
//! | `revoked/<station>/<device>/<bundle>/<part>-<hash>` | a part |
//! | `revoked/<station>/<device>/<bundle>/acknowledged` | all parts were here once: their hashes |
//! | `revoked/<station>/<device>/<bundle>/taken` | somebody took it in |
//!
//! They lie in the folder or bucket of the blobs, so that every server has all of them.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId, StationId};
use ailchin_core::time::Instant;
use axum::body::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStore as _, PutMode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Blobs, BlobsError, found};

/// What the names of all these objects begin with.
const ROOT: &str = "revoked";

const ACKNOWLEDGED: &str = "acknowledged";
const TAKEN: &str = "taken";

/// Which bundle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LastName {
    /// The station.
    pub station: StationId,
    /// The device that was shut out.
    pub device: DeviceId,
    /// Its bundle.
    pub bundle: BundleId,
}

/// A part that is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LastPart {
    /// Of which bundle.
    pub of: LastName,
    /// Which part, from 1 on.
    pub part: u32,
    /// The hash of its bytes.
    pub hash: Hash,
    /// How many it has.
    pub size_bytes: u64,
}

impl LastName {
    fn folder(self) -> Key {
        Key::from_iter([ROOT, &self.station.to_string(), &self.device.to_string(), &self.bundle.to_string()])
    }
}

impl LastPart {
    fn key(self) -> Key {
        // Names in the order of parts.
        self.of.folder().join(format!("{:06}-{}", self.part, self.hash))
    }
}

impl Blobs {
    /// Keeps a part durably; kept twice is kept once. The caller has verified it.
    pub(crate) async fn keep_last(&self, part: LastPart, bytes: Bytes) -> Result<(), BlobsError> {
        self.put(&part.key(), bytes, PutMode::Overwrite, "keeping the work of a device that was shut out")
            .await
            .map(|_| ())
    }

    /// The parts that are kept of a device.
    pub(crate) async fn last_parts(&self, station: StationId, device: DeviceId) -> Result<Vec<LastPart>, BlobsError> {
        let mut parts = Vec::new();
        for folder in self.folders(&Key::from_iter([ROOT, &station.to_string(), &device.to_string()])).await? {
            let Some(bundle) = last_of(&folder).and_then(|name| BundleId::parse(&name).ok()) else { continue };
            let of = LastName { station, device, bundle };
            let listed = self.objects.list_with_delimiter(Some(&folder)).await;
            let listed = listed.map_err(BlobsError::doing("listing what is kept of a device that was shut out"))?;
            parts.extend(listed.objects.into_iter().filter_map(|object| {
                let name = object.location.filename()?.to_owned();
                let (part, hash) = name.split_once('-')?;
                let (part, hash) = (part.parse().ok()?, Hash::parse(hash).ok()?);
                Some(LastPart { of, part, hash, size_bytes: object.size })
            }));
        }
        parts.sort_unstable();
        Ok(parts)
    }

    /// The devices of a station of which something is kept.
    pub(crate) async fn last_devices(&self, station: StationId) -> Result<Vec<DeviceId>, BlobsError> {
        let folders = self.folders(&Key::from_iter([ROOT, &station.to_string()])).await?;
        Ok(folders.iter().filter_map(|folder| DeviceId::parse(&last_of(folder)?).ok()).collect())
    }

    /// The bytes of a part, if they are what they were.
    pub(crate) async fn last_part(&self, part: LastPart) -> Result<Option<Bytes>, BlobsError> {
        let read = found(self.read_key(&part.key()).await);
        let read = read.map_err(BlobsError::doing("reading the work of a device that was shut out"))?;
        Ok(read.filter(|bytes| Hash::of(bytes) == part.hash))
    }

    /// Removes a part.
    pub(crate) async fn drop_last(&self, part: LastPart) -> Result<(), BlobsError> {
        self.remove(&part.key(), "discarding the work of a device that was shut out").await
    }

    /// Notes that all parts of a bundle were here. Whether nobody had noted it before.
    pub(crate) async fn note_acknowledged(&self, of: LastName, parts: &[Hash]) -> Result<bool, BlobsError> {
        self.note(of, ACKNOWLEDGED, &parts, PutMode::Create).await
    }

    /// The parts that were acknowledged, if they were.
    pub(crate) async fn acknowledged(&self, of: LastName) -> Result<Option<Vec<Hash>>, BlobsError> {
        self.noted(of, ACKNOWLEDGED).await
    }

    /// Notes when a bundle was taken in.
    pub(crate) async fn note_taken(&self, of: LastName, at: Instant) -> Result<(), BlobsError> {
        self.note(of, TAKEN, &at, PutMode::Overwrite).await.map(|_| ())
    }

    /// When a bundle was taken in last.
    pub(crate) async fn taken(&self, of: LastName) -> Result<Option<Instant>, BlobsError> {
        self.noted(of, TAKEN).await
    }

    async fn note<T: Serialize + ?Sized>(
        &self,
        of: LastName,
        name: &str,
        said: &T,
        mode: PutMode,
    ) -> Result<bool, BlobsError> {
        let bytes = serde_json::to_vec(said).map_err(BlobsError::Info)?;
        self.put(&of.folder().join(name), bytes.into(), mode, "noting what is kept of a device that was shut out").await
    }

    async fn noted<T: DeserializeOwned>(&self, of: LastName, name: &str) -> Result<Option<T>, BlobsError> {
        let read = found(self.read_key(&of.folder().join(name)).await);
        let read = read.map_err(BlobsError::doing("reading what is kept of a device that was shut out"))?;
        read.map(|bytes| serde_json::from_slice(&bytes).map_err(BlobsError::Info)).transpose()
    }
}

/// The last word of a folder's name.
fn last_of(folder: &Key) -> Option<String> {
    folder.parts().next_back().map(|part| part.as_ref().to_owned())
}
