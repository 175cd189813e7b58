//! The feed: what a device may know of the station's log, in the order of positions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::sync::{Digest, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, PullEnd, StateAnswer};
use ailchin_core::time::Instant;
use rusqlite::{Connection, Rows, Statement};

use super::cells::{cell, number};
use super::error::Fault;
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

const OF_ONE_AREA: &str = "SELECT position, device, rowid FROM log
    WHERE station = ?1 AND area = ?2 AND position > ?3 ORDER BY position";

/// Merges the areas by position. The last position handed over if there is more, `None` if that was all.
fn merge(
    connection: &Connection,
    station: StationId,
    reader: DeviceId,
    scopes: &[AreaId],
    after: u64,
    limits: PullLimits,
    take: &mut dyn FnMut(u64, &str) -> std::io::Result<()>,
) -> Result<Option<u64>, Fault> {
    let mut statements: Vec<Statement<'_>> =
        scopes.iter().map(|_| connection.prepare(OF_ONE_AREA)).collect::<rusqlite::Result<_>>()?;
    let mut areas: Vec<Rows<'_>> = Vec::with_capacity(scopes.len());
    for (statement, area) in statements.iter_mut().zip(scopes) {
        areas.push(statement.query((station, *area, cell(after)))?);
    }
    let mut heap = BinaryHeap::with_capacity(scopes.len());
    for (index, rows) in areas.iter_mut().enumerate() {
        heap.extend(next_of_others(rows, reader)?.map(|(position, row)| Reverse((position, index, row))));
    }
    let mut body_of = connection.prepare_cached("SELECT body FROM log WHERE rowid = ?1")?;
    let (mut lines, mut bytes, mut last) = (0, 0, after);
    while let Some(Reverse((position, index, row))) = heap.pop() {
        let mut found = body_of.query([row])?;
        let body = found.next()?.ok_or(Fault::Unreadable)?.get_ref(0)?;
        let body = body.as_str().map_err(|_| Fault::Unreadable)?;
        if lines == limits.lines || (lines > 0 && bytes + body.len() > limits.bytes) {
            return Ok(Some(last));
        }
        take(position, body).map_err(Fault::Sink)?;
        lines += 1;
        bytes += body.len();
        last = position;
        let next = areas.get_mut(index).map(|rows| next_of_others(rows, reader)).transpose()?.flatten();
        heap.extend(next.map(|(position, row)| Reverse((position, index, row))));
    }
    Ok(None)
}

fn next_of_others(rows: &mut Rows<'_>, reader: DeviceId) -> rusqlite::Result<Option<(u64, i64)>> {
    while let Some(row) = rows.next()? {
        if row.get::<_, DeviceId>("device")? != reader {
            return Ok(Some((number(row, "position")?, row.get("rowid")?)));
        }
    }
    Ok(None)
}

/// How many revisions of others in the scopes come after `end`.
fn left_after(
    connection: &Connection,
    station: StationId,
    reader: DeviceId,
    scopes: &[AreaId],
    end: u64,
) -> Result<u64, Fault> {
    let mut left = 0;
    for area in scopes {
        let all = log::held(connection, station, *area, u64::MAX)?.count;
        left += all - log::held(connection, station, *area, end)?.count;
    }
    // The own ones are counted backwards from the newest: positions grow with places in the own log.
    let mut own = connection
        .prepare_cached("SELECT position, area FROM log WHERE station = ?1 AND device = ?2 ORDER BY seq DESC")?;
    let mut rows = own.query((station, reader))?;
    while let Some(row) = rows.next()? {
        if number(row, "position")? <= end {
            break;
        }
        left -= u64::from(scopes.contains(&row.get("area")?));
    }
    Ok(left)
}
