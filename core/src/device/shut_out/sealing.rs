//! What a tablet that was shut out hands over, written into files that only the station can open, and signed in advance: from
//! then on no key is needed to hand it over.

use std::path::Path;

use ed25519_dalek::Signer as _;

use super::super::DeviceError;
use super::super::bundling::{Bundling, Inside};
use super::super::syncing::SyncRun;
use super::erasing;
use super::marker::{Counts, SealedFile, SealedWork, ShutOut};
use crate::bundle::{Ask, Content, FORMAT, Frame, Head, LAST_PART_BYTES, Parts, part_name};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::BundleId;
use crate::sync::{LastParts, MAX_LAST_PARTS, part_message};
use crate::world::World;

/// The folder of the files, beside the tablet's own.
pub(super) const FOLDER: &str = "last";

/// Seals all that the station lacks, in place of what was sealed before.
pub(super) fn seal(
    run: &mut SyncRun,
    shut_out: &ShutOut,
    tablet: &Path,
    world: &dyn World,
) -> Result<SealedWork, DeviceError> {
    let folder = tablet.join(FOLDER);
    erasing::remove_folder(&folder)?;
    std::fs::create_dir_all(&folder).map_err(DeviceError::file("making the folder for the last work"))?;
    let work = run.replica.last_work(run.device, &shut_out.has)?;
    let holdings = run.replica.holdings(run.device)?;
    let counts = Counts {
        revisions: work.revisions,
        refused: work.refused.len() as u64,
        drafts: work.drafts.len() as u64,
        blobs: work.blobs.len() as u64,
    };
    let recipient = run.replica.sealing_key(world)?.recipient()?;
    let (device, station) = (run.device, run.note.station);
    let bundling = Bundling {
        replica: &mut run.replica,
        device,
        signing: &run.keys.signing,
        station,
        station_key: &run.note.station_key,
        world,
    };
    let mut frames = bundling.pushes(work.first, holdings.epoch)?;
    frames.extend(work.refused.into_iter().map(Frame::Refused));
    frames.extend(work.drafts.into_iter().map(Frame::Draft));
    let sizes: Vec<u64> =
        frames.iter().map(Frame::size_bytes).chain(work.blobs.iter().map(|blob| blob.size_bytes)).collect();
    let parts = Parts::of(&sizes, LAST_PART_BYTES);
    if parts.count() as usize > MAX_LAST_PARTS {
        return Err(DeviceError::Refused(Code::TooLarge));
    }
    let (epoch, position, first) = (holdings.epoch, holdings.cursor, work.first);
    let content = Content::Ask(Ask { epoch, position, first, recipient, blobs: Vec::new() });
    let (bundle, at_ms) = (BundleId::new(world), world.now());
    let (mut files, mut hashes) = (Vec::new(), Vec::new());
    for (part, range) in parts.each() {
        let head = Head {
            format: FORMAT,
            station,
            device,
            bundle,
            part,
            parts: parts.count(),
            at_ms,
            content: content.clone(),
        };
        let name = part_name(&head);
        let path = folder.join(&name);
        let inside = range.map(|index| match frames.get(index) {
            Some(frame) => Inside::Frame(frame),
            None => Inside::Blob(&work.blobs[index - frames.len()]),
        });
        let size_bytes = bundling.write(&path, &shut_out.recipient, &head, inside)?;
        // As it was written, not as it was meant.
        let written = std::fs::read(&path).map_err(DeviceError::file("reading a part of the last work"))?;
        let hash = Hash::of(&written);
        let signature = run.keys.signing.sign(&part_message(station, device, hash));
        files.push(SealedFile { name, size_bytes, signature });
        hashes.push(hash);
    }
    erasing::settle(&folder)?;
    let list = LastParts::sign(&run.keys.signing, station, device, bundle, hashes);
    Ok(SealedWork { list, files, first: work.first, before: work.before, kept_back: work.kept_back, counts })
}

/// The bytes of a part, as they were signed; `None` if they are not there any more.
pub(super) fn part(tablet: &Path, file: &SealedFile, hash: Hash) -> Option<Vec<u8>> {
    std::fs::read(tablet.join(FOLDER).join(&file.name)).ok().filter(|bytes| Hash::of(bytes) == hash)
}
