//! Whether a replica shows at once what was saved, finds it, keeps what was begun, and never loses count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Entry, Fields, Kind, Revision};
use ailchin_core::replica::{Author, Change, FileKey, FinishedForm, Replica, ReplicaError, StoredBlob, Subject};
use ailchin_core::sync::{Pulled, PushItem, Receipt, ReceiptBody, ScopeDigest, Verdict};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::view::{HouseholdQuery, TimelineEntry, Today};
use ailchin_core::world::{Seeded, World as _};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

/// 2026-07-01, 09:00 at the station.
const NOW: Instant = Instant::from_ms(1_782_867_600_000);

/// A replica with an officer at work.
struct Desk {
    replica: Replica,
    world: Seeded,
    author: Author,
    areas: [AreaId; 2],
}

impl Desk {
    fn new(replica: Replica) -> Self {
        let world = Seeded::new(1, NOW);
        let author = Author { device: DeviceId::new(&world), officer: OfficerId::new(&world) };
        let areas = [AreaId::new(&world), AreaId::new(&world)];
        let mut desk = Self { replica, world, author, areas };
        desk.replica.adopt(author.device, EpochId::new(&desk.world), 0).unwrap();
        desk.replica.set_scopes(&areas).unwrap();
        desk
    }

    fn receives(&mut self, entries: impl IntoIterator<Item = (u64, Entry)>, end: u64) -> Result<(), ReplicaError> {
        self.replica.receive(self.author.device, &Pulled::of(entries, end), Some(end), NOW).map(|_| ())
    }

    fn in_memory() -> Self {
        Self::new(Replica::in_memory().unwrap())
    }

    fn change(&self, record: RecordId, kind: Kind, fields: Value) -> Change {
        Change { record, kind, area: self.areas[0], fields: serde_json::from_value(fields).unwrap() }
    }

    fn save(&mut self, record: RecordId, kind: Kind, fields: Value) -> RevisionId {
        let change = self.change(record, kind, fields);
        self.replica.save(self.author, &self.world, &[change]).unwrap()[0]
    }

    fn add(&mut self, kind: Kind, fields: Value) -> RecordId {
        let record = RecordId::new(&self.world);
        self.save(record, kind, fields);
        record
    }

    fn finds(&self, words: &str) -> Vec<RecordId> {
        let query = HouseholdQuery { query: words.to_owned(), area: None, offset: 0, limit: 100 };
        let list = self.replica.households(&query).unwrap();
        assert_eq!(list.total as usize, list.lines.len());
        list.lines.iter().map(|line| line.id).collect()
    }

    fn today(&self) -> Today {
        self.replica.today(self.author.device, self.author.officer, self.world.now()).unwrap()
    }

    fn scopes(&self) -> Vec<ScopeDigest> {
        self.replica.holdings(self.author.device).unwrap().scopes
    }
}

