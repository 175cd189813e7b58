//! Taking a part in. Nothing counts before the whole part was verified; whatever is taken goes the way of every push and blob, so
//! a part that comes twice, or was taken half when the machine stopped, changes nothing more.

use ailchin_core::bundle::{self, Content, Frame, Head};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{BundleId, DeviceId, StationId};
use ailchin_core::sync::{Media, PushAnswer, Verdict};
use serde::Serialize;

use super::{BundleError, Bundles};
use crate::batch::Push;

/// What became of a part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Taken {
    /// The station.
    #[serde(skip)]
    pub station: StationId,
    /// The tablet.
    pub device: DeviceId,
    /// The bundle.
    pub bundle: BundleId,
    /// The part …
    pub part: u32,
    /// … of so many.
    pub parts: u32,
    /// Parts of the bundle that have not come yet.
    pub missing: Vec<u32>,
    /// Revisions stored.
    pub stored: u64,
    /// Revisions that were stored before.
    pub duplicates: u64,
    /// Revisions refused by themselves.
    pub refused: u64,
    /// Blobs that are here now.
    pub blobs: u64,
    /// Blobs that are none: the rest of the part was taken without them.
    pub blobs_refused: u64,
}

impl Bundles<'_> {
    /// The head of a part, as it says; nothing is verified.
    ///
    /// # Errors
    /// `bundle_elsewhere` if it is sealed to none of the store's stations; `bundle_unreadable`, `file_too_new`.
    pub fn head(&self, sealed: &[u8]) -> Result<Head, BundleError> {
        for station in self.store.stations()? {
            match bundle::head(sealed, &self.store.sealing_key(station.id)?) {
                Ok(head) if head.station == station.id => return Ok(head),
                Ok(_) => return Err(BundleError::Refused(Code::BundleElsewhere)),
                Err(bundle::BundleUnreadable::Elsewhere) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(BundleError::Refused(Code::BundleElsewhere))
    }

    /// Takes a part in.
    ///
    /// # Errors
    /// As [`Bundles::head`]; `device_unknown`; `device_revoked`, and the part is kept as it is for the chief;
    /// `bundle_incomplete` if revisions of an earlier part are missing, and the part may come again after it; `log_forked`,
    /// `checkpoint_wrong` …, as a push is refused.
    pub fn take(&self, sealed: &[u8]) -> Result<Taken, BundleError> {
        let head = self.head(sealed)?;
        let author = self.store.device(head.station, head.device)?;
        let frames = bundle::open(sealed, &self.store.sealing_key(head.station)?, &author.key)?;
        if !matches!(head.content, Content::Ask(_)) {
            return Err(BundleError::Refused(Code::BundleElsewhere));
        }
        if author.revoked_at.is_some() {
            self.keep_sealed(&head, sealed)?;
            return Err(BundleError::Refused(Code::DeviceRevoked));
        }
        let mut taken = Taken {
            station: head.station,
            device: head.device,
            bundle: head.bundle,
            part: head.part,
            parts: head.parts,
            missing: Vec::new(),
            stored: 0,
            duplicates: 0,
            refused: 0,
            blobs: 0,
            blobs_refused: 0,
        };
        for frame in frames {
            match frame? {
                Frame::Push(packed) => taken.count(&self.push(&head, &packed)?),
                Frame::Blob { hash, media_type, bytes } => match self.blob(head.station, hash, &media_type, bytes)? {
                    true => taken.blobs += 1,
                    false => taken.blobs_refused += 1,
                },
                // Of a tablet that was shut out and let in again: it has them still.
                Frame::Refused(_) | Frame::Draft(_) => {}
                Frame::Verdicts(_) | Frame::Page { .. } | Frame::Receipt(_) => {
                    return Err(BundleError::Refused(Code::BundleUnreadable));
                }
            }
        }
        self.store.keep_part(&head, self.world.now())?;
        let bundles = self.store.bundles(head.station)?;
        let row = bundles.into_iter().find(|row| (row.device, row.id) == (head.device, head.bundle));
        taken.missing = row.map(|row| row.missing).unwrap_or_default();
        Ok(taken)
    }

    fn push(&self, head: &Head, packed: &[u8]) -> Result<PushAnswer, BundleError> {
        let mut push = Push::unpack(packed).map_err(BundleError::Refused)?;
        let station = self.store.stations()?.into_iter().find(|row| row.id == head.station);
        // The tablet may not know that the station was restored; its log is recognised by places and hashes.
        push.header.epoch = station.ok_or(BundleError::Refused(Code::NotFound))?.epoch;
        let bodies: Vec<&[u8]> = push.bodies().collect();
        match self.store.push(head.station, head.device, &push.header, &bodies, self.world) {
            Err(refused) if refused.code() == Code::LogGap => Err(BundleError::Refused(Code::BundleIncomplete)),
            other => Ok(other?),
        }
    }

    /// Keeps a blob, if it is one.
    pub(super) fn blob(
        &self,
        station: StationId,
        hash: Hash,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<bool, BundleError> {
        let size_bytes = bytes.len() as u64;
        let media = Media::named(media_type)
            .filter(|media| size_bytes <= media.max_bytes && bytes.starts_with(media.begins_with));
        let Some(media) = media.filter(|_| Hash::of(&bytes) == hash) else { return Ok(false) };
        if !self.store.has_blob(station, hash)? {
            self.blobs.keep_and_wait(hash, bytes.clone())?;
            self.store.keep_blob(station, hash, size_bytes, media.media_type, self.world.now())?;
            // One that only erased records named is not kept: its bytes go again.
            if self.store.has_blob(station, hash)? && !self.blobs.has_and_wait(hash)? {
                self.blobs.keep_and_wait(hash, bytes)?;
            }
        }
        Ok(true)
    }
}

impl Taken {
    fn count(&mut self, answer: &PushAnswer) {
        for item in &answer.items {
            match item.verdict {
                Verdict::Stored(_) => self.stored += 1,
                Verdict::Duplicate(_) => self.duplicates += 1,
                Verdict::Refused(_) => self.refused += 1,
            }
        }
    }
}
