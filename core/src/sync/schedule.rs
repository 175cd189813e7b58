//! When a tablet syncs by itself: a machine without clock, socket or dice.
//!
//! [`Schedule::told`] takes what happened, [`Schedule::next`] says what to do. Time is milliseconds of a clock that only runs
//! on; the wall clock has no say, so setting it years ahead or back changes nothing. Dice come with each event.
//!
//! Before each sync the station is asked whether it is there ([`Act::Probe`]): a few hundred bytes that may fail all day
//! without anybody calling it an error. While it stays silent the waits double up to a cap, each drawn from the whole span,
//! so that tablets which came home together do not ask together.

use crate::error::Code;

/// How long the waits are, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rhythm {
    /// The first look after unlocking, waking or switching on is at most so late.
    pub soon_ms: u64,
    /// What was just saved waits at most so long for company.
    pub saved_ms: u64,
    /// Between two looks for what others did.
    pub idle_ms: u64,
    /// The first wait after a failure is at most so long, the next at most twice that …
    pub retry_ms: u64,
    /// … up to this while something waits for the station …
    pub waiting_cap_ms: u64,
    /// … and up to this while nothing does, or while somebody has to change something first.
    pub idle_cap_ms: u64,
}

impl Default for Rhythm {
    fn default() -> Self {
        const MINUTE: u64 = 60_000;
        Self {
            soon_ms: 3_000,
            saved_ms: 20_000,
            idle_ms: 15 * MINUTE,
            retry_ms: 10_000,
            waiting_cap_ms: 5 * MINUTE,
            idle_cap_ms: 30 * MINUTE,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// An officer unlocked the tablet.
    Opened {
        /// Whether it is to sync by itself.
        on: bool,
        /// Whether anything waits for the station.
        waits: bool,
    },
    /// The tablet was locked.
    Locked,
    /// An officer switched syncing by itself on or off.
    Switched(bool),
    /// Something was saved that the station does not have.
    Saved,
    /// The device slept, or its clock was set forward: the station may be near now.
    Woke,
    /// The station answered a probe.
    Answered,
    /// It did not.
    Silent,
    /// A sync began.
    Began {
        /// Because an officer asked for it.
        by_hand: bool,
    },
    /// The sync that was due did not begin: another one runs, or the tablet was locked.
    NotBegun,
    /// A sync ended.
    Ended(Result<(), Code>),
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Nothing before this moment, or before something happens.
    Wait(Option<u64>),
    /// Ask whether the station is there; tell [`Event::Answered`] or [`Event::Silent`].
    Probe,
    /// Sync; tell [`Event::Began`] and [`Event::Ended`], or [`Event::NotBegun`].
    Sync,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Waiting { due: u64 },
    Probing,
    Found,
    Beginning,
    Syncing,
}

/// When to probe and when to sync.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    rhythm: Rhythm,
    open: bool,
    on: bool,
    /// Something waits for the station.
    waits: bool,
    /// Something was saved since the sync under way began.
    saved_meanwhile: bool,
    failures: u32,
    place: Place,
}

impl Schedule {
    /// The schedule of a locked tablet.
    #[must_use]
    pub const fn new(rhythm: Rhythm) -> Self {
        let place = Place::Waiting { due: 0 };
        Self { rhythm, open: false, on: false, waits: false, saved_meanwhile: false, failures: 0, place }
    }

    /// What to do now. A probe or a sync that was said is begun: it is not said again.
    pub fn next(&mut self, now: u64) -> Act {
        if !self.open || !self.on {
            return Act::Wait(None);
        }
        match self.place {
            Place::Waiting { due } if due > now => Act::Wait(Some(due)),
            Place::Waiting { .. } => {
                self.place = Place::Probing;
                Act::Probe
            }
            Place::Found => {
                self.place = Place::Beginning;
                Act::Sync
            }
            Place::Probing | Place::Beginning | Place::Syncing => Act::Wait(None),
        }
    }

    /// When the next attempt is due; `None` if none is, or one is under way.
    #[must_use]
    pub const fn due(&self) -> Option<u64> {
        match self.place {
            Place::Waiting { due } if self.open && self.on => Some(due),
            _ => None,
        }
    }

