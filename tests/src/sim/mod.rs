//! A station and its tablets in one process and in virtual time, with everything that can go wrong; one seed decides all.
//!
//! | part | what it is |
//! |---|---|
//! | `story`, `shrink` | what is asked for and what is told of it; a story that goes wrong, in short |
//! | `plan` | what the seed decides beforehand: tablets, kinds of faults, events |
//! | `station`, `doors`, `rows` | the real store and folder of blobs, its doors, and what lies in its file |
//! | `tablet`, `officer`, `working`, `syncing` | the real replicas in files, the work of officers, their syncs |
//! | `wire`, `asked` | the real bytes between them: cut, lost, repeated, late |
//! | `road` | bundles and answers in files: lost, late, repeated, changed, carried by another tablet |
//! | `faults` | what goes wrong beside the wire |
//! | `disk`, `pages` | power that fails in the middle of a write, disks without room |
//! | `promises` | what must hold at any time |
//! | `healing`, `healed` | what must hold when the faults are over |
//! | `planted` | bugs that the simulation has to find |
//!
//! There are no threads, no clock but the virtual one, and no randomness but the seed's: the same seed tells the same story.
//! Others act while an answer is under way because the wire lets the next events happen before it hands the answer over.

mod asked;
mod disk;
mod doors;
mod faults;
mod healed;
mod healing;
mod officer;
mod pages;
mod plan;
mod planted;
mod promises;
mod road;
mod rows;
mod shrink;
mod station;
mod story;
mod syncing;
mod tablet;
mod wire;
mod working;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;

use ailchin_core::hash::Hash;
use ailchin_core::time::Instant;

use crate::{Dice, NOW};
use disk::Files;
use doors::Request;
use plan::{Event, Plan, What};
use promises::Ledger;
use road::Parcel;
use station::{Copy, Station};
use tablet::Tablet;
use wire::Weather;

pub use plan::Fault;
pub use planted::Planted;
pub use promises::{Broken, Invariant};
pub use shrink::shrunk;
pub use story::{Counts, Setup, Story, tell};

/// After so many rounds of syncs without faults nothing may be new any more.
pub const ROUNDS: u32 = 4;

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// A story under way.
struct Sim {
    plan: Plan,
    planted: Option<Planted>,
    /// How often the planted bug had a chance.
    chances: Cell<u64>,
    now: Cell<Instant>,
    station: RefCell<Station>,
    tablets: Vec<RefCell<Tablet>>,
    ledger: RefCell<Ledger>,
    counts: RefCell<Counts>,
    trace: RefCell<Vec<String>>,
    queue: RefCell<VecDeque<Event>>,
    /// Requests that will arrive once more.
    late: RefCell<Vec<Request>>,
    /// Parts of bundles and answers on their way, and how many there were.
    road: RefCell<Vec<Parcel>>,
    parcels: Cell<u64>,
    copies: RefCell<Vec<Copy>>,
    marks: Cell<u64>,
    /// Syncs within syncs.
    depth: Cell<u32>,
    /// How often the station was restored or areas given and taken.
    upheavals: Cell<u64>,
    /// How often something was erased.
    erasures: Cell<u64>,
    /// Found while a sync was under way.
    broken: RefCell<Option<Broken>>,
    stop: AtomicBool,
}

impl Sim {
    fn begin(plan: Plan, planted: Option<Planted>, folder: &tempfile::TempDir) -> Self {
        let station = Station::new(folder.path(), plan.seed, plan.areas, &plan.tablets);
        let count = plan.tablets.len();
        let mut tablets: Vec<RefCell<Tablet>> =
            (0..count).map(|n| RefCell::new(Tablet::enrolled(folder.path(), plan.seed, n, &station))).collect();
        for n in count..count + plan.spares {
            let spare = tablets[n - count].borrow().not_yet_there(folder.path(), plan.seed, n);
            tablets.push(RefCell::new(spare));
        }
        let queue = plan.events.iter().copied().collect();
        let copies = RefCell::new(vec![station.backup()]);
        Self {
            plan,
            planted,
            chances: Cell::new(0),
            now: Cell::new(NOW),
            station: RefCell::new(station),
            tablets,
            ledger: RefCell::default(),
            counts: RefCell::default(),
            trace: RefCell::default(),
            queue: RefCell::new(queue),
            late: RefCell::default(),
            road: RefCell::default(),
            parcels: Cell::new(0),
            copies,
            marks: Cell::new(0),
            depth: Cell::new(0),
            upheavals: Cell::new(0),
            erasures: Cell::new(0),
            broken: RefCell::default(),
            stop: AtomicBool::new(false),
        }
    }

