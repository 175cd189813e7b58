//! What becomes of a device's revisions. One bad one is refused and never holds up the others.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::record::{Entry, MAX_BODY_BYTES, MAX_PARENTS, chain, check_fields, genesis};
use ailchin_core::sync::{PushAnswer, PushHeader, PushItem, Verdict};
use ailchin_core::time::Instant;

use super::device::DeviceRow;
use super::error::Fault;
use super::log::Appender;
use super::sql::Tx;
use super::{Store, StoreError, checkpoints, device, place, station};

/// The longest word for a kind.
const MAX_KIND_BYTES: usize = 64;

impl Store {
    /// Stores what a device sent: all of it or, on an error, nothing. Sent again, it is recognised.
    ///
    /// # Errors
    /// `epoch_changed`, `log_gap`, `log_forked`, `checkpoint_wrong`, `malformed` (no bodies, or the checkpoint covers
    /// others), `device_unknown`, `device_revoked`.
    pub fn push(
        &self,
        station: StationId,
        device: DeviceId,
        header: &PushHeader,
        bodies: &[&[u8]],
        now: Instant,
    ) -> Result<PushAnswer, StoreError> {
        self.write("storing a push", |tx| push(tx, station, device, header, bodies, now))
    }
}

fn push(
    tx: &Tx<'_>,
    station: StationId,
    device: DeviceId,
    header: &PushHeader,
    bodies: &[&[u8]],
    now: Instant,
) -> Result<PushAnswer, Fault> {
    let station = station::require(tx, station)?;
    let author = device::require(tx, station.id, device)?;
    if header.epoch != station.epoch {
        return Err(Fault::Refused(Code::EpochChanged));
    }
    check_frame(&author, header, bodies.len() as u64)?;
    let scopes = device::scopes(tx, station.id, &author)?;

    let mut link = link_before(tx, station.id, &author, header.from)?;
    let mut refused = author.refused;
    let mut appender = Appender::begin(tx, &station, now);
    let mut items = Vec::with_capacity(bodies.len());
    for (seq, body) in (header.from..).zip(bodies) {
        let body_hash = Hash::of(body);
        link = chain(device, seq, link, body_hash);
        let verdict = if seq <= author.seq {
            let known = place::find(tx, station.id, device, seq)?.ok_or(Fault::Unreadable)?;
            if known.body_hash != body_hash {
                return Err(Fault::Refused(Code::LogForked));
            }
            known.verdict
        } else {
            let stored = match read(body, device, seq, scopes.as_deref()) {
                Ok(entry) => appender.store(&entry, link)?.ok_or(Code::Malformed),
                Err(code) => Err(code),
            };
            match stored {
                Ok(position) => Verdict::Stored(position),
                Err(code) => {
                    appender.refuse(device, seq, body_hash, link, code)?;
                    refused += 1;
                    Verdict::Refused(code)
                }
            }
        };
        items.push(PushItem { seq, verdict });
    }
    if link != header.checkpoint.hash {
        return Err(Fault::Refused(Code::LogForked));
    }
    appender.finish()?;
    checkpoints::keep(tx, station.id, &header.checkpoint)?;
    let (seq, head) =
        if header.checkpoint.seq > author.seq { (header.checkpoint.seq, link) } else { (author.seq, author.chain) };
    device::set_head(tx, station.id, device, seq, head, refused, now)?;
    Ok(PushAnswer { seq, items })
}

/// The header fits the bodies and is signed by the device.
fn check_frame(author: &DeviceRow, header: &PushHeader, bodies: u64) -> Result<(), Code> {
    if header.from == 0 || bodies == 0 {
        return Err(Code::Malformed);
    }
    if header.from > author.seq + 1 {
        return Err(Code::LogGap);
    }
    let checkpoint = &header.checkpoint;
    if checkpoint.device != author.id || checkpoint.seq != header.from + bodies - 1 {
        return Err(Code::Malformed);
    }
    checkpoint.verify(&author.key).map_err(|_| Code::CheckpointWrong)
}

/// The chain hash of the place before `from`.
fn link_before(tx: &Tx<'_>, station: StationId, author: &DeviceRow, from: u64) -> Result<Hash, Fault> {
    if from == 1 {
        return Ok(genesis(author.id));
    }
    if from == author.seq + 1 {
        return Ok(author.chain);
    }
    let before = place::find(tx, station, author.id, from - 1)?;
    before.map(|place| place.chain).ok_or(Fault::Unreadable)
}

/// Reads a body and checks all that can be checked without the store.
fn read(body: &[u8], device: DeviceId, seq: u64, scopes: Option<&[AreaId]>) -> Result<Entry, Code> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Code::TooLarge);
    }
    // White space around a body would not survive the way to other tablets, and its hash with it.
    let bare = body.first() == Some(&b'{') && body.last() == Some(&b'}');
    let text = std::str::from_utf8(body).ok().filter(|_| bare).ok_or(Code::Malformed)?;
    let entry = Entry::read(text.to_owned()).map_err(|_| Code::Malformed)?;
    let revision = &entry.revision;
    if revision.device != device
        || revision.seq != seq
        || revision.parents.len() > MAX_PARENTS
        || revision.kind.as_str().len() > MAX_KIND_BYTES
        || revision.kind.as_str().contains('\0')
    {
        return Err(Code::Malformed);
    }
    if scopes.is_some_and(|scopes| !scopes.contains(&revision.area)) {
        return Err(Code::OutOfScope);
    }
    check_fields(&revision.kind, &revision.fields).map_err(|_| Code::FieldWrong)?;
    Ok(entry)
}
