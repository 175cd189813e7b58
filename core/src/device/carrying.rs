//! What this tablet carries for others: sealed files that it can neither read nor change. They are handed to the station at the
//! end of the next sync, and the answers for the others are carried back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Serialize;

use super::{DeviceError, Tablet, Transport, files};
use crate::bundle::PartName;
use crate::error::Code;
use crate::ids::DeviceId;
use crate::time::Instant;

/// At most so many bytes are carried.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// What is carried for one tablet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct CarriedFor {
    /// Parts for the station.
    pub parts: u32,
    /// Parts of answers for the tablet.
    pub answers: u32,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Since when the oldest of them is here.
    pub since: Option<Instant>,
}

impl Tablet {
    /// What this tablet carries, by the tablet it is from or for.
    ///
    /// # Errors
    /// [`Code::FileFailed`].
    pub fn carried(&self) -> Result<BTreeMap<DeviceId, CarriedFor>, DeviceError> {
        let mut carried: BTreeMap<DeviceId, CarriedFor> = BTreeMap::new();
        for (name, path) in parts_in(&self.carried_folder()?)? {
            let line = carried.entry(name.device).or_default();
            *if name.answer { &mut line.answers } else { &mut line.parts } += 1;
            line.bytes += size(&path)?;
            line.since = line.since.into_iter().chain(written(&path)).min();
        }
        Ok(carried)
    }

    /// Hands what is carried to the station. What does not get there stays for the next sync; the own sync is over already.
    pub(super) fn hand_over(&self, station: &Transport) {
        let handed = self.carried_folder().and_then(|folder| {
            let mut by_device: BTreeMap<DeviceId, Vec<PathBuf>> = BTreeMap::new();
            for (name, path) in parts_in(&folder)?.into_iter().filter(|(name, _)| !name.answer) {
                by_device.entry(name.device).or_default().push(path);
            }
            by_device.into_iter().try_for_each(|(device, parts)| hand(station, &folder, device, &parts))
        });
        // Tried again with the next sync; `carried` tells what is still here.
        drop(handed);
    }

    /// The folder of what is carried.
    pub(super) fn carried_folder(&self) -> Result<PathBuf, DeviceError> {
        self.own_folder("carried")
    }

    /// A folder beside the tablet's files.
    pub(super) fn own_folder(&self, name: &str) -> Result<PathBuf, DeviceError> {
        let folder = self.folder().join(name);
        std::fs::create_dir_all(&folder).map_err(DeviceError::file("making a folder for bundles"))?;
        Ok(folder)
    }
}

/// Hands the parts of one tablet over and fetches its answer. The parts are let go only then: a cut repeats them, and the
/// station recognises them.
fn hand(station: &Transport, folder: &Path, device: DeviceId, parts: &[PathBuf]) -> Result<(), DeviceError> {
    let mut done = Vec::new();
    for path in parts {
        let sealed = std::fs::read(path).map_err(DeviceError::file("reading a carried bundle"))?;
        if station.carry(sealed)?.refused != Some(Code::BundleIncomplete) {
            done.push(path);
        }
    }
    match station.carried_answer(device) {
        Ok((name, answer)) if PartName::read(&name).is_some_and(|name| name.answer && name.device == device) => {
            for (_, old) in parts_in(folder)?.into_iter().filter(|(name, _)| name.answer && name.device == device) {
                remove(&old)?;
            }
            files::write_whole(&folder.join(name), &answer).map_err(DeviceError::file("keeping an answer"))?;
        }
        // There is none: the station did not take the bundle.
        Ok(_) | Err(DeviceError::Station(Code::NotFound)) => {}
        Err(other) => return Err(other),
    }
    done.into_iter().try_for_each(|path| remove(path))
}

/// The parts in a folder, in their order.
pub(super) fn parts_in(folder: &Path) -> Result<Vec<(PartName, PathBuf)>, DeviceError> {
    let doing = || DeviceError::file("looking what is carried");
    let mut parts = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(doing())? {
        let path = entry.map_err(doing())?.path();
        if let Some(name) = path.file_name().and_then(|name| PartName::read(&name.to_string_lossy())) {
            parts.push((name, path));
        }
    }
    parts.sort();
    Ok(parts)
}

/// When a file was written; `None` if the disk does not say.
fn written(path: &Path) -> Option<Instant> {
    let since = std::fs::metadata(path).and_then(|file| file.modified()).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Instant::from_ms(i64::try_from(since.as_millis()).ok()?))
}

pub(super) fn size(path: &Path) -> Result<u64, DeviceError> {
    Ok(std::fs::metadata(path).map_err(DeviceError::file("looking at a carried bundle"))?.len())
}

pub(super) fn remove(path: &Path) -> Result<(), DeviceError> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(DeviceError::file("removing what was carried")(cause))
        }
        _ => Ok(()),
    }
}
