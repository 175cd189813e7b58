//! Generated data: the same for a seed, whole, and plausible enough to show and to measure with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, RecordId};
use ailchin_core::pack;
use ailchin_core::record::{
    Area, Entry, Household, Kind, Level, Person, Revision, Role, State, Task, Visit, blobs, fold,
};
use ailchin_core::sync::EnrolRequest;
use ailchin_core::time::Day;
use ailchin_core::world::Seeded;
use ailchin_server::blobs::Blobs;
use ailchin_server::demo::{self, DemoError, Made, Size};
use ailchin_server::store::{FeedLine, PullLimits, Store};
use ed25519_dalek::SigningKey;

const SIZE: Size = Size { households: 60, visits: 900, months: 6 };

fn until() -> Day {
    Day::parse("2026-06-30").unwrap()
}

struct Filled {
    folder: tempfile::TempDir,
    store: Store,
    made: Made,
}

fn fill(seed: u64) -> Filled {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("station.db")).unwrap();
    let made =
        demo::fill(&store, &Blobs::in_folder(&folder.path().join("blobs")).unwrap(), seed, SIZE, until()).unwrap();
    Filled { folder, store, made }
}

/// All that the chief's new tablet pulls.
fn feed(filled: &Filled) -> Vec<String> {
    let world = Seeded::new(99, until().start());
    let chief = filled.store.officer(filled.made.station, "1").unwrap();
    let token = filled.store.invite(filled.made.station, chief.id, 1, &world).unwrap();
    let (device, key) = (DeviceId::new(&world), SigningKey::from_bytes(&[7; 32]));
    filled.store.enrol(&EnrolRequest { token, device, key: key.verifying_key() }, &world).unwrap();
    let mut bodies = Vec::new();
    let limits = PullLimits { lines: usize::MAX, bytes: usize::MAX };
    let take = |line: FeedLine<'_>| {
        bodies.extend(line.entry().map(|(_, body)| body.to_owned()));
        Ok(())
    };
    filled.store.pull(filled.made.station, device, 0, limits, take).unwrap();
    bodies
}

fn records(bodies: &[String]) -> BTreeMap<RecordId, State> {
    let mut revisions: BTreeMap<RecordId, Vec<Revision>> = BTreeMap::new();
    for body in bodies {
        let revision = Entry::read(body.clone()).unwrap().revision;
        revisions.entry(revision.record).or_default().push(revision);
    }
    revisions.into_iter().map(|(record, all)| (record, fold(&all).unwrap())).collect()
}

#[test]
fn the_same_seed_makes_the_same_data_and_another_seed_other_data() {
    let (first, again, other) = (feed(&fill(1)), feed(&fill(1)), feed(&fill(2)));
    assert_eq!(Hash::of(first.join("\n").as_bytes()), Hash::of(again.join("\n").as_bytes()));
    assert_ne!(first, other);
}

#[test]
fn the_counts_that_are_told_are_the_records_that_are_there() {
    let filled = fill(3);
    let bodies = feed(&filled);
    let records = records(&bodies);
    let count = |kind: &Kind| records.values().filter(|state| state.kind == *kind).count() as u64;
    let made = filled.made;
    assert_eq!((made.areas, made.officers, made.households, made.visits), (13, 12, 60, 900));
    assert_eq!(
        (count(&Kind::Area), count(&Kind::Officer), count(&Kind::Household), count(&Kind::Person)),
        (made.areas, made.officers, made.households, made.persons)
    );
    assert_eq!((count(&Kind::Visit), count(&Kind::Task)), (made.visits, made.tasks));
    // The tablets' own records are not among the data.
    assert_eq!(bodies.len() as u64, made.revisions + count(&Kind::Device));
    assert!((150..260).contains(&made.persons), "about 3.3 to a household: {}", made.persons);
    assert!(records.values().all(|state| state.conflicts().next().is_none()));
}

#[test]
fn the_areas_are_one_tree_and_everything_lies_in_a_gacha() {
    let filled = fill(4);
    let records = records(&feed(&filled));
    let areas: BTreeMap<RecordId, Area> = records
        .iter()
        .filter(|(_, state)| state.kind == Kind::Area)
        .map(|(record, state)| (*record, Area::read(&state.shown())))
        .collect();
    let above = |area: &Area| area.parent.and_then(|parent| areas.get(&parent.into())).and_then(|parent| parent.level);
    for area in areas.values() {
        let expected = match area.level.unwrap() {
            Level::League => None,
            Level::Banner => Some(Level::League),
            Level::Sumu => Some(Level::Banner),
            _ => Some(Level::Sumu),
        };
        assert_eq!(above(area), expected, "{area:?}");
    }
    for state in records.values() {
        let level = areas[&state.area.into()].level;
        let expected =
            if matches!(state.kind, Kind::Area | Kind::Officer | Kind::Device) { Level::Sumu } else { Level::Gacha };
        assert_eq!(level, Some(expected));
    }
}

