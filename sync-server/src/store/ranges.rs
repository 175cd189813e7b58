//! What the station holds of ranges of a device's scopes, and revisions fetched by their places.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, DeviceId, StationId};
use ailchin_core::sync::{
    Detail, FetchRequest, Held, MAX_BATCH_ENTRIES, MAX_FETCHED, MAX_RANGES, PlacesAnswer, PlacesRequest, PullEnd,
    Range, RangeHeld, RangesAnswer, RangesRequest, Tally,
};

use super::feed::{FeedLine, PullLimits};
use super::sql::cells;
use super::{Store, StoreError, device, place, station, stretches};

impl Store {
    /// What is held of some ranges.
    ///
    /// # Errors
    /// `malformed` for more ranges than are taken, or digits that are none; `out_of_scope`; `epoch_changed`,
    /// `device_unknown`, `device_revoked`.
    pub fn ranges(
        &self,
        station: StationId,
        device: DeviceId,
        request: &RangesRequest,
    ) -> Result<RangesAnswer, StoreError> {
        self.read("telling ranges", |tx| {
            let station = station::require(tx, station)?;
            let reader = device::require(tx, station.id, device)?;
            let scopes = device::scopes(tx, station.id, &reader)?.unwrap_or_default();
            if request.epoch != station.epoch {
                return Err(Code::EpochChanged.into());
            }
            if request.ranges.len() > MAX_RANGES || !request.ranges.iter().all(Range::is_sound) {
                return Err(Code::Malformed.into());
            }
            let mut told: BTreeMap<usize, RangeHeld> = BTreeMap::new();
            let areas: BTreeSet<AreaId> = request.ranges.iter().map(|range| range.area).collect();
            for area in areas {
                if !scopes.contains(&area) {
                    return Err(Code::OutOfScope.into());
                }
                let asked: Vec<(usize, &Range)> =
                    request.ranges.iter().enumerate().filter(|(_, range)| range.area == area).collect();
                let mut tally = Tally::of(asked.iter().map(|(_, range)| (*range, Detail::AsFits)));
                tx.each(
                    "SELECT body_hash, device, seq FROM feed WHERE station = $1 AND area = $2 AND what IN (0, 3)",
                    cells![station.id, area],
                    |row| {
                        tally.add(Held {
                            hash: row.get("body_hash")?,
                            device: row.get("device")?,
                            seq: row.get("seq")?,
                        });
                        Ok(ControlFlow::Continue(()))
                    },
                )?;
                told.extend(asked.iter().map(|(index, _)| *index).zip(tally.tell()));
            }
            Ok(RangesAnswer { newest: station.next_position - 1, ranges: told.into_values().collect() })
        })
    }

    /// Hands the revisions at these places to `take`, as far as the device may see them.
    ///
    /// # Errors
    /// `malformed` for more places than are taken; `device_unknown`, `device_revoked`; what `take` says.
    pub fn fetch(
        &self,
        station: StationId,
        device: DeviceId,
        request: &FetchRequest,
        limits: PullLimits,
        mut take: impl FnMut(FeedLine<'_>) -> std::io::Result<()>,
    ) -> Result<PullEnd, StoreError> {
        self.read("fetching revisions", |tx| {
            let newest = station::require(tx, station)?.next_position - 1;
            let reader = device::require(tx, station, device)?;
            let scopes = device::scopes(tx, station, &reader)?.unwrap_or_default();
            if request.places.len() > MAX_FETCHED {
                return Err(Code::Malformed.into());
            }
            let (mut bytes, mut proved) = (0, BTreeSet::new());
            let mut more = false;
            for place in &request.places {
                let found = tx.optional(
                    "SELECT position, area, filed, body FROM log WHERE station = $1 AND device = $2 AND seq = $3",
                    cells![station, place.device, place.seq],
                    |row| {
                        let (area, filed): (AreaId, AreaId) = (row.get("area")?, row.get("filed")?);
                        Ok((row.get::<u64>("position")?, area, filed, row.get::<String>("body")?))
                    },
                )?;
                let Some((at, area, filed, body)) = found else { continue };
                if !scopes.contains(&filed) {
                    continue;
                }
                more = bytes > 0 && bytes + body.len() > limits.bytes;
                if more {
                    break;
                }
                bytes += body.len();
                let filed = (filed != area).then_some(filed);
                take(FeedLine::Entry { at, filed, body: &body }).map_err(super::error::Fault::Sink)?;
                if place.device != device {
                    proved.insert((place.device, place.seq));
                }
            }
            for proof in stretches::proofs(tx, station, &proved)? {
                take(FeedLine::Proof(&proof)).map_err(super::error::Fault::Sink)?;
            }
            Ok(PullEnd { end: newest, more, left: 0 })
        })
    }

    /// The chain hashes at places of a device's own log.
    ///
    /// # Errors
    /// `malformed` for more places than are taken; `device_unknown`, `device_revoked`.
    pub fn places(
        &self,
        station: StationId,
        device: DeviceId,
        request: &PlacesRequest,
    ) -> Result<PlacesAnswer, StoreError> {
        self.read("reading places of a log", |tx| {
            device::require(tx, station, device)?;
            if request.places.len() > MAX_BATCH_ENTRIES {
                return Err(Code::Malformed.into());
            }
            let places = request.places.iter().map(|seq| place::find(tx, station, device, *seq));
            let chains = places.map(|place| place.map(|place| place.map(|place| place.chain)));
            Ok(PlacesAnswer { chains: chains.collect::<Result<_, _>>()? })
        })
    }
}
