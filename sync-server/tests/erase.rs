//! What the store leaves of erased records, on both databases: the same places, positions and digests, and nothing that was said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, StationId};
use ailchin_core::pack;
use ailchin_core::record::{Entry, EraseReason, Fields, Kind, body_hash};
use ailchin_core::sync::{Digest, StateQuery, Verdict};

use ailchin_server::blobs::Blobs;
use ailchin_server::store::{Due, Store};
use kit::{Doors, MORNING, On, Station, Tablet, code, on_both, positions};
use serde_json::json;

on_both! {
    an_erased_record_keeps_places_and_digests_and_nothing_that_was_said,
    what_comes_late_of_an_erased_record_is_stored_as_a_tombstone,
    what_comes_late_for_a_household_that_asked_is_erased_too_and_after_retention_is_not,
    a_tombstone_of_what_is_not_erased_is_not_taken,
    a_tablet_cannot_erase,
    erased_records_move_with_their_household,
    a_photo_goes_with_the_last_revision_that_names_it,
    a_blob_that_comes_again_while_its_bytes_go_is_there_afterwards,
    records_are_past_retention_by_their_kind_and_households_with_all_that_is_theirs,
    a_clock_that_jumped_erases_nothing_by_itself,
    areas_and_devices_cannot_be_erased,
}

/// Writes a revision of a record; its body.
fn write(tablet: &mut Tablet, station: &Station, record: RecordId, kind: Kind, fields: serde_json::Value) -> String {
    let mut draft = tablet.draft(&*station.world, station.gacha[0]);
    (draft.record, draft.kind, draft.fields) = (record, kind, serde_json::from_value(fields).unwrap());
    tablet.write_revision(draft);
    tablet.bodies.last().unwrap().clone()
}

fn record(station: &Station) -> RecordId {
    RecordId::new(&*station.world)
}

fn erase(station: &Station, record: RecordId, reason: EraseReason) -> Vec<RecordId> {
    station.store.erase(station.id, &[record], reason, &*station.world).unwrap()
}

/// Everything that the store would hand to a tablet that has nothing yet.
fn feed(station: &Station, reader: &Tablet) -> Vec<Entry> {
    reader.pull_all(&station.store, 100).into_iter().map(|(_, body)| Entry::read(body).unwrap()).collect()
}

fn held(store: &Store, id: StationId, tablet: &Tablet) -> Digest {
    store.state(id, tablet.device, StateQuery::after(u64::from(u32::MAX)), MORNING).unwrap().held
}

fn an_erased_record_keeps_places_and_digests_and_nothing_that_was_said(on: On) {
    let station = Station::on(on, 101);
    let (mut tablet, reader) = (station.tablet(0), station.tablet(0));
    let (household, other) = (record(&station), record(&station));
    let body = write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "100-7654" }));
    write(&mut tablet, &station, household, Kind::Household, json!({ "name_zh": "巴特尔" }));
    let spared = write(&mut tablet, &station, other, Kind::Household, json!({ "phone": "100-1111" }));
    positions(&tablet.push(&station.store, 1).unwrap().items);
    let (before, fed) = (held(&station.store, station.id, &reader), feed(&station, &reader));

    assert_eq!(erase(&station, household, EraseReason::Request), [household]);
    assert_eq!(erase(&station, household, EraseReason::Request), [], "erased twice is erased once");

    let after = feed(&station, &reader);
    let (erasure, rest) = after.split_last().unwrap();
    assert_eq!((erasure.revision.kind.clone(), erasure.revision.record), (Kind::Erasure, household));
    assert_eq!(erasure.revision.fields, Fields::from([("reason".to_owned(), json!("request"))]));
    assert_eq!(
        rest.iter().map(|entry| entry.body_hash).collect::<Vec<_>>(),
        fed.iter().map(|e| e.body_hash).collect::<Vec<_>>()
    );
    let mut expected = before;
    expected.add(erasure.body_hash);
    assert_eq!(held(&station.store, station.id, &reader), expected, "digests go on as if nothing had gone");
    for entry in rest.iter().filter(|entry| entry.revision.record == household) {
        assert!(entry.revision.is_tombstone(), "{}", entry.body);
    }
    assert!(rest.iter().any(|entry| entry.body == spared));
    for said in ["100-7654", "巴特尔"] {
        let rows = kit::cluster::rows(
            &station.place.address(),
            &format!("SELECT count(*) FROM log WHERE body LIKE '%{said}%'"),
        );
        assert_eq!(rows[0][0], rusqlite::types::Value::Integer(0), "{said} is still there");
    }
    // The author, who sends it again, is told that it is there.
    let again = tablet.push(&station.store, 1).unwrap();
    assert!(matches!(again.items[0].verdict, Verdict::Duplicate(_)));
    assert_eq!(body_hash(body.as_bytes()), Hash::of(body.as_bytes()));
}

