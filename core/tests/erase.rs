//! What a replica keeps of erased records: the same whatever order things arrive in, and nothing that was said, not even in its
//! file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId};
use ailchin_core::record::{Entry, Fields, Kind, Revision, body_hash, chain, genesis};
use ailchin_core::replica::{Author, Change, Replica, StoredBlob, Subject};
use ailchin_core::sync::{Pulled, PushItem, Verdict};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::view::HouseholdQuery;
use ailchin_core::world::Seeded;
use proptest::prelude::*;
use serde_json::{Value, json};

/// 2026-07-01, 09:00 at the station.
const NOW: Instant = Instant::from_ms(1_782_867_600_000);
const AREA: AreaId = AreaId::from_bytes([0xa1; 16]);
const HOUSEHOLD: RecordId = RecordId::from_bytes([0x70; 16]);
const OTHER: RecordId = RecordId::from_bytes([0x71; 16]);
const ME: Author = Author { device: DeviceId::from_bytes([1; 16]), officer: OfficerId::from_bytes([0x0f; 16]) };

fn at_work(mut replica: Replica) -> Replica {
    replica.adopt(ME.device, EpochId::from_bytes([0xe0; 16]), 0).unwrap();
    replica.set_scopes(&[AREA]).unwrap();
    replica
}

fn save(replica: &mut Replica, world: &Seeded, record: RecordId, kind: Kind, fields: Value) -> Result<(), Code> {
    let change = Change { record, kind, area: AREA, fields: serde_json::from_value(fields).unwrap() };
    replica.save(ME, world, &[change]).map(|_| ()).map_err(|cause| cause.code())
}

/// A revision of another device.
fn of(device: u8, seq: u64, record: RecordId, kind: Kind, fields: Value) -> Entry {
    let n = u8::try_from(seq).unwrap();
    Entry::write(Revision {
        id: RevisionId::from_bytes([device ^ (n << 4); 16]),
        record,
        kind,
        area: AREA,
        device: DeviceId::from_bytes([device; 16]),
        seq,
        officer: OfficerId::from_bytes([device; 16]),
        at_ms: NOW.plus_ms(i64::from(n)),
        hlc: Hlc::new(NOW.as_ms() + i64::from(n), 0),
        parents: Vec::new(),
        fields: serde_json::from_value(fields).unwrap(),
        erased: None,
    })
    .unwrap()
}

fn erasure(seq: u64, record: RecordId) -> Entry {
    of(0xc0, seq, record, Kind::Erasure, json!({ "reason": "request" }))
}

fn receive(replica: &mut Replica, at: u64, entry: Entry) {
    replica.receive(ME.device, &Pulled::of([(at, entry)], at), Some(at), NOW).unwrap();
}

fn finds(replica: &Replica, words: &str) -> Vec<RecordId> {
    let query = HouseholdQuery { query: words.to_owned(), area: None, offset: 0, limit: 10 };
    replica.households(&query).unwrap().lines.iter().map(|line| line.id).collect()
}

