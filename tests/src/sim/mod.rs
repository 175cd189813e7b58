//! A station and its tablets in one process and in virtual time, with everything that can go wrong; one seed decides all.
//!
//! | part | what it is |
//! |---|---|
//! | `plan` | what the seed decides beforehand: tablets, kinds of faults, events |
//! | `station`, `tablet` | the real store and the real replicas in files, the work of officers |
//! | `wire` | the real bytes between them: cut, lost, repeated, late |
//! | `disk`, `pages` | power that fails in the middle of a write, disks without room |
//! | `promises` | what must hold at any time |
//! | `healed` | what must hold when the faults are over |
//!
//! There are no threads, no clock but the virtual one, and no randomness but the seed's: the same seed tells the same story.
//! Others act while an answer is under way because the wire lets the next events happen before it hands the answer over.

mod disk;
mod healed;
mod pages;
mod plan;
mod planted;
mod promises;
mod shrink;
mod station;
mod tablet;
mod wire;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicBool;

use ailchin_core::device::{self, DeviceError, Sending, Sides, SyncReport};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::RevisionId;
use ailchin_core::replica::ReplicaError;
use ailchin_core::sync::PushAnswer;
use ailchin_core::time::Instant;

use crate::{Dice, NOW};
use disk::Files;
use plan::{Event, Plan, What};
use promises::{Ledger, hold};
use station::{Answer, Copy, Door, Request, Station};
use tablet::{Act, Tablet, one_of};
use wire::{Weather, Wire};

pub use plan::Fault;
pub use planted::Planted;
pub use promises::{Broken, Invariant};
pub use shrink::shrunk;

/// After so many rounds of syncs without faults nothing may be new any more.
pub const ROUNDS: u32 = 4;

/// Others act while an answer is under way, and others while theirs is: not deeper.
const DEEP: u32 = 2;

const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Which story to tell.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Decides everything.
    pub seed: u64,
    /// Only these events of the seed's; `None`: all.
    pub only: Option<Vec<usize>>,
    /// A bug that is planted.
    pub planted: Option<Planted>,
}

impl Setup {
    /// The whole story of a seed.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self { seed, only: None, planted: None }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// How often what happened.
    pub counts: Counts,
    /// One line for each event.
    pub trace: Vec<String>,
    /// What did not hold.
    pub broken: Option<Broken>,
    /// Over the trace and the station's whole log: equal stories have equal ones.
    pub fingerprint: Hash,
}

/// How often what happened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Events.
    pub events: u64,
    /// Syncs before healing, and how many of them came to their end.
    pub syncs: (u64, u64),
    /// Revisions at the station.
    pub revisions: u64,
    /// Requests.
    pub requests: u64,
    /// Decided conflicts.
    pub decisions: u64,
    /// Refused revisions.
    pub refused: u64,
    /// Revisions lost with a disk.
    pub lost: u64,
    /// Rounds of syncs until nothing was new.
    pub rounds: u32,
}

impl Counts {
    /// Adds those of another story; rounds are the most of any.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        self.events += other.events;
        self.syncs = (self.syncs.0 + other.syncs.0, self.syncs.1 + other.syncs.1);
        self.revisions += other.revisions;
        self.requests += other.requests;
        self.decisions += other.decisions;
        self.refused += other.refused;
        self.lost += other.lost;
        self.rounds = self.rounds.max(other.rounds);
    }
}

/// Tells a story from its seed to its end.
#[must_use]
pub fn tell(setup: &Setup) -> Story {
    let mut plan = Plan::of(setup.seed);
    if let Some(only) = &setup.only {
        plan.events = only.iter().filter_map(|index| plan.events.get(*index).copied()).collect();
    }
    let folder = folder();
    let sim = Sim::begin(plan, setup.planted, &folder);
    let broken = sim.run().err();
    sim.end(broken)
}

/// In memory where the machine has a file system for that.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

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
    copies: RefCell<Vec<Copy>>,
    marks: Cell<u64>,
    /// Syncs within syncs.
    depth: Cell<u32>,
    /// How often the station was restored or areas given and taken.
    upheavals: Cell<u64>,
    /// Found while a sync was under way.
    broken: RefCell<Option<Broken>>,
    stop: AtomicBool,
}

