//! What will happen, from the seed alone: how many tablets, which faults, and a list of events that can be cut.
//!
//! Every event has dice of its own, so that taking one away leaves the others as they were.

use std::collections::BTreeSet;

use crate::Dice;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Fault { $($(#[doc = $doc])* $name,)* }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it is called in tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// A request ends at a byte in its middle; what came arrives.
    CutRequest = "request cut at a byte",
    /// An answer ends at a byte in its middle; what came arrives.
    CutAnswer = "answer cut at a byte",
    /// A request does not arrive.
    LostRequest = "request lost",
    /// The request was carried out, its answer does not arrive.
    LostAnswer = "answer lost",
    /// The same request arrives twice.
    Repeat = "request repeated",
    /// A copy of a request arrives hours and days later.
    Reorder = "old request arrives late",
    /// Others act, and hours pass, while an answer is under way.
    Delay = "answer delayed while others act",
    /// A tablet reaches nothing for some time.
    Partition = "partition",
    /// A tablet's program ends, and starts again.
    Restart = "tablet restarted",
    /// A tablet's power fails in the middle of a save.
    KillSaving = "tablet killed at a byte of a save",
    /// A tablet's power fails in the middle of what a sync writes.
    KillSyncing = "tablet killed at a byte of a sync",
    /// The station's program ends, and starts again.
    StationRestart = "station restarted",
    /// The station's power fails in the middle of what it writes.
    KillStation = "station killed at a byte",
    /// A tablet's disk has no room for some time.
    DiskFull = "tablet's disk full",
    /// The station's disk has no room for some time.
    StationDiskFull = "station's disk full",
    /// A tablet's clock jumps by up to 30 years, forth or back.
    ClockJump = "tablet's clock jumps by years",
    /// The station's clock jumps by days or years.
    StationClockJump = "station's clock jumps",
    /// The station is restored from an older copy and begins a new life.
    StationRestored = "station restored from an older copy",
    /// The same, and nobody tells the station: it finds out from its own receipts and digests.
    StationPutBack = "station put back to an older copy in silence",
    /// A tablet is put back to an older copy of its file.
    TabletRestored = "tablet restored from an older copy",
    /// A household is moved to another area, whose tablets then hold it with all that belongs to it.
    HouseholdMoved = "household moved to another area",
    /// A household is erased on request, with all that belongs to it, whatever tablets still write about it.
    Erased = "household erased",
    /// A tablet gets a newer pack in the middle of a story: from then on it writes kinds and fields that others do not know yet.
    NewForms = "newer forms on a tablet",
    /// An area is taken from an officer, whose tablet may hold unsent work of it.
    AreaTaken = "area taken from an officer",
    /// An area is given to an officer.
    AreaGiven = "area given to an officer",
    /// A tablet is shut out.
    Revoked = "tablet revoked",
    /// There are two of one tablet from now on, and both are at work.
    Cloned = "two copies of one tablet at work",
    /// What waits on a tablet, and what the station answers, goes in files.
    ByFile = "bundle written into files",
    /// A part never arrives.
    PartLost = "part of a bundle lost",
    /// A part arrives after a later one.
    PartsDisordered = "parts of bundles out of order",
    /// A part arrives more than once.
    PartRepeated = "part of a bundle repeated",
    /// A part is cut or changed on its way.
    PartDamaged = "part of a bundle cut or changed",
    /// Another tablet carries a part, and the answer back.
    ByTablet = "part of a bundle carried by another tablet",
}

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// An officer works on a tablet.
    Work(usize),
    /// A tablet syncs; what the wire does is in the event's dice.
    Sync(usize),
    /// The console writes.
    Console,
    /// The station's files are copied, as a backup does.
    Backup,
    /// Something goes wrong on a tablet.
    Tablet(Fault, usize),
    /// Something goes wrong at the station.
    Station(Fault),
}

/// One event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Event {
    pub(super) after_ms: i64,
    pub(super) what: What,
    pub(super) dice: u64,
}

/// Everything that the seed decides before it begins.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) areas: usize,
    /// For each tablet the areas it holds, as a set of bits.
    pub(super) tablets: Vec<u32>,
    /// How many of them may be there a second time.
    pub(super) spares: usize,
    pub(super) faults: BTreeSet<Fault>,
    pub(super) events: Vec<Event>,
}

