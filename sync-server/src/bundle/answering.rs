//! Making an answer: the verdicts on the tablet's log, what is new for it, and the receipt over what it will hold then.
//!
//! The receipt is stated as of the end of the feed; the tablet compares it with what it holds after it has taken the answer, and
//! keeps it only if both are the same. Nothing is synced before.

use ailchin_core::bundle::{Content, FORMAT, Frame, Head, PartWriter, Parts, Reply, part_name};
use ailchin_core::error::Code;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::sync::{MAX_BATCH_ENTRIES, PullEnd, ReceiptRequest, Verdict, read_lines};

use super::{BundleError, Bundles};
use crate::batch::pack_pull;
use crate::store::StoreError;

/// A part of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The name of its file.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Bundles<'_> {
    /// The answer to the bundle of a tablet that came last, sealed to the tablet, in parts of about a size.
    ///
    /// # Errors
    /// `not_found` if no bundle of the tablet ever came; `device_unknown`, `device_revoked`.
    pub fn answer(&self, station: StationId, device: DeviceId, part_bytes: u64) -> Result<Vec<Sealed>, BundleError> {
        let author = self.store.device(station, device)?;
        if author.revoked_at.is_some() {
            return Err(BundleError::Refused(Code::DeviceRevoked));
        }
        let asked = self.store.last_bundle(station, device)?;
        let rows = self.store.stations()?;
        let epoch = rows.iter().find(|row| row.id == station).ok_or(BundleError::Refused(Code::NotFound))?.epoch;
        // A tablet of another life of the store forgets positions and verdicts first.
        let (first, mut after) = match asked.ask.epoch == Some(epoch) {
            true => (asked.ask.first, asked.ask.position),
            false => (1, 0),
        };
        let mut pages = Vec::new();
        loop {
            let packed = pack_pull(self.store, station, device, after)?;
            let end = end_of(&packed)?;
            pages.push(Frame::Page { after, packed });
            after = end.end;
            if !end.more {
                break;
            }
        }
        // What was stored after the pages were read is not in the receipt, and so not in the answer.
        let mut verdicts = self.store.verdicts(station, device, first)?;
        verdicts.retain(|item| !matches!(item.verdict, Verdict::Duplicate(position) if position > after));
        let seq = verdicts.last().map_or(first.saturating_sub(1), |item| item.seq);
        let mut frames: Vec<Frame> =
            verdicts.chunks(MAX_BATCH_ENTRIES).map(|items| Frame::Verdicts(items.to_vec())).collect();
        frames.append(&mut pages);
        let scopes = self.store.held_by(station, device, after)?;
        let areas = scopes.iter().map(|scope| scope.area).collect();
        let request = ReceiptRequest { epoch, position: after, scopes, blobs: asked.ask.blobs.clone() };
        self.find_again(station, device)?;
        match self.store.receipt(station, device, &request, self.world) {
            Ok(receipt) => frames.push(Frame::Receipt(receipt)),
            // The tablet has seen what is no longer here: without a receipt it begins anew.
            Err(StoreError::Mismatch(_)) => {}
            Err(other) => return Err(other.into()),
        }

        let sizes: Vec<u64> = frames.iter().map(Frame::size_bytes).collect();
        let parts = Parts::of(&sizes, part_bytes);
        let key = self.store.signing_key(station)?;
        let content = Content::Reply(Reply { epoch, seq, scopes: areas });
        let at_ms = self.world.now();
        let sealed = parts.each().map(|(part, range)| {
            let head = Head {
                format: FORMAT,
                station,
                device,
                bundle: asked.id,
                part,
                parts: parts.count(),
                at_ms,
                content: content.clone(),
            };
            let mut writer = PartWriter::begin(Vec::new(), &asked.ask.recipient, &head)?;
            frames[range].iter().try_for_each(|frame| writer.add(frame))?;
            Ok(Sealed { name: part_name(&head), bytes: writer.finish(&key)? })
        });
        sealed.collect()
    }
}

impl Bundles<'_> {
    /// Finds the blobs again that the device's revisions name and of which only the rows were lost.
    pub(super) fn find_again(&self, station: StationId, device: DeviceId) -> Result<(), BundleError> {
        let missing = self.store.blobs_missing(station, device)?;
        let found = self.blobs.verified_and_wait(&missing)?;
        Ok(self.store.keep_found(station, &found, self.world.now())?)
    }
}

/// How a page goes on.
fn end_of(packed: &[u8]) -> Result<PullEnd, BundleError> {
    let lines = read_lines(packed).map_err(|_| BundleError::Refused(Code::StationFailed))?;
    let last = lines.last().and_then(|line| serde_json::from_str(line).ok());
    last.ok_or(BundleError::Refused(Code::StationFailed))
}
