//! What goes wrong beside the wire: on tablets and at the station.

use std::collections::BTreeSet;

use ailchin_core::ids::RevisionId;

use super::officer::one_of;
use super::plan::Fault;
use super::planted::Planted;
use super::promises::Broken;
use super::tablet::Tablet;
use super::wire::Weather;
use super::{Sim, YEAR_MS, unexpected};
use crate::Dice;

impl Sim {
    pub(super) fn tablet_fault(&self, fault: Fault, n: usize, dice: &mut Dice) -> Result<(), Broken> {
        let free = !self.tablets[n].borrow().syncing;
        if fault == Fault::KillSaving {
            return if free { self.work(n, dice, true) } else { Ok(()) };
        }
        if fault == Fault::KillSyncing {
            let weather = Weather::calm().kills(dice);
            return self.sync(n, weather);
        }
        if fault == Fault::Reorder {
            return self.late_arrival(dice);
        }
        if fault == Fault::ByFile {
            return self.on_the_road(n, dice);
        }
        if fault == Fault::Cloned {
            return self.is_cloned(n);
        }
        let mut tablet = self.tablets[n].borrow_mut();
        match fault {
            Fault::NewForms => tablet.pack += 1,
            Fault::Partition => tablet.reaches = !tablet.reaches,
            Fault::ClockJump => {
                let years = i64::try_from(dice.below(61)).unwrap() - 30;
                tablet.ahead_ms = years * YEAR_MS + i64::try_from(dice.below(1_000_000)).unwrap();
                tablet.set_clock(self.now.get());
            }
            Fault::TabletRestored if free => {
                let Some(older) = tablet.copy.clone() else { return Ok(()) };
                tablet.close();
                older.put(&tablet.path);
                tablet.open().map_err(|error| unexpected(n, &error))?;
                tablet.may_differ = true;
                tablet.was_put_back = true;
                self.ledger.borrow_mut().may_begin_anew(n);
            }
            Fault::Restart if free => {
                tablet.close();
                tablet.open().map_err(|error| unexpected(n, &error))?;
                self.ledger.borrow_mut().look_at_tablet(n, &tablet)?;
            }
            Fault::DiskFull if free => {
                let more = tablet.pages.is_none().then(|| u32::try_from(dice.below(8)).unwrap());
                tablet.room(more).map_err(|error| unexpected(n, &error))?;
            }
            Fault::AreaTaken | Fault::AreaGiven => {
                let station = self.station.borrow();
                let Some(area) = one_of(dice, &station.areas[1..]) else { return Ok(()) };
                station.assign(tablet.officer, *area, fault == Fault::AreaGiven);
                self.upheavals.set(self.upheavals.get() + 1);
                tablet.may_differ = true;
                let others = self.tablets.iter().filter_map(|other| other.try_borrow_mut().ok());
                let of_the_officer = others.filter(|other| other.officer == tablet.officer);
                of_the_officer.into_iter().for_each(|mut other| other.may_differ = true);
            }
            Fault::Revoked => {
                let station = self.station.borrow();
                let stays = |other: &Tablet| !other.revoked && !other.absent && other.device != tablet.device;
                let others = self.tablets.iter().filter(|other| other.try_borrow().is_ok_and(|other| stays(&other)));
                // The last two stay.
                if tablet.revoked || others.count() < 2 {
                    return Ok(());
                }
                if station.pages.is_some() {
                    return Ok(());
                }
                station.store().revoke(station.id, tablet.device, &station.world).unwrap();
                tablet.revoked = true;
                let of_the_same_name = self.tablets.iter().filter_map(|other| other.try_borrow_mut().ok());
                let shut_out = of_the_same_name.filter(|other| other.device == tablet.device && !other.absent);
                shut_out.into_iter().for_each(|mut other| other.revoked = true);
            }
            _ => return Ok(()),
        }
        drop(tablet);
        self.count(fault);
        self.say(|| format!("tablet {n}: {}", fault.name()));
        let lost = matches!(fault, Fault::Revoked | Fault::TabletRestored);
        if lost { self.forget_what_is_lost() } else { Ok(()) }
    }

