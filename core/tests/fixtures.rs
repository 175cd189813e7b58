//! Whether files of every released schema still open, are rebuilt, and give the answers that were recorded with them.
//!
//! `tests/fixtures/replica-schema-N.db` is a tablet's encrypted replica as the program of schema N wrote it: generated data,
//! key 32 times 0x2a. `replica-schema-N.json` are the answers its screens gave. Both are made by [`made`] into the folder
//! `tmp` of the target at every run of these tests; a new schema's pair is copied from there when it is released, and never
//! changes afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId};
use ailchin_core::record::{Entry, Kind, Revision};
use ailchin_core::replica::{Author, Change, FileKey, Replica, SCHEMA_VERSION, StoredBlob, Subject};
use ailchin_core::sync::{Pulled, PushItem, Verdict};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::{Seeded, World as _};
use serde_json::{Value, json};

/// The newest schema that was released and recorded; the one after it may still change.
const RECORDED: i64 = 1;
const KEY: FileKey = FileKey::new([0x2a; 32]);
/// 2026-07-01, 09:00 at the station.
const NOW: Instant = Instant::from_ms(1_782_867_600_000);
const DEVICE: DeviceId = DeviceId::from_bytes([0xd1; 16]);
const OFFICER: OfficerId = OfficerId::from_bytes([0x0f; 16]);

#[test]
fn a_replica_of_every_released_schema_opens_and_gives_the_answers_recorded_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for schema in 1..=RECORDED {
        let name = format!("replica-schema-{schema}.db");
        let path = folder.path().join(&name);
        std::fs::copy(fixtures().join(&name), &path).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        let recorded = std::fs::read(fixtures().join(format!("replica-schema-{schema}.json"))).unwrap();
        let recorded: Value = serde_json::from_slice(&recorded).unwrap();

        let mut replica = Replica::open(&path, Some(&KEY)).unwrap();
        says(&answers(&replica), &recorded, "as opened");
        replica.rebuild().unwrap();
        says(&answers(&replica), &recorded, "made anew");
        assert_eq!(replica.recount().unwrap(), replica.holdings(DEVICE).unwrap().scopes);
        // It can be worked with, and the log goes on where it was.
        let household: RecordId = serde_json::from_value(recorded["page"]["id"].clone()).unwrap();
        let (kind, area) = replica.place_of(household).unwrap();
        let change = Change { record: household, kind, area, fields: [("note".to_owned(), json!("新"))].into() };
        let world = Seeded::new(99, NOW.plus_ms(1_000));
        replica.save(Author { device: DEVICE, officer: OFFICER }, &world, &[change]).unwrap();
        let log = replica.record(household, DEVICE).unwrap().log;
        assert_eq!(log.last().unwrap().seq, recorded["own"].as_u64().unwrap() + 1);
    }
}

#[test]
fn todays_schema_is_made_as_it_was_recorded() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("replica-schema-{SCHEMA_VERSION}.db"));
    // What an earlier run made.
    let _ = std::fs::remove_file(&path);
    let made = answers(&made(&path));
    std::fs::write(path.with_extension("json"), serde_json::to_vec_pretty(&made).unwrap()).unwrap();
    let recorded = std::fs::read(fixtures().join(format!("replica-schema-{RECORDED}.json"))).unwrap();
    says(&made, &serde_json::from_slice(&recorded).unwrap(), "made today");
}

