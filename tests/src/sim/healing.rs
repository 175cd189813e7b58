//! The faults are over: everybody syncs until nothing is new, and then everything is compared.

use super::planted::Planted;
use super::promises::{Broken, Invariant, hold};
use super::tablet::Tablet;
use super::wire::Weather;
use super::{ROUNDS, Sim, healed, unexpected};

impl Sim {
    /// The faults are over; everybody syncs until nothing is new.
    pub(super) fn heal(&self) -> Result<(), Broken> {
        self.say(|| "the faults are over".to_owned());
        {
            let mut station = self.station.borrow_mut();
            station.killed_by = None;
            station.room(None);
            station.lets_blobs_go();
        }
        for (n, tablet) in self.tablets.iter().enumerate().filter(|(_, tablet)| !tablet.borrow().absent) {
            let mut tablet = tablet.borrow_mut();
            tablet.reaches = true;
            tablet.room(None).map_err(|error| unexpected(n, &error))?;
            tablet.lets_drafts_go().map_err(|error| unexpected(n, &error))?;
        }
        let here = |tablet: &Tablet| !tablet.revoked && !tablet.absent;
        let active: Vec<usize> = (0..self.tablets.len()).filter(|n| here(&self.tablets[*n].borrow())).collect();
        self.the_rest_arrives()?;
        // Every third by files first.
        for n in active.iter().filter(|n| (self.plan.seed + **n as u64).is_multiple_of(3)) {
            self.heals_by_files(*n)?;
        }
        for round in 1..=ROUNDS {
            let mut quiet = true;
            for n in &active {
                let ended = self.sync_to_its_end(*n, Weather::calm())?;
                if let Some(broken) = self.broken.borrow_mut().take() {
                    return Err(broken);
                }
                if let Err(error) = &ended {
                    self.has_a_cause(*n, error, false)?;
                }
                let report = ended.map_err(|error| Broken {
                    invariant: Invariant::QuietSoon,
                    seen: format!("without faults the sync of tablet {n} ended: {}", ailchin_server::causes(&error)),
                })?;
                quiet &= report.outcome.nothing_new;
            }
            self.counts.borrow_mut().rounds = round;
            if quiet {
                return self.all_agree(&active);
            }
        }
        hold(Invariant::QuietSoon, false, || format!("something is new after {ROUNDS} rounds"))
    }

    pub(super) fn all_agree(&self, active: &[usize]) -> Result<(), Broken> {
        let station = self.station.borrow();
        let mut ledger = self.ledger.borrow_mut();
        ledger.look_at_station(&station)?;
        let mut borrowed: Vec<_> = active.iter().map(|n| (*n, self.tablets[*n].borrow_mut())).collect();
        if let Some(bug) = self.planted {
            borrowed.iter().for_each(|(_, tablet)| bug.at_the_end(tablet));
            if bug == Planted::PhotosLost {
                station.lose_blobs();
            }
        }
        station.store().settle().unwrap();
        station.lets_unnamed_blobs_go();
        let mut tablets: Vec<(usize, &mut Tablet)> =
            borrowed.iter_mut().map(|(n, tablet)| (*n, &mut **tablet)).collect();
        healed::all_agree(&ledger, &station, &mut tablets, self.marks.get())?;
        for (n, tablet) in &tablets {
            ledger.look_at_tablet(*n, tablet)?;
        }
        Ok(())
    }
}
