//! A repair, driven: what only one side holds is found range by range, fetched and given.

use std::collections::BTreeSet;

use super::sync_run::Sides;
use super::{DeviceError, StationDoors};
use crate::error::Code;
use crate::ids::EpochId;
use crate::replica::{Found, Gift};
use crate::sync::{
    Comparison, GiveHeader, Line, LogPlace, MAX_BATCH_ENTRIES, MAX_FETCHED, PlacesRequest, RangesRequest, Told,
    read_batch, write_batch, write_line,
};

/// Makes both sides hold the same, as far as they can agree.
pub(super) fn repair<S: StationDoors>(sides: &mut Sides<'_, S>, epoch: EpochId) -> Result<Told, DeviceError> {
    let areas = sides.replica.holdings(sides.device)?.scopes.into_iter().map(|scope| scope.area);
    let mut comparison = Comparison::of(areas);
    while !comparison.asks().is_empty() {
        sides.go_on()?;
        let ranges = comparison.asks().to_vec();
        let answer = sides.asking(|station| station.ranges(&RangesRequest { epoch, ranges: ranges.clone() }))?;
        let asked: Vec<_> =
            ranges.into_iter().zip(&answer.ranges).map(|(range, theirs)| (range, theirs.detail())).collect();
        let mine = sides.replica.tally(&asked)?;
        comparison.told(&answer, &mine).map_err(DeviceError::Station)?;
    }
    if !comparison.extra.is_empty() {
        sides.differs(Found { returned: comparison.extra.len() as u64, ..Found::default() })?;
    }
    sides.replica.unplace(&comparison.extra)?;
    let places = comparison.lacking.iter().map(|held| LogPlace { device: held.device, seq: held.seq }).collect();
    let fetched = fetch(sides, places)?;
    let given = give(sides, epoch)?;
    let newest = comparison.newest.unwrap_or(0);
    sides.replica.is_compared_to(newest)?;
    Ok(Told::Repaired { newest, fetched, given })
}

fn fetch<S: StationDoors>(sides: &mut Sides<'_, S>, mut places: BTreeSet<LogPlace>) -> Result<u64, DeviceError> {
    let mut fetched = 0;
    while !places.is_empty() {
        sides.go_on()?;
        let asked: Vec<LogPlace> = places.iter().take(MAX_FETCHED).copied().collect();
        let request = crate::sync::FetchRequest { places: asked.clone() };
        let pulled = read_batch(&sides.asking(|station| station.fetch(&request))?)?;
        let received = sides.replica.receive(sides.device, &pulled, None, sides.world.now())?;
        fetched += received.new;
        if received.new > 0 {
            sides.differs(Found { fetched: received.new, ..Found::default() })?;
        }
        // What did not come with the first answer has left, or was beyond what one answer holds.
        let came: BTreeSet<LogPlace> = pulled.places().collect();
        match pulled.end.more {
            true if came.is_empty() => return Err(DeviceError::Station(Code::AnswerUnreadable)),
            true => places.retain(|place| !came.contains(place)),
            false => places.retain(|place| !asked.contains(place)),
        }
    }
    Ok(fetched)
}

fn give<S: StationDoors>(sides: &mut Sides<'_, S>, epoch: EpochId) -> Result<u64, DeviceError> {
    let (mut given, mut count) = (BTreeSet::new(), 0);
    loop {
        sides.go_on()?;
        let gift = sides.replica.gift(sides.device, &given)?;
        if gift.count == 0 {
            return Ok(count);
        }
        let batch = pack(Some(epoch), &gift)?;
        let answer = sides.asking(|station| station.give(batch.clone()))?;
        for (proof, _) in &gift.logs {
            given.extend(proof.travelling().map(|seq| (proof.device, seq)));
        }
        sides.replica.keep_given(sides.device, &answer.items)?;
        count += answer.items.len() as u64;
    }
}

/// A gift as it travels; without an epoch: an enrolment.
pub(super) fn pack(epoch: Option<EpochId>, gift: &Gift) -> Result<Vec<u8>, DeviceError> {
    let mut lines = Vec::with_capacity(1 + gift.logs.len() + gift.count);
    if let Some(epoch) = epoch {
        lines.push(write_line(&GiveHeader { epoch })?);
    }
    for (proof, bodies) in &gift.logs {
        lines.push(write_line(&Line { proof: Some(proof.clone()), ..Line::default() })?);
        lines.extend(bodies.iter().cloned());
    }
    Ok(write_batch(lines.iter().map(String::as_str))?)
}

/// The greatest place up to which the own log is the one that the station holds, perhaps with holes: the chain hash at a place
/// commits to all before it. Logs part shortly before their end, from which the search goes back.
pub(super) fn common<S: StationDoors>(sides: &mut Sides<'_, S>) -> Result<u64, DeviceError> {
    let mut end = sides.replica.log_end(sides.device)?;
    while end > 0 {
        sides.go_on()?;
        let places: Vec<u64> = (1..=end).rev().take(MAX_BATCH_ENTRIES).collect();
        let request = PlacesRequest { places: places.clone() };
        let answer = sides.asking(|station| station.places(&request))?;
        if answer.chains.len() != places.len() {
            return Err(DeviceError::Station(Code::AnswerUnreadable));
        }
        for (place, chain) in places.iter().zip(answer.chains) {
            if chain.is_some() && chain == sides.replica.chain_at(sides.device, *place)? {
                return Ok(*place);
            }
        }
        end = end.saturating_sub(places.len() as u64);
    }
    Ok(0)
}