fn what_comes_late_of_an_erased_record_is_stored_as_a_tombstone(on: On) {
    let station = Station::on(on, 102);
    let (mut tablet, mut away, reader) = (station.tablet(0), station.tablet(0), station.tablet(0));
    let household = record(&station);
    write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    tablet.push(&station.store, 1).unwrap();
    erase(&station, household, EraseReason::Retention);
    let late = write(&mut away, &station, household, Kind::Household, json!({ "phone": "100-9999" }));
    positions(&away.push(&station.store, 1).unwrap().items);
    let of_it: Vec<Entry> =
        feed(&station, &reader).into_iter().filter(|entry| entry.revision.record == household).collect();
    assert_eq!(of_it.len(), 3);
    assert_eq!(of_it.last().unwrap().body_hash, Hash::of(late.as_bytes()));
    assert!(of_it.last().unwrap().revision.is_tombstone());
    // Its author, who has erased it meanwhile, may as well send the tombstone.
    let tombstone = Entry::read(late).unwrap().erase().body;
    away.bodies[0] = tombstone;
    assert!(matches!(away.push(&station.store, 1).unwrap().items[0].verdict, Verdict::Duplicate(_)));
}

fn what_comes_late_for_a_household_that_asked_is_erased_too_and_after_retention_is_not(on: On) {
    let station = Station::on(on, 103);
    let (mut tablet, reader) = (station.tablet(0), station.tablet(0));
    let (asked, old) = (record(&station), record(&station));
    for household in [asked, old] {
        write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    }
    let early = record(&station);
    write(&mut tablet, &station, early, Kind::Task, json!({ "household": asked, "note": "狗" }));
    tablet.push(&station.store, 1).unwrap();
    assert_eq!(erase(&station, asked, EraseReason::Request).len(), 2, "with what belongs to it");
    erase(&station, old, EraseReason::Retention);
    let (late, kept) = (record(&station), record(&station));
    write(&mut tablet, &station, late, Kind::Visit, json!({ "household": asked, "answer.note": "说了家事" }));
    write(&mut tablet, &station, kept, Kind::Visit, json!({ "household": old, "answer.note": "说了牧场" }));
    positions(&tablet.push(&station.store, 4).unwrap().items);
    let all = feed(&station, &reader);
    let texts: Vec<&str> = all.iter().map(|entry| entry.body.as_str()).collect();
    assert!(!texts.iter().any(|text| text.contains("家事")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("牧场")));
    let erased: Vec<RecordId> =
        all.iter().filter(|e| e.revision.kind == Kind::Erasure).map(|entry| entry.revision.record).collect();
    assert_eq!(erased.len(), 4);
    assert!([asked, early, old, late].iter().all(|record| erased.contains(record)));
}

