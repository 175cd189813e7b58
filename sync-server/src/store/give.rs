//! Revisions that other tablets give back, after the station was put back to an older copy: taken if their author signed them.

use std::collections::BTreeMap;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, StationId};
use ailchin_core::record::{Kind, Stretch, body_hash};
use ailchin_core::sync::{GiveAnswer, GiveHeader, GiveItem, Proof, PushItem, Verdict};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use ed25519_dalek::VerifyingKey;

use super::error::Fault;
use super::log::Appender;
use super::place::Place;
use super::push::{by_its_officer, read_body};
use super::sql::{Tx, cells};
use super::station::StationRow;
use super::{Store, StoreError, device, erase, place, records, station, stretches};

/// Of one log what proves it, and the bodies that the proof leaves out.
pub type Given<'a> = (Proof, Vec<&'a [u8]>);

impl Store {
    /// Stores what a device gives of other logs. One bad revision is refused and never holds up the others.
    ///
    /// # Errors
    /// `malformed` for bodies that do not fit their proof; `epoch_changed`, `device_unknown`, `device_revoked`.
    pub fn give(
        &self,
        station: StationId,
        device: DeviceId,
        header: &GiveHeader,
        logs: &[Given<'_>],
        world: &dyn World,
    ) -> Result<GiveAnswer, StoreError> {
        self.write("storing what was given back", |tx| {
            let station = station::require(tx, station)?;
            device::require(tx, station.id, device)?;
            if header.epoch != station.epoch {
                return Err(Code::EpochChanged.into());
            }
            let (answer, came) = take(tx, &station, logs, world.now(), |_| true)?;
            erase::follow_households(tx, self, station.id, &came, world)?;
            Ok(answer)
        })
    }

    /// Takes a device's enrolment back, which the station itself wrote and has lost.
    ///
    /// # Errors
    /// `device_unknown` if no station here wrote it; `malformed` for bodies that do not fit their proof.
    pub fn learn_enrolment(&self, logs: &[Given<'_>], now: Instant) -> Result<(), StoreError> {
        let mut learnt = false;
        for row in self.stations()? {
            learnt |= self.write("taking an enrolment back", |tx| {
                let station = station::require(tx, row.id)?;
                let key = station.console_key().verifying_key();
                let ours = logs.iter().any(|log| stretch(log).is_ok_and(|stretch| stretch.verify(&key).is_ok()));
                if ours {
                    take(tx, &station, logs, now, |kind| *kind == Kind::Device)?;
                }
                Ok(ours)
            })?;
        }
        if learnt { Ok(()) } else { Err(StoreError::Refused(Code::DeviceUnknown)) }
    }
}

fn take(
    tx: &Tx<'_>,
    station: &StationRow,
    logs: &[Given<'_>],
    now: Instant,
    may_be: impl Fn(&Kind) -> bool,
) -> Result<(GiveAnswer, Vec<RecordId>), Fault> {
    let mut appender = Appender::begin(tx, station, now);
    let ours = station.console_key().verifying_key();
    let (mut items, mut came) = (Vec::new(), Vec::new());
    // Who is known, the console's own log says.
    let mut proved = logs.iter().map(|log| Ok((stretch(log)?, log))).collect::<Result<Vec<_>, Code>>()?;
    proved.sort_by_cached_key(|(stretch, _)| stretch.verify(&ours).is_err());
    for (stretch, log) in proved {
        let author = stretch.checkpoint.device;
        let key = author_key(tx, station, &stretch, now)?;
        let proved = match &key {
            Some(key) => stretch.verify(key).map_err(|_| Code::CheckpointWrong),
            None => Err(Code::AuthorUnknown),
        };
        let by_console = key == Some(ours);
        let links: BTreeMap<u64, (Hash, Hash)> =
            stretch.links().map(|(seq, body, chain)| (seq, (body, chain))).collect();
        let officer = device::find(tx, station.id, author)?.and_then(|row| row.officer);
        let mut forked = false;
        for (seq, body) in log.0.travelling().zip(&log.1) {
            let (body_hash, chain) = links.get(&seq).copied().ok_or(Code::Malformed)?;
            let one = One { author, officer, by_console, seq, body, body_hash, chain };
            let (verdict, filed) = match proved {
                Ok(()) => one.store(&mut appender, station, &may_be, &mut came)?,
                Err(code) => (Verdict::Refused(code), None),
            };
            forked |= verdict == Verdict::Refused(Code::LogForked);
            items.push(GiveItem { device: author, item: PushItem { seq, verdict, filed } });
        }
        if proved.is_ok() && !forked {
            stretches::keep(tx, station.id, &stretch)?;
        }
    }
    items.iter_mut().try_for_each(|given: &mut GiveItem| appender.restate(given.device, &mut given.item))?;
    appender.finish()?;
    Ok((GiveAnswer { items }, came))
}

fn stretch((proof, bodies): &Given<'_>) -> Result<Stretch, Code> {
    if proof.travelling().count() != bodies.len() || proof.from == 0 {
        return Err(Code::Malformed);
    }
    let hashes: BTreeMap<u64, Hash> =
        proof.travelling().zip(bodies).map(|(seq, body)| (seq, body_hash(body))).collect();
    proof.stretch(|seq| hashes.get(&seq).copied()).ok_or(Code::Malformed)
}

/// The key of a log's author. The names under which the station's console has written come back with what it wrote.
fn author_key(
    tx: &Tx<'_>,
    station: &StationRow,
    stretch: &Stretch,
    now: Instant,
) -> Result<Option<VerifyingKey>, Fault> {
    let author = stretch.checkpoint.device;
    if let Some(row) = device::find(tx, station.id, author)? {
        return Ok(Some(row.key));
    }
    let ours = station.console_key().verifying_key();
    if stretch.verify(&ours).is_err() {
        return Ok(None);
    }
    device::insert(tx, station.id, author, None, &ours, None, now)?;
    Ok(Some(ours))
}

/// A revision that is given.
struct One<'a> {
    author: DeviceId,
    /// Whose tablet the author is; `None` for the console.
    officer: Option<OfficerId>,
    by_console: bool,
    seq: u64,
    body: &'a [u8],
    body_hash: Hash,
    chain: Hash,
}

impl One<'_> {
    fn store(
        &self,
        appender: &mut Appender<'_, '_>,
        station: &StationRow,
        may_be: &impl Fn(&Kind) -> bool,
        came: &mut Vec<RecordId>,
    ) -> Result<(Verdict, Option<AreaId>), Fault> {
        let tx = appender.tx;
        let known = place::find(tx, station.id, self.author, self.seq)?;
        let was_refused = match known {
            Some(Place { body_hash, .. }) if body_hash != self.body_hash => {
                return Ok((Verdict::Refused(Code::LogForked), None));
            }
            // What somebody else holds was stored once: the area was taken from its author since, or its body went with it.
            Some(Place { verdict: Verdict::Refused(Code::BodyGone | Code::OutOfScope), .. }) => true,
            Some(place) => return Ok((place.verdict, place.filed)),
            None => false,
        };
        let entry =
            match read_body(self.body, self.author, self.seq).and_then(|entry| by_its_officer(entry, self.officer)) {
                Ok(entry)
                    if may_be(&entry.revision.kind) && (self.by_console || !entry.revision.kind.is_the_stations()) =>
                {
                    entry
                }
                Ok(_) => return Ok((Verdict::Refused(Code::OutOfScope), None)),
                Err(code) => return Ok((Verdict::Refused(code), None)),
            };
        let before = records::find(tx, station.id, entry.revision.record)?;
        if let Some(code) = erase::refusal(&entry, before.as_ref()) {
            return Ok((Verdict::Refused(code), None));
        }
        let Some((position, filed)) = records::store(appender, &entry, self.chain, before)? else {
            return Ok((Verdict::Refused(Code::RevisionKnown), None));
        };
        if was_refused {
            tx.execute(
                "DELETE FROM refused WHERE station = $1 AND device = $2 AND seq = $3",
                cells![station.id, self.author, self.seq],
            )?;
            tx.execute(
                "UPDATE device SET refused = refused - 1 WHERE station = $1 AND device = $2",
                cells![station.id, self.author],
            )?;
        }
        came.push(entry.revision.record);
        if entry.revision.kind == Kind::Device {
            device::learn(tx, station, &entry.revision, appender.now)?;
        }
        Ok((Verdict::Stored(position), filed))
    }
}