fn export(replica: &Replica) -> String {
    let mut bytes = Vec::new();
    replica.export(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_file_itself_has_nothing_of_what_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replica.db");
    let world = Seeded::new(1, NOW);
    let mut replica = at_work(Replica::open(&path, None).unwrap());
    let photo = Hash::of(b"a photo of the yard");
    let naming = json!({ "blob": photo, "name": "p.jpg", "size_bytes": 19, "media_type": "image/jpeg" });
    save(&mut replica, &world, HOUSEHOLD, Kind::Household, json!({ "name_zh": "孟和巴雅尔", "phone": "13855554444" }))
        .unwrap();
    save(&mut replica, &world, OTHER, Kind::Household, json!({ "name_zh": "其其格" })).unwrap();
    let draft = replica.begin_draft(&world, Subject::household(HOUSEHOLD), "household_visit").unwrap();
    replica.save_draft(draft.id, "<data>家里的事</data>", 1, NOW).unwrap();
    let bytes = b"a photo of the yard".to_vec();
    replica.attach(draft.id, "photo", &StoredBlob { hash: photo, media_type: "image/jpeg".into(), bytes }).unwrap();
    receive(&mut replica, 1, of(9, 1, HOUSEHOLD, Kind::Household, json!({ "note": "两条狗", "photo": naming })));
    assert_eq!(finds(&replica, "孟和"), [HOUSEHOLD]);
    receive(&mut replica, 2, erasure(1, HOUSEHOLD));
    assert_eq!(finds(&replica, "孟和"), []);
    assert!(replica.draft(draft.id).is_err() && replica.blob(photo).is_err());
    assert_eq!(replica.erasures().unwrap().on_request, 1);
    let token = "mengh";
    drop(replica);
    for name in ["replica.db", "replica.db-wal"] {
        let bytes = std::fs::read(folder.path().join(name)).unwrap_or_default();
        for said in ["孟和巴雅尔", "13855554444", "家里的事", "两条狗", "a photo of the yard", token] {
            assert!(!bytes.windows(said.len()).any(|window| window == said.as_bytes()), "{said} is still in {name}");
        }
        assert!(
            name != "replica.db" || bytes.windows(9).any(|window| window == "其其格".as_bytes()),
            "the other stays"
        );
    }
}

#[test]
fn own_work_that_was_not_sent_goes_as_tombstones_under_its_chain() {
    let world = Seeded::new(1, NOW);
    let mut replica = at_work(Replica::in_memory().unwrap());
    for fields in [json!({ "phone": "1" }), json!({ "phone": "2" })] {
        save(&mut replica, &world, HOUSEHOLD, Kind::Household, fields).unwrap();
    }
    let before = replica.outbox(ME.device).unwrap().unwrap();
    receive(&mut replica, 1, erasure(1, HOUSEHOLD));
    let after = replica.outbox(ME.device).unwrap().unwrap();
    assert_eq!((after.from, after.to, after.chain), (1, 2, before.chain));
    let link = (1..)
        .zip(&after.bodies)
        .fold(genesis(ME.device), |link, (seq, body)| chain(ME.device, seq, link, body_hash(body.as_bytes())));
    assert_eq!(link, before.chain);
    assert!(after.bodies.iter().all(|body| !body.contains("phone")), "{:?}", after.bodies);
    // The log goes on, on top of them.
    save(&mut replica, &world, OTHER, Kind::Household, json!({ "phone": "3" })).unwrap();
    assert_eq!(replica.outbox(ME.device).unwrap().unwrap().to, 3);
}

#[test]
fn nothing_can_be_said_of_what_was_erased() {
    let world = Seeded::new(1, NOW);
    let mut replica = at_work(Replica::in_memory().unwrap());
    save(&mut replica, &world, HOUSEHOLD, Kind::Household, json!({ "phone": "1" })).unwrap();
    receive(&mut replica, 1, erasure(1, HOUSEHOLD));
    let again = save(&mut replica, &world, HOUSEHOLD, Kind::Household, json!({ "phone": "1" }));
    let visit = RecordId::from_bytes([0x72; 16]);
    let of_it = save(&mut replica, &world, visit, Kind::Visit, json!({ "household": HOUSEHOLD }));
    assert_eq!((again, of_it), (Err(Code::RecordErased), Err(Code::RecordErased)));
    assert!(save(&mut replica, &world, visit, Kind::Visit, json!({ "household": OTHER })).is_ok());
}

#[test]
fn a_refused_change_of_an_erased_record_is_nothing_to_decide_about_any_more() {
    let world = Seeded::new(1, NOW);
    let mut replica = at_work(Replica::in_memory().unwrap());
    save(&mut replica, &world, HOUSEHOLD, Kind::Household, json!({ "phone": "1" })).unwrap();
    let refused = PushItem { seq: 1, verdict: Verdict::Refused(Code::OutOfScope), filed: None };
    replica.keep_verdicts(ME.device, &[refused]).unwrap();
    assert_eq!(replica.refused_list(ME.device).unwrap().total, 1);
    receive(&mut replica, 1, erasure(1, HOUSEHOLD));
    assert_eq!(replica.refused_list(ME.device).unwrap().total, 0);
    assert_eq!(replica.waiting(ME.device).unwrap().refused, 0);
}

#[test]
fn an_erasure_leaves_with_its_record() {
    let mut replica = at_work(Replica::in_memory().unwrap());
    receive(&mut replica, 1, of(9, 1, HOUSEHOLD, Kind::Household, json!({ "phone": "1" })));
    receive(&mut replica, 2, erasure(1, HOUSEHOLD));
    replica.set_scopes(&[]).unwrap();
    let before = replica.erasures().unwrap();
    replica.rebuild().unwrap();
    assert_eq!((before.on_request, replica.erasures().unwrap()), (1, before));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Live bodies, tombstones and the erasure, in any order and as often as you like.
    #[test]
    fn in_whatever_order_it_arrives_the_end_is_the_same(
        order in prop::collection::vec(0..8_usize, 8..24),
        rest in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let live = |seq| of(9, seq, HOUSEHOLD, Kind::Household, json!({ "phone": seq.to_string() }));
        let other = |seq| of(8, seq, OTHER, Kind::Household, json!({ "note": seq.to_string() }));
        let entries =
            [live(1), live(2).erase(), live(3), live(1).erase(), erasure(1, HOUSEHOLD), other(1), other(2), live(2)];
        let positions = [1, 2, 3, 1, 4, 5, 6, 2];
        let mut replica = at_work(Replica::in_memory().unwrap());
        for index in order.into_iter().chain(rest) {
            receive(&mut replica, positions[index], entries[index].clone());
        }
        prop_assert!(replica.record(HOUSEHOLD, ME.device).is_err());
        prop_assert!(!export(&replica).contains("phone"));
        prop_assert_eq!(replica.record(OTHER, ME.device).unwrap().fields, Fields::from([("note".to_owned(), json!("2"))]));
        prop_assert_eq!(replica.erasures().unwrap().on_request, 1);
        let held = replica.holdings(ME.device).unwrap().scopes;
        prop_assert_eq!(held[0].digest.count, 6);
        prop_assert_eq!(&replica.recount().unwrap(), &held);
        let before = (replica.erasures().unwrap(), finds(&replica, ""));
        replica.rebuild().unwrap();
        prop_assert_eq!((replica.erasures().unwrap(), finds(&replica, "")), before);
    }
}
