//! What a device that was shut out hands over: verified, kept sealed and out of the log, acknowledged; and, when somebody decides
//! so, taken in or discarded.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use ailchin_core::bundle::{self, Content, Frame, Head};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::sync::{Acknowledgement, LastParts, LastPartsAnswer, MAX_LAST_PARTS, PushAnswer, Verdict};
use ailchin_core::time::Instant;
use serde::Serialize;
use serde_json::json;

use super::{BundleError, Bundles, write_whole};
use crate::batch::Push;
use crate::blobs::{Blobs, BlobsError, LastName, LastPart, alone};
use crate::store::{DeviceRow, LastWork, StoreError};

/// So many bytes are kept of one device.
pub(crate) const MOST_BYTES: u64 = 4 << 30;

/// A bundle that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptBundle {
    /// Which.
    pub of: LastName,
    /// Its parts that are here.
    pub parts: Vec<LastPart>,
    /// Whether all of it was here and was acknowledged: the tablet may be erased.
    pub acknowledged: bool,
    /// When it was taken in last.
    pub taken_at: Option<Instant>,
}

/// What became of a bundle that was taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct TakenIn {
    /// Revisions stored.
    pub stored: u64,
    /// Revisions that were stored before.
    pub duplicates: u64,
    /// Blobs that are here now.
    pub blobs: u64,
    /// Revisions that were not stored, and are in the file `not-taken.ndjson` with the reason.
    pub not_taken: u64,
    /// Forms that were not finished, each a file with those attached to it.
    pub drafts: u64,
}

