//! Officers at work, and power that fails while something is saved.

use ailchin_core::error::Code;
use ailchin_core::ids::RevisionId;

use super::disk::Files;
use super::officer::Act;
use super::plan::Fault;
use super::planted::Planted;
use super::promises::{Broken, Invariant, hold};
use super::tablet::Tablet;
use super::{Sim, unexpected};
use crate::Dice;

impl Sim {
    /// An officer works; perhaps the power fails while it is saved.
    pub(super) fn work(&self, n: usize, dice: &mut Dice, killed: bool) -> Result<(), Broken> {
        let mark = self.mark();
        let mut tablet = self.tablets[n].borrow_mut();
        if tablet.revoked {
            return Ok(());
        }
        let Some(act) = tablet.decides(dice, mark) else { return Ok(()) };
        let not_durable = self.strikes(Planted::SaveNotDurable).then(|| Files::at(&tablet.path));
        let before = killed.then(|| Files::at(&tablet.path));
        let made = match tablet.does(&act) {
            Ok(made) => made,
            Err(error) if error.code() == Code::DiskFull && tablet.pages.is_some() => {
                self.say(|| format!("tablet {n} has no room to save {mark}"));
                return Ok(());
            }
            Err(error) => return Err(unexpected(n, &error)),
        };
        self.say(|| {
            format!("tablet {n} saves {mark}: {} revisions{}", made.len(), if killed { ", killed" } else { "" })
        });
        if self.strikes(Planted::SavedTwice) {
            let _ = tablet.does(&act);
        }
        if let Some(files) = not_durable.filter(|_| !tablet.syncing) {
            tablet.close();
            files.put(&tablet.path);
            tablet.open().map_err(|error| unexpected(n, &error))?;
        }
        let there = match before {
            None => made.len(),
            Some(before) => self.power_fails(n, &mut tablet, &before, dice, &made)?,
        };
        let mut ledger = self.ledger.borrow_mut();
        ledger.about.insert(mark, act.records());
        for (photo, of) in act.photos() {
            ledger.photos.entry(photo).or_default().insert(of);
        }
        if there > 0 {
            ledger.was_saved(&made, n, &tablet);
            if matches!(act, Act::Decide(_)) {
                ledger.decisions.extend(made);
            }
        }
        Ok(())
    }

    /// How many of what was just saved are there when the tablet is on again.
    pub(super) fn power_fails(
        &self,
        n: usize,
        tablet: &mut Tablet,
        before: &Files,
        dice: &mut Dice,
        made: &[RevisionId],
    ) -> Result<usize, Broken> {
        self.count(Fault::KillSaving);
        let left = before.killed_before(&Files::at(&tablet.path), dice);
        tablet.close();
        left.put(&tablet.path);
        tablet.open().map_err(|error| unexpected(n, &error))?;
        if self.planted == Some(Planted::HalfASave) && made.len() > 1 {
            tablet.peek(|at| at.execute("DELETE FROM log WHERE id = ?1", [made[1]]));
        }
        let lines = tablet.lines();
        let there = made.iter().filter(|id| lines.iter().any(|line| line.id == **id)).count();
        self.say(|| format!("  {there} of {} are there", made.len()));
        hold(Invariant::AllOrNothing, there == 0 || there == made.len(), || {
            format!("tablet {n} was killed while it saved: {there} of {} revisions are there", made.len())
        })?;
        self.ledger.borrow_mut().look_at_tablet(n, tablet)?;
        Ok(there)
    }
}
