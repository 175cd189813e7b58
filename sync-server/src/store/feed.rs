//! The feed: what a device may know of the station's log, in the order of positions.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::sync::{Digest, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, PullEnd, StateAnswer};
use ailchin_core::time::Instant;

use super::error::Fault;
use super::sql::{Cell, ToCell, Tx, cells};
use super::{Store, StoreError, device, log, station};

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

impl Store {
    /// What the station has for a device that has the feed up to `after`.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`.
    pub fn state(
        &self,
        station: StationId,
        device: DeviceId,
        after: u64,
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
                held = held.with(log::held(tx, station.id, *area, after)?);
            }
            Ok(StateAnswer { epoch: station.epoch, at_ms: now, seq: reader.seq, position, held })
        })
    }

    /// Hands the revisions of others in the device's scopes with positions after `after` to `take`, in order.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`; what `take` says.
    pub fn pull(
        &self,
        station: StationId,
        device: DeviceId,
        after: u64,
        limits: PullLimits,
        mut take: impl FnMut(u64, &str) -> std::io::Result<()>,
    ) -> Result<PullEnd, StoreError> {
        self.read("reading the feed", |tx| {
            let newest = station::require(tx, station)?.next_position - 1;
            let reader = device::require(tx, station, device)?;
            let scopes = device::scopes(tx, station, &reader)?.unwrap_or_default();
            let Some(end) = merge(tx, station, device, &scopes, after, limits, &mut take)? else {
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

const BODIES_AT: &str = "SELECT position, body FROM log WHERE station = $1 AND position IN (
        $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
    ORDER BY position";

/// Hands over the revisions of others. The last position handed over if there is more, `None` if that was all.
fn merge(
    tx: &Tx<'_>,
    station: StationId,
    reader: DeviceId,
    scopes: &[AreaId],
    after: u64,
    limits: PullLimits,
    take: &mut dyn FnMut(u64, &str) -> std::io::Result<()>,
) -> Result<Option<u64>, Fault> {
    let mut positions = Positions::begin(tx, station, reader, scopes, after)?;
    let (mut lines, mut bytes, mut last) = (0, 0, after);
    loop {
        let next = positions.next(BODIES)?;
        let Some(end) = next.last() else { return Ok(None) };
        let padded = next.iter().chain(std::iter::repeat(end)).map(ToCell::cell).take(BODIES);
        let cells: Vec<Cell<'_>> = std::iter::once(station.cell()).chain(padded).collect();
        let (mut full, mut found) = (false, 0);
        tx.each(BODIES_AT, &cells, |row| {
            let body = row.text("body")?;
            full = lines == limits.lines || (lines > 0 && bytes + body.len() > limits.bytes);
            if full {
                return Ok(ControlFlow::Break(()));
            }
            last = row.get("position")?;
            take(last, body).map_err(Fault::Sink)?;
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
                    "SELECT position FROM log WHERE station = $1 AND area = $2 AND position > $3 AND device <> $4
                     ORDER BY position LIMIT $5",
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

/// Own revisions that are looked at at once.
const OWN: u32 = 256;

/// How many revisions of others in the scopes come after `end`.
fn left_after(tx: &Tx<'_>, station: StationId, reader: DeviceId, scopes: &[AreaId], end: u64) -> Result<u64, Fault> {
    let mut left = 0;
    for area in scopes {
        let all = log::held(tx, station, *area, u64::MAX)?.count;
        left += all - log::held(tx, station, *area, end)?.count;
    }
    // The own ones are counted backwards from the newest: positions grow with places in the own log.
    let mut before = u64::MAX;
    loop {
        let own = tx.all(
            "SELECT seq, position, area FROM log WHERE station = $1 AND device = $2 AND seq < $3
             ORDER BY seq DESC LIMIT $4",
            cells![station, reader, before, OWN],
            |row| Ok((row.get::<u64>("seq")?, row.get::<u64>("position")?, row.get::<AreaId>("area")?)),
        )?;
        left -= own.iter().filter(|(_, at, area)| *at > end && scopes.contains(area)).count() as u64;
        match own.last() {
            Some((seq, at, _)) if *at > end && own.len() == OWN as usize => before = *seq,
            _ => return Ok(left),
        }
    }
}