impl Bundles<'_> {
    /// Opens a part and verifies that it is of this device, which was shut out.
    ///
    /// # Errors
    /// As [`Bundles::head`]; `bundle_elsewhere` if it is another device's or no tablet's.
    pub(crate) fn last_part(
        &self,
        (station, author): (StationId, &DeviceRow),
        sealed: &[u8],
    ) -> Result<LastPart, BundleError> {
        let head = self.head(sealed)?;
        if (head.station, head.device) != (station, author.id) || !matches!(head.content, Content::Ask(_)) {
            return Err(BundleError::Refused(Code::BundleElsewhere));
        }
        bundle::open(sealed, &self.store.sealing_key(station, self.world)?, &author.key)?;
        Ok(named(&head, sealed))
    }

    /// Keeps a verified part as it is: it is not taken, and not lost.
    ///
    /// # Errors
    /// `too_large` if as much is kept of the device as may be.
    pub(super) fn keep_sealed(&self, head: &Head, sealed: &[u8]) -> Result<(), BundleError> {
        let part = named(head, sealed);
        alone(async {
            let kept = self.blobs.last_parts(part.of.station, part.of.device).await?;
            match room(&kept, part) {
                Room::There => Ok(true),
                Room::None => Ok(false),
                Room::Free => self.blobs.keep_last(part, sealed.to_vec().into()).await.map(|()| true),
            }
        })?
        .then_some(())
        .ok_or(BundleError::Refused(Code::TooLarge))
    }

    /// Acknowledges a bundle that was brought in files, if all of its parts are here.
    ///
    /// # Errors
    /// `bundle_incomplete` otherwise.
    pub fn acknowledge_brought(&self, of: LastName) -> Result<Acknowledgement, BundleError> {
        let parts = self.parts_of(of)?;
        let first = parts.first().ok_or(BundleError::Refused(Code::BundleIncomplete))?;
        let sealed = alone(self.blobs.last_part(*first))?.ok_or(BundleError::Refused(Code::BundleIncomplete))?;
        let numbers: Vec<u32> = parts.iter().map(|part| part.part).collect();
        if numbers != (1..=self.head(&sealed)?.parts).collect::<Vec<_>>() {
            return Err(BundleError::Refused(Code::BundleIncomplete));
        }
        let hashes: Vec<Hash> = parts.iter().map(|part| part.hash).collect();
        let lost = alone(lost_of(self.blobs, &parts))?;
        if !lost.is_empty() {
            return Err(BundleError::Refused(Code::BundleIncomplete));
        }
        self.state(of, &hashes, alone(self.blobs.note_acknowledged(of, &hashes))?)
    }

    /// States that these parts are kept, and notes it the first time.
    pub(crate) fn state(&self, of: LastName, parts: &[Hash], first: bool) -> Result<Acknowledgement, BundleError> {
        let said = json!({ "parts": parts.len() });
        if first {
            self.store.note_last_work(of.station, of.device, of.bundle, LastWork::Kept, &said, self.world)?;
        }
        // The blobs of which only the rows were lost are here.
        self.find_again(of.station, of.device)?;
        Ok(self.store.acknowledge(of.station, of.device, of.bundle, parts, self.world.now())?)
    }

    /// The bundles that are kept of devices that were shut out.
    ///
    /// # Errors
    /// What the folder or the bucket says.
    pub fn kept(&self, station: StationId) -> Result<Vec<KeptBundle>, BundleError> {
        Ok(alone(async {
            let mut kept = Vec::new();
            for device in self.blobs.last_devices(station).await? {
                let mut by_bundle: BTreeMap<LastName, Vec<LastPart>> = BTreeMap::new();
                for part in self.blobs.last_parts(station, device).await? {
                    by_bundle.entry(part.of).or_default().push(part);
                }
                for (of, parts) in by_bundle {
                    let acknowledged = self.blobs.acknowledged(of).await?.is_some();
                    kept.push(KeptBundle { of, parts, acknowledged, taken_at: self.blobs.taken(of).await? });
                }
            }
            Ok(kept)
        })?)
    }

    /// Takes a kept bundle in, because somebody decided so: its revisions into the log, its photos to the others. What has no
    /// place there is written into files in a folder, which anybody who gets them can read. The sealed parts stay until they are
    /// discarded; taken in twice, nothing is doubled.
    ///
    /// # Errors
    /// `not_found` if nothing of it is kept; what a part is refused with; what the disk says.
    pub fn take_in(&self, of: LastName, to: &Path) -> Result<TakenIn, BundleError> {
        let parts = self.parts_of(of)?;
        if parts.is_empty() {
            return Err(BundleError::Refused(Code::NotFound));
        }
        let author = self.store.device(of.station, of.device)?;
        let key = self.store.sealing_key(of.station, self.world)?;
        std::fs::create_dir_all(to).map_err(writing)?;
        let mut taking =
            Taking { of, to, taken: TakenIn::default(), aside: BTreeSet::new(), attached: BTreeMap::new() };
        for part in parts {
            let sealed = alone(self.blobs.last_part(part))?.ok_or(BundleError::Refused(Code::BundleUnreadable))?;
            for frame in bundle::open(&sealed, &key, &author.key)? {
                match frame? {
                    Frame::Push(packed) => self.push_last(&packed, &mut taking)?,
                    Frame::Refused(aside) => taking.put_aside(aside.code, &aside.body)?,
                    Frame::Draft(draft) => taking.draft(&draft)?,
                    Frame::Blob { hash, media_type, bytes } => {
                        if !taking.attachment(hash, &bytes)? && self.blob(of.station, hash, &media_type, bytes)? {
                            taking.taken.blobs += 1;
                        }
                    }
                    Frame::Verdicts(_) | Frame::Page { .. } | Frame::Receipt(_) => {}
                }
            }
        }
        alone(self.blobs.note_taken(of, self.world.now()))?;
        let said = serde_json::to_value(taking.taken).unwrap_or_default();
        self.store.note_last_work(of.station, of.device, of.bundle, LastWork::TakenIn, &said, self.world)?;
        Ok(taking.taken)
    }

    /// Discards a kept bundle, because somebody decided so; how many parts it were.
    ///
    /// # Errors
    /// `not_found` if nothing of it is kept.
    pub fn discard(&self, of: LastName) -> Result<usize, BundleError> {
        let parts = self.parts_of(of)?;
        if parts.is_empty() {
            return Err(BundleError::Refused(Code::NotFound));
        }
        // The note first: nothing goes that nobody has answered for.
        let said = json!({ "parts": parts.len() });
        self.store.note_last_work(of.station, of.device, of.bundle, LastWork::Discarded, &said, self.world)?;
        alone(async {
            for part in &parts {
                self.blobs.drop_last(*part).await?;
            }
            Ok(())
        })?;
        Ok(parts.len())
    }

    fn parts_of(&self, of: LastName) -> Result<Vec<LastPart>, BundleError> {
        let mut parts = alone(self.blobs.last_parts(of.station, of.device))?;
        parts.retain(|part| part.of == of);
        Ok(parts)
    }

    fn push_last(&self, packed: &[u8], taking: &mut Taking<'_>) -> Result<(), BundleError> {
        let mut push = Push::unpack(packed).map_err(BundleError::Refused)?;
        let station = self.store.stations()?.into_iter().find(|row| row.id == taking.of.station);
        push.header.epoch = station.ok_or(BundleError::Refused(Code::NotFound))?.epoch;
        let bodies: Vec<&[u8]> = push.bodies().collect();
        let of = taking.of;
        let answer: PushAnswer = match self.store.push_last(of.station, of.device, &push.header, &bodies, self.world) {
            Ok(answer) => answer,
            // Another log than the one that is here: what it says is not lost for that.
            Err(StoreError::Refused(code)) => {
                return bodies.iter().try_for_each(|body| taking.put_aside(code, &String::from_utf8_lossy(body)));
            }
            Err(other) => return Err(other.into()),
        };
        for (item, body) in answer.items.iter().zip(&bodies) {
            match item.verdict {
                Verdict::Stored(_) => taking.taken.stored += 1,
                Verdict::Duplicate(_) | Verdict::Refused(Code::RevisionKnown) => taking.taken.duplicates += 1,
                // Only its hash is left, of a record that other tablets have.
                Verdict::Refused(Code::BodyGone) => {}
                Verdict::Refused(code) => taking.put_aside(code, &String::from_utf8_lossy(body))?,
            }
        }
        Ok(())
    }
}

