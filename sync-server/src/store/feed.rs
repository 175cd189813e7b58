//! The feed: what a device may know of the station's log, in the order of positions.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::ops::ControlFlow;
use std::sync::LazyLock;

use ailchin_core::ids::{AreaId, DeviceId, RecordId, StationId};
use ailchin_core::sync::{Digest, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, Proof, PullEnd, StateAnswer, StateQuery};
use ailchin_core::time::Instant;

use super::error::Fault;
use super::sql::{Cell, ToCell, Tx, cells};
use super::{Store, StoreError, device, log, packs, receipt, station, stretches};

/// How much one pull holds.
#[derive(Clone, Copy, Debug)]
pub struct PullLimits {
    /// At most so many revisions.
    pub lines: usize,
    /// About so many bytes of bodies; a single larger one passes alone.
    pub bytes: usize,
}

impl Default for PullLimits {
    fn default() -> Self {
        Self { lines: 5 * MAX_BATCH_ENTRIES, bytes: 4 * MAX_BATCH_BYTES }
    }
}

/// What a pull or a fetch hands over.
#[derive(Clone, Copy, Debug)]
pub enum FeedLine<'a> {
    /// A revision.
    Entry {
        /// Its position.
        at: u64,
        /// The area it is filed in, if that is not its own.
        filed: Option<AreaId>,
        /// Byte for byte.
        body: &'a str,
    },
    /// A record left an area.
    Left {
        /// At this position.
        at: u64,
        /// The record.
        record: RecordId,
        /// The area.
        area: AreaId,
    },
    /// How revisions of this batch can be proved.
    Proof(&'a Proof),
}

impl<'a> FeedLine<'a> {
    /// Position and body, if it is a revision.
    #[must_use]
    pub const fn entry(&self) -> Option<(u64, &'a str)> {
        match self {
            Self::Entry { at, body, .. } => Some((*at, body)),
            _ => None,
        }
    }
}

impl Store {
    /// What the station has for a device that has the feed up to `after`.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`.
    pub fn state(
        &self,
        station: StationId,
        device: DeviceId,
        query: StateQuery,
        now: Instant,
    ) -> Result<StateAnswer, StoreError> {
        self.read("answering what the station has", |tx| {
            let station = station::require(tx, station)?;
            let reader = device::require(tx, station.id, device)?;
            let scopes = device::scopes(tx, station.id, &reader)?.unwrap_or_default();
            let mut position = 0;
            let mut held = Digest::default();
            for area in &scopes {
                position = position.max(log::newest(tx, station.id, *area)?);
                held = held.with(log::held(tx, station.id, *area, query.after)?);
            }
            let rolled_back = match query.receipt {
                Some(id) => !receipt::is_known(tx, station.id, id)?,
                None => false,
            };
            let (seq, chain) = (reader.seq, reader.chain);
            let pack = packs::current(tx, station.id)?;
            Ok(StateAnswer { epoch: station.epoch, at_ms: now, seq, chain, position, rolled_back, pack, held })
        })
    }