#[test]
fn households_have_camps_in_reach_numbers_nobody_has_and_grown_members_only() {
    let filled = fill(5);
    let records = records(&feed(&filled));
    let nobodys = |phone: &str| phone.is_empty() || (phone.starts_with("100-0") && phone.len() == 13);
    let mut households = BTreeSet::new();
    for (record, state) in records.iter().filter(|(_, state)| state.kind == Kind::Household) {
        let household = Household::read(&state.shown());
        assert!(!household.name.zh.is_empty() && nobodys(&household.phone), "{household:?}");
        assert!(!household.places.is_empty());
        for place in &household.places {
            let (lat, lon, km) = (place.lat.unwrap(), place.lon.unwrap(), place.distance_km.unwrap());
            assert!(
                (41.0..43.5).contains(&lat) && (107.5..111.5).contains(&lon) && (13.0..100.0).contains(&km),
                "{place:?}"
            );
        }
        households.insert(*record);
    }
    let allowed = ["household", "name_cyrl", "name_mong", "name_zh", "phone", "role"];
    let mut heads = BTreeSet::new();
    for state in records.values().filter(|state| state.kind == Kind::Person) {
        assert!(state.fields.keys().all(|field| allowed.contains(&field.as_str())));
        let person = Person::read(&state.shown());
        assert!(households.contains(&person.household.unwrap()) && nobodys(&person.phone));
        if person.role == Some(Role::Head) {
            assert!(heads.insert(person.household), "one head to a household");
        }
    }
    assert_eq!(heads.len(), households.len());
}

#[test]
fn a_visit_says_in_its_fields_what_its_submission_says() {
    let filled = fill(6);
    let form = &pack::builtin().unwrap().form("household_visit").unwrap().model;
    let blob_files = filled.folder.path().join("blobs");
    let mut outcomes = BTreeSet::new();
    let records = records(&feed(&filled));
    for state in records.values().filter(|state| state.kind == Kind::Visit) {
        let fields = state.shown();
        let visit = Visit::read(&fields);
        assert!(records.contains_key(&visit.household.unwrap()));
        let said = form.read(fields["submission"].as_str().unwrap()).unwrap();
        assert_eq!(
            (said.form_id.as_str(), said.instance_id.as_str()),
            ("household_visit", fields["instance"].as_str().unwrap())
        );
        for (question, answer) in &said.answers {
            let field = &fields[&Visit::answer_field(question)];
            let named = field.get("name").unwrap_or(field);
            assert_eq!(named, answer, "{question}");
        }
        for (hash, value) in blobs(&fields) {
            let bytes = std::fs::read(blob_files.join(Blobs::path(hash))).unwrap();
            assert_eq!((Hash::of(&bytes), bytes.len() as u64), (hash, value["size_bytes"].as_u64().unwrap()));
        }
        outcomes.insert(visit.outcome);
    }
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), ["declined", "nobody_home", "visited"]);
}

#[test]
fn some_tasks_are_done_some_open_and_some_overdue() {
    let filled = fill(7);
    let records = records(&feed(&filled));
    let (mut done, mut open, mut overdue) = (0, 0, 0);
    for state in records.values().filter(|state| state.kind == Kind::Task) {
        let task = Task::read(&state.shown());
        assert!(records.contains_key(&task.household.unwrap()) && !task.note.is_empty());
        match (task.done_at, task.due.unwrap() < until()) {
            (Some(_), _) => done += 1,
            (None, true) => overdue += 1,
            (None, false) => open += 1,
        }
    }
    assert!(done > open && open > 0 && overdue > 0, "{done} {open} {overdue}");
}

#[test]
fn a_store_that_has_a_station_is_not_filled() {
    let filled = fill(8);
    let blobs = Blobs::in_folder(&filled.folder.path().join("blobs")).unwrap();
    assert!(matches!(demo::fill(&filled.store, &blobs, 8, SIZE, until()), Err(DemoError::NotEmpty)));
}
