//! Generated data of a whole station, determined by a seed and its last day. No person in it is real.
//!
//! Everything goes through the doors of the store that tablets and the console use: real keys, chains and checkpoints. The
//! visits are made day by day and pushed week by week, so that a million of them need no more memory than a thousand.

mod chance;
mod land;
pub mod names;
mod people;
mod signatures;
mod tablet;
mod visits;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ailchin_core::form::{FormError, FormModel};
use ailchin_core::ids::{AreaId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::pack;
use ailchin_core::record::{Fields, Kind};
use ailchin_core::time::{Day, Instant};
use ailchin_core::world::{Seeded, World};
use serde_json::{Value, json};

use crate::blobs::{Blobs, BlobsError};
use crate::store::{Store, StoreError};

use chance::Chance;
use land::{Gacha, Land};
use people::Home;
use tablet::{DemoTablet, Writing};
use visits::Call;

/// How much is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Households.
    pub households: u32,
    /// Visits.
    pub visits: u32,
    /// Months over which they are spread.
    pub months: u32,
}

/// What was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// The station.
    pub station: StationId,
    /// Areas.
    pub areas: u64,
    /// Officers.
    pub officers: u64,
    /// Households.
    pub households: u64,
    /// Persons.
    pub persons: u64,
    /// Visits.
    pub visits: u64,
    /// Tasks.
    pub tasks: u64,
    /// Later changes of households and tasks.
    pub amendments: u64,
    /// Revisions in all.
    pub revisions: u64,
}

