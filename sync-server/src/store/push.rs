//! What becomes of a device's revisions. One bad one is refused and never holds up the others.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, StationId};
use ailchin_core::record::{Entry, MAX_BODY_BYTES, MAX_PARENTS, Stretch, body_hash, chain, check_fields, genesis};
use ailchin_core::sync::{PushAnswer, PushHeader, PushItem, Verdict};
use ailchin_core::time::Instant;
use ailchin_core::world::World;

use super::device::DeviceRow;
use super::error::Fault;
use super::log::Appender;
use super::records::RecordRow;
use super::sql::{Tx, cells};
use super::{Store, StoreError, device, erase, place, records, station, stretches};

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
        world: &dyn World,
    ) -> Result<PushAnswer, StoreError> {
        self.write("storing a push", |tx| {
            station::require(tx, station)?;
            let author = device::require(tx, station, device)?;
            let (answer, came) = by(tx, station, &author, header, bodies, world.now())?;
            erase::follow_households(tx, self, station, &came, world)?;
            Ok(answer)
        })
    }
}

/// Stores what its author sent. The caller holds the station's row and has seen that the author may send.
pub(super) fn by(
    tx: &Tx<'_>,
    station: StationId,
    author: &DeviceRow,
    header: &PushHeader,
    bodies: &[&[u8]],
    now: Instant,
) -> Result<(PushAnswer, Vec<RecordId>), Fault> {
    let station = station::require(tx, station)?;
    let device = author.id;
    if header.epoch != station.epoch {
        return Err(Fault::Refused(Code::EpochChanged));
    }
    check_frame(author, header, bodies.len() as u64)?;
    let scopes = device::scopes(tx, station.id, author)?;

    let mut link = link_before(tx, station.id, author, header.from)?;
    let mut refused = author.refused;
    let further = has_further(tx, station.id, author)?;
    let mut appender = Appender::begin(tx, &station, now);
    let mut hashes = Vec::with_capacity(bodies.len());
    let mut items = Vec::with_capacity(bodies.len());
    let mut came = Vec::new();
    for (seq, body) in (header.from..).zip(bodies) {
        let gone = gone_hash(body);
        let body_hash = gone.unwrap_or_else(|| body_hash(body));
        link = chain(device, seq, link, body_hash);
        hashes.push(body_hash);
        let known = match seq <= author.seq || further {
            true => place::find(tx, station.id, device, seq)?,
            false => None,
        };
        let (verdict, filed) = match known {
            Some(known) if known.body_hash != body_hash => return Err(Fault::Refused(Code::LogForked)),
            Some(known) => (known.verdict, known.filed),
            None if seq <= author.seq => return Err(Fault::Unreadable),
            None => {
                let stored = match (gone, read(tx, station.id, body, author, seq, scopes.as_deref())?) {
                    (Some(_), _) => Err(Code::BodyGone),
                    (None, Err(code)) => Err(code),
                    (None, Ok((entry, before))) => {
                        came.push(entry.revision.record);
                        records::store(&mut appender, &entry, link, before)?.ok_or(Code::RevisionKnown)
                    }
                };
                match stored {
                    Ok((position, filed)) => (Verdict::Stored(position), filed),
                    Err(code) => {
                        appender.refuse(device, seq, body_hash, link, code)?;
                        refused += 1;
                        (Verdict::Refused(code), None)
                    }
                }
            }
        };
        items.push(PushItem { seq, verdict, filed });
    }
    if link != header.checkpoint.hash {
        return Err(Fault::Refused(Code::LogForked));
    }
    items.iter_mut().try_for_each(|item| appender.restate(device, item))?;
    appender.finish()?;
    if header.checkpoint.seq > author.seq {
        let previous = link_before(tx, station.id, author, header.from)?;
        let checkpoint = header.checkpoint.clone();
        stretches::keep(tx, station.id, &Stretch { from: header.from, previous, hashes, checkpoint })?;
    }
    let (seq, head) =
        if header.checkpoint.seq > author.seq { (header.checkpoint.seq, link) } else { (author.seq, author.chain) };
    device::set_head(tx, station.id, device, seq, head, refused, now)?;
    Ok((PushAnswer { seq, items }, came))
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

/// Whether the log goes on after the place up to which the device sent it: others gave that back.
fn has_further(tx: &Tx<'_>, station: StationId, author: &DeviceRow) -> Result<bool, Fault> {
    tx.exists(
        "SELECT 1 FROM log WHERE station = $1 AND device = $2 AND seq > $3 LIMIT 1",
        cells![station, author.id, author.seq],
    )
}

/// The hash that stands for a body which its author does not have any more.
fn gone_hash(body: &[u8]) -> Option<Hash> {
    let hash = body.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Hash::parse(std::str::from_utf8(hash).ok()?).ok()
}

/// Reads a body and checks it, and finds where its record is filed. It may change what belongs to the device's scopes, or puts
/// into them.
fn read(
    tx: &Tx<'_>,
    station: StationId,
    body: &[u8],
    author: &DeviceRow,
    seq: u64,
    scopes: Option<&[AreaId]>,
) -> Result<Result<(Entry, Option<RecordRow>), Code>, Fault> {
    let entry = match read_body(body, author.id, seq).and_then(|entry| by_its_officer(entry, author.officer)) {
        Ok(entry) => entry,
        Err(code) => return Ok(Err(code)),
    };
    if entry.revision.kind.is_the_stations() {
        return Ok(Err(Code::OutOfScope));
    }
    let before = records::find(tx, station, entry.revision.record)?;
    if let Some(code) = erase::refusal(&entry, before.as_ref()) {
        return Ok(Err(code));
    }
    let area = entry.revision.area;
    let may = scopes.is_none_or(|scopes| {
        // What leaves its record's own area as it is may change what is filed in the scopes.
        scopes.contains(&area) || before.is_some_and(|row| scopes.contains(&row.filed) && row.area == area)
    });
    Ok(if may { Ok((entry, before)) } else { Err(Code::OutOfScope) })
}

/// A tablet is one officer's from its enrolment on; what it writes names that officer. The console's writes name the station,
/// and a tombstone nobody.
pub(super) fn by_its_officer(entry: Entry, officer: Option<OfficerId>) -> Result<Entry, Code> {
    let another = officer.is_some_and(|officer| entry.revision.officer != officer && !entry.revision.is_tombstone());
    if another { Err(Code::OfficerWrong) } else { Ok(entry) }
}

/// Reads a body and checks all that can be checked without the store.
pub(super) fn read_body(body: &[u8], device: DeviceId, seq: u64) -> Result<Entry, Code> {
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
    check_fields(&revision.kind, &revision.fields).map_err(|_| Code::FieldWrong)?;
    Ok(entry)
}