#[test]
fn what_is_saved_is_on_every_screen_at_once() {
    let mut desk = Desk::in_memory();
    let gacha = json!({ "name_zh": "哈日嘎查", "level": "gacha", "code": "150000900201" });
    desk.save(desk.areas[0].into(), Kind::Area, gacha);
    desk.save(desk.author.officer.into(), Kind::Officer, json!({ "name_zh": "示范甲" }));
    let household = desk.add(
        Kind::Household,
        json!({ "name_zh": "巴特尔", "phone": "13800000001", "winter_camp": { "name": { "zh": "北井" }, "distance_km": 43.5 } }),
    );
    let head = json!({ "name_zh": "巴特尔", "household": household, "role": "head" });
    desk.add(Kind::Person, json!({ "name_zh": "其其格", "household": household, "role": "spouse" }));
    desk.add(Kind::Person, head);
    let (officer, now) = (desk.author.officer, desk.world.now());
    let visit = desk.add(
        Kind::Visit,
        json!({ "household": household, "officer": officer, "visited_at_ms": now, "form": "household_visit",
                "answer.outcome": "visited", "answer.purpose": "outreach", "answer.topics": ["fraud", "fire"] }),
    );
    desk.world.advance_ms(1_000);
    let task =
        desk.add(Kind::Task, json!({ "household": household, "note": "看井盖", "due": "2026-06-30", "visit": visit }));

    let line = &desk.replica.households(&HouseholdQuery { limit: 10, ..HouseholdQuery::default() }).unwrap().lines[0];
    assert_eq!((line.name.zh.as_str(), line.area_name.zh.as_str(), line.camp.as_str()), ("巴特尔", "哈日嘎查", "北井"));
    assert_eq!((line.phone.as_str(), line.open_tasks, line.conflict), ("13800000001", 1, false));
    assert_eq!(line.last_visit.unwrap().to_string(), "2026-07-01");

    let page = desk.replica.household(household, desk.author.device, now).unwrap();
    assert_eq!(page.persons.iter().map(|person| person.role.as_str()).collect::<Vec<_>>(), ["head", "spouse"]);
    assert_eq!((page.visits, page.waiting, page.places[0].distance_km), (1, true, Some(43.5)));
    let [TimelineEntry::Task { task: of_page, .. }, TimelineEntry::Visit { topics, officer_name, .. }] =
        &page.timeline[..]
    else {
        panic!("{:?}", page.timeline)
    };
    assert_eq!((of_page.id, of_page.overdue), (task, true));
    assert_eq!((topics.join(","), officer_name.zh.as_str()), ("fraud,fire".to_owned(), "示范甲"));

    let today = desk.today();
    assert_eq!((today.due[0].id, today.open_tasks, today.visits_today), (task, 1, 1));
    assert_eq!((today.waiting.revisions, today.waiting.records), (7, 7));
    assert_eq!(desk.replica.areas().unwrap()[0].households, 1);

    desk.save(task, Kind::Task, json!({ "done_at_ms": now }));
    desk.save(household, Kind::Household, json!({ "phone": null, "name_zh": "苏和" }));
    assert_eq!((desk.today().open_tasks, desk.today().due.len()), (0, 0));
    assert_eq!(
        (desk.finds("bte"), desk.finds("苏和")),
        (vec![household], vec![household]),
        "by a person, and by its name"
    );
    assert!(desk.finds("138").is_empty());
}