fn a_tombstone_of_what_is_not_erased_is_not_taken(on: On) {
    let station = Station::on(on, 104);
    let mut tablet = station.tablet(0);
    let household = record(&station);
    let body = write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    tablet.bodies[0] = Entry::read(body.clone()).unwrap().erase().body;
    let refused = tablet.push(&station.store, 1).unwrap();
    assert_eq!(refused.items[0].verdict, Verdict::Refused(ailchin_core::error::Code::BodyGone));
    // The chain went on over it: the hash is the one of the body.
    tablet.write(&*station.world, station.gacha[0]);
    positions(&tablet.push(&station.store, 2).unwrap().items);
}

fn a_tablet_cannot_erase(on: On) {
    let station = Station::on(on, 105);
    let mut tablet = station.tablet(0);
    let household = record(&station);
    write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    write(&mut tablet, &station, household, Kind::Erasure, json!({ "reason": "request" }));
    write(&mut tablet, &station, household, Kind::Device, json!({ "revoked": false }));
    let answer = tablet.push(&station.store, 1).unwrap();
    let refused = Verdict::Refused(ailchin_core::error::Code::OutOfScope);
    assert_eq!((answer.items[1].verdict, answer.items[2].verdict), (refused, refused));
    assert!(feed(&station, &station.tablet(0)).iter().any(|entry| entry.body == tablet.bodies[0]));
}

fn erased_records_move_with_their_household(on: On) {
    let station = Station::on(on, 106);
    let (mut tablet, reader) = (station.tablet(0), station.tablet(2));
    let (household, visit) = (record(&station), record(&station));
    write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    write(&mut tablet, &station, visit, Kind::Visit, json!({ "household": household }));
    tablet.push(&station.store, 1).unwrap();
    erase(&station, visit, EraseReason::Retention);
    let mut moving = tablet.draft(&*station.world, station.gacha[1]);
    (moving.record, moving.fields) = (household, Fields::new());
    moving.parents = vec![Entry::read(tablet.bodies[0].clone()).unwrap().revision.id];
    tablet.write_revision(moving);
    positions(&tablet.push(&station.store, 3).unwrap().items);
    // Whose officer has the other gacha only.
    let there = feed(&station, &reader);
    let visits: Vec<&Entry> = there.iter().filter(|entry| entry.revision.record == visit).collect();
    assert_eq!(visits.len(), 2, "tombstone and erasure went along");
    assert!(visits.iter().any(|entry| entry.revision.kind == Kind::Erasure));
    assert!(visits.iter().any(|entry| entry.revision.is_tombstone()));
}

fn photo(hash: Hash) -> serde_json::Value {
    json!({ "blob": hash, "name": "p.jpg", "size_bytes": 3, "media_type": "image/jpeg" })
}

fn a_photo_goes_with_the_last_revision_that_names_it(on: On) {
    let station = Station::on(on, 107);
    let (mut tablet, mut other) = (station.tablet(0), station.tablet(0));
    let [first, second, third] = [(); 3].map(|()| record(&station));
    let (shared, alone) = (Hash::of(b"shared"), Hash::of(b"alone"));
    write(&mut tablet, &station, first, Kind::Visit, json!({ "photo": photo(shared), "other": photo(alone) }));
    write(&mut tablet, &station, second, Kind::Visit, json!({ "photo": photo(shared) }));
    write(&mut other, &station, third, Kind::Visit, json!({ "photo": photo(shared) }));
    tablet.push(&station.store, 1).unwrap();
    other.push(&station.store, 1).unwrap();
    for hash in [shared, alone] {
        station.store.keep_blob(station.id, hash, 3, "image/jpeg", MORNING).unwrap();
    }
    erase(&station, first, EraseReason::Retention);
    assert_eq!(station.store.doomed_blobs().unwrap(), [alone]);
    let named = |tablet: &Tablet| {
        let rows = format!("SELECT count(*) FROM blob_named WHERE device = {}", literal(on, tablet.device.as_bytes()));
        kit::cluster::rows(&station.place.address(), &rows)[0][0].clone()
    };
    assert_eq!(named(&tablet), rusqlite::types::Value::Integer(1));
    erase(&station, second, EraseReason::Retention);
    assert_eq!(named(&tablet), rusqlite::types::Value::Integer(0));
    assert!(station.store.has_blob(station.id, shared).unwrap(), "the other tablet's visit names it");
    erase(&station, third, EraseReason::Retention);
    assert!(!station.store.has_blob(station.id, shared).unwrap());
    let mut gone = Vec::new();
    for hash in station.store.doomed_blobs().unwrap() {
        station
            .store
            .let_blob_go(hash, || {
                gone.push(hash);
                Ok(())
            })
            .unwrap();
    }
    assert_eq!(gone.len(), 2);
    assert_eq!(station.store.doomed_blobs().unwrap(), []);
}