impl Plan {
    /// The plan of a seed; `also` is a fault that happens in any case.
    pub(super) fn of(seed: u64, also: Option<Fault>) -> Self {
        let mut dice = Dice::new(seed);
        let areas = pick(&mut dice, 2, 4);
        let count = pick(&mut dice, 2, 5);
        let all = (1_u64 << areas) - 1;
        let tablets = (0..count)
            .map(|n| {
                let mine = 1 + dice.below(all);
                // Neighbours share an area, so that there is somebody to disagree with.
                u32::try_from(mine | 1 << (n / 2 % areas)).unwrap()
            })
            .collect::<Vec<_>>();
        let faults = faults(&mut dice, also);
        let spares = if faults.contains(&Fault::Cloned) { 2.min(count) } else { 0 };
        let length = pick(&mut dice, 20, 110);
        let events = (0..length).map(|_| event(&mut dice, count + spares, &faults)).collect();
        Self { seed, areas, tablets, spares, faults, events }
    }
}

/// What happens to files on the road, if there are any.
const OF_FILES: &[Fault] =
    &[Fault::PartLost, Fault::PartsDisordered, Fault::PartRepeated, Fault::PartDamaged, Fault::ByTablet];

/// Some kinds of faults: with all of them at once nothing gets far enough to go wrong in an interesting way.
fn faults(dice: &mut Dice, also: Option<Fault>) -> BTreeSet<Fault> {
    let often = dice.below(4);
    let mut faults: BTreeSet<Fault> = Fault::ALL.iter().copied().filter(|_| dice.below(4) < often).collect();
    faults.extend(also);
    let of_files = [Fault::PartLost, Fault::PartsDisordered, Fault::PartRepeated, Fault::PartDamaged, Fault::ByTablet];
    if of_files.iter().any(|fault| faults.contains(fault)) {
        faults.insert(Fault::ByFile);
    }
    faults
}

fn event(dice: &mut Dice, tablets: usize, faults: &BTreeSet<Fault>) -> Event {
    let tablet = pick(dice, 0, tablets - 1);
    let what = match dice.below(100) {
        0..50 => What::Work(tablet),
        50..76 => What::Sync(tablet),
        76..79 => What::Console,
        79..82 => What::Backup,
        _ => fault(dice, tablet, faults),
    };
    let after_ms = match dice.below(12) {
        0 => 3_600_000 + i64::try_from(dice.below(40_000_000)).unwrap(),
        1 => 0,
        _ => i64::try_from(dice.below(600_000)).unwrap(),
    };
    Event { after_ms, what, dice: dice.below(u64::MAX) }
}

fn fault(dice: &mut Dice, tablet: usize, faults: &BTreeSet<Fault>) -> What {
    use Fault as F;
    let possible: Vec<What> = faults
        .iter()
        .filter_map(|fault| match fault {
            // They happen on the wire, or on the road.
            F::CutRequest | F::CutAnswer | F::LostRequest | F::LostAnswer | F::Repeat | F::Delay => None,
            _ if OF_FILES.contains(fault) => None,
            F::StationRestart
            | F::KillStation
            | F::StationDiskFull
            | F::StationClockJump
            | F::StationRestored
            | F::StationPutBack
            | F::HouseholdMoved
            | F::Erased => Some(What::Station(*fault)),
            // Seldom: the rest of the story goes on without this tablet.
            F::Revoked if dice.below(4) > 0 => None,
            _ => Some(What::Tablet(*fault, tablet)),
        })
        .collect();
    match possible.len() as u64 {
        0 => What::Work(tablet),
        // Files are on the road for long: several things happen to them.
        _ if faults.contains(&F::ByFile) && dice.below(3) == 0 => What::Tablet(F::ByFile, tablet),
        length => possible[usize::try_from(dice.below(length)).unwrap()],
    }
}

fn pick(dice: &mut Dice, from: usize, to: usize) -> usize {
    from + usize::try_from(dice.below((to - from + 1) as u64)).unwrap()
}
