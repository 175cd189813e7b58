//! The file that says that the tablet was shut out, and how far it is with going: `shut-out.json`. Nothing in it is a secret or
//! tells anything of a record. It outlives the vault, so that whatever was begun is brought to its end.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};

use super::super::{DeviceError, files};
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::record::Names;
use crate::replica::StationNote;
use crate::sync::{Acknowledgement, Has, LastParts};
use crate::time::Instant;

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::device) enum Marker {
    /// The tablet was shut out and is not erased yet.
    ShutOut(Box<ShutOut>),
    /// It is erased.
    Erased(Erased),
}

/// How far a tablet is with going.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::device) struct ShutOut {
    /// The station, and how to reach it.
    pub(super) station: StationNote,
    /// Its name.
    pub(super) station_name: Names,
    /// The name of the tablet among devices.
    pub(super) device: DeviceId,
    /// When it was shut out, by the station's clock.
    pub(super) revoked_at: Instant,
    /// To whom its work is sealed.
    pub(super) recipient: String,
    /// What the station has of it, as it stated last.
    pub(super) has: Has,
    /// Its work, once it is sealed.
    pub(super) sealed: Option<SealedWork>,
    /// That the station keeps all of it: from here on the tablet erases.
    pub(super) acknowledged: Option<Acknowledgement>,
}

/// Work that lies in files which only the station can open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SealedWork {
    /// The list of parts, signed.
    pub(super) list: LastParts,
    /// The parts, in the order of the list.
    pub(super) files: Vec<SealedFile>,
    /// The first place of the own log in it …
    pub(super) first: u64,
    /// … and the chain hash before that.
    pub(super) before: Hash,
    /// Blobs that are on the tablet and not in it, because the station has them.
    pub(super) kept_back: Vec<Hash>,
    /// What is in it.
    pub(super) counts: Counts,
}

/// A part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct SealedFile {
    /// The name of its file.
    pub(super) name: String,
    /// How many bytes it has.
    pub(super) size_bytes: u64,
    /// The device's signature that hands it over.
    #[serde(with = "crate::sync::signature_hex")]
    pub(super) signature: Signature,
}

/// How much is handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) revisions: u64,
    pub(super) refused: u64,
    pub(super) drafts: u64,
    pub(super) blobs: u64,
}

/// What is left of a tablet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::device) struct Erased {
    pub(super) station_name: Names,
    pub(super) revoked_at: Instant,
    pub(super) erased_at: Instant,
    pub(super) parts: u64,
    pub(super) size_bytes: u64,
    pub(super) counts: Counts,
}

impl Marker {
    pub(in crate::device) fn path(folder: &Path) -> PathBuf {
        folder.join("shut-out.json")
    }

    /// Reads the file; `None` if there is none.
    pub(in crate::device) fn load(folder: &Path) -> Result<Option<Self>, DeviceError> {
        match std::fs::read(Self::path(folder)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(DeviceError::VaultUnreadable),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DeviceError::File { doing: "reading how far this tablet is with going", source }),
        }
    }

    /// Writes the file, whole or not at all.
    pub(super) fn save(&self, folder: &Path) -> Result<(), DeviceError> {
        let json = serde_json::to_vec(self).map_err(DeviceError::VaultUnreadable)?;
        files::write_whole(&Self::path(folder), &json)
            .map_err(DeviceError::file("writing that this tablet was shut out"))
    }

    /// Removes the file.
    pub(in crate::device) fn remove(folder: &Path) -> Result<(), DeviceError> {
        super::erasing::remove(&Self::path(folder))
    }
}

impl ShutOut {
    /// Whether its work is not sealed yet: that takes the tablet's keys.
    pub(in crate::device) fn needs_keys(&self) -> bool {
        self.sealed.is_none() && self.acknowledged.is_none()
    }

    pub(super) fn save(self, folder: &Path) -> Result<(), DeviceError> {
        Marker::ShutOut(Box::new(self)).save(folder)
    }
}

impl SealedWork {
    pub(super) fn size_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size_bytes).sum()
    }

    /// Whether this is all that a station lacks which has so much. One that was put back since to an older copy may lack more.
    pub(super) fn is_enough_for(&self, has: &Has) -> bool {
        let log = has.seq >= self.first || (has.seq + 1 == self.first && has.chain == self.before);
        let kept_back: HashSet<&Hash> = self.kept_back.iter().collect();
        log && !has.blobs_missing.iter().any(|missing| kept_back.contains(missing))
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::ids::{BundleId, EpochId, StationId};

    #[test]
    fn what_is_sealed_is_enough_for_a_station_that_has_all_before_it_and_for_no_other() {
        let (station, device) = (StationId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
        let key = SigningKey::from_bytes(&[3; 32]);
        let before = Hash::of(b"before");
        let sealed = SealedWork {
            list: LastParts::sign(&key, station, device, BundleId::from_bytes([4; 16]), Vec::new()),
            files: Vec::new(),
            first: 8,
            before,
            kept_back: vec![Hash::of(b"photo")],
            counts: Counts::default(),
        };
        let has = |seq, chain, blobs_missing| Has { epoch: EpochId::from_bytes([5; 16]), seq, chain, blobs_missing };
        assert!(sealed.is_enough_for(&has(7, before, Vec::new())));
        assert!(sealed.is_enough_for(&has(9, Hash::of(b"later"), vec![Hash::of(b"another")])));
        assert!(!sealed.is_enough_for(&has(6, Hash::of(b"earlier"), Vec::new())), "put back to an older copy");
        assert!(!sealed.is_enough_for(&has(7, Hash::of(b"another log"), Vec::new())));
        assert!(!sealed.is_enough_for(&has(7, before, vec![Hash::of(b"photo")])), "it has lost a photo");
    }
}
