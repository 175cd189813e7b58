//! Sealed files on their way from one tablet to another: whole or, if the wire broke, from the byte where they were.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::wire::Wire;
use crate::bundle::{MAX_CARRIED_BYTES, PartName};
use crate::device::DeviceError;
use crate::device::carrying::{MOST_BYTES, parts_in, remove, size};
use crate::error::Code;
use crate::hash::Hash;

/// At most so many files at once.
const MOST_FILES: usize = 1_000;

/// So many bytes go over before it is looked whether to go on.
const PIECE_BYTES: usize = 64 * 1024;

/// Who watches files on their way.
pub(super) struct Watch<'a> {
    /// Whether to stop.
    pub(super) stopped: &'a dyn Fn() -> bool,
    /// Told how many bytes of how many are there, in which direction.
    pub(super) moved: &'a dyn Fn(Way, u64, u64),
}

/// In which direction files go, as this tablet sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Out,
    In,
}

impl Watch<'_> {
    fn goes_on(&self) -> Result<(), DeviceError> {
        if (self.stopped)() { Err(DeviceError::Refused(Code::NearbyEnded)) } else { Ok(()) }
    }
}

/// What went over.
#[derive(Clone, Copy, Default)]
pub(super) struct Went {
    pub(super) files: u32,
    pub(super) bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Offered {
    name: String,
    bytes: u64,
    hash: Hash,
}

/// Sends files, each from the byte that the other side is at; what is there now.
pub(super) fn offer(wire: &mut Wire, parts: &[(PartName, PathBuf)], watch: &Watch<'_>) -> Result<Went, DeviceError> {
    let doing = || DeviceError::file("reading what is given");
    let mut offers = Vec::with_capacity(parts.len());
    for (_, path) in parts {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(path).map_err(doing())?;
        offers.push(Offered { name, bytes: bytes.len() as u64, hash: Hash::of(&bytes) });
    }
    wire.send(&offers)?;
    let offsets: Vec<u64> = wire.receive()?;
    let total: u64 = offers.iter().map(|offered| offered.bytes).sum();
    let mut done: u64 = offers.iter().zip(&offsets).map(|(offered, offset)| offered.bytes.min(*offset)).sum();
    (watch.moved)(Way::Out, done, total);
    let mut piece = vec![0; PIECE_BYTES];
    for ((_, path), offset) in parts.iter().zip(&offsets) {
        let mut file = File::open(path).map_err(doing())?;
        file.seek(SeekFrom::Start(*offset)).map_err(doing())?;
        loop {
            watch.goes_on()?;
            let got = file.read(&mut piece).map_err(doing())?;
            if got == 0 {
                break;
            }
            wire.write(&piece[..got])?;
            done += got as u64;
            (watch.moved)(Way::Out, done, total);
        }
    }
    match wire.receive::<Option<u32>>()? {
        Some(files) => Ok(Went { files, bytes: total }),
        None => Err(DeviceError::Refused(Code::NearbyEnded)),
    }
}

/// Receives files into a folder, going on where an earlier meeting ended; what came.
pub(super) fn accept(
    wire: &mut Wire,
    folder: &Path,
    wanted: &dyn Fn(&PartName) -> bool,
    watch: &Watch<'_>,
) -> Result<Went, DeviceError> {
    let offers: Vec<Offered> = wire.receive()?;
    let sound = |offered: &Offered| {
        offered.bytes <= MAX_CARRIED_BYTES && PartName::read(&offered.name).is_some_and(|name| wanted(&name))
    };
    if offers.len() > MOST_FILES || !offers.iter().all(sound) {
        return Err(DeviceError::Refused(Code::BundleUnreadable));
    }
    let total: u64 = offers.iter().map(|offered| offered.bytes).sum();
    let mut carried = total;
    for (_, path) in parts_in(folder)? {
        carried += size(&path)?;
    }
    if carried > MOST_BYTES {
        return Err(DeviceError::Refused(Code::CarriesTooMuch));
    }
    let begun = |offered: &Offered| folder.join(format!("{}.begun", offered.name));
    let here = |offered: &Offered| match std::fs::metadata(begun(offered)) {
        Ok(file) if file.len() <= offered.bytes => file.len(),
        _ => 0,
    };
    let offsets: Vec<u64> = offers.iter().map(here).collect();
    wire.send(&offsets)?;
    let mut done: u64 = offsets.iter().sum();
    (watch.moved)(Way::In, done, total);
    let mut whole = true;
    for (offered, offset) in offers.iter().zip(offsets) {
        let path = begun(offered);
        append(wire, &path, offset, offered.bytes - offset, &mut |got| {
            done += got;
            (watch.moved)(Way::In, done, total);
            watch.goes_on()
        })?;
        let bytes = std::fs::read(&path).map_err(DeviceError::file("reading what came"))?;
        if Hash::of(&bytes) == offered.hash {
            std::fs::rename(&path, folder.join(&offered.name)).map_err(DeviceError::file("keeping what came"))?;
        } else {
            whole = false;
            remove(&path)?;
        }
    }
    let files = u32::try_from(offers.len()).unwrap_or(u32::MAX);
    wire.send(&whole.then_some(files))?;
    if whole { Ok(Went { files, bytes: total }) } else { Err(DeviceError::Refused(Code::NearbyEnded)) }
}

/// Adds so many bytes to a file at an offset, as they come.
fn append(
    wire: &mut Wire,
    path: &Path,
    offset: u64,
    mut left: u64,
    came: &mut dyn FnMut(u64) -> Result<(), DeviceError>,
) -> Result<(), DeviceError> {
    let doing = || DeviceError::file("keeping what comes");
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).truncate(false).open(path).map_err(doing())?;
    file.set_len(offset).map_err(doing())?;
    let mut piece = vec![0; PIECE_BYTES];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let got = wire.read(&mut piece[..most])?;
        file.write_all(&piece[..got]).map_err(doing())?;
        left -= got as u64;
        came(got as u64)?;
    }
    file.sync_all().map_err(doing())
}
