//! What is on the road: parts of bundles and of answers, on sticks and on other tablets, that are lost, late, repeated and
//! changed on their way.

use std::path::PathBuf;

use ailchin_core::device::{Bundling, DeviceError};
use ailchin_core::error::Code;
use ailchin_core::view::AnswerTaken;

use super::plan::Fault;
use super::planted::Planted;
use super::promises::{Broken, Invariant, hold};
use super::{Sim, unexpected};
use crate::Dice;

/// Parts so small that every push and every photo has its own, and parts that hold everything.
const PART_BYTES: [u64; 2] = [1, u64::MAX];

/// Where a part goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum To {
    Station,
    /// An answer goes to the tablet that asked.
    Tablet,
}

/// A part on its way.
#[derive(Clone)]
pub(super) struct Parcel {
    sealed: Vec<u8>,
    /// Whose bundle it is, or is answered.
    of: usize,
    to: To,
    /// The tablet that carries it; `None`: a stick.
    with: Option<usize>,
    /// In the order in which parts were made.
    made: u64,
    /// How many disturbances there had been when it was made.
    disturbances: u64,
}

impl Sim {
    /// A tablet writes what waits into files, or something on the road arrives.
    pub(super) fn on_the_road(&self, n: usize, dice: &mut Dice) -> Result<(), Broken> {
        let export = self.road.borrow().is_empty() || dice.below(3) == 0;
        if export {
            let size = PART_BYTES[usize::from(dice.below(2) == 0)];
            return self.sets_out(n, size);
        }
        for _ in 0..=dice.below(4) {
            self.goes_on(dice)?;
        }
        Ok(())
    }

    /// A tablet writes a bundle; beside a sync, as the product does.
    fn sets_out(&self, n: usize, part_bytes: u64) -> Result<(), Broken> {
        let parts = match self.exports(n, part_bytes) {
            Ok(parts) => parts,
            Err(error) if matches!(error.code(), Code::SealingUnknown) => return Ok(()),
            Err(error) if error.code() == Code::DiskFull && self.tablets[n].borrow().pages.is_some() => return Ok(()),
            Err(error) => return Err(unexpected(n, &error)),
        };
        self.count(Fault::ByFile);
        self.say(|| format!("tablet {n} writes a bundle of {} parts", parts.len()));
        parts.into_iter().for_each(|sealed| self.set_out(sealed, n, To::Station, None));
        Ok(())
    }

    /// The parts of a new bundle.
    fn exports(&self, n: usize, part_bytes: u64) -> Result<Vec<Vec<u8>>, DeviceError> {
        let folder = super::story::folder();
        let export = self.bundling(n, |bundling| bundling.export(folder.path(), part_bytes))?;
        Ok(export.files.iter().map(|file| std::fs::read(file).unwrap()).collect())
    }

