//! Writing a bundle and taking answers in, for a replica: what `bundles` does for a tablet.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::DeviceError;
use crate::bundle::{
    self, Ask, Content, FORMAT, Frame, Head, MAX_PART_BYTES, PartWriter, Parts, Reply, SealingKey, part_name,
};
use crate::error::Code;
use crate::ids::{BundleId, DeviceId, EpochId, StationId};
use crate::record::Checkpoint;
use crate::replica::{Found, Replica, WaitingBlob};
use crate::sync::{PushHeader, Receipt, read_batch, write_batch, write_line};
use crate::view::{AnswerTaken, BundleExported, BundleLine};
use crate::world::World;

/// What bundles are written from and answers are taken into.
pub struct Bundling<'a> {
    /// The tablet's side.
    pub replica: &'a mut Replica,
    /// Who this tablet is.
    pub device: DeviceId,
    /// Its key.
    pub signing: &'a SigningKey,
    /// The station.
    pub station: StationId,
    /// The key that signs the station's answers.
    pub station_key: &'a VerifyingKey,
    /// Clock and randomness.
    pub world: &'a dyn World,
}

impl std::fmt::Debug for Bundling<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundling").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Bundling<'_> {
    /// Writes what the station does not have into files of about a size, in a folder. A file is there whole or not at all.
    ///
    /// # Errors
    /// [`Code::SealingUnknown`] before the first sync with a station that takes bundles, [`Code::FileFailed`],
    /// [`Code::DiskFull`].
    pub fn export(&mut self, folder: &Path, part_bytes: u64) -> Result<BundleExported, DeviceError> {
        let recipient = self.replica.sealing()?.ok_or(DeviceError::Refused(Code::SealingUnknown))?;
        let holdings = self.replica.holdings(self.device)?;
        let waiting = self.replica.waiting(self.device)?;
        let first = self.replica.first_unsent(self.device)?;
        let own = self.replica.sealing_key(self.world)?.recipient()?;
        let (epoch, position) = (holdings.epoch, holdings.cursor);
        let content = Content::Ask(Ask { epoch, position, first, recipient: own, blobs: holdings.blobs });
        let pushes = self.pushes(first, epoch)?;
        let blobs = self.replica.waiting_blobs()?;

        let sizes: Vec<u64> =
            pushes.iter().map(Frame::size_bytes).chain(blobs.iter().map(|blob| blob.size_bytes)).collect();
        let parts = Parts::of(&sizes, part_bytes);
        let (bundle, at) = (BundleId::new(self.world), self.world.now());
        let (mut files, mut bytes) = (Vec::new(), 0);
        for (part, range) in parts.each() {
            let head = Head {
                format: FORMAT,
                station: self.station,
                device: self.device,
                bundle,
                part,
                parts: parts.count(),
                at_ms: at,
                content: content.clone(),
            };
            let path = folder.join(part_name(&head));
            bytes += self.write(&path, &recipient, &head, range.map(|index| inside(index, &pushes, &blobs)))?;
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
        self.replica.keep_export(&line, epoch)?;
        Ok(BundleExported { bundle: line, folder: folder.to_string_lossy().into_owned(), files })
    }

    /// Takes parts of answers in, in the order in which the station wrote them, whatever order they came in.
    ///
    /// # Errors
    /// [`Code::BundleElsewhere`], [`Code::BundleUnreadable`], [`Code::BundleIncomplete`] if an earlier part is missing,
    /// [`Code::DigestMismatch`] if the station holds something else: the next bundle begins anew; [`Code::NotFound`] if there
    /// is no answer.
    pub fn take_answers(&mut self, answers: &[PathBuf]) -> Result<AnswerTaken, DeviceError> {
        let key = self.replica.sealing_key(self.world)?;
        let mut found = Vec::new();
        for answer in answers {
            let head = bundle::head(&read(answer)?, &key)?;
            found.push((head.at_ms, head.bundle, head.part, answer));
        }
        if found.is_empty() {
            return Err(DeviceError::Refused(Code::NotFound));
        }
        found.sort();
        let mut taken = AnswerTaken::default();
        for (.., answer) in found {
            self.take(&read(answer)?, &key, &mut taken)?;
            taken.parts += 1;
        }
        taken.covered = self.replica.holdings(self.device)?.covered;
        Ok(taken)
    }

    /// The pushes that a sync would send, from a place on.
    pub(super) fn pushes(&self, first: u64, epoch: Option<EpochId>) -> Result<Vec<Frame>, DeviceError> {
        // Before its first sync a tablet knows no epoch; the station puts in its own.
        let epoch = epoch.unwrap_or(EpochId::from_bytes([0; 16]));
        let (mut pushes, mut next) = (Vec::new(), first);
        while let Some(batch) = self.replica.outbox_from(self.device, next)? {
            let checkpoint = Checkpoint::sign(self.signing, self.device, batch.to, batch.chain);
            let header = write_line(&PushHeader { epoch, from: batch.from, checkpoint })?;
            let lines = std::iter::once(header.as_str()).chain(batch.bodies.iter().map(String::as_str));
            pushes.push(Frame::Push(write_batch(lines)?));
            next = batch.to + 1;
        }
        Ok(pushes)
    }

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
        let mut out = part.finish(self.signing)?;
        out.flush().map_err(doing())?;
        let file = out.into_inner().map_err(|cause| doing()(cause.into_error()))?;
        file.sync_all().map_err(doing())?;
        std::fs::rename(&beside, path).map_err(doing())?;
        Ok(file.metadata().map_err(doing())?.len())
    }

    /// Takes one part of an answer in.
    fn take(&mut self, sealed: &[u8], key: &SealingKey, taken: &mut AnswerTaken) -> Result<(), DeviceError> {
        let frames = bundle::open(sealed, key, self.station_key)?;
        let head = frames.head().clone();
        let Content::Reply(reply) = &head.content else { return Err(elsewhere()) };
        if head.station != self.station || head.device != self.device {
            return Err(elsewhere());
        }
        if !self.begin(&head, reply)? {
            return Ok(());
        }
        let mut stated = None;
        for frame in frames {
            match frame? {
                Frame::Verdicts(items) => self.replica.keep_verdicts(self.device, &items)?,
                Frame::Page { after, packed } => taken.pulled += self.page(after, &packed)?,
                Frame::Receipt(receipt) => stated = Some(receipt),
                Frame::Push(_) | Frame::Blob { .. } | Frame::Refused(_) | Frame::Draft(_) => return Err(elsewhere()),
            }
        }
        // The receipt is in the last part. Without one there, the station has lost what the tablet has seen.
        if head.part == head.parts {
            taken.receipt |= self.compare(&head, reply, stated.as_ref())?;
        }
        Ok(())
    }

    /// Looks whether an answer is to be taken; if not, nothing is changed. One of another life of the station's store is, if the
    /// tablet has learned of no other since it asked: it forgets positions and verdicts first.
    fn begin(&mut self, head: &Head, reply: &Reply) -> Result<bool, DeviceError> {
        // An older answer may come after a login that told of other areas.
        if !self.replica.still_in(head.bundle, &reply.scopes)? {
            return Ok(false);
        }
        let known = self.replica.holdings(self.device)?.epoch;
        if known != Some(reply.epoch) {
            if !self.replica.still_asks(head.bundle)? {
                return Ok(false);
            }
            let returned = self.replica.placed_after(self.device, reply.seq)?;
            if returned > 0 {
                self.replica.note_difference(self.world.now(), Found { returned, ..Found::default() })?;
            }
            self.replica.adopt(self.device, reply.epoch, reply.seq)?;
        }
        self.replica.set_scopes(&reply.scopes)?;
        Ok(true)
    }

    /// Keeps a page of the feed, unless the tablet is further already; how many revisions are new.
    fn page(&mut self, after: u64, packed: &[u8]) -> Result<u64, DeviceError> {
        let cursor = self.replica.holdings(self.device)?.cursor;
        let pulled = read_batch(packed)?;
        if pulled.end.end <= cursor {
            return Ok(0);
        }
        if after > cursor {
            return Err(DeviceError::Refused(Code::BundleIncomplete));
        }
        Ok(self.replica.receive(self.device, &pulled, Some(pulled.end.end), self.world.now())?.new)
    }

    /// Keeps the receipt if it states what is held here. Whether it is a newer one than there was.
    fn compare(&mut self, head: &Head, reply: &Reply, receipt: Option<&Receipt>) -> Result<bool, DeviceError> {
        if self.replica.first_unsent(self.device)? <= reply.seq {
            return Err(DeviceError::Refused(Code::BundleIncomplete));
        }
        if let Some(receipt) = receipt {
            let body = receipt.read(self.station_key)?;
            if body.device != self.device || body.station != self.station {
                return Err(DeviceError::Station(Code::ReceiptWrong));
            }
            if self.replica.outdates(&body)? {
                return Ok(false);
            }
            if body.position > self.replica.holdings(self.device)?.cursor {
                return Err(DeviceError::Refused(Code::BundleIncomplete));
            }
            if self.replica.take_receipt(self.device, head.bundle, receipt, self.world.now())? {
                return Ok(true);
            }
        }
        self.replica.note_difference(self.world.now(), Found::default())?;
        // The next answer brings all of the feed again; what is known is recognised.
        self.replica.feed_is_known_to(0)?;
        Err(DeviceError::Station(Code::DigestMismatch))
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