/// A bundle being taken in.
struct Taking<'a> {
    of: LastName,
    to: &'a Path,
    taken: TakenIn,
    /// Bodies that were written into the file already.
    aside: BTreeSet<Hash>,
    /// Of each file attached to a draft, what it is to be called.
    attached: BTreeMap<Hash, Vec<String>>,
}

impl Taking<'_> {
    /// Writes a revision that was not stored into a file, with the reason.
    fn put_aside(&mut self, code: Code, body: &str) -> Result<(), BundleError> {
        if !self.aside.insert(Hash::of(body.as_bytes())) {
            return Ok(());
        }
        let path = self.to.join(format!("{}-not-taken.ndjson", self.of.bundle));
        let mut options = std::fs::OpenOptions::new();
        options.create(true).write(true).append(self.taken.not_taken > 0).truncate(self.taken.not_taken == 0);
        let mut file = options.open(path).map_err(writing)?;
        writeln!(file, "{}", json!({ "reason": code, "body": body })).map_err(writing)?;
        file.sync_all().map_err(writing)?;
        self.taken.not_taken += 1;
        Ok(())
    }

    /// Writes the answers of a form that was not finished into a file.
    fn draft(&mut self, draft: &bundle::LeftDraft) -> Result<(), BundleError> {
        let name = format!("draft-{}", draft.id);
        for (file, hash) in &draft.files {
            // A name says nothing about folders here.
            let file: String =
                file.chars().map(|c| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '_' }).collect();
            self.attached.entry(*hash).or_default().push(format!("{name}-{file}"));
        }
        let xml = draft.submission.clone().unwrap_or_default();
        write_whole(&self.to.join(format!("{name}.xml")), xml.as_bytes()).map_err(writing)?;
        self.taken.drafts += 1;
        Ok(())
    }

    /// Writes a file that is attached to a draft; whether it is one.
    fn attachment(&mut self, hash: Hash, bytes: &[u8]) -> Result<bool, BundleError> {
        let Some(names) = self.attached.get(&hash).filter(|_| Hash::of(bytes) == hash) else { return Ok(false) };
        for name in names {
            write_whole(&self.to.join(name), bytes).map_err(writing)?;
        }
        Ok(true)
    }
}

