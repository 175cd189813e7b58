//! Without a network: what waits goes into files for the station, the station's answers come back as files.
//!
//! A bundle is a copy: nothing on the tablet changes when it is written, and whatever becomes of it, the next sync or bundle
//! brings everything again. Only the receipt in an answer makes something synced.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::syncing::SyncRun;
use super::{DeviceError, Tablet};
use crate::bundle::{
    self, Ask, Content, EXTENSION, FORMAT, Frame, Head, MAX_PART_BYTES, PartWriter, Parts, Reply, SealingKey, part_name,
};
use crate::error::Code;
use crate::ids::{BundleId, EpochId};
use crate::record::Checkpoint;
use crate::replica::{Found, WaitingBlob};
use crate::sync::{PushHeader, Receipt, read_batch, write_batch, write_line};
use crate::view::{AnswerTaken, BundleExported, BundleLine, BundleStatus, Shelf};
use crate::world::World;

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
        let folder = match folder {
            Some(folder) if Path::new(folder).is_dir() => PathBuf::from(folder),
            Some(_) => return Err(DeviceError::Refused(Code::NotFound)),
            None => self.exports()?,
        };
        let mut run = self.beside_a_sync()?;
        let recipient = run.replica.sealing()?.ok_or(DeviceError::Refused(Code::SealingUnknown))?;
        let holdings = run.replica.holdings(run.device)?;
        let waiting = run.replica.waiting(run.device)?;
        let first = run.replica.first_unsent(run.device)?;
        let own = run.replica.sealing_key(&*self.world)?.recipient()?;
        let content = Content::Ask(Ask { epoch: holdings.epoch, position: holdings.cursor, first, recipient: own });
        let pushes = pushes(&run, first, holdings.epoch)?;
        let blobs = run.replica.waiting_blobs()?;

        let sizes: Vec<u64> =
            pushes.iter().map(Frame::size_bytes).chain(blobs.iter().map(|blob| blob.size_bytes)).collect();
        let parts = Parts::of(&sizes, part_bytes);
        let (bundle, at) = (BundleId::new(&*self.world), self.world.now());
        let (mut files, mut bytes) = (Vec::new(), 0);
        for (part, range) in parts.each() {
            let head = Head {
                format: FORMAT,
                station: run.note.station,
                device: run.device,
                bundle,
                part,
                parts: parts.count(),
                at_ms: at,
                content: content.clone(),
            };
            let path = folder.join(part_name(&head));
            bytes += run.write(&path, &recipient, &head, range.map(|index| inside(index, &pushes, &blobs)))?;
            files.push(path.to_string_lossy().into_owned());
        }
        let line = BundleLine {
            id: bundle,
            at,
            parts: parts.count(),
            bytes,
            revisions: waiting.revisions.into(),
            blobs: blobs.len() as u64,
            answered_at: None,
        };
        run.replica.keep_export(&line, holdings.epoch)?;
        Ok(BundleExported { bundle: line, folder: folder.to_string_lossy().into_owned(), files })
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
            let key = run.replica.sealing_key(&*self.world)?;
            let mut found = Vec::new();
            for path in paths.iter().map(PathBuf::from) {
                let files = if path.is_dir() { answers_in(&path, run.device)? } else { vec![path] };
                for file in files {
                    let head = bundle::head(&read(&file)?, &key)?;
                    found.push((head.at_ms, head.bundle, head.part, file));
                }
            }
            if found.is_empty() {
                return Err(DeviceError::Refused(Code::NotFound));
            }
            found.sort();
            let mut taken = AnswerTaken::default();
            for (.., file) in found {
                run.take(&read(&file)?, &key, &*self.world, &mut taken)?;
                taken.parts += 1;
            }
            taken.covered = run.replica.holdings(run.device)?.covered;
            Ok(taken)
        })
    }

    /// The folder for files beside the tablet's own.
    fn exports(&self) -> Result<PathBuf, DeviceError> {
        let own = self.folder().join("exports");
        std::fs::create_dir_all(&own).map_err(DeviceError::file("making the folder for exports"))?;
        Ok(own)
    }
}