    fn run(&self) -> Result<(), Broken> {
        loop {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.happen(event)?;
        }
        self.heal()
    }

    fn end(self, broken: Option<Broken>) -> Story {
        let rows = self.station.borrow().rows();
        let mut counts = self.counts.into_inner();
        let ledger = self.ledger.into_inner();
        counts.revisions = rows.len() as u64;
        counts.decisions = ledger.decisions.len() as u64;
        counts.refused = ledger.refused.len() as u64;
        counts.lost = ledger.lost.len() as u64;
        let trace = self.trace.into_inner();
        let lines = trace.iter().map(String::as_bytes);
        let parts: Vec<&[u8]> = lines.chain(rows.iter().map(|row| row.body.as_bytes())).collect();
        let fingerprint = Hash::of_parts("story", &parts);
        Story { seed: self.plan.seed, counts, trace, broken, fingerprint }
    }

    fn say(&self, line: impl FnOnce() -> String) {
        self.trace.borrow_mut().push(line());
    }

    fn count(&self, fault: Fault) {
        *self.counts.borrow_mut().faults.entry(fault).or_default() += 1;
    }

    /// Whether this bug is planted, and its time has come: every third time that it could do something.
    fn strikes(&self, bug: Planted) -> bool {
        if self.planted != Some(bug) {
            return false;
        }
        self.chances.set(self.chances.get() + 1);
        self.chances.get().is_multiple_of(3)
    }

    fn has_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }

    /// Time passes for everybody.
    fn pass(&self, ms: i64) {
        self.now.set(self.now.get().plus_ms(ms));
        let now = self.now.get();
        let station = self.station.borrow();
        station.world.set_now(now.plus_ms(station.ahead_ms));
        self.tablets.iter().for_each(|tablet| tablet.borrow().set_clock(now));
    }

    fn happen(&self, event: Event) -> Result<(), Broken> {
        self.pass(event.after_ms);
        self.counts.borrow_mut().events += 1;
        let mut dice = Dice::new(event.dice);
        match event.what {
            What::Work(n) => self.work(self.who(n), &mut dice, false),
            What::Sync(n) => {
                let weather = Weather::of(&mut dice, &self.plan.faults);
                self.sync(self.who(n), weather)
            }
            What::Console => {
                let mark = self.mark();
                self.station.borrow().write(&mut dice, &format!("记 {mark}"));
                self.say(|| "the console writes".to_owned());
                Ok(())
            }
            What::Backup => {
                let copy = self.station.borrow().backup();
                self.copies.borrow_mut().push(copy);
                if self.plan.faults.contains(&Fault::TabletRestored) {
                    let tablets = self.tablets.iter().filter_map(|tablet| tablet.try_borrow_mut().ok());
                    tablets.filter(|tablet| !tablet.syncing && !tablet.absent).for_each(|mut tablet| {
                        tablet.copy = Some(Files::at(&tablet.path));
                    });
                }
                Ok(())
            }
            What::Tablet(fault, n) => self.tablet_fault(fault, self.who(n), &mut dice),
            What::Station(fault) => self.station_fault(fault, &mut dice),
        }
    }

    /// The tablet that an event is about: as long as there are not two of it, the one there is.
    fn who(&self, n: usize) -> usize {
        if self.tablets[n].borrow().absent { n - self.plan.tablets.len() } else { n }
    }

    /// How often something happened at the station after which an older answer may state other things.
    fn disturbances(&self) -> u64 {
        self.upheavals.get() + self.erasures.get()
    }

    fn mark(&self) -> u64 {
        let mark = self.marks.get();
        self.marks.set(mark + 1);
        healed::FIRST_MARK + mark
    }
}

fn unexpected(n: usize, error: &dyn std::error::Error) -> Broken {
    Broken { invariant: Invariant::ErrorsHaveCauses, seen: format!("tablet {n}: {}", ailchin_server::causes(error)) }
}
