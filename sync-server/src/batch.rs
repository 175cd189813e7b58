//! How a push is unpacked and a pull is packed: the station's side of a batch, without HTTP.

use std::io::{Read as _, Write as _};

use ailchin_core::error::Code;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::sync::{
    FetchRequest, GiveHeader, Line, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_PROOF_PLACES, PullEnd, PushHeader,
};

use crate::store::{FeedLine, Given, PullLimits, Store, StoreError};

/// The largest packed push.
pub const MAX_PUSH_BYTES: usize = 6 * 1024 * 1024;

/// Room for the header line and the line feeds beside [`MAX_BATCH_BYTES`] of bodies.
const FRAME_BYTES: usize = 64 * 1024;

/// A push, unpacked.
#[derive(Debug)]
pub struct Push {
    /// Its first line.
    pub header: PushHeader,
    lines: Vec<u8>,
    /// Where the bodies begin.
    bodies_at: usize,
}

impl Push {
    /// Unpacks a push. Unlike `read_lines`, takes lines of any length: a body that is too large is refused alone, not with
    /// its batch.
    ///
    /// # Errors
    /// [`Code::Malformed`] for what is not a batch or was cut, [`Code::TooLarge`] beyond the caps.
    pub fn unpack(packed: &[u8]) -> Result<Self, Code> {
        let lines = unpack(packed)?;
        let header_ends = lines.iter().position(|byte| *byte == b'\n').ok_or(Code::Malformed)?;
        let header = lines.get(..header_ends).and_then(|line| serde_json::from_slice(line).ok());
        let push = Self { header: header.ok_or(Code::Malformed)?, bodies_at: header_ends + 1, lines };
        if push.lines.last() != Some(&b'\n') {
            return Err(Code::Malformed);
        }
        if push.bodies().count() > MAX_BATCH_ENTRIES {
            return Err(Code::TooLarge);
        }
        Ok(push)
    }

    /// The bodies, byte for byte.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let bodies = self.lines.get(self.bodies_at..).unwrap_or_default();
        bodies.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
    }
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Code> {
    let decoder = zstd::Decoder::new(packed).map_err(|_| Code::Malformed)?;
    let cap = MAX_BATCH_BYTES + FRAME_BYTES;
    let mut batch = Vec::new();
    decoder.take(cap as u64 + 1).read_to_end(&mut batch).map_err(|_| Code::Malformed)?;
    if batch.len() > cap { Err(Code::TooLarge) } else { Ok(batch) }
}

/// A gift of other logs, unpacked.
#[derive(Debug)]
pub struct Gift {
    header: Option<GiveHeader>,
    lines: Vec<u8>,
}

impl Gift {
    /// Unpacks a gift.
    ///
    /// # Errors
    /// [`Code::Malformed`] for what is not a batch or was cut, [`Code::TooLarge`] beyond the caps.
    pub fn unpack(packed: &[u8]) -> Result<Self, Code> {
        let lines = unpack(packed)?;
        if lines.last() != Some(&b'\n') {
            return Err(Code::Malformed);
        }
        let first = lines.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok(Self { header: serde_json::from_slice(first).ok(), lines })
    }

    /// Its first line.
    ///
    /// # Errors
    /// [`Code::Malformed`] for an enrolment, which has none.
    pub fn header(&self) -> Result<GiveHeader, Code> {
        self.header.clone().ok_or(Code::Malformed)
    }

    /// Of each log what proves it, and its bodies.
    ///
    /// # Errors
    /// [`Code::Malformed`] for a line that is none, [`Code::TooLarge`] for too many.
    pub fn logs(&self) -> Result<Vec<Given<'_>>, Code> {
        let mut lines =
            self.lines.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line));
        if self.header.is_some() {
            lines.next();
        }
        let mut logs: Vec<Given<'_>> = Vec::new();
        let mut bodies = 0;
        while let Some(line) = lines.next() {
            let line: Line<'_> = serde_json::from_slice(line).map_err(|_| Code::Malformed)?;
            let proof = line.proof.ok_or(Code::Malformed)?;
            let travelling = proof.travelling().count();
            bodies += travelling;
            if proof.hashes.len() > MAX_PROOF_PLACES || bodies > MAX_BATCH_ENTRIES {
                return Err(Code::TooLarge);
            }
            let mine: Vec<&[u8]> = lines.by_ref().take(travelling).collect();
            if mine.len() != travelling {
                return Err(Code::Malformed);
            }
            logs.push((proof, mine));
        }
        Ok(logs)
    }
}

/// Packs what a device may know after a position. Packs while reading, so that only the packed bytes are held.
///
/// # Errors
/// As [`Store::pull`].
pub fn pack_pull(store: &Store, station: StationId, device: DeviceId, after: u64) -> Result<Vec<u8>, StoreError> {
    pack(|take| store.pull(station, device, after, PullLimits::default(), take))
}

/// Packs the revisions that a device asks for by their places.
///
/// # Errors
/// As [`Store::fetch`].
pub fn pack_fetch(
    store: &Store,
    station: StationId,
    device: DeviceId,
    request: &FetchRequest,
) -> Result<Vec<u8>, StoreError> {
    pack(|take| store.fetch(station, device, request, PullLimits::default(), take))
}

type Take<'a> = &'a mut dyn FnMut(FeedLine<'_>) -> std::io::Result<()>;

fn pack(read: impl FnOnce(Take<'_>) -> Result<PullEnd, StoreError>) -> Result<Vec<u8>, StoreError> {
    let packing = |source| StoreError::File { doing: "packing a pull", source };
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).map_err(packing)?;
    let end = read(&mut |line| write(&mut encoder, line))?;
    serde_json::to_writer(&mut encoder, &end).map_err(|cause| packing(cause.into()))?;
    encoder.write_all(b"\n").map_err(packing)?;
    encoder.finish().map_err(packing)
}

fn write(to: &mut impl std::io::Write, line: FeedLine<'_>) -> std::io::Result<()> {
    match line {
        FeedLine::Entry { at, filed: None, body } => writeln!(to, "{{\"at\":{at},\"rev\":{body}}}"),
        FeedLine::Entry { at, filed: Some(area), body } => {
            writeln!(to, "{{\"at\":{at},\"in\":\"{area}\",\"rev\":{body}}}")
        }
        FeedLine::Left { at, record, area } => {
            writeln!(to, "{{\"at\":{at},\"out\":\"{record}\",\"of\":\"{area}\"}}")
        }
        FeedLine::Proof(proof) => {
            to.write_all(b"{\"proof\":")?;
            serde_json::to_writer(&mut *to, proof)?;
            to.write_all(b"}\n")
        }
    }
}