/// What stands at a place of the list of frames: a blob's bytes are read only when they are written.
pub(super) enum Inside<'a> {
    Frame(&'a Frame),
    Blob(&'a WaitingBlob),
}

fn inside<'a>(index: usize, pushes: &'a [Frame], blobs: &'a [WaitingBlob]) -> Inside<'a> {
    match pushes.get(index) {
        Some(push) => Inside::Frame(push),
        None => Inside::Blob(&blobs[index - pushes.len()]),
    }
}

/// The pushes that a sync would send, from a place on.
pub(super) fn pushes(run: &SyncRun, first: u64, epoch: Option<EpochId>) -> Result<Vec<Frame>, DeviceError> {
    // Before its first sync a tablet knows no epoch; the station puts in its own.
    let epoch = epoch.unwrap_or(EpochId::from_bytes([0; 16]));
    let (mut pushes, mut next) = (Vec::new(), first);
    while let Some(batch) = run.replica.outbox_from(run.device, next)? {
        let checkpoint = Checkpoint::sign(&run.keys.signing, run.device, batch.to, batch.chain);
        let header = write_line(&PushHeader { epoch, from: batch.from, checkpoint })?;
        let lines = std::iter::once(header.as_str()).chain(batch.bodies.iter().map(String::as_str));
        pushes.push(Frame::Push(write_batch(lines)?));
        next = batch.to + 1;
    }
    Ok(pushes)
}

impl SyncRun {
    /// Writes a part, whole or not at all; how many bytes it has.
    pub(super) fn write<'a>(
        &self,
        path: &Path,
        recipient: &str,
        head: &Head,
        inside: impl Iterator<Item = Inside<'a>>,
    ) -> Result<u64, DeviceError> {
        let doing = || DeviceError::file("writing a bundle");
        let beside = path.with_extension("new");
        let file = File::create(&beside).map_err(doing())?;
        let mut part = PartWriter::begin(BufWriter::new(file), recipient, head)?;
        for frame in inside {
            match frame {
                Inside::Frame(frame) => part.add(frame)?,
                Inside::Blob(waiting) => {
                    let blob = self.replica.blob(waiting.hash)?;
                    part.add(&Frame::Blob { hash: blob.hash, media_type: blob.media_type, bytes: blob.bytes })?;
                }
            }
        }
        let mut out = part.finish(&self.keys.signing)?;
        out.flush().map_err(doing())?;
        let file = out.into_inner().map_err(|cause| doing()(cause.into_error()))?;
        file.sync_all().map_err(doing())?;
        std::fs::rename(&beside, path).map_err(doing())?;
        Ok(file.metadata().map_err(doing())?.len())
    }

    /// Takes one part of an answer in.
    fn take(
        &mut self,
        sealed: &[u8],
        key: &SealingKey,
        world: &dyn World,
        taken: &mut AnswerTaken,
    ) -> Result<(), DeviceError> {
        let frames = bundle::open(sealed, key, &self.note.station_key)?;
        let head = frames.head().clone();
        let Content::Reply(reply) = &head.content else { return Err(elsewhere()) };
        if head.station != self.note.station || head.device != self.device {
            return Err(elsewhere());
        }
        if !self.begin(&head, reply, world)? {
            return Ok(());
        }
        let mut stated = None;
        for frame in frames {
            match frame? {
                Frame::Verdicts(items) => self.replica.keep_verdicts(self.device, &items)?,
                Frame::Page { after, packed } => taken.pulled += self.page(after, &packed, world)?,
                Frame::Receipt(receipt) => stated = Some(receipt),
                Frame::Push(_) | Frame::Blob { .. } | Frame::Refused(_) | Frame::Draft(_) => return Err(elsewhere()),
            }
        }
        // The receipt is in the last part. Without one there, the station has lost what the tablet has seen.
        if head.part == head.parts {
            taken.receipt |= self.compare(&head, reply, stated.as_ref(), world)?;
        }
        Ok(())
    }

    /// Looks whether an answer is to be taken. One of another life of the station's store is, if the tablet has learned of no
    /// other since it asked: it forgets positions and verdicts first.
    fn begin(&mut self, head: &Head, reply: &Reply, world: &dyn World) -> Result<bool, DeviceError> {
        let known = self.replica.holdings(self.device)?.epoch;
        if known != Some(reply.epoch) {
            if !self.replica.still_asks(head.bundle)? {
                return Ok(false);
            }
            let returned = self.replica.placed_after(self.device, reply.seq)?;
            if returned > 0 {
                self.replica.note_difference(world.now(), Found { returned, ..Found::default() })?;
            }
            self.replica.adopt(self.device, reply.epoch, reply.seq)?;
        }
        self.replica.set_scopes(&reply.scopes)?;
        Ok(true)
    }

    /// Keeps a page of the feed, unless the tablet is further already; how many revisions are new.
    fn page(&mut self, after: u64, packed: &[u8], world: &dyn World) -> Result<u64, DeviceError> {
        let cursor = self.replica.holdings(self.device)?.cursor;
        let pulled = read_batch(packed)?;
        if pulled.end.end <= cursor {
            return Ok(0);
        }
        if after > cursor {
            return Err(DeviceError::Refused(Code::BundleIncomplete));
        }
        Ok(self.replica.receive(self.device, &pulled, Some(pulled.end.end), world.now())?.new)
    }

    /// Keeps the receipt if it states what is held here. Whether it is a newer one than there was.
    fn compare(
        &mut self,
        head: &Head,
        reply: &Reply,
        receipt: Option<&Receipt>,
        world: &dyn World,
    ) -> Result<bool, DeviceError> {
        if self.replica.first_unsent(self.device)? <= reply.seq {
            return Err(DeviceError::Refused(Code::BundleIncomplete));
        }
        if let Some(receipt) = receipt {
            let body = receipt.read(&self.note.station_key)?;
            if body.device != self.device || body.station != self.note.station {
                return Err(DeviceError::Station(Code::ReceiptWrong));
            }
            if self.replica.outdates(&body)? {
                return Ok(false);
            }
            if body.position > self.replica.holdings(self.device)?.cursor {
                return Err(DeviceError::Refused(Code::BundleIncomplete));
            }
            if self.replica.take_receipt(self.device, head.bundle, receipt, world.now())? {
                return Ok(true);
            }
        }
        self.replica.note_difference(world.now(), Found::default())?;
        // The next answer brings all of the feed again; what is known is recognised.
        self.replica.feed_is_known_to(0)?;
        Err(DeviceError::Station(Code::DigestMismatch))
    }
}

const fn elsewhere() -> DeviceError {
    DeviceError::Refused(Code::BundleElsewhere)
}

fn read(path: &Path) -> Result<Vec<u8>, DeviceError> {
    let doing = || DeviceError::file("reading a bundle");
    if std::fs::metadata(path).map_err(doing())?.len() > MAX_PART_BYTES {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
    std::fs::read(path).map_err(doing())
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