#[test]
fn a_household_is_found_by_han_pinyin_initials_mongolian_cyrillic_and_digits_of_it_and_of_its_people() {
    let mut desk = Desk::in_memory();
    let bator = desk.add(
        Kind::Household,
        json!({ "name_zh": "巴特尔", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ", "name_cyrl": "Баатар", "phone": "138-0000-1234" }),
    );
    let suhe = desk.add(Kind::Household, json!({ "name_zh": "苏和", "summer_camp": { "name": { "zh": "白音希勒" } } }));
    desk.add(Kind::Person, json!({ "name_zh": "其其格", "name_mong": "ᠴᠡᠴᠡᠭ", "household": suhe }));
    for (words, expected) in [
        ("巴特", vec![bator]),
        ("特尔", vec![bator]),
        ("巴尔", vec![]),
        ("苏和", vec![suhe]),
        ("bateer", vec![bator]),
        ("bate", vec![bator]),
        ("bte", vec![bator]),
        ("sh", vec![suhe]),
        ("ᠪᠠᠭᠠᠲᠤᠷ", vec![bator]),
        ("ᠪᠠᠭᠠ", vec![bator]),
        ("баатар", vec![bator]),
        ("1380000", vec![bator]),
        ("其其", vec![suhe]),
        ("qqg", vec![suhe]),
        ("ᠴᠡᠴᠡᠭ", vec![suhe]),
        ("白音", vec![suhe]),
        ("没有", vec![]),
        ("\" OR *", vec![]),
    ] {
        assert_eq!(desk.finds(words), expected, "{words}");
    }
    assert_eq!(desk.finds("").len(), 2);
    let far = HouseholdQuery { query: "巴特".to_owned(), area: Some(desk.areas[1]), offset: 0, limit: 10 };
    assert_eq!(desk.replica.households(&far).unwrap().total, 0);
}

#[test]
fn one_letter_finds_everything_until_very_many_names_begin_with_it_and_then_those() {
    let mut desk = Desk::in_memory();
    let suhe = desk.add(Kind::Household, json!({ "name_zh": "苏和", "phone": "1" }));
    desk.add(Kind::Person, json!({ "name_zh": "巴雅尔", "household": suhe }));
    assert_eq!(desk.finds("b"), [suhe], "by a member");
    let mut many = Vec::new();
    for n in 0..230 {
        many.push(desk.add(Kind::Household, json!({ "name_zh": format!("巴特尔{n}") })));
    }
    let asks = |area, offset, limit| HouseholdQuery { query: "B".to_owned(), area, offset, limit };
    let first = desk.replica.households(&asks(None, 0, 50)).unwrap();
    assert_eq!((first.total, first.lines.len()), (230, 50));
    assert!(first.lines.windows(2).all(|two| two[0].name.zh.len() <= two[1].name.zh.len()), "in order of the name");
    let last = desk.replica.households(&asks(Some(desk.areas[0]), 200, 50)).unwrap();
    assert_eq!((last.total, last.lines.len()), (230, 30));
    assert_eq!(desk.replica.households(&asks(Some(desk.areas[1]), 0, 50)).unwrap().total, 0);
    assert_eq!(desk.replica.households(&asks(None, 500, 50)).unwrap().total, 230);
    assert_eq!(desk.finds("bye"), [suhe], "two letters find members again");
    assert_eq!(desk.finds("s"), [suhe]);
}

#[test]
fn a_conflict_is_on_every_screen_until_a_save_decides_it() {
    let mut desk = Desk::in_memory();
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔", "phone": "1" }));
    let root = desk.replica.record(household, desk.author.device).unwrap().log[0].id;
    desk.save(household, Kind::Household, json!({ "phone": "2" }));
    let theirs = from_elsewhere(&desk, household, vec![root], json!({ "phone": "3", "note": "ᠠᠶᠢᠯ" }));
    desk.receives([(9, theirs)], 9).unwrap();

    let undecided = |desk: &Desk| {
        let page = desk.replica.household(household, desk.author.device, NOW).unwrap();
        let values: Vec<Value> = page.conflicts.iter().flat_map(|of| &of.values).map(|of| of.value.clone()).collect();
        let line =
            &desk.replica.households(&HouseholdQuery { limit: 1, ..HouseholdQuery::default() }).unwrap().lines[0];
        (values, line.conflict, desk.today().conflicts, desk.replica.conflicted().unwrap())
    };
    assert_eq!(undecided(&desk), (vec![json!("3"), json!("2")], true, 1, 1));
    // A save of another field does not decide it.
    desk.save(household, Kind::Household, json!({ "note": "狗" }));
    assert!(undecided(&desk).1);
    desk.save(household, Kind::Household, json!({ "phone": "2" }));
    assert_eq!(undecided(&desk), (vec![], false, 0, 0));
    desk.replica.rebuild().unwrap();
    assert_eq!(undecided(&desk), (vec![], false, 0, 0));
}

#[test]
fn the_same_place_of_the_own_log_with_something_else_is_refused_whole() {
    let mut desk = Desk::in_memory();
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔" }));
    let good = from_elsewhere(&desk, household, Vec::new(), json!({ "phone": "1" }));
    desk.receives([(1, good.clone())], 1).unwrap();
    let before = desk.scopes();
    let fresh = Revision { seq: 2, id: RevisionId::new(&desk.world), ..good.revision.clone() };
    let forged = Revision { id: RevisionId::new(&desk.world), device: desk.author.device, ..good.revision };
    let batch = [(2, Entry::write(fresh).unwrap()), (3, Entry::write(forged).unwrap())];
    let refused = desk.receives(batch, 3).unwrap_err();
    assert_eq!(refused.code(), Code::LogForked);
    assert_eq!((desk.scopes(), desk.replica.holdings(desk.author.device).unwrap().cursor), (before, 1));
}

#[test]
fn what_stood_at_a_place_of_anothers_log_goes_on_under_the_own_name() {
    let mut desk = Desk::in_memory();
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔" }));
    let first = from_elsewhere(&desk, household, Vec::new(), json!({ "phone": "1" }));
    desk.receives([(1, first.clone())], 1).unwrap();
    let other = Entry::write(Revision {
        id: RevisionId::new(&desk.world),
        fields: serde_json::from_value(json!({ "note": "狗" })).unwrap(),
        ..first.revision.clone()
    })
    .unwrap();
    desk.receives([(2, other)], 2).unwrap();
    let log = desk.replica.record(household, desk.author.device).unwrap().log;
    let kept = log.iter().find(|line| line.id == first.revision.id).unwrap();
    assert_eq!((kept.device, kept.seq, kept.position), (desk.author.device, 2, None));
    assert_eq!(log.len(), 3);
    assert_eq!(desk.scopes(), desk.replica.recount().unwrap());
}

#[test]
fn what_may_not_be_saved_leaves_nothing_behind() {
    let mut desk = Desk::in_memory();
    let household = RecordId::new(&desk.world);
    let good = desk.change(household, Kind::Household, json!({ "name_zh": "巴特尔" }));
    for bad in [
        desk.change(household, Kind::Household, json!({ "phone": "打电话" })),
        desk.change(household, Kind::Household, json!({ "name_zh": "长".repeat(67) })),
        desk.change(household, Kind::Visit, json!({ "submission": "x".repeat(600_000) })),
    ] {
        desk.replica.save(desk.author, &desk.world, &[good.clone(), bad]).unwrap_err();
        assert_eq!((desk.replica.revisions().unwrap(), desk.finds("").len()), (0, 0));
    }
    desk.replica.save(desk.author, &desk.world, &[good]).unwrap();
    assert_eq!(desk.replica.record(household, desk.author.device).unwrap().log[0].seq, 1);
}

#[test]
fn a_draft_and_its_pictures_survive_a_closed_file_and_blobs_go_from_draft_to_waiting_to_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("replica.db"), FileKey::new([5; 32]));
    let mut desk = Desk::new(Replica::open(&path, Some(&key)).unwrap());
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔" }));
    let draft = desk.replica.begin_draft(&desk.world, Subject::household(household), "household_visit").unwrap().id;
    let picture =
        StoredBlob { hash: Hash::of(b"picture"), media_type: "image/jpeg".into(), bytes: b"picture".to_vec() };
    desk.replica.attach(draft, "photo.jpg", &picture).unwrap();
    desk.replica.save_draft(draft, "<data>ᠠᠶᠢᠯ</data>", 3, NOW.plus_ms(5)).unwrap();
    desk.replica = Replica::in_memory().unwrap();

    desk.replica = Replica::open(&path, Some(&key)).unwrap();
    let kept = desk.replica.draft(draft).unwrap();
    assert_eq!((kept.submission.as_deref(), kept.page), (Some("<data>ᠠᠶᠢᠯ</data>"), 3));
    assert_eq!(desk.replica.blob(desk.replica.attachments(draft).unwrap()[0].hash).unwrap(), picture);
    assert_eq!(desk.today().drafts[0].saved_at, NOW.plus_ms(5));
    assert_eq!((desk.today().waiting.blobs, desk.replica.next_blob(true, &[]).unwrap()), (0, None));

    let photo = json!({ "blob": picture.hash, "name": "photo.jpg", "size_bytes": 7, "media_type": "image/jpeg" });
    let visit =
        desk.change(RecordId::new(&desk.world), Kind::Visit, json!({ "household": household, "answer.photo": photo }));
    let finished = FinishedForm { draft, changes: vec![visit], based: std::collections::BTreeMap::new() };
    desk.replica.finish(desk.author, &desk.world, &finished).unwrap();
    assert_eq!((desk.today().waiting.blobs, desk.today().waiting.blob_bytes, desk.today().drafts.len()), (1, 7, 0));
    assert!(matches!(desk.replica.draft(draft), Err(ReplicaError::NotFound { .. })));
    assert_eq!(desk.replica.next_blob(true, &[]).unwrap().unwrap().hash, picture.hash);

    desk.replica.blob_is_stored(picture.hash).unwrap();
    assert_eq!((desk.today().waiting.blobs, desk.replica.next_blob(true, &[]).unwrap()), (0, None));
    // A station in a new life may lack it.
    desk.replica.blobs_are_missing(&[picture.hash]).unwrap();
    assert_eq!(desk.today().waiting.blobs, 1);
    assert_eq!(desk.replica.blob(picture.hash).unwrap(), picture);
}

