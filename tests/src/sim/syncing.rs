//! A tablet syncs, and what must hold when the sync is over.

use ailchin_core::device::{self, DeviceError, Sending, Sides, SyncReport};
use ailchin_core::error::Code;

use super::disk::Files;
use super::plan::Fault;
use super::promises::{Broken, Invariant, Ledger, hold};
use super::tablet::Tablet;
use super::wire::{Weather, Wire};
use super::{Sim, unexpected};

/// Others act while an answer is under way, and others while theirs is: not deeper.
const DEEP: u32 = 2;

impl Sim {
    /// A tablet syncs under a weather.
    pub(super) fn sync(&self, n: usize, weather: Weather) -> Result<(), Broken> {
        if self.tablets[n].borrow().syncing || self.depth.get() > DEEP {
            return Ok(());
        }
        let upheavals = self.upheavals.get();
        let ended = self.sync_to_its_end(n, weather);
        let mut counts = self.counts.borrow_mut();
        counts.syncs.0 += 1;
        counts.syncs.1 += u64::from(matches!(ended, Ok(Ok(_))));
        drop(counts);
        if let Some(broken) = self.broken.borrow_mut().take() {
            return Err(broken);
        }
        match ended? {
            Ok(_) => self.hands_over(n),
            Err(error) => self.has_a_cause(n, &error, self.upheavals.get() > upheavals),
        }
    }

    pub(super) fn sync_to_its_end(
        &self,
        n: usize,
        weather: Weather,
    ) -> Result<Result<SyncReport, DeviceError>, Broken> {
        let mut tablet = self.tablets[n].borrow_mut();
        tablet.syncing = true;
        let (path, device, station_key) = (tablet.path.clone(), tablet.device, tablet.station_key);
        let (signing, world) = (tablet.signing.clone(), std::rc::Rc::clone(&tablet.world));
        let opened = tablet.another();
        drop(tablet);
        let mut replica = match opened {
            Ok(replica) => replica,
            Err(error) => {
                self.tablets[n].borrow_mut().syncing = false;
                return Ok(Err(error.into()));
            }
        };
        self.depth.set(self.depth.get() + 1);
        let disturbances = self.disturbances();
        let token = replica.token().map_err(|error| unexpected(n, &error))?;
        let mut wire = Wire::new(self, n, token, weather);
        let ended = device::run(&mut Sides {
            replica: &mut replica,
            station: &mut wire,
            world: &*world,
            device,
            signing: &signing,
            station_key: &station_key,
            stop: &self.stop,
            sending: Sending { photos: true, bytes_a_second: None, pause: &|_| {} },
            progress: &|_| {},
        });
        self.depth.set(self.depth.get() - 1);
        let left = wire.into_weather().killed(|| Files::at(&path));
        drop(replica);
        self.say(|| match &ended {
            Ok(report) => {
                let o = report.outcome;
                format!(
                    "tablet {n} synced: {} up, {} down, {} blobs{}",
                    o.pushed,
                    o.pulled,
                    o.blobs,
                    if o.nothing_new { ", nothing new" } else { "" }
                )
            }
            Err(error) => format!("tablet {n} did not sync: {}", error.code()),
        });
        let mut tablet = self.tablets[n].borrow_mut();
        tablet.syncing = false;
        tablet.look_who_it_is().map_err(|error| unexpected(n, &error))?;
        let killed = left.is_some();
        if let Some(left) = left {
            self.count(Fault::KillSyncing);
            tablet.close();
            left.put(&tablet.path);
            tablet.open().map_err(|error| unexpected(n, &error))?;
        }
        if let Some(bug) = self.planted
            && self.strikes(bug)
        {
            bug.after_sync(&tablet);
        }
        let undisturbed = self.disturbances() == disturbances;
        self.look(n, &mut tablet, ended.is_ok() && !killed && undisturbed)?;
        Ok(ended)
    }

    /// Everything that must hold at any time, as far as this tablet and the station are concerned.
    pub(super) fn look(&self, n: usize, tablet: &mut Tablet, synced: bool) -> Result<(), Broken> {
        let station = self.station.borrow();
        let mut ledger = self.ledger.borrow_mut();
        let rows = ledger.look_at_station(&station)?;
        ledger.look_at_tablet(n, tablet)?;
        if synced {
            Ledger::look_at_receipt(n, tablet, &station, &rows)?;
            // A receipt that came in a file says nothing of what stood further on in another life of the store.
            let held = tablet.replica().holdings(tablet.device).map_err(|error| unexpected(n, &error))?;
            // What this tablet has lost or cannot send, others give back later, and it learns of it by comparing.
            let lacking = |seq: u64| station.stands_at(tablet.device, seq).is_none();
            tablet.may_differ = held.to_compare || tablet.was_put_back || tablet.cannot_send().into_iter().any(lacking);
        }
        Ok(())
    }

    pub(super) fn has_a_cause(&self, n: usize, error: &DeviceError, upheaval: bool) -> Result<(), Broken> {
        let tablet = self.tablets[n].borrow();
        let explained = match error.code() {
            Code::StationUnreachable | Code::AnswerUnreadable | Code::StationFailed | Code::NotLoggedIn => true,
            Code::DiskFull => tablet.pages.is_some(),
            Code::DeviceRevoked => tablet.revoked,
            Code::DigestMismatch => tablet.may_differ,
            // More than once within one sync.
            Code::EpochChanged => upheaval,
            _ => false,
        };
        hold(Invariant::ErrorsHaveCauses, explained, || {
            format!("the sync of tablet {n} ended: {}", ailchin_server::causes(error))
        })
    }
}