impl Sim {
    fn begin(plan: Plan, planted: Option<Planted>, folder: &tempfile::TempDir) -> Self {
        let station = Station::new(folder.path(), plan.seed, plan.areas, &plan.tablets);
        let tablets = (0..plan.tablets.len())
            .map(|n| RefCell::new(Tablet::enrolled(folder.path(), plan.seed, n, &station)))
            .collect();
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
            copies,
            marks: Cell::new(0),
            depth: Cell::new(0),
            upheavals: Cell::new(0),
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
            What::Work(n) => self.work(n, &mut dice, false),
            What::Sync(n) => {
                let weather = Weather::of(&mut dice, &self.plan.faults);
                self.sync(n, weather)
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
                    tablets.filter(|tablet| !tablet.syncing).for_each(|mut tablet| {
                        tablet.copy = Some(Files::at(&tablet.path));
                    });
                }
                Ok(())
            }
            What::Tablet(fault, n) => self.tablet_fault(fault, n, &mut dice),
            What::Station(fault) => self.station_fault(fault, &mut dice),
        }
    }

    fn mark(&self) -> u64 {
        let mark = self.marks.get();
        self.marks.set(mark + 1);
        healed::FIRST_MARK + mark
    }

    /// An officer works; perhaps the power fails while it is saved.
    fn work(&self, n: usize, dice: &mut Dice, killed: bool) -> Result<(), Broken> {
        let mark = self.mark();
        let mut tablet = self.tablets[n].borrow_mut();
        if tablet.revoked {
            return Ok(());
        }
        let newer = self.plan.faults.contains(&Fault::NewForms);
        let Some(act) = tablet.decides(dice, mark, newer) else { return Ok(()) };
        if let Act::Save(changes) = &act
            && changes
                .iter()
                .any(|change| change.kind.as_str() == "herd" || change.fields.contains_key("field_of_2029"))
        {
            self.count(Fault::NewForms);
        }
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
        if there > 0 {
            let device = tablet.device;
            ledger.saved.extend(made.iter().map(|id| (*id, (n, device))));
            if matches!(act, Act::Decide(_)) {
                ledger.decisions.extend(made);
            }
        }
        Ok(())
    }

    /// How many of what was just saved are there when the tablet is on again.
    fn power_fails(
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

    /// A tablet syncs under a weather.
    fn sync(&self, n: usize, weather: Weather) -> Result<(), Broken> {
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
            Ok(_) => Ok(()),
            Err(error) => self.has_a_cause(n, &error, self.upheavals.get() > upheavals),
        }
    }

    fn sync_to_its_end(&self, n: usize, weather: Weather) -> Result<Result<SyncReport, DeviceError>, Broken> {
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
        let upheavals = self.upheavals.get();
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
        let undisturbed = self.upheavals.get() == upheavals;
        self.look(n, &mut tablet, ended.is_ok() && !killed && undisturbed)?;
        Ok(ended)
    }

    /// Everything that must hold at any time, as far as this tablet and the station are concerned.
    fn look(&self, n: usize, tablet: &mut Tablet, synced: bool) -> Result<(), Broken> {
        let station = self.station.borrow();
        let mut ledger = self.ledger.borrow_mut();
        let rows = ledger.look_at_station(&station)?;
        ledger.look_at_tablet(n, tablet)?;
        if synced {
            Ledger::look_at_receipt(n, tablet, &station, &rows)?;
            tablet.may_differ = false;
        }
        Ok(())
    }

    fn has_a_cause(&self, n: usize, error: &DeviceError, upheaval: bool) -> Result<(), Broken> {
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

    // What the wire asks for.

    fn serve(&self, request: &Request) -> Option<Answer> {
        self.counts.borrow_mut().requests += 1;
        let mut station = self.station.borrow_mut();
        let kills = station.kills;
        let before = self.strikes_at(request).then(|| station.files());
        let answer = station.serve(request);
        if let Some(before) = before.filter(|_| answer.as_ref().is_some_and(|answer| !answer.refused)) {
            self.spoil(&mut station, &before);
        }
        if request.door == Door::Give {
            let said = answer.as_ref().map(|answer| String::from_utf8_lossy(&answer.body).into_owned());
            self.say(|| format!("  the station says to a gift: {}", said.unwrap_or_default()));
        }
        if request.door == Door::Push
            && let Some(answer) = answer.as_ref().filter(|answer| !answer.refused)
        {
            let said: PushAnswer = serde_json::from_slice(&answer.body).unwrap();
            let told = self.ledger.borrow_mut().was_told(request.device, &said, &station);
            self.breaks(told);
        }
        if station.kills > kills {
            self.count(Fault::KillStation);
            self.say(|| format!("  the station was killed at {}", request.door.name()));
        }
        answer
    }

    fn strikes_at(&self, request: &Request) -> bool {
        match request.door {
            Door::Push => self.strikes(Planted::AnswerBeforeCommit) || self.strikes(Planted::FeedRewritten),
            Door::BeginBlob { .. } | Door::AddToBlob { .. } => self.strikes(Planted::ReceiptTooMuch),
            _ => false,
        }
    }

    fn spoil(&self, station: &mut Station, before: &Files) {
        match self.planted {
            Some(Planted::AnswerBeforeCommit) => station.put(before),
            Some(Planted::FeedRewritten) => station.rewrite(),
            Some(Planted::ReceiptTooMuch) => station.lose_blobs(),
            _ => {}
        }
    }

    /// Lets others act, and time pass.
    fn meanwhile(&self, dice: &mut Dice) {
        let events = dice.below(4);
        for _ in 0..events {
            let next = self.queue.borrow_mut().pop_front();
            let Some(event) = next else { break };
            self.breaks(self.happen(event));
        }
        self.pass(i64::try_from(dice.below(7_200_000)).unwrap());
    }

    fn keep_for_later(&self, request: Request) {
        self.late.borrow_mut().push(request);
    }

    /// Keeps what broke while a sync is under way until the sync is over.
    fn breaks(&self, held: Result<(), Broken>) {
        if let Err(broken) = held {
            self.broken.borrow_mut().get_or_insert(broken);
        }
    }

    /// The station said that it holds something else than this tablet.
    fn differs(&self, n: usize) {
        let tablet = self.tablets[n].borrow();
        let held = hold(Invariant::DiffersForACause, tablet.may_differ, || {
            format!("the station holds something else than tablet {n}, and nothing happened that explains it")
        });
        self.ledger.borrow_mut().may_begin_anew(n);
        self.breaks(held);
    }

    // Faults.

    fn tablet_fault(&self, fault: Fault, n: usize, dice: &mut Dice) -> Result<(), Broken> {
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
        let mut tablet = self.tablets[n].borrow_mut();
        match fault {
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
            }
            Fault::Revoked => {
                let station = self.station.borrow();
                let others = self.tablets.iter().filter(|other| other.try_borrow().is_ok_and(|other| !other.revoked));
                // The last two stay.
                if tablet.revoked || others.count() < 2 {
                    return Ok(());
                }
                if station.pages.is_some() {
                    return Ok(());
                }
                station.store().revoke(station.id, tablet.device, &station.world).unwrap();
                tablet.revoked = true;
            }
            _ => return Ok(()),
        }
        drop(tablet);
        self.count(fault);
        self.say(|| format!("tablet {n}: {}", fault.name()));
        let lost = matches!(fault, Fault::Revoked | Fault::TabletRestored);
        if lost { self.forget_what_is_lost() } else { Ok(()) }
    }

    /// An old request arrives once more; nobody waits for the answer.
    fn late_arrival(&self, dice: &mut Dice) -> Result<(), Broken> {
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

    fn station_fault(&self, fault: Fault, dice: &mut Dice) -> Result<(), Broken> {
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
    fn forget_what_is_lost(&self) -> Result<(), Broken> {
        let mut there: BTreeSet<RevisionId> = self.station.borrow().rows().iter().map(|row| row.id).collect();
        for tablet in &self.tablets {
            let tablet = tablet.borrow();
            if !tablet.revoked {
                there.extend(tablet.lines().iter().map(|line| line.id));
            }
        }
        let mut ledger = self.ledger.borrow_mut();
        let lost: Vec<RevisionId> = ledger.saved.keys().filter(|id| !there.contains(id)).copied().collect();
        ledger.lost.extend(lost);
        Ok(())
    }

    // Healing.

    /// The faults are over; everybody syncs until nothing is new.
    fn heal(&self) -> Result<(), Broken> {
        self.say(|| "the faults are over".to_owned());
        {
            let mut station = self.station.borrow_mut();
            station.killed_by = None;
            station.room(None);
        }
        for (n, tablet) in self.tablets.iter().enumerate() {
            let mut tablet = tablet.borrow_mut();
            tablet.reaches = true;
            tablet.room(None).map_err(|error| unexpected(n, &error))?;
        }
        let active: Vec<usize> = (0..self.tablets.len()).filter(|n| !self.tablets[*n].borrow().revoked).collect();
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

    fn all_agree(&self, active: &[usize]) -> Result<(), Broken> {
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
        let mut tablets: Vec<(usize, &mut Tablet)> =
            borrowed.iter_mut().map(|(n, tablet)| (*n, &mut **tablet)).collect();
        healed::all_agree(&ledger, &station, &mut tablets, self.marks.get())?;
        for (n, tablet) in &tablets {
            ledger.look_at_tablet(*n, tablet)?;
        }
        Ok(())
    }
}

fn unexpected(n: usize, error: &ReplicaError) -> Broken {
    Broken { invariant: Invariant::ErrorsHaveCauses, seen: format!("tablet {n}: {}", ailchin_server::causes(error)) }
}