    /// Somebody copies a tablet whole, and both are used.
    fn is_cloned(&self, n: usize) -> Result<(), Broken> {
        let other = n + self.plan.tablets.len();
        if other >= self.tablets.len() || !self.tablets[other].borrow().absent {
            return Ok(());
        }
        let mut first = self.tablets[n].borrow_mut();
        if first.syncing || first.revoked {
            return Ok(());
        }
        self.tablets[other].borrow_mut().is_cloned_from(&mut first).map_err(|error| unexpected(n, &error))?;
        drop(first);
        self.count(Fault::Cloned);
        self.say(|| format!("tablet {n}: there are two of it, the other one is tablet {other}"));
        Ok(())
    }

    /// An old request arrives once more; nobody waits for the answer.
    pub(super) fn late_arrival(&self, dice: &mut Dice) -> Result<(), Broken> {
        let length = self.late.borrow().len() as u64;
        if length == 0 {
            return Ok(());
        }
        let request = self.late.borrow_mut().swap_remove(usize::try_from(dice.below(length)).unwrap());
        self.count(Fault::Reorder);
        self.say(|| format!("an old request arrives: {}", request.door.name()));
        self.serve(&request);
        let station = self.station.borrow();
        self.ledger.borrow_mut().look_at_station(&station).map(|_| ())
    }

    pub(super) fn station_fault(&self, fault: Fault, dice: &mut Dice) -> Result<(), Broken> {
        let mut station = self.station.borrow_mut();
        match fault {
            Fault::StationRestart => station.restart(),
            // Counted when it happens.
            Fault::KillStation => {
                station.killed_by = Some(Dice::new(dice.below(u64::MAX)));
                return Ok(());
            }
            Fault::StationDiskFull => {
                let more = station.pages.is_none().then(|| u32::try_from(dice.below(6)).unwrap());
                station.room(more);
            }
            Fault::StationClockJump => {
                let days = i64::try_from(dice.below(8_000)).unwrap() - 4_000;
                station.ahead_ms = days * 24 * 3_600_000;
                station.world.set_now(self.now.get().plus_ms(station.ahead_ms));
            }
            Fault::HouseholdMoved => {
                if station.pages.is_some() || station.move_household(dice).is_none() {
                    return Ok(());
                }
            }
            Fault::Erased => {
                if station.pages.is_some() {
                    return Ok(());
                }
                let Some(household) = station.any_household(dice) else { return Ok(()) };
                if self.planted == Some(Planted::ErasedKept) {
                    station.copies_before_erasing(household);
                }
                if station.erase(household) == 0 {
                    return Ok(());
                }
                self.erasures.set(self.erasures.get() + 1);
            }
            Fault::StationRestored | Fault::StationPutBack => {
                let copies = self.copies.borrow();
                let Some(copy) = one_of(dice, &copies) else { return Ok(()) };
                station.pages = None;
                station.restore(copy, fault == Fault::StationRestored);
                self.ledger.borrow_mut().new_life();
                self.upheavals.set(self.upheavals.get() + 1);
                self.tablets.iter().for_each(|tablet| tablet.borrow_mut().may_differ = true);
            }
            _ => return Ok(()),
        }
        drop(station);
        self.count(fault);
        self.say(|| format!("the station: {}", fault.name()));
        let put_back = matches!(fault, Fault::StationRestored | Fault::StationPutBack);
        if put_back { self.forget_what_is_lost() } else { Ok(()) }
    }

    /// What is neither at the station nor on a tablet any more nobody can bring back.
    pub(super) fn forget_what_is_lost(&self) -> Result<(), Broken> {
        let mut ledger = self.ledger.borrow_mut();
        let rows = self.station.borrow().rows();
        let mut there: BTreeSet<RevisionId> = rows.iter().map(|row| ledger.named(row.id, row.hash)).collect();
        for tablet in &self.tablets {
            let tablet = tablet.borrow();
            if !tablet.revoked && !tablet.absent {
                there.extend(tablet.lines().iter().map(|line| ledger.named(line.id, line.hash)));
            }
        }
        let lost: Vec<RevisionId> = ledger.saved.keys().filter(|id| !there.contains(id)).copied().collect();
        ledger.lost.extend(lost);
        Ok(())
    }
}
