//! Uploads under way: what is to come, and what has arrived.
//!
//! An upload is named by its device and by the hash of what it brings: begun twice it is the same upload, and a tablet that
//! forgot about it finds it again. The bytes that arrived are objects named by their offset. An object is made once: of two
//! requests that bring bytes for the same offset, on whatever server, one fails.

use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::time::Instant;
use axum::body::Bytes;
use object_store::path::Path as Key;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode};
use serde::{Deserialize, Serialize};

use super::{Blobs, BlobsError, found};

/// What the names of all objects of uploads begin with.
const ROOT: &str = "uploads";

/// The name of the object that says what is to come.
const INFO: &str = "info";

/// Which upload.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct UploadName {
    pub(crate) station: StationId,
    pub(crate) device: DeviceId,
    pub(crate) hash: Hash,
}

/// What is to come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Info {
    pub(crate) size_bytes: u64,
    pub(crate) media_type: String,
    /// From then on the upload may be swept away.
    pub(crate) expires_ms: Instant,
}

/// What has arrived: ranges that follow each other from the first byte on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Arrived {
    parts: Vec<(u64, Key)>,
    pub(crate) bytes: u64,
}

impl UploadName {
    fn folder(self) -> Key {
        Key::from_iter([ROOT, &self.station.to_string(), &self.device.to_string(), &self.hash.to_string()])
    }

    fn info(self) -> Key {
        self.folder().join(INFO)
    }

    fn part(self, offset: u64) -> Key {
        // Names in the order of offsets.
        self.folder().join(format!("{offset:012}"))
    }
}

impl Blobs {
    /// What is to come; `None` if no such upload is under way.
    pub(crate) async fn upload(&self, name: UploadName) -> Result<Option<Info>, BlobsError> {
        let read = found(self.read_key(&name.info()).await).map_err(BlobsError::doing("looking for an upload"))?;
        read.map(|bytes| serde_json::from_slice(&bytes).map_err(BlobsError::Info)).transpose()
    }

    /// Begins an upload, in place of what was left of an earlier one.
    pub(crate) async fn begin_upload(&self, name: UploadName, info: &Info) -> Result<(), BlobsError> {
        self.remove_parts(name).await?;
        let bytes = serde_json::to_vec(info).map_err(BlobsError::Info)?;
        self.put(&name.info(), bytes.into(), PutMode::Overwrite, "beginning an upload").await.map(|_| ())
    }

    /// What has arrived.
    pub(crate) async fn arrived(&self, name: UploadName) -> Result<Arrived, BlobsError> {
        let mut parts = self.parts(name).await?;
        parts.sort_unstable_by_key(|(offset, ..)| *offset);
        let mut arrived = Arrived::default();
        for (offset, bytes, key) in parts {
            if bytes == 0 {
                // Nothing was acknowledged with it: a power cut came before its bytes.
                self.remove(&key, "removing an empty part of an upload").await?;
            } else if offset == arrived.bytes {
                arrived.bytes += bytes;
                arrived.parts.push((offset, key));
            }
        }
        Ok(arrived)
    }

    /// Keeps bytes that arrived; `false` if somebody else brought bytes for this offset.
    pub(crate) async fn add_part(&self, name: UploadName, offset: u64, bytes: Bytes) -> Result<bool, BlobsError> {
        self.put(&name.part(offset), bytes, PutMode::Create, "keeping a part of an upload").await
    }

    /// Drops bytes that came damaged.
    pub(crate) async fn drop_part(&self, name: UploadName, offset: u64) -> Result<(), BlobsError> {
        self.remove(&name.part(offset), "dropping a part of an upload").await
    }

    /// All that has arrived, as one.
    pub(crate) async fn together(&self, arrived: &Arrived) -> Result<Bytes, BlobsError> {
        let mut whole = Vec::with_capacity(usize::try_from(arrived.bytes).unwrap_or_default());
        for (_, key) in &arrived.parts {
            let part = self.read_key(key).await.map_err(BlobsError::doing("reading a part of an upload"))?;
            whole.extend_from_slice(&part);
        }
        Ok(whole.into())
    }

    /// Ends an upload; ended twice is ended once.
    pub(crate) async fn end_upload(&self, name: UploadName) -> Result<(), BlobsError> {
        // What says that it is under way goes last, so that nobody begins it anew over what is left of it.
        self.remove_parts(name).await?;
        self.remove(&name.info(), "ending an upload").await
    }

    /// How many uploads of a device are under way.
    pub(crate) async fn uploads_of(&self, station: StationId, device: DeviceId) -> Result<usize, BlobsError> {
        let folder = Key::from_iter([ROOT, &station.to_string(), &device.to_string()]);
        Ok(self.folders(&folder).await?.len())
    }

    /// Ends the uploads that have expired, and removes what is left of ended ones. How many it were.
    pub(crate) async fn sweep_uploads(&self, now: Instant) -> Result<usize, BlobsError> {
        let mut swept = 0;
        for station in self.folders(&Key::from(ROOT)).await? {
            for device in self.folders(&station).await? {
                for folder in self.folders(&device).await? {
                    let Some(name) = named(&folder) else { continue };
                    if self.upload(name).await?.is_none_or(|info| info.expires_ms <= now) {
                        self.end_upload(name).await?;
                        swept += 1;
                    }
                }
            }
        }
        Ok(swept)
    }