/// Why nothing, or not all, was made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is a station already.
    #[error("the store holds a station already: demo data goes into an empty folder")]
    NotEmpty,
    /// The store failed or refused.
    #[error("storing generated data")]
    Store(#[from] StoreError),
    /// The built-in pack has no visit form.
    #[error("the built-in pack has no form household_visit")]
    NoForm,
    /// The form does not take a generated answer.
    #[error("filling the visit form")]
    Form(#[from] FormError),
    /// A picture of a signature cannot be made …
    #[error("drawing a signature")]
    Picture(#[source] image::ImageError),
    /// … or not be kept.
    #[error("keeping a signature")]
    Blob(#[source] BlobsError),
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Signatures that the visits share.
const SIGNATURES: usize = 40;

/// A tablet that has so many waiting pushes before the week is over.
const MANY_WAIT: usize = 2_000;

/// Fills an empty store with data up to and including the day `until`.
///
/// # Errors
/// [`DemoError`]. What was committed before an error stays.
pub fn fill(store: &Store, blobs: &Blobs, seed: u64, size: Size, until: Day) -> Result<Made, DemoError> {
    if !store.stations()?.is_empty() {
        return Err(DemoError::NotEmpty);
    }
    let pack = pack::builtin().map_err(|_| DemoError::NoForm)?;
    let form = &pack.form("household_visit").ok_or(DemoError::NoForm)?.model;
    let days = i64::from(size.months.max(1)) * 365 / 12;
    let first = until.start().plus_ms(-(days - 1) * DAY_MS);
    let world = Seeded::new(seed, first.plus_ms(-40 * DAY_MS));

    let land = land::settle(store, &world)?;
    let officers = people::hire(store, land.station, &land.gacha, &world)?;
    let (homes, moved_in) = people::move_in(store, land.station, &land.gacha, size.households, &world)?;
    world.set_now(first.plus_ms(-DAY_MS));
    let signatures = signatures::draw(store, blobs, land.station, SIGNATURES, Chance(&world), world.now())?;
    let mut year = Year::begin(store, &land, &officers, homes, &world)?;
    for day in 0..days {
        let done = i64::from(size.visits) * day / days;
        let today = i64::from(size.visits) * (day + 1) / days - done;
        year.day(store, form, &signatures, first.plus_ms(day * DAY_MS), today)?;
    }
    year.push_all(store, until.start().plus_ms(21 * HOUR_MS), 0)?;
    Ok(Made {
        station: land.station,
        areas: land.areas,
        officers: officers.len() as u64,
        households: u64::from(size.households),
        persons: moved_in.persons,
        visits: year.visits,
        tasks: year.tasks,
        amendments: year.amendments,
        revisions: land.areas + officers.len() as u64 + moved_in.revisions + year.pushed,
    })
}

/// The visits, as they go on.
struct Year<'w> {
    world: &'w Seeded,
    gacha: Vec<Gacha>,
    homes: Vec<Home>,
    /// Households by gacha, and whose turn it is.
    turns: Vec<(Vec<usize>, usize)>,
    /// Tablets by gacha.
    tablets_of: Vec<Vec<usize>>,
    tablets: Vec<DemoTablet>,
    officers: Vec<OfficerId>,
    promised: BinaryHeap<Reverse<Promise>>,
    week: i64,
    visits: u64,
    tasks: u64,
    amendments: u64,
    pushed: u64,
}

/// A task that will be done on a day.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Promise {
    on: Instant,
    task: RecordId,
    made_by: RevisionId,
    area: AreaId,
    tablet: usize,
}

impl<'w> Year<'w> {
    fn begin(
        store: &Store,
        land: &Land,
        officers: &[(crate::store::OfficerRow, Vec<usize>)],
        homes: Vec<Home>,
        world: &'w Seeded,
    ) -> Result<Self, DemoError> {
        let epoch = store.stations()?.iter().find(|row| row.id == land.station).ok_or(DemoError::NoForm)?.epoch;
        let tablets: Vec<DemoTablet> = officers
            .iter()
            .map(|(officer, _)| DemoTablet::enrol(store, land.station, epoch, officer.id, world))
            .collect::<Result<_, _>>()?;
        let mut turns = vec![(Vec::new(), 0); land.gacha.len()];
        for (index, home) in homes.iter().enumerate() {
            if let Some((list, _)) = turns.get_mut(home.gacha) {
                list.push(index);
            }
        }
        Ok(Self {
            world,
            tablets_of: (0..land.gacha.len()).map(|gacha| people::officers_of(gacha, officers)).collect(),
            officers: officers.iter().map(|(officer, _)| officer.id).collect(),
            gacha: land.gacha.clone(),
            homes,
            turns,
            tablets,
            promised: BinaryHeap::new(),
            week: 0,
            visits: 0,
            tasks: 0,
            amendments: 0,
            pushed: 0,
        })
    }

    /// A day: visits from nine to eight, promises kept, on the last day of a week all tablets at the station.
    fn day(
        &mut self,
        store: &Store,
        form: &FormModel,
        signatures: &[Value],
        morning: Instant,
        visits: i64,
    ) -> Result<(), DemoError> {
        let chance = Chance(self.world);
        for index in 0..visits {
            let spread = 11 * HOUR_MS * index / visits.max(1);
            let at = morning.plus_ms(9 * HOUR_MS + spread + chance.between(0, 90_000));
            self.world.set_now(at);
            // A day leads to few gacha, so that teams do not cross the sumu.
            let gacha =
                (usize::try_from(morning.as_ms() / DAY_MS).unwrap_or(0) + chance.below(3)) % self.gacha.len().max(1);
            self.visit(form, signatures, gacha, at)?;
        }
        let evening = morning.plus_ms(21 * HOUR_MS);
        self.world.set_now(evening);
        self.keep_promises(evening)?;
        self.week += 1;
        let limit = if self.week % 7 == 0 { 0 } else { MANY_WAIT };
        self.push_all(store, evening, limit)
    }

    fn visit(&mut self, form: &FormModel, signatures: &[Value], gacha: usize, at: Instant) -> Result<(), DemoError> {
        let chance = Chance(self.world);
        let Some((list, turn)) = self.turns.get_mut(gacha).filter(|(list, _)| !list.is_empty()) else { return Ok(()) };
        let home = list.get(*turn % list.len()).and_then(|index| self.homes.get_mut(*index));
        *turn += 1;
        let tablet = self.tablets_of.get(gacha).and_then(|tablets| chance.one(tablets)).copied();
        let area = self.gacha.get(gacha).map(|gacha| gacha.area);
        let (Some(home), Some(index), Some(area)) = (home, tablet, area) else { return Ok(()) };
        let (Some(tablet), Some(officer)) = (self.tablets.get_mut(index), self.officers.get(index)) else {
            return Ok(());
        };
        let spot = if is_summer(at) { home.summer } else { home.winter };
        let call = Call { household: home.record, officer: *officer, spot, at, signatures };
        let said = visits::say(form, &call, chance, self.world)?;
        let visit = RecordId::new(self.world);
        let new = |record, kind, fields| Writing { record, kind, area, parents: Vec::new(), fields, at };
        tablet.write(new(visit, Kind::Visit, said.fields), self.world)?;
        self.visits += 1;
        if let Some((note, due)) = said.follow_up {
            let task = RecordId::new(self.world);
            let fields = Fields::from([
                ("household".to_owned(), json!(home.record)),
                ("visit".to_owned(), json!(visit)),
                ("note".to_owned(), json!(note)),
                ("due".to_owned(), json!(due)),
            ]);
            let made_by = tablet.write(new(task, Kind::Task, fields), self.world)?;
            self.tasks += 1;
            // Most are done in time, some late, a few weeks late.
            let late_days = chance.weighted(&[(-3, 70), (0, 12), (9, 12), (45, 6)]);
            if let (Some(late), Some(due)) = (late_days, Day::parse(&due)) {
                let on = due.plus_days(late).start().plus_ms(20 * HOUR_MS);
                self.promised.push(Reverse(Promise { on, task, made_by, area, tablet: index }));
            }
        }
        if chance.percent(3) {
            let fields = Fields::from([("phone".to_owned(), json!(people::phone(chance)))]);
            let changed =
                Writing { record: home.record, kind: Kind::Household, area, parents: vec![home.head], fields, at };
            home.head = tablet.write(changed, self.world)?;
            self.amendments += 1;
        }
        Ok(())
    }

    fn keep_promises(&mut self, evening: Instant) -> Result<(), DemoError> {
        while self.promised.peek().is_some_and(|Reverse(promise)| promise.on <= evening) {
            let Some(Reverse(promise)) = self.promised.pop() else { break };
            let Some(tablet) = self.tablets.get_mut(promise.tablet) else { continue };
            let done = Writing {
                record: promise.task,
                kind: Kind::Task,
                area: promise.area,
                parents: vec![promise.made_by],
                fields: Fields::from([("done_at_ms".to_owned(), json!(promise.on))]),
                at: evening,
            };
            tablet.write(done, self.world)?;
            self.amendments += 1;
        }
        Ok(())
    }

    /// Pushes the tablets on which more than `limit` revisions wait.
    fn push_all(&mut self, store: &Store, now: Instant, limit: usize) -> Result<(), DemoError> {
        for tablet in self.tablets.iter_mut().filter(|tablet| tablet.waits() > limit) {
            self.pushed += tablet.push(store, now)?;
        }
        Ok(())
    }
}

/// From June to September most herders are at their summer camps.
fn is_summer(at: Instant) -> bool {
    let day = at.day().to_string();
    matches!(day.get(5..7), Some("06" | "07" | "08" | "09"))
}
