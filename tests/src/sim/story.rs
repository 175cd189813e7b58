//! Which story to tell, and what is told of it.

use std::collections::BTreeMap;

use ailchin_core::hash::Hash;

use super::Sim;
use super::plan::{Fault, Plan};
use super::planted::Planted;
use super::promises::Broken;

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
    let mut plan = Plan::of(setup.seed, setup.planted.and_then(Planted::needs));
    if let Some(only) = &setup.only {
        plan.events = only.iter().filter_map(|index| plan.events.get(*index).copied()).collect();
    }
    let folder = folder();
    let sim = Sim::begin(plan, setup.planted, &folder);
    let broken = sim.run().err();
    sim.end(broken)
}

/// In memory where the machine has a file system for that.
pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}