/// One thing that happens to a replica.
#[derive(Clone, Debug)]
enum Event {
    Save {
        household: usize,
        area: usize,
        phone: u8,
    },
    /// Revisions of another device come, from this one of its log on, some of them again.
    Receive {
        from: usize,
        many: usize,
    },
    Verdicts {
        refuse: u64,
    },
    Adopt {
        seq: u64,
    },
    Rebuild,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(
        prop_oneof![
            4 => (0..3_usize, 0..2_usize, any::<u8>()).prop_map(|(household, area, phone)| Event::Save { household, area, phone }),
            3 => (0..20_usize, 1..6_usize).prop_map(|(from, many)| Event::Receive { from, many }),
            2 => (1..6_u64).prop_map(|refuse| Event::Verdicts { refuse }),
            1 => (0..20_u64).prop_map(|seq| Event::Adopt { seq }),
            1 => Just(Event::Rebuild),
        ],
        1..30,
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        rng_seed: RngSeed::Fixed(20_261_101),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn count_and_digest_of_every_scope_are_always_what_a_recount_finds(events in events()) {
        let mut desk = Desk::in_memory();
        let households: Vec<RecordId> = (0..3).map(|_| RecordId::new(&desk.world)).collect();
        let elsewhere: Vec<Entry> = (0..25).map(|n| log_of_another(&desk, n, households[n % 3])).collect();
        let mut position = 0;
        for event in events {
            match event {
                Event::Save { household, area, phone } => {
                    let mut change = desk.change(households[household], Kind::Household, json!({ "phone": phone.to_string() }));
                    change.area = desk.areas[area];
                    desk.replica.save(desk.author, &desk.world, &[change]).unwrap();
                }
                Event::Receive { from, many } => {
                    let batch: Vec<(u64, Entry)> =
                        elsewhere[from..from + many.min(5)].iter().map(|entry| { position += 1; (position, entry.clone()) }).collect();
                    desk.receives(batch, position).unwrap();
                }
                Event::Verdicts { refuse } => {
                    while let Some(batch) = desk.replica.outbox(desk.author.device).unwrap() {
                        let items: Vec<PushItem> = (batch.from..=batch.to)
                            .map(|seq| {
                                position += 1;
                                let refused = Verdict::Refused(Code::OutOfScope);
                                PushItem { seq, filed: None, verdict: if seq % 6 == refuse { refused } else { Verdict::Stored(position) } }
                            })
                            .collect();
                        desk.replica.keep_verdicts(desk.author.device, &items).unwrap();
                    }
                }
                Event::Adopt { seq } => desk.replica.adopt(desk.author.device, EpochId::new(&desk.world), seq).unwrap(),
                Event::Rebuild => desk.replica.rebuild().unwrap(),
            }
            prop_assert_eq!(desk.scopes(), desk.replica.recount().unwrap());
        }
        let screens = |desk: &Desk| {
            let pages: Vec<_> = households.iter().map(|id| desk.replica.household(*id, desk.author.device, NOW).ok()).collect();
            let list = desk.replica.households(&HouseholdQuery { limit: 9, ..HouseholdQuery::default() }).unwrap();
            (pages, list, desk.today(), desk.finds("1"), desk.scopes())
        };
        let before = screens(&desk);
        desk.replica.rebuild().unwrap();
        prop_assert_eq!(screens(&desk), before);
    }
}

#[test]
fn what_left_stays_until_a_station_that_was_put_back_has_been_compared_with() {
    let mut desk = Desk::in_memory();
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔" }));
    let (device, [kept, lost]) = (desk.author.device, desk.areas);
    let stored = PushItem { seq: 1, verdict: Verdict::Stored(1), filed: Some(lost) };
    desk.replica.keep_verdicts(device, &[stored]).unwrap();
    desk.receives([], 5).unwrap();
    let epoch = EpochId::new(&desk.world);
    desk.replica.adopt(device, epoch, 1).unwrap();
    // The sync ends here; meanwhile the area is taken away.
    desk.replica.set_scopes(&[kept]).unwrap();
    let holdings = desk.replica.holdings(device).unwrap();
    assert!(holdings.to_compare);
    assert_eq!(holdings.cursor, 0, "a position of the other life says nothing in this one");
    desk.replica.keep_receipt(device, &receipt(&desk, epoch)).unwrap();
    assert!(desk.replica.place_of(household).is_ok(), "the station may have lost it");

    desk.replica.unplace(&BTreeSet::new()).unwrap();
    assert_eq!(desk.replica.holdings(device).unwrap().unsent, 1, "it is offered once more");
    desk.replica.is_compared_to(1).unwrap();
    desk.replica.keep_verdicts(device, &[stored]).unwrap();
    desk.replica.keep_receipt(device, &receipt(&desk, epoch)).unwrap();
    assert!(desk.replica.place_of(household).is_err());
    assert_eq!(desk.replica.first_unsent(device).unwrap(), 2, "its place in the own log stays taken");
    assert_eq!(desk.replica.holdings(device).unwrap().unsent, 0);
}

/// A receipt over nothing.
fn receipt(desk: &Desk, epoch: EpochId) -> Receipt {
    let body = ReceiptBody {
        id: ReceiptId::new(&desk.world),
        station: StationId::new(&desk.world),
        device: desk.author.device,
        epoch,
        at_ms: NOW,
        position: 1,
        own_seq: 1,
        own_stored: 1,
        own_refused: 0,
        blobs_named: 0,
        blobs_stored: 0,
        blobs_digest: None,
        blobs_missing: Vec::new(),
        blobs_asked_stored: Vec::new(),
        blobs_asked_erased: Vec::new(),
        scopes: Vec::new(),
    };
    Receipt::sign(&SigningKey::from_bytes(&[3; 32]), &body).unwrap()
}

/// A revision of another device, the first of its log.
fn from_elsewhere(desk: &Desk, record: RecordId, parents: Vec<RevisionId>, fields: Value) -> Entry {
    Entry::write(Revision {
        id: RevisionId::new(&desk.world),
        record,
        kind: Kind::Household,
        area: desk.areas[0],
        device: DeviceId::from_bytes([9; 16]),
        seq: 1,
        officer: OfficerId::from_bytes([9; 16]),
        at_ms: NOW.plus_ms(60_000),
        hlc: Hlc::new(NOW.as_ms() + 60_000, 0),
        parents,
        fields: serde_json::from_value(fields).unwrap(),
        erased: None,
    })
    .unwrap()
}

fn log_of_another(desk: &Desk, n: usize, record: RecordId) -> Entry {
    let written =
        from_elsewhere(desk, record, Vec::new(), json!({ "phone": (n * 7).to_string(), "note": n.to_string() }));
    let area = desk.areas[n % 2];
    Entry::write(Revision { seq: n as u64 + 1, area, ..written.revision }).unwrap()
}

#[test]
fn fields_of_a_newer_program_stay_in_the_record_through_an_edit() {
    let mut desk = Desk::in_memory();
    let household = desk.add(Kind::Household, json!({ "name_zh": "巴特尔", "wells_of_2030": [1, 2] }));
    desk.save(household, Kind::Household, json!({ "phone": "1" }));
    let fields: Fields = desk.replica.record(household, desk.author.device).unwrap().fields;
    assert_eq!(fields["wells_of_2030"], json!([1, 2]));
}