    pub(super) async fn folders(&self, of: &Key) -> Result<Vec<Key>, BlobsError> {
        let listed = self.objects.list_with_delimiter(Some(of)).await;
        Ok(listed.map_err(BlobsError::doing("listing uploads"))?.common_prefixes)
    }

    /// Offset, size and key of every part.
    async fn parts(&self, name: UploadName) -> Result<Vec<(u64, u64, Key)>, BlobsError> {
        let listed = self.objects.list_with_delimiter(Some(&name.folder())).await;
        let listed = listed.map_err(BlobsError::doing("listing what arrived of an upload"))?;
        let offset = |key: &Key| key.filename()?.parse::<u64>().ok();
        let objects = listed.objects.into_iter();
        Ok(objects.filter_map(|object| Some((offset(&object.location)?, object.size, object.location))).collect())
    }

    async fn remove_parts(&self, name: UploadName) -> Result<(), BlobsError> {
        for (_, _, key) in self.parts(name).await? {
            self.remove(&key, "removing a part of an upload").await?;
        }
        Ok(())
    }

    /// The size of a blob; `None` if it is not here.
    pub(crate) async fn size(&self, hash: Hash) -> Result<Option<u64>, BlobsError> {
        let head = found(self.objects.head(&super::key(hash)).await);
        Ok(head.map_err(BlobsError::doing("looking for a blob"))?.map(|meta| meta.size))
    }
}

/// The upload whose folder this is.
fn named(folder: &Key) -> Option<UploadName> {
    let names: Vec<String> = folder.parts().map(|part| part.as_ref().to_owned()).collect();
    match names.as_slice() {
        [_, station, device, hash] => Some(UploadName {
            station: StationId::parse(station).ok()?,
            device: DeviceId::parse(device).ok()?,
            hash: Hash::parse(hash).ok()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use ailchin_core::world::Seeded;

    use super::*;

    fn begun() -> (tempfile::TempDir, Blobs, UploadName, Info) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(folder.path()).unwrap();
        let world = Seeded::new(1, Instant::from_ms(1_000));
        let name = UploadName {
            station: StationId::new(&world),
            device: DeviceId::new(&world),
            hash: Hash::of(b"0123456789"),
        };
        let info = Info { size_bytes: 10, media_type: "image/png".to_owned(), expires_ms: Instant::from_ms(2_000) };
        (folder, blobs, name, info)
    }

    #[tokio::test]
    async fn what_arrived_counts_as_far_as_it_has_no_gap_and_only_one_brings_an_offset() {
        let (_folder, blobs, name, info) = begun();
        blobs.begin_upload(name, &info).await.unwrap();
        assert_eq!(blobs.upload(name).await.unwrap(), Some(info.clone()));
        assert!(blobs.add_part(name, 6, "6789".into()).await.unwrap());
        assert_eq!(blobs.arrived(name).await.unwrap().bytes, 0);
        assert!(blobs.add_part(name, 0, "012".into()).await.unwrap());
        assert!(!blobs.add_part(name, 0, "0123".into()).await.unwrap());
        assert_eq!(blobs.arrived(name).await.unwrap().bytes, 3);
        assert!(blobs.add_part(name, 3, "345".into()).await.unwrap());
        let arrived = blobs.arrived(name).await.unwrap();
        assert_eq!((arrived.bytes, blobs.together(&arrived).await.unwrap().as_ref()), (10, &b"0123456789"[..]));

        blobs.begin_upload(name, &info).await.unwrap();
        assert_eq!(blobs.arrived(name).await.unwrap().bytes, 0, "begun anew it has nothing");
    }

    #[tokio::test]
    async fn a_part_without_bytes_is_removed_and_its_offset_free_again() {
        let (folder, blobs, name, info) = begun();
        blobs.begin_upload(name, &info).await.unwrap();
        std::fs::write(folder.path().join(name.part(0).to_string()), b"").unwrap();
        assert_eq!(blobs.arrived(name).await.unwrap().bytes, 0);
        assert!(blobs.add_part(name, 0, "012".into()).await.unwrap());
    }

    #[tokio::test]
    async fn what_has_expired_and_what_an_end_left_behind_is_swept() {
        let (folder, blobs, name, info) = begun();
        blobs.begin_upload(name, &info).await.unwrap();
        blobs.add_part(name, 0, "012".into()).await.unwrap();
        let left = UploadName { hash: Hash::of(b"left behind"), ..name };
        blobs.add_part(left, 0, "012".into()).await.unwrap();
        assert_eq!(blobs.uploads_of(name.station, name.device).await.unwrap(), 2);
        assert_eq!(blobs.sweep_uploads(Instant::from_ms(1_999)).await.unwrap(), 1);
        assert_eq!(blobs.arrived(name).await.unwrap().bytes, 3);
        assert_eq!(blobs.sweep_uploads(Instant::from_ms(2_000)).await.unwrap(), 1);
        assert_eq!(blobs.uploads_of(name.station, name.device).await.unwrap(), 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "not even folders are left");
    }
}