/// Whether a part may be kept.
pub(crate) enum Room {
    /// It is here already.
    There,
    /// There is room for it.
    Free,
    /// As much is kept of the device as may be.
    None,
}

/// Whether there is room for a part among those that are kept of its device.
pub(crate) fn room(kept: &[LastPart], part: LastPart) -> Room {
    let bytes: u64 = kept.iter().map(|kept| kept.size_bytes).sum();
    if kept.iter().any(|kept| (kept.of, kept.part, kept.hash) == (part.of, part.part, part.hash) && kept.size_bytes > 0)
    {
        Room::There
    } else if kept.len() >= MAX_LAST_PARTS || bytes + part.size_bytes > MOST_BYTES {
        Room::None
    } else {
        Room::Free
    }
}

/// Of what a device says it has handed over, what is not here; nothing if it was acknowledged before, whatever somebody decided
/// about it since.
pub(crate) async fn missing_of(blobs: &Blobs, of: LastName, list: &LastParts) -> Result<LastPartsAnswer, BlobsError> {
    if blobs.acknowledged(of).await?.as_ref() == Some(&list.parts) {
        return Ok(LastPartsAnswer::default());
    }
    let kept = blobs.last_parts(of.station, of.device).await?;
    let kept: Vec<LastPart> =
        kept.into_iter().filter(|part| part.of == of && list.parts.contains(&part.hash)).collect();
    let here: BTreeSet<Hash> = kept.iter().map(|part| part.hash).collect();
    let mut missing: Vec<Hash> = list.parts.iter().copied().filter(|hash| !here.contains(hash)).collect();
    if missing.is_empty() {
        missing = lost_of(blobs, &kept).await?;
    }
    Ok(LastPartsAnswer { missing, acknowledgement: None })
}

/// The parts whose bytes are not what they were; they may come again.
async fn lost_of(blobs: &Blobs, kept: &[LastPart]) -> Result<Vec<Hash>, BlobsError> {
    let mut lost = Vec::new();
    for part in kept {
        if blobs.last_part(*part).await?.is_none() {
            blobs.drop_last(*part).await?;
            lost.push(part.hash);
        }
    }
    Ok(lost)
}

fn named(head: &Head, sealed: &[u8]) -> LastPart {
    let of = LastName { station: head.station, device: head.device, bundle: head.bundle };
    LastPart { of, part: head.part, hash: Hash::of(sealed), size_bytes: sealed.len() as u64 }
}

fn writing(source: std::io::Error) -> BundleError {
    BundleError::File { doing: "writing what a device that was shut out left", source }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use ailchin_core::ids::{BundleId, DeviceId};

    use super::*;

    fn part(part: u32, size_bytes: u64) -> LastPart {
        let of = LastName {
            station: StationId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            bundle: BundleId::from_bytes([3; 16]),
        };
        LastPart { of, part, hash: Hash::of(&part.to_be_bytes()), size_bytes }
    }

    #[test]
    fn a_device_has_room_for_so_many_parts_and_bytes_and_what_is_there_always_fits() {
        let kept: Vec<LastPart> = (1..=4).map(|n| part(n, 1 << 30)).collect();
        assert!(matches!(room(&kept[..3], part(4, 1 << 30)), Room::Free));
        assert!(matches!(room(&kept, part(5, 1)), Room::None));
        assert!(matches!(room(&kept, part(4, 1 << 30)), Room::There));
        let many: Vec<LastPart> = (1..=4_000).map(|n| part(n, 1)).collect();
        assert!(matches!(room(&many, part(4_001, 1)), Room::None));
        // One that a power cut left empty is written anew.
        assert!(matches!(room(&[part(1, 0)], part(1, 9)), Room::Free));
    }
}
