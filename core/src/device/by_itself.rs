//! Syncing without anybody's hand: a thread that probes the station and syncs when the schedule says so.
//!
//! It lives as long as the tablet and does nothing while the tablet is locked or the officer has switched it off. It never
//! holds what a save needs: it asks the schedule, lets go of it, and only then probes or syncs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant as Moment};

use super::{DeviceError, Tablet, Transport};
use crate::error::Code;
use crate::sync::{Act, Event, Rhythm, Schedule};
use crate::time::Instant;
use crate::view::{Probe, SelfSync};
use crate::world::World;

/// So often a waiting thread looks whether the device slept meanwhile.
const LOOK_MS: u64 = 30_000;

/// The wall clock ran on so much more than this program did: the device slept, or the clock was set.
const SLEPT_MS: i64 = 120_000;

/// What the driver and those who tell it something share.
#[derive(Debug, Default)]
pub(super) struct ByItself {
    state: Mutex<Option<Driven>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Driven {
    schedule: Schedule,
    begun: Moment,
    last_probe: Option<Probe>,
    over: bool,
}

impl Driven {
    /// Milliseconds since the driver began, by a clock that only runs on.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn told(&mut self, event: Event, world: &dyn World) {
        let mut dice = [0; 8];
        world.fill_random(&mut dice);
        self.schedule.told(event, self.now(), u64::from_le_bytes(dice));
    }
}

impl ByItself {
    /// Tells what happened; nobody listens before the driver began.
    pub(super) fn told(&self, event: Event, world: &dyn World) {
        if let Some(driven) = &mut *self.lock() {
            driven.told(event, world);
            self.changed.notify_all();
        }
    }

    /// What the Sync screen says of it.
    pub(super) fn shown(&self, on: bool) -> SelfSync {
        let state = self.lock();
        let driven = state.as_ref();
        let next_in_ms = driven.and_then(|driven| Some(driven.schedule.due()?.saturating_sub(driven.now())));
        SelfSync { on, next_in_ms, last_probe: driven.and_then(|driven| driven.last_probe) }
    }

    /// Ends the driver.
    pub(super) fn end(&self) {
        if let Some(driven) = &mut *self.lock() {
            driven.over = true;
            self.changed.notify_all();
        }
    }

    fn begin(&self, rhythm: Rhythm) -> bool {
        let mut state = self.lock();
        let first = state.is_none();
        let fresh = || Driven { schedule: Schedule::new(rhythm), begun: Moment::now(), last_probe: None, over: false };
        state.get_or_insert_with(fresh);
        first
    }

    /// Waits until something is to be done; `None` when it is over.
    fn wait(&self, world: &dyn World) -> Option<Act> {
        let mut state = self.lock();
        loop {
            let driven = state.as_mut().filter(|driven| !driven.over)?;
            let now = driven.now();
            let span = match driven.schedule.next(now) {
                Act::Wait(until) => until.map_or(LOOK_MS, |due| due.saturating_sub(now).min(LOOK_MS)),
                act => return Some(act),
            };
            let (wall, moment) = (world.now(), Moment::now());
            let waited = self.changed.wait_timeout(state, Duration::from_millis(span));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let ran = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
            if let Some(driven) = state.as_mut().filter(|_| world.now().since(wall).saturating_sub(ran) > SLEPT_MS) {
                driven.told(Event::Woke, world);
            }
        }
    }

    fn probed(&self, at: Instant, answered: bool, world: &dyn World) {
        if let Some(driven) = &mut *self.lock() {
            driven.last_probe = Some(Probe { at, answered });
            driven.told(if answered { Event::Answered } else { Event::Silent }, world);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Driven>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tablet {
    /// From now on syncs by itself whenever the station answers, as long as there is this tablet; a second call does nothing.
    ///
    /// Nothing happens while it is locked or the officer has switched it off ([`crate::view::SyncSettings`]).
    pub fn sync_by_itself(self: &Arc<Self>, rhythm: Rhythm) {
        if !self.by_itself.begin(rhythm) {
            return;
        }
        // Whoever was quicker than this call has unlocked it already.
        let _ = self.tell_opened();
        let (tablet, shared, world) = (Arc::downgrade(self), Arc::clone(&self.by_itself), Arc::clone(&self.world));
        std::thread::spawn(move || {
            while let Some(act) = shared.wait(&*world) {
                let Some(tablet) = Weak::upgrade(&tablet) else { return };
                tablet.act(act);
            }
        });
    }

    fn act(&self, act: Act) {
        match act {
            Act::Probe => {
                // A station of another version is there too: the sync tells the officer.
                let answered = match self.probe() {
                    Ok(()) => true,
                    Err(cause) => cause.code() == Code::ProtocolUnknown,
                };
                self.by_itself.probed(self.world.now(), answered, &*self.world);
            }
            // The outcome is kept for the page.
            Act::Sync if self.is_gone() => match self.begin_leaving(false) {
                Ok(()) => drop(self.leave()),
                Err(_) => self.by_itself.told(Event::NotBegun, &*self.world),
            },
            Act::Sync => match self.begin_sync(false) {
                // The outcome is kept for the Sync screen.
                Ok(run) => drop(self.run_sync(run)),
                Err(_) => self.by_itself.told(Event::NotBegun, &*self.world),
            },
            Act::Wait(_) => {}
        }
    }

    /// Asks whether the station is there: itself, by its certificate, not whatever network the system believes in.
    ///
    /// # Errors
    /// [`Code::StationUnreachable`], [`Code::CertificateChanged`] for somebody else's network, [`Code::StationFailed`].
    pub fn probe(&self) -> Result<(), DeviceError> {
        let open = self.lock_open().as_ref().map(|open| (open.note.address.clone(), open.note.fingerprint.clone()));
        let (address, fingerprint) = match open {
            Some(station) => station,
            None => self.station_left()?.ok_or(DeviceError::Refused(Code::Locked))?,
        };
        Transport::to(&address, fingerprint.as_deref(), None)?.probe()
    }

    /// Tells the driver that the tablet is open, if it is.
    pub(super) fn tell_opened(&self) -> Result<(), DeviceError> {
        if self.is_gone() {
            self.by_itself.told(Event::Opened { on: true, waits: true }, &*self.world);
            return Ok(());
        }
        let open = self.lock_open();
        let Some(open) = open.as_ref() else { return Ok(()) };
        let on = open.replica.sync_settings()?.by_itself;
        let waiting = open.replica.waiting(open.author.device)?;
        let waits = waiting.revisions > 0 || waiting.blobs > 0;
        self.by_itself.told(Event::Opened { on, waits }, &*self.world);
        Ok(())
    }
}

impl Drop for Tablet {
    fn drop(&mut self) {
        self.by_itself.end();
    }
}