fn literal(on: On, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match on {
        On::Sqlite => format!("x'{digits}'"),
        On::Postgres => format!("'\\x{digits}'::bytea"),
    }
}

fn a_blob_that_comes_again_while_its_bytes_go_is_there_afterwards(on: On) {
    let station = Station::on(on, 108);
    let mut tablet = station.tablet(0);
    let (visit, hash) = (record(&station), Hash::of(b"again"));
    write(&mut tablet, &station, visit, Kind::Visit, json!({ "photo": photo(hash) }));
    tablet.push(&station.store, 1).unwrap();
    station.store.keep_blob(station.id, hash, 3, "image/jpeg", MORNING).unwrap();
    erase(&station, visit, EraseReason::Retention);
    // What fails is tried again.
    let failed = station.store.let_blob_go(hash, || Err(std::io::Error::other("the disk is away")));
    assert!(failed.is_err());
    assert_eq!(station.store.doomed_blobs().unwrap(), [hash]);
    // It comes late, and only erased records ever named it.
    station.store.keep_blob(station.id, hash, 3, "image/jpeg", MORNING).unwrap();
    assert!(!station.store.has_blob(station.id, hash).unwrap());
    // Somebody else's visit brings it.
    write(&mut tablet, &station, record(&station), Kind::Visit, json!({ "photo": photo(hash) }));
    tablet.push(&station.store, 2).unwrap();
    station.store.keep_blob(station.id, hash, 3, "image/jpeg", MORNING).unwrap();
    station.store.let_blob_go(hash, || panic!("it is somebody's")).unwrap();
    assert!(station.store.has_blob(station.id, hash).unwrap());
    // What nothing names goes in the end.
    let stray = Hash::of(b"stray");
    station.store.keep_blob(station.id, stray, 3, "image/jpeg", MORNING).unwrap();
    assert_eq!(station.store.let_unnamed_blobs_go(station.id, MORNING).unwrap(), 0);
    assert_eq!(station.store.let_unnamed_blobs_go(station.id, MORNING.plus_ms(1)).unwrap(), 1);
    assert_eq!(station.store.doomed_blobs().unwrap(), [stray]);
    assert!(station.store.has_blob(station.id, hash).unwrap());
}

