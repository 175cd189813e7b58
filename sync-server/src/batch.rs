//! How a push is unpacked and a pull is packed: the station's side of a batch, without HTTP.

use std::io::{Read as _, Write as _};

use ailchin_core::error::Code;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::sync::{MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, PushHeader};

use crate::store::{PullLimits, Store, StoreError};

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

/// Packs what a device may know after a position. Packs while reading, so that only the packed bytes are held.
///
/// # Errors
/// As [`Store::pull`].
pub fn pack_pull(store: &Store, station: StationId, device: DeviceId, after: u64) -> Result<Vec<u8>, StoreError> {
    let packing = |source| StoreError::File { doing: "packing a pull", source };
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).map_err(packing)?;
    let end = store.pull(station, device, after, PullLimits::default(), |at, body| {
        writeln!(encoder, "{{\"at\":{at},\"rev\":{body}}}")
    })?;
    serde_json::to_writer(&mut encoder, &end).map_err(|cause| packing(cause.into()))?;
    encoder.write_all(b"\n").map_err(packing)?;
    encoder.finish().map_err(packing)
}