    /// Works on a tablet's bundles with a replica of its own.
    fn bundling<T>(
        &self,
        n: usize,
        work: impl FnOnce(&mut Bundling<'_>) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let tablet = self.tablets[n].borrow();
        let mut replica = tablet.another()?;
        work(&mut Bundling {
            replica: &mut replica,
            device: tablet.device,
            signing: &tablet.signing,
            station: self.station.borrow().id,
            station_key: &tablet.station_key,
            world: &*tablet.world,
        })
    }

    fn set_out(&self, sealed: Vec<u8>, of: usize, to: To, with: Option<usize>) {
        let made = self.parcels.get();
        self.parcels.set(made + 1);
        self.road.borrow_mut().push(Parcel { sealed, of, to, with, made, disturbances: self.disturbances() });
    }

    /// One part goes on: it is lost, damaged, given to another tablet, or it arrives.
    fn goes_on(&self, dice: &mut Dice) -> Result<(), Broken> {
        let Some(parcel) = self.next_parcel(dice) else { return Ok(()) };
        let may = |fault: Fault, dice: &mut Dice, one_in: u64| {
            let happens = self.plan.faults.contains(&fault) && dice.below(one_in) == 0;
            if happens {
                self.count(fault);
            }
            happens
        };
        if may(Fault::PartLost, dice, 6) {
            self.say(|| format!("part {} of tablet {} is lost", parcel.made, parcel.of));
            return Ok(());
        }
        if may(Fault::PartDamaged, dice, 4) {
            self.damaged_arrives(&parcel, dice)?;
        }
        if may(Fault::PartRepeated, dice, 4) {
            self.road.borrow_mut().push(parcel.clone());
        }
        let others: Vec<usize> = (0..self.tablets.len())
            .filter(|m| *m != parcel.of && !self.tablets[*m].borrow().absent && !self.tablets[*m].borrow().revoked)
            .collect();
        if parcel.to == To::Station && !others.is_empty() && may(Fault::ByTablet, dice, 2) {
            let with = others[usize::try_from(dice.below(others.len() as u64)).unwrap()];
            self.say(|| format!("tablet {with} carries part {} of tablet {}", parcel.made, parcel.of));
            self.road.borrow_mut().push(Parcel { with: Some(with), ..parcel });
            return Ok(());
        }
        self.arrives(parcel, dice)
    }

    /// A part that is on a stick, or an answer on a tablet that meets the one it is for.
    fn next_parcel(&self, dice: &mut Dice) -> Option<Parcel> {
        let mut road = self.road.borrow_mut();
        let moving = |parcel: &Parcel| parcel.with.is_none() || parcel.to == To::Tablet;
        let possible: Vec<usize> = (0..road.len()).filter(|index| moving(&road[*index])).collect();
        let late = self.plan.faults.contains(&Fault::PartsDisordered);
        let first = *possible.iter().min_by_key(|index| road[**index].made)?;
        let chosen = if late { possible[usize::try_from(dice.below(possible.len() as u64)).unwrap()] } else { first };
        if chosen != first {
            self.count(Fault::PartsDisordered);
        }
        Some(road.remove(chosen))
    }

    fn arrives(&self, parcel: Parcel, dice: &mut Dice) -> Result<(), Broken> {
        match parcel.to {
            To::Station => {
                let (of, made) = (parcel.of, parcel.made);
                let Some(ended) = self.is_taken(&parcel)? else { return Ok(()) };
                self.say(|| format!("part {made} of tablet {of} arrives: {}", ended.as_str()));
                if ended == Arrived::TooEarly {
                    self.road.borrow_mut().push(parcel);
                }
                if ended == Arrived::Taken && dice.below(2) == 0 {
                    let size = PART_BYTES[usize::from(dice.below(2) == 0)];
                    self.is_answered(of, size, None)?;
                }
                Ok(())
            }
            To::Tablet => self.answer_arrives(parcel),
        }
    }

    /// The station takes a part. `None` if its power failed.
    fn is_taken(&self, parcel: &Parcel) -> Result<Option<Arrived>, Broken> {
        let mut station = self.station.borrow_mut();
        let taken = station.under_power(|station| station.takes(&parcel.sealed));
        drop(station);
        let Some(taken) = taken else {
            self.count(Fault::KillStation);
            self.say(|| "  the station was killed at a bundle".to_owned());
            self.road.borrow_mut().push(parcel.clone());
            return Ok(None);
        };
        let arrived = match &taken {
            Ok(_) => Arrived::Taken,
            Err(error) if error.code() == Code::BundleIncomplete => Arrived::TooEarly,
            Err(error) => {
                let code = error.code();
                hold(Invariant::ErrorsHaveCauses, self.bundle_may_be_refused(parcel.of, code), || {
                    format!("a part of tablet {} was refused: {}", parcel.of, ailchin_server::causes(error))
                })?;
                Arrived::Refused
            }
        };
        let station = self.station.borrow();
        self.ledger.borrow_mut().look_at_station(&station)?;
        Ok(Some(arrived))
    }

    fn bundle_may_be_refused(&self, of: usize, code: Code) -> bool {
        let tablet = self.tablets[of].borrow();
        match code {
            Code::StationFailed => self.station.borrow().pages.is_some(),
            Code::DeviceRevoked => self.tablets.iter().any(|tablet| tablet.borrow().revoked),
            Code::DeviceUnknown => self.upheavals.get() > 0,
            Code::LogForked => tablet.was_put_back || tablet.cloned || self.upheavals.get() > 0,
            _ => false,
        }
    }

    /// The station answers a tablet's last bundle.
    fn is_answered(&self, of: usize, part_bytes: u64, with: Option<usize>) -> Result<(), Broken> {
        let device = self.tablets[of].borrow().device;
        let answer = self.station.borrow().answers(device, part_bytes);
        match answer {
            Ok(parts) => {
                self.say(|| format!("the station answers tablet {of} in {} parts", parts.len()));
                parts.into_iter().for_each(|part| self.set_out(part.bytes, of, To::Tablet, with));
                Ok(())
            }
            Err(error) => {
                let explained = error.code() == Code::NotFound || self.bundle_may_be_refused(of, error.code());
                hold(Invariant::ErrorsHaveCauses, explained, || {
                    format!("there is no answer for tablet {of}: {}", ailchin_server::causes(&error))
                })
            }
        }
    }

    /// An answer arrives at its tablet; while that syncs, it waits.
    fn answer_arrives(&self, parcel: Parcel) -> Result<(), Broken> {
        let n = parcel.of;
        if self.tablets[n].borrow().syncing {
            self.road.borrow_mut().push(parcel);
            return Ok(());
        }
        let before = self.tablets[n].borrow().device;
        let ended = self.takes_answers(n, std::slice::from_ref(&parcel.sealed));
        self.say(|| match &ended {
            Ok(taken) => format!("an answer reaches tablet {n}: {} new, receipt: {}", taken.pulled, taken.receipt),
            Err(error) => format!("an answer reaches tablet {n}: {}", error.code()),
        });
        let undisturbed = parcel.disturbances == self.disturbances();
        self.after_answers(n, before, &ended, undisturbed)?;
        if ended.is_err_and(|error| error.code() == Code::BundleIncomplete) {
            self.road.borrow_mut().push(parcel);
        }
        Ok(())
    }

    fn takes_answers(&self, n: usize, parts: &[Vec<u8>]) -> Result<AnswerTaken, DeviceError> {
        let folder = super::story::folder();
        let files: Vec<PathBuf> =
            (0..parts.len()).map(|index| folder.path().join(format!("{index}.ailchin"))).collect();
        files.iter().zip(parts).for_each(|(file, part)| std::fs::write(file, part).unwrap());
        self.bundling(n, |bundling| bundling.take_answers(&files))
    }

    fn after_answers(
        &self,
        n: usize,
        before: ailchin_core::ids::DeviceId,
        ended: &Result<AnswerTaken, DeviceError>,
        undisturbed: bool,
    ) -> Result<(), Broken> {
        let mut tablet = self.tablets[n].borrow_mut();
        if let Err(error) = ended {
            let explained = match error.code() {
                Code::BundleIncomplete => true,
                Code::DiskFull => tablet.pages.is_some(),
                // It was put back to a copy, and meets work that it lost: over a network it takes another name.
                Code::LogForked => tablet.was_put_back || tablet.cloned,
                // It took another name since it asked.
                Code::BundleElsewhere => tablet.was_put_back || tablet.cloned || self.upheavals.get() > 0,
                Code::DigestMismatch => {
                    hold(Invariant::DiffersForACause, tablet.may_differ || tablet.cloned || !undisturbed, || {
                        format!("an answer states something else than tablet {n} holds, and nothing explains it")
                    })?;
                    self.ledger.borrow_mut().may_begin_anew(n);
                    true
                }
                _ => false,
            };
            hold(Invariant::ErrorsHaveCauses, explained, || {
                format!("an answer was refused by tablet {n}, {before}: {}", ailchin_server::causes(error))
            })?;
        }
        let stated = ended.as_ref().is_ok_and(|taken| taken.receipt) && undisturbed;
        self.look(n, &mut tablet, stated)
    }

    /// A part that was cut or changed on its way: whoever gets it refuses it, and nothing of it counts.
    fn damaged_arrives(&self, parcel: &Parcel, dice: &mut Dice) -> Result<(), Broken> {
        let mut damaged = parcel.sealed.clone();
        let at = usize::try_from(dice.below(damaged.len() as u64)).unwrap();
        if dice.below(2) == 0 {
            damaged.truncate(at);
        } else {
            damaged[at] ^= 1 << dice.below(8);
        }
        let taken = match parcel.to {
            To::Station if self.strikes(Planted::DamagedTaken) => true,
            To::Station => {
                let before = self.station.borrow().rows();
                let taken = self.station.borrow().takes(&damaged).is_ok();
                taken || self.station.borrow().rows() != before
            }
            To::Tablet => {
                if self.tablets[parcel.of].borrow().syncing {
                    return Ok(());
                }
                let before = self.tablets[parcel.of].borrow().lines();
                let taken = self.takes_answers(parcel.of, &[damaged]).is_ok();
                taken || self.tablets[parcel.of].borrow().lines() != before
            }
        };
        hold(Invariant::DamagedIsRefused, !taken, || {
            format!("part {} of tablet {} was changed on its way and taken in", parcel.made, parcel.of)
        })
    }

    /// At the end of its sync a tablet hands over what it carries for others, and takes the answers along.
    pub(super) fn hands_over(&self, with: usize) -> Result<(), Broken> {
        let mine = |parcel: &Parcel| parcel.with == Some(with) && parcel.to == To::Station;
        let mut carried: Vec<Parcel> = self.road.borrow().iter().filter(|parcel| mine(parcel)).cloned().collect();
        self.road.borrow_mut().retain(|parcel| !mine(parcel));
        carried.sort_by_key(|parcel| (parcel.of, parcel.made));
        let mut answered: Option<usize> = None;
        for parcel in carried {
            let of = parcel.of;
            match self.is_taken(&parcel)? {
                Some(Arrived::TooEarly) => self.road.borrow_mut().push(parcel),
                Some(Arrived::Taken) if answered != Some(of) => {
                    answered = Some(of);
                    self.is_answered(of, u64::MAX, Some(with))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The faults are over; half of what is still on the road arrives, the rest never does.
    pub(super) fn the_rest_arrives(&self) -> Result<(), Broken> {
        let mut rest = self.road.take();
        rest.sort_by_key(|parcel| parcel.made);
        let mut dice = Dice::new(self.plan.seed);
        for parcel in rest {
            if dice.below(2) == 0 {
                self.arrives(parcel, &mut dice)?;
            }
        }
        Ok(())
    }

    /// The faults are over, but there is no network: files alone bring everything there and a receipt back, twice at most.
    pub(super) fn heals_by_files(&self, n: usize) -> Result<(), Broken> {
        if !self.plan.faults.contains(&Fault::ByFile) {
            return Ok(());
        }
        for _ in 0..2 {
            let parts = match self.exports(n, PART_BYTES[n % 2]) {
                Ok(parts) => parts,
                Err(error) if error.code() == Code::SealingUnknown => return Ok(()),
                Err(error) => return Err(unexpected(n, &error)),
            };
            for sealed in parts {
                let parcel = Parcel { sealed, of: n, to: To::Station, with: None, made: 0, disturbances: 0 };
                if self.is_taken(&parcel)? != Some(Arrived::Taken) {
                    return Ok(());
                }
            }
            let (device, not_enough) = {
                let tablet = self.tablets[n].borrow();
                // What others wrote and the station lost is found and given back over a network only, and photos of what was
                // refused wait for what the officer decides.
                let held = tablet.replica().holdings(tablet.device).map_err(|error| unexpected(n, &error))?;
                let waits = held.unplaced > 0 || tablet.lines().iter().any(|line| line.refused.is_some());
                (tablet.device, tablet.may_differ || tablet.was_put_back || tablet.cloned || waits)
            };
            let answer = self.station.borrow().answers(device, PART_BYTES[n % 2]);
            let mut parts: Vec<Vec<u8>> =
                answer.map_err(|error| unexpected(n, &error))?.into_iter().map(|part| part.bytes).collect();
            if self.planted == Some(Planted::AnswerCutShort) && parts.len() > 1 {
                parts.pop();
            }
            let ended = self.takes_answers(n, &parts);
            self.say(|| match &ended {
                Ok(taken) => format!("by file tablet {n} gets {} new, covered: {}", taken.pulled, taken.covered),
                Err(error) => format!("by file tablet {n}: {}", error.code()),
            });
            self.after_answers(n, device, &ended, true)?;
            let covered = ended.as_ref().is_ok_and(|taken| taken.covered);
            hold(Invariant::FilesAreEnough, not_enough || covered, || {
                format!("without a network files are not enough for tablet {n}: {ended:?}")
            })?;
        }
        Ok(())
    }
}

/// What became of a part at the station.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Arrived {
    Taken,
    /// It needs an earlier one.
    TooEarly,
    Refused,
}

impl Arrived {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::TooEarly => "needs an earlier one",
            Self::Refused => "refused",
        }
    }
}
