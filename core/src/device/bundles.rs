//! Without a network: what waits goes into files for the station, the station's answers come back as files.
//!
//! A bundle is a copy: nothing on the tablet changes when it is written, and whatever becomes of it, the next sync or bundle
//! brings everything again. Only the receipt in an answer makes something synced.

use std::path::{Path, PathBuf};

use super::bundling::Bundling;
use super::syncing::SyncRun;
use super::{DeviceError, Tablet};
use crate::bundle::EXTENSION;
#[cfg(doc)]
use crate::error::Code;
use crate::view::{AnswerTaken, BundleExported, BundleStatus, Shelf};

/// Where systems show sticks and cards.
const STICKS: &[&str] = &["/run/media", "/media"];

/// What an answer's file has in its name.
const ANSWER: &str = "-answer-";

impl Tablet {
    /// The page of bundles.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn bundle_status(&self) -> Result<BundleStatus, DeviceError> {
        let own = self.exports()?;
        self.with(|replica, author, _| {
            let found = |folder: &Path| answers_in(folder, author.device).unwrap_or_default();
            Ok(BundleStatus {
                ready: replica.sealing()?.is_some(),
                waiting: replica.waiting(author.device)?,
                covered: replica.holdings(author.device)?.covered,
                exports: replica.exports()?,
                shelves: shelves_with(own, found),
            })
        })
    }

    /// Writes what the station does not have into files of about a size, in a folder that is there or in `exports` beside the
    /// tablet's files. A file is there whole or not at all.
    ///
    /// # Errors
    /// [`Code::SealingUnknown`] before the first sync with a station that takes bundles, [`Code::NotFound`] for a folder that
    /// is not there, [`Code::FileFailed`], [`Code::DiskFull`].
    pub fn export_bundle(&self, folder: Option<&str>, part_bytes: u64) -> Result<BundleExported, DeviceError> {
        let folder = self.export_folder(folder)?;
        self.bundling(&mut self.beside_a_sync()?).export(&folder, part_bytes)
    }

    /// Takes in what the station answered: files, or all answers for this tablet in folders. Taken in twice, or after a sync
    /// that knew more, it changes nothing.
    ///
    /// # Errors
    /// [`Code::BundleElsewhere`], [`Code::BundleUnreadable`], [`Code::BundleIncomplete`] if an earlier part is missing,
    /// [`Code::DigestMismatch`] if the station holds something else: the next bundle begins anew; [`Code::NotFound`] if there
    /// is no answer; [`Code::SyncRunning`].
    pub fn import_answers(&self, paths: &[String]) -> Result<AnswerTaken, DeviceError> {
        self.instead_of_a_sync(|run| {
            let mut found = Vec::new();
            for path in paths.iter().map(PathBuf::from) {
                if path.is_dir() {
                    found.append(&mut answers_in(&path, run.device)?);
                } else {
                    found.push(path);
                }
            }
            self.bundling(run).take_answers(&found)
        })
    }

    fn bundling<'a>(&'a self, run: &'a mut SyncRun) -> Bundling<'a> {
        Bundling {
            replica: &mut run.replica,
            device: run.device,
            signing: &run.keys.signing,
            station: run.note.station,
            station_key: &run.note.station_key,
            world: &*self.world,
        }
    }
}

/// The files of answers for a device in a folder.
fn answers_in(folder: &Path, device: crate::ids::DeviceId) -> Result<Vec<PathBuf>, DeviceError> {
    let doing = || DeviceError::file("looking for answers");
    let begins = device.to_string();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(doing())? {
        let path = entry.map_err(doing())?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ours = name.starts_with(&begins) && name.contains(ANSWER);
        if ours && path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where files can be written and read, and whether answers lie there.
pub(super) fn shelves(tablet: &Path, answers: impl Fn(&Path) -> Vec<PathBuf>) -> Vec<Shelf> {
    shelves_with(tablet.join("exports"), answers)
}

fn shelves_with(own: PathBuf, answers: impl Fn(&Path) -> Vec<PathBuf>) -> Vec<Shelf> {
    let places = sticks().into_iter().chain([(own, String::new())]);
    let shelf = |(path, name): (PathBuf, String)| {
        let answers = !answers(&path).is_empty();
        Shelf { path: path.to_string_lossy().into_owned(), name, answers }
    };
    places.map(shelf).collect()
}

/// The sticks and cards that are there: folders on which something else is mounted than on the folder around them.
fn sticks() -> Vec<(PathBuf, String)> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let folders = STICKS.iter().flat_map(|root| below(Path::new(root)));
    let all: Vec<PathBuf> = folders.flat_map(|folder| below(&folder).into_iter().chain([folder.clone()])).collect();
    let mounted = all.into_iter().filter(|path| is_mounted(path));
    mounted.map(|path| (path.clone(), path.file_name().unwrap_or_default().to_string_lossy().into_owned())).collect()
}

#[cfg(unix)]
fn is_mounted(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev()).ok();
    path.parent().is_some_and(|above| device(path).is_some() && device(path) != device(above))
}

#[cfg(not(unix))]
fn is_mounted(_: &Path) -> bool {
    false
}