/// All of what a replica can hold: records of every kind, a conflict, work in every state, a draft with a picture.
fn made(path: &Path) -> Replica {
    let world = Seeded::new(7, NOW);
    let author = Author { device: DEVICE, officer: OFFICER };
    let area = AreaId::new(&world);
    let mut replica = Replica::open(path, Some(&KEY)).unwrap();
    replica.adopt(DEVICE, EpochId::new(&world), 0).unwrap();
    replica.set_scopes(&[area]).unwrap();
    let mut save = |record: RecordId, kind: &str, fields: Value| {
        world.advance_ms(60_000);
        let fields = serde_json::from_value(fields).unwrap();
        replica.save(author, &world, &[Change { record, kind: Kind::named(kind), area, fields }]).unwrap()[0]
    };
    let new = || RecordId::new(&world);
    save(area.into(), "area", json!({ "name_zh": "示范嘎查", "level": "gacha", "code": "150000900201" }));
    save(OFFICER.into(), "officer", json!({ "name_zh": "示范甲", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ" }));
    let (household, other) = (new(), new());
    let names = json!({ "name_zh": "巴特尔", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ", "name_cyrl": "Баатар", "phone": "13800000001",
        "winter_camp": { "name": { "zh": "北井" }, "lat": 42.6, "lon": 109.5, "distance_km": 43.5 }, "of_next_year": { "x": 1 } });
    let root = save(household, "household", names);
    save(other, "household", json!({ "name_zh": "苏和" }));
    save(
        new(),
        "person",
        json!({ "name_zh": "其其格", "household": household, "role": "spouse", "phone": "13800000002" }),
    );
    let picture =
        StoredBlob { hash: Hash::of(b"picture"), media_type: "image/jpeg".into(), bytes: b"picture".to_vec() };
    let visit = json!({ "household": household, "officer": OFFICER, "visited_at_ms": NOW, "form": "household_visit",
        "answer.outcome": "visited", "answer.purpose": "visit", "answer.topics": ["fraud"], "submission": "<data/>",
        "answer.photo": { "blob": picture.hash, "name": "photo.jpg", "size_bytes": 7, "media_type": "image/jpeg" } });
    save(new(), "visit", visit);
    save(new(), "task", json!({ "household": household, "note": "看井盖", "due": "2026-07-03" }));
    save(new(), "case_of_next_year", json!({ "step": 3 }));
    save(household, "household", json!({ "phone": "13800000003" }));

    let theirs = |seq, record, parents, fields| {
        let id = RevisionId::new(&world);
        let (at_ms, device) = (world.now(), DeviceId::from_bytes([0xd2; 16]));
        let hlc = Hlc::new(at_ms.as_ms(), u32::try_from(seq).unwrap());
        let fields = serde_json::from_value(fields).unwrap();
        let (kind, officer) = (Kind::Household, OfficerId::from_bytes([0x10; 16]));
        let erased = None;
        Entry::write(Revision { id, record, kind, area, device, seq, officer, at_ms, hlc, parents, fields, erased })
            .unwrap()
    };
    let entries = [
        (10, theirs(1, household, vec![root], json!({ "phone": "13800000004" }))),
        (11, theirs(2, new(), Vec::new(), json!({ "name_zh": "乌云" }))),
    ];
    replica.receive(DEVICE, &Pulled::of(entries, 11), Some(11), world.now()).unwrap();
    let verdict = |seq| match seq {
        4 => Verdict::Refused(ailchin_core::error::Code::OutOfScope),
        seq => Verdict::Stored(seq),
    };
    let items: Vec<PushItem> = (1..=7).map(|seq| PushItem { seq, verdict: verdict(seq), filed: None }).collect();
    replica.keep_verdicts(DEVICE, &items).unwrap();
    let draft = replica.begin_draft(&world, Subject::household(household), "household_visit").unwrap().id;
    replica.attach(draft, "photo.jpg", &picture).unwrap();
    replica.save_draft(draft, "<data>ᠠᠶᠢᠯ</data>", 2, world.now()).unwrap();
    replica
}

/// What the screens say, ids included.
fn answers(replica: &Replica) -> Value {
    let ask = |query: &str| {
        let query = HouseholdQuery { query: query.to_owned(), area: None, offset: 0, limit: 10 };
        json!(replica.households(&query).unwrap())
    };
    let found =
        replica.households(&HouseholdQuery { query: "巴特".to_owned(), limit: 1, ..HouseholdQuery::default() });
    let household = found.unwrap().lines[0].id;
    let mut log = Vec::new();
    replica.export(&mut log).unwrap();
    let today = replica.today(DEVICE, OFFICER, NOW).unwrap();
    json!({
        "list": ask(""),
        "found": { "bte": ask("bte"), "其其": ask("其其"), "ᠪᠠᠭᠠ": ask("ᠪᠠᠭᠠ"), "1380000": ask("1380000") },
        "page": replica.household(household, DEVICE, NOW).unwrap(),
        "record": replica.record(household, DEVICE).unwrap(),
        "draft": replica.draft(today.drafts[0].id).unwrap().submission,
        "pictures": replica.attachments(today.drafts[0].id).unwrap(),
        "today": today,
        "areas": replica.areas().unwrap(),
        "refused": replica.refused(DEVICE).unwrap(),
        "scopes": replica.holdings(DEVICE).unwrap().scopes,
        "own": 9,
        "log": Hash::of(&log),
    })
}

/// Whether an answer says all that was recorded; a later program may say more.
fn says(answer: &Value, recorded: &Value, place: &str) {
    match (answer, recorded) {
        (Value::Object(answer), Value::Object(recorded)) => {
            for (name, recorded) in recorded {
                says(answer.get(name).unwrap_or(&Value::Null), recorded, &format!("{place}.{name}"));
            }
        }
        (Value::Array(answer), Value::Array(recorded)) if answer.len() == recorded.len() => {
            for (index, (answer, recorded)) in answer.iter().zip(recorded).enumerate() {
                says(answer, recorded, &format!("{place}[{index}]"));
            }
        }
        _ => assert_eq!(answer, recorded, "{place}"),
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}