    /// Takes what happened at `now`; `dice` is any number.
    pub fn told(&mut self, event: Event, now: u64, dice: u64) {
        let rhythm = self.rhythm;
        match event {
            Event::Opened { on, waits } => {
                (self.open, self.on, self.waits, self.failures) = (true, on, waits, 0);
                self.wait_anew(now, dice, rhythm.soon_ms);
            }
            Event::Locked => {
                self.open = false;
                self.wait_anew(now, dice, rhythm.soon_ms);
            }
            Event::Switched(on) => {
                let before = std::mem::replace(&mut self.on, on);
                if on && !before {
                    self.failures = 0;
                    self.wait_anew(now, dice, rhythm.soon_ms);
                }
            }
            Event::Saved => {
                self.saved_meanwhile = true;
                if !std::mem::replace(&mut self.waits, true) {
                    let most = if self.failures == 0 { rhythm.saved_ms } else { self.patience() };
                    self.not_later_than(now.saturating_add(within(most, dice)));
                }
            }
            Event::Woke => self.not_later_than(now.saturating_add(within(rhythm.soon_ms, dice))),
            Event::Answered if self.place == Place::Probing => self.place = Place::Found,
            Event::Silent if self.place == Place::Probing => self.failed(now, dice),
            Event::NotBegun if self.place == Place::Beginning => self.wait(now, within(rhythm.retry_ms, dice)),
            Event::Began { by_hand } => {
                if by_hand {
                    self.failures = 0;
                }
                self.saved_meanwhile = false;
                self.place = Place::Syncing;
            }
            Event::Ended(result) if self.place == Place::Syncing => self.ended(result, now, dice),
            // The answer to a question that was given up.
            Event::Answered | Event::Silent | Event::NotBegun | Event::Ended(_) => {}
        }
    }

    fn ended(&mut self, result: Result<(), Code>, now: u64, dice: u64) {
        let rhythm = self.rhythm;
        match result {
            Ok(()) => {
                // What still waits now, waits for something else than a sync: photos, for Wi-Fi.
                (self.failures, self.waits) = (0, self.saved_meanwhile);
                match self.waits {
                    true => self.wait(now, within(rhythm.saved_ms, dice)),
                    false => self.wait(now, about(rhythm.idle_ms, dice)),
                }
            }
            // An officer does not want one now.
            Err(Code::SyncStopped) => {
                self.failures = 0;
                self.wait(now, about(rhythm.idle_ms, dice));
            }
            Err(code) if code.retry_helps() => self.failed(now, dice),
            Err(_) => self.wait(now, about(rhythm.idle_cap_ms, dice)),
        }
    }

    fn failed(&mut self, now: u64, dice: u64) {
        self.failures = self.failures.saturating_add(1);
        self.wait(now, within(self.patience(), dice));
    }

    /// The longest wait after so many failures.
    fn patience(&self) -> u64 {
        let cap = if self.waits { self.rhythm.waiting_cap_ms } else { self.rhythm.idle_cap_ms };
        let doubled = 1_u64.checked_shl(self.failures.saturating_sub(1)).unwrap_or(u64::MAX);
        self.rhythm.retry_ms.saturating_mul(doubled).min(cap)
    }

    const fn wait(&mut self, now: u64, ms: u64) {
        self.place = Place::Waiting { due: now.saturating_add(ms) };
    }

    /// Begins to wait, unless a sync is under way: its end is told.
    fn wait_anew(&mut self, now: u64, dice: u64, most: u64) {
        if self.place != Place::Syncing {
            self.wait(now, within(most, dice));
        }
    }

    fn not_later_than(&mut self, latest: u64) {
        if let Place::Waiting { due } = &mut self.place {
            *due = latest.min(*due);
        }
    }
}

/// Any wait up to `most`, but not none.
const fn within(most: u64, dice: u64) -> u64 {
    if most == 0 { 1 } else { 1 + dice % most }
}

/// A wait between a half and the whole.
const fn about(whole: u64, dice: u64) -> u64 {
    whole / 2 + within(whole - whole / 2, dice)
}