    /// Hands what is new in the device's scopes after a position to `take`, in order, and after it what proves it. Revisions of
    /// the device itself are left out, unless they came from elsewhere.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`; what `take` says.
    pub fn pull(
        &self,
        station: StationId,
        device: DeviceId,
        after: u64,
        limits: PullLimits,
        mut take: impl FnMut(FeedLine<'_>) -> std::io::Result<()>,
    ) -> Result<PullEnd, StoreError> {
        self.read("reading the feed", |tx| {
            let newest = station::require(tx, station)?.next_position - 1;
            let reader = device::require(tx, station, device)?;
            let scopes = device::scopes(tx, station, &reader)?.unwrap_or_default();
            let mut proved = BTreeSet::new();
            let end = merge(tx, station, device, &scopes, after, limits, &mut |line, place| {
                proved.extend(place.filter(|(author, _)| *author != device));
                take(line)
            })?;
            for proof in stretches::proofs(tx, station, &proved)? {
                take(FeedLine::Proof(&proof)).map_err(Fault::Sink)?;
            }
            let Some(end) = end else {
                return Ok(PullEnd { end: newest.max(after), more: false, left: 0 });
            };
            let left = left_after(tx, station, device, &scopes, end)?;
            Ok(PullEnd { end, more: true, left })
        })
    }
}

/// Positions of an area that are looked up at once.
const AHEAD: u32 = 512;

/// Bodies that are read at once.
const BODIES: usize = 32;

/// Before the first position.
const NOWHERE: u64 = 0;

/// What stands at [`BODIES`] positions. Each is a question of its own: asked for all at once, PostgreSQL reads the station's whole
/// feed as long as it has counted nothing in it.
static BODIES_AT: LazyLock<String> = LazyLock::new(|| {
    let each: Vec<String> = (0..BODIES)
        .map(|n| {
            format!(
                "SELECT feed.position AS position, feed.area AS filed, feed.record AS record, feed.device AS device,
                     feed.seq AS seq, log.area AS area, log.body AS body
                 FROM feed LEFT JOIN log ON log.station = feed.station AND log.device = feed.device AND log.seq = feed.seq
                 WHERE feed.station = $1 AND feed.position = ${}",
                n + 2
            )
        })
        .collect();
    each.join(" UNION ALL ")
});

/// Takes a line, and the place of a log that it is about.
type Placing<'a> = &'a mut dyn FnMut(FeedLine<'_>, Option<(DeviceId, u64)>) -> std::io::Result<()>;

/// Hands over the revisions of others. The last position handed over if there is more, `None` if that was all.
fn merge(
    tx: &Tx<'_>,
    station: StationId,
    reader: DeviceId,
    scopes: &[AreaId],
    after: u64,
    limits: PullLimits,
    take: Placing<'_>,
) -> Result<Option<u64>, Fault> {
    let mut positions = Positions::begin(tx, station, reader, scopes, after)?;
    let (mut lines, mut bytes, mut last) = (0, 0, after);
    loop {
        let next = positions.next(BODIES)?;
        if next.is_empty() {
            return Ok(None);
        }
        let padded = next.iter().chain(std::iter::repeat(&NOWHERE)).map(ToCell::cell).take(BODIES);
        let cells: Vec<Cell<'_>> = std::iter::once(station.cell()).chain(padded).collect();
        let (mut full, mut found) = (false, 0);
        tx.each(&BODIES_AT, &cells, |row| {
            let gone = row.cell("body")? == Cell::Null;
            let body = if gone { "" } else { row.text("body")? };
            full = lines == limits.lines || (lines > 0 && bytes + body.len() > limits.bytes);
            if full {
                return Ok(ControlFlow::Break(()));
            }
            last = row.get("position")?;
            if next.get(found) != Some(&last) {
                return Err(Fault::Unreadable);
            }
            let area = row.get("filed")?;
            if gone {
                take(FeedLine::Left { at: last, record: row.get("record")?, area }, None).map_err(Fault::Sink)?;
            } else {
                let filed = Some(area).filter(|filed| row.get("area").is_ok_and(|own: AreaId| own != *filed));
                let place = (row.get("device")?, row.get("seq")?);
                take(FeedLine::Entry { at: last, filed, body }, Some(place)).map_err(Fault::Sink)?;
            }
            found += 1;
            lines += 1;
            bytes += body.len();
            Ok(ControlFlow::Continue(()))
        })?;
        if full {
            return Ok(Some(last));
        }
        if found != next.len() {
            return Err(Fault::Unreadable);
        }
    }
}

/// The positions of others' revisions in the scopes, merged in order.
struct Positions<'a, 't> {
    tx: &'a Tx<'t>,
    station: StationId,
    reader: DeviceId,
    areas: Vec<Area>,
    heap: BinaryHeap<Reverse<(u64, usize)>>,
}

struct Area {
    id: AreaId,
    /// Looked up, not yet merged.
    ahead: VecDeque<u64>,
    /// Looked up as far as here; `None` at the end.
    upto: Option<u64>,
}

impl<'a, 't> Positions<'a, 't> {
    fn begin(
        tx: &'a Tx<'t>,
        station: StationId,
        reader: DeviceId,
        scopes: &[AreaId],
        after: u64,
    ) -> Result<Self, Fault> {
        let areas = scopes.iter().map(|id| Area { id: *id, ahead: VecDeque::new(), upto: Some(after) }).collect();
        let mut positions = Self { tx, station, reader, areas, heap: BinaryHeap::with_capacity(scopes.len()) };
        for index in 0..scopes.len() {
            positions.advance(index)?;
        }
        Ok(positions)
    }

    /// The next positions, `most` of them if there are so many.
    fn next(&mut self, most: usize) -> Result<Vec<u64>, Fault> {
        let mut next = Vec::with_capacity(most);
        while next.len() < most
            && let Some(Reverse((position, index))) = self.heap.pop()
        {
            next.push(position);
            self.advance(index)?;
        }
        Ok(next)
    }

    /// Puts the next position of an area into the heap.
    fn advance(&mut self, index: usize) -> Result<(), Fault> {
        let Some(area) = self.areas.get_mut(index) else { return Ok(()) };
        if area.ahead.is_empty()
            && let Some(upto) = area.upto
        {
            area.ahead = self
                .tx
                .all(
                    "SELECT position FROM feed WHERE station = $1 AND area = $2 AND position > $3 AND what <> 1
                         AND (device <> $4 OR what = 3) ORDER BY position LIMIT $5",
                    cells![self.station, area.id, upto, self.reader, AHEAD],
                    |row| row.get("position"),
                )?
                .into();
            area.upto = if area.ahead.len() == AHEAD as usize { area.ahead.back().copied() } else { None };
        }
        self.heap.extend(area.ahead.pop_front().map(|position| Reverse((position, index))));
        Ok(())
    }
}

/// How much is new in the scopes after `end`.
fn left_after(tx: &Tx<'_>, station: StationId, reader: DeviceId, scopes: &[AreaId], end: u64) -> Result<u64, Fault> {
    let mut left = 0;
    for area in scopes {
        left += tx.one(
            "SELECT count(*) AS n FROM feed WHERE station = $1 AND area = $2 AND position > $3 AND what <> 1
                 AND (device <> $4 OR what = 3)",
            cells![station, *area, end, reader],
            |row| row.get::<u64>("n"),
        )?;
    }
    Ok(left)
}