fn records_are_past_retention_by_their_kind_and_households_with_all_that_is_theirs(on: On) {
    const DAY: i64 = 24 * 3_600_000;
    let station = Station::on(on, 109);
    let mut tablet = station.tablet(0);
    let [quiet, busy, person, visit, old_visit] = [(); 5].map(|()| record(&station));
    for household in [quiet, busy] {
        write(&mut tablet, &station, household, Kind::Household, json!({ "phone": "1" }));
    }
    write(&mut tablet, &station, person, Kind::Person, json!({ "household": busy, "name_zh": "其其格" }));
    write(&mut tablet, &station, old_visit, Kind::Visit, json!({ "household": busy }));
    tablet.push(&station.store, 1).unwrap();
    let later = MORNING.plus_ms(700 * DAY);
    write(&mut tablet, &station, visit, Kind::Visit, json!({ "household": busy }));
    tablet.push_range(&station.store, 5, 5, later).unwrap();

    let rules = &pack::builtin().unwrap().kinds;
    let past = |now| {
        let mut past: Vec<RecordId> =
            station.store.past_retention(station.id, rules, now).unwrap().into_iter().map(|one| one.record).collect();
        past.sort_unstable();
        past
    };
    let sorted = |mut records: Vec<RecordId>| {
        records.sort_unstable();
        records
    };
    assert_eq!(past(MORNING.plus_ms(729 * DAY)), []);
    // Two years: a visit. Three: a household of which nothing was heard since; the other one was visited.
    assert_eq!(past(MORNING.plus_ms(732 * DAY)), [old_visit]);
    assert_eq!(past(MORNING.plus_ms(1_100 * DAY)), sorted(vec![quiet, old_visit]));
    let end = MORNING.plus_ms(2_000 * DAY);
    assert_eq!(past(end), sorted(vec![quiet, busy, person, visit, old_visit]));
    station.store.erase(station.id, &past(end), EraseReason::Retention, &*station.world).unwrap();
    assert_eq!(past(end), [], "officers have accounts, areas and devices no term");
}

fn a_clock_that_jumped_erases_nothing_by_itself(on: On) {
    const DAY: i64 = 24 * 3_600_000;
    let station = Station::on(on, 110);
    let due =
        |days: i64, by_hand| station.store.retention_is_due(station.id, by_hand, MORNING.plus_ms(days * DAY)).unwrap();
    assert_eq!(due(0, false), Due::Now);
    assert_eq!(due(0, false), Due::Done);
    assert_eq!(due(1, false), Due::Now);
    assert_eq!(due(20_000, false), Due::ByHand, "the clock says 2081");
    assert_eq!(due(20_000, false), Due::ByHand, "and says so again");
    assert_eq!(due(2, false), Due::Now, "put right");
    assert_eq!(due(-400, false), Due::Done, "put back: believed from now on");
    assert_eq!(due(3, false), Due::ByHand);
    assert_eq!(due(3, true), Due::Now);
    assert_eq!(due(4, false), Due::Now);
}

fn areas_and_devices_cannot_be_erased(on: On) {
    let station = Station::on(on, 111);
    let refused = |record| code(station.store.erase(station.id, &[record], EraseReason::Request, &*station.world));
    assert_eq!(refused(station.root.into()), "malformed");
    assert_eq!(refused(station.gacha[0].into()), "malformed");
    assert_eq!(refused(record(&station)), "not_found");
}

#[test]
fn a_running_server_erases_what_was_kept_long_enough_and_the_bytes_of_its_photos() {
    const DAY: i64 = 24 * 3_600_000;
    let station = Station::new(112);
    let mut tablet = station.tablet(0);
    let (visit, hash) = (record(&station), Hash::of(b"photo"));
    write(&mut tablet, &station, visit, Kind::Visit, json!({ "photo": photo(hash) }));
    tablet.push(&station.store, 1).unwrap();
    let blobs = Blobs::in_folder(&station.folder.path().join("blobs")).unwrap();
    blobs.keep_and_wait(hash, b"photo".to_vec()).unwrap();
    station.store.keep_blob(station.id, hash, 5, "image/jpeg", MORNING).unwrap();
    let later = MORNING.plus_ms(800 * DAY);
    station.store.retention_is_due(station.id, true, later).unwrap();
    station.world.set_now(later.plus_ms(DAY));
    let doors = Doors::open(&station);
    let gone = (0..10_000).any(|_| {
        assert!(doors.get("/healthz").send().unwrap().status().is_success());
        !blobs.has_and_wait(hash).unwrap()
    });
    assert!(gone, "the photo is still there");
    let erased = feed(&station, &tablet);
    assert!(erased.iter().any(|entry| entry.revision.record == visit && entry.revision.kind == Kind::Erasure));
    doors.running.stop().unwrap();
}
