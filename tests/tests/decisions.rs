//! What officers decide on their tablets: conflicts, and what the station refused. Two real tablets and a station.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use ailchin_core::device::commands::call;
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, RevisionId};
use ailchin_core::record::{Entry, Fields, Kind};
use ailchin_core::replica::Change;
use ailchin_core::view::{ConflictPage, RefusedList};
use ailchin_tests::tablet::a_visit;
use ailchin_tests::{Land, Station, Tablet};
use serde_json::{Value, json};

/// Two tablets that hold all of the station.
fn pair(station: &Station) -> (Tablet, Tablet) {
    let tablets = (Tablet::enrolled(1, &station.invite(0)), Tablet::enrolled(2, &station.invite(1)));
    tablets.0.syncs();
    tablets.1.syncs();
    tablets
}

fn meet(order: &[&Tablet]) {
    for tablet in order {
        tablet.syncs();
    }
}

/// Asks as the window does.
fn ask(tablet: &Tablet, name: &str, request: Value) -> Result<Value, Code> {
    call(tablet, name, request).map_err(|refusal| refusal.code)
}

fn conflict(tablet: &Tablet, record: RecordId) -> ConflictPage {
    serde_json::from_value(ask(tablet, "conflict", json!({ "id": record })).unwrap()).unwrap()
}

fn refused(tablet: &Tablet) -> RefusedList {
    serde_json::from_value(ask(tablet, "refused", json!({})).unwrap()).unwrap()
}

/// Decides what the page shows; gives back how many fields are left.
fn decides(tablet: &Tablet, page: &ConflictPage, fields: &Value) -> u64 {
    let said = ask(tablet, "decide", json!({ "id": page.title.id, "seen": page.seen, "fields": fields })).unwrap();
    said["left"].as_u64().unwrap()
}

/// The household's fields and undecided fields, which must be the same on all tablets.
fn same(tablets: &[&Tablet], record: RecordId) -> (Fields, usize) {
    let first = tablets[0].record(record);
    for tablet in tablets {
        let view = tablet.record(record);
        assert_eq!((&view.fields, view.conflicts.len()), (&first.fields, first.conflicts.len()));
        for scope in tablet.digests() {
            let mut others = tablets.iter().flat_map(|other| other.digests()).filter(|other| other.area == scope.area);
            assert!(others.all(|other| other == scope));
        }
    }
    (first.fields, first.conflicts.len())
}

#[test]
fn a_conflict_is_decided_field_by_field_and_everybody_sees_it() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let household = station.households[0];
    for (tablet, phone, note) in [(&a, "1", "狗"), (&b, "2", "井")] {
        tablet.clock().advance_ms(60_000);
        tablet.edit(household, fields(&json!({ "phone": phone, "note": note }))).unwrap();
    }
    meet(&[&a, &b, &a]);
    let page = conflict(&a, household);
    let phone = page.fields.iter().find(|field| field.field == "phone").unwrap();
    assert_eq!(phone.base.as_ref().unwrap().value, "13900000000");
    let sides: Vec<(&Value, bool)> = phone.sides.iter().map(|side| (&side.value, side.mine)).collect();
    assert_eq!(sides, [(&json!("2"), false), (&json!("1"), true)]);
    assert_eq!(
        (phone.sides[0].writes[0].officer_name.zh.as_str(), phone.sides[0].writes[0].device),
        ("示范乙", b.device())
    );

    assert_eq!(decides(&a, &page, &json!({ "phone": "1" })), 1);
    meet(&[&a, &b]);
    assert_eq!(same(&[&a, &b], household).1, 1, "the field that was left open is still undecided");
    let page = conflict(&b, household);
    assert_eq!(page.fields.len(), 1);
    assert_eq!(decides(&b, &page, &json!({ "note": "狗和井" })), 0);
    meet(&[&b, &a]);
    let (shown, left) = same(&[&a, &b], household);
    assert_eq!((&shown["phone"], &shown["note"], left), (&json!("1"), &json!("狗和井"), 0));
    for tablet in [&a, &b] {
        let list = ask(tablet, "conflicts", json!({ "offset": 0, "limit": 10 })).unwrap();
        assert_eq!((&list["total"], &list["decided_this_month"]), (&json!(0), &json!(2)));
        let past = ask(tablet, "history", json!({ "id": household })).unwrap();
        let settling = past["entries"].as_array().unwrap().iter().filter(|entry| entry["settles"] == true).count();
        assert_eq!(settling, 2);
    }
}

#[test]
fn the_same_conflict_decided_alike_on_two_tablets_is_settled_and_decided_differently_can_be_decided_again() {
    for (of_b, undecided) in [("1", 0), ("2", 1)] {
        let station = Station::here(Land::default());
        let (a, b) = pair(&station);
        let household = station.households[0];
        a.writes(household, "phone", "1");
        b.writes(household, "phone", "2");
        meet(&[&a, &b, &a]);
        decides(&a, &conflict(&a, household), &json!({ "phone": "1" }));
        decides(&b, &conflict(&b, household), &json!({ "phone": of_b }));
        meet(&[&a, &b, &a]);
        assert_eq!(same(&[&a, &b], household).1, undecided);
        if undecided > 0 {
            let page = conflict(&b, household);
            assert_eq!(page.fields[0].sides.len(), 2);
            decides(&b, &page, &json!({ "phone": "13800000009" }));
            meet(&[&b, &a]);
            let (shown, left) = same(&[&a, &b], household);
            assert_eq!((&shown["phone"], left), (&json!("13800000009"), 0));
        }
    }
}

#[test]
fn a_value_that_a_sync_brings_while_the_page_is_open_stands_against_the_decision() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let third = Tablet::enrolled(3, &station.invite(1));
    third.syncs();
    let household = station.households[0];
    a.writes(household, "phone", "1");
    b.writes(household, "phone", "2");
    third.writes(household, "phone", "3");
    meet(&[&a, &b, &a]);
    let open = conflict(&a, household);
    assert_eq!(open.fields[0].sides.len(), 2);
    meet(&[&third, &a]);
    assert_eq!(decides(&a, &open, &json!({ "phone": "1" })), 1);
    let now = conflict(&a, household);
    let mut values: Vec<&Value> = now.fields[0].sides.iter().map(|side| &side.value).collect();
    values.sort_by_key(ToString::to_string);
    assert_eq!(values, [&json!("1"), &json!("3")]);
    meet(&[&a, &b, &third]);
    assert_eq!(same(&[&a, &b, &third], household).1, 1);
}

#[test]
fn an_edit_of_a_page_that_was_open_before_a_sync_overwrites_only_what_was_seen() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let household = station.households[0];
    let open = a.page(household);
    b.writes(household, "phone", "2");
    meet(&[&b, &a]);
    ask(&a, "edit", json!({ "id": household, "fields": { "phone": "1" }, "seen": open.seen })).unwrap();
    meet(&[&a, &b]);
    assert_eq!(same(&[&a, &b], household).1, 1, "the colleague's number, which was not seen, is not overwritten");
}

#[test]
fn a_refused_change_goes_again_when_its_area_is_given_back_and_counts_nowhere_twice() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let (far, there) = (station.areas[2], station.households[1]);
    station.takes_area(0, far);
    let first = a.writes(there, "phone", "1");
    a.writes(there, "note", "狗");
    let unharmed = a.writes(station.households[0], "phone", "7");
    assert_eq!(a.syncs_anew().refused, 2);
    assert!(stored(&station).contains(&unharmed), "what follows goes through");
    let list = refused(&a);
    assert_eq!((list.total, list.lines[0].revision, list.lines[0].code), (2, first, Code::OutOfScope));
    assert!(!list.lines[0].may_go_now && !list.lines[0].in_scope && !list.lines[0].first);
    assert_eq!((list.lines[0].title.name.zh.as_str(), list.lines[0].fields[0].field.as_str()), ("其其格", "phone"));
    assert_eq!(a.sync_status().unwrap().waiting.refused, 2);
    // It counts on this tablet until the officer decides.
    assert_eq!(a.page(there).phone, "1");
    assert_eq!(ask(&a, "refused_again", json!({})).unwrap()["saved"], 0, "nothing has changed yet");

    station.gives_area(0, far);
    a.syncs_anew();
    assert!(refused(&a).lines.iter().all(|line| line.may_go_now));
    assert_eq!(ask(&a, "refused_again", json!({})).unwrap()["saved"], 2);
    assert_eq!((refused(&a).total, a.sync_status().unwrap().waiting.refused), (0, 0));
    let outcome = a.syncs();
    assert_eq!((outcome.pushed, outcome.refused), (2, 0));
    b.syncs();
    let (shown, left) = same(&[&a, &b], there);
    assert_eq!((&shown["phone"], &shown["note"], left), (&json!("1"), &json!("狗"), 0));
    assert!(!stored(&station).contains(&first));
}

#[test]
fn a_refused_visit_is_corrected_into_an_area_of_this_tablet() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let (near, far, there) = (station.areas[1], station.areas[2], station.households[1]);
    station.takes_area(0, far);
    let visit = a.visits(there, a_visit("visit"), &[]).visit;
    a.syncs_anew();
    let line = refused(&a).lines.remove(0);
    assert!(line.first && line.title.kind == "visit");
    let wrong = json!({ "revision": line.revision, "area": near, "fields": { "answer.present_count": "many" } });
    assert_eq!(ask(&a, "refused_correct", wrong), Err(Code::FieldWrong));
    let right = json!({ "revision": line.revision, "area": near,
        "fields": { "answer.present_count": 4, "answer.purpose": "return_visit" } });
    ask(&a, "refused_correct", right).unwrap();
    assert_eq!(refused(&a).total, 0);
    let past = ask(&a, "history", json!({ "id": visit })).unwrap();
    let (newest, oldest) = (&past["entries"][0], &past["entries"][1]);
    assert_eq!(
        (&oldest["refused"], &oldest["set_aside"], &newest["refused"]),
        (&json!("out_of_scope"), &json!(true), &Value::Null)
    );
    assert_eq!(a.syncs().refused, 0);
    b.syncs();
    // It is filed with its household, which this officer does not hold any more.
    assert!(a.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).is_err());
    station.gives_area(0, far);
    a.syncs_anew();
    for tablet in [&a, &b] {
        let page = tablet.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).unwrap();
        assert_eq!((&page.answers["present_count"], &page.answers["purpose"]), (&json!(4), &json!("return_visit")));
        assert_eq!(page.answers["fraud_app"], "installed_now", "what was not corrected goes along");
        assert_eq!(tablet.record(visit).conflicts, []);
    }
}

#[test]
fn what_is_written_after_a_refused_change_is_no_conflict_where_the_refused_one_never_was() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let (near, far, household) = (station.areas[1], station.areas[2], station.households[0]);
    station.takes_area(0, far);
    let save = |area, phone: &str| {
        let change =
            Change { record: household, kind: Kind::Household, area, fields: fields(&json!({ "phone": phone })) };
        a.with(|replica, author, world| Ok(replica.save(author, world, &[change])?)).unwrap()[0]
    };
    let outside = save(far, "1");
    let inside = save(near, "2");
    assert_eq!(a.syncs_anew().refused, 1);
    b.syncs();
    assert_eq!(same(&[&a, &b], household).1, 0);
    let there = entry(&station, inside).revision.parents;
    assert!(there.contains(&outside) && there.len() == 2, "it names also what it knew that everybody has");
    assert!(refused(&a).lines[0].fields[0].replaced);
}

#[test]
fn a_discarded_change_no_longer_counts_and_can_be_taken_back() {
    let station = Station::here(Land::default());
    let (a, b) = pair(&station);
    let (far, there) = (station.areas[2], station.households[1]);
    station.takes_area(0, far);
    let made = a.writes(there, "phone", "1");
    let visit = a.visits(there, a_visit("visit"), &[]).visit;
    a.syncs_anew();
    let visits = a.page(there).timeline.len();
    for line in refused(&a).lines {
        ask(&a, "refused_discard", json!({ "revision": line.revision })).unwrap();
    }
    assert_eq!(ask(&a, "refused_discard", json!({ "revision": made })), Err(Code::NotFound));
    let list = refused(&a);
    assert_eq!((list.total, list.discarded.len()), (0, 2));
    assert_eq!(a.page(there).phone, b.page(there).phone);
    assert_eq!((a.page(there).timeline.len(), a.show(visit).unwrap_err().code()), (visits - 1, Code::NotFound));
    assert!(a.syncs().nothing_new);

    for line in &list.discarded {
        ask(&a, "refused_take_back", json!({ "revision": line.revision })).unwrap();
    }
    assert_eq!((refused(&a).total, a.page(there).phone.as_str(), a.page(there).timeline.len()), (2, "1", visits));
    a.with(|replica, _, _| Ok(replica.rebuild()?)).unwrap();
    assert_eq!((a.page(there).phone.as_str(), a.page(there).timeline.len()), ("1", visits));

    // The household is not held here any more: a week after the last decision it is forgotten with what was discarded.
    for line in refused(&a).lines {
        ask(&a, "refused_discard", json!({ "revision": line.revision })).unwrap();
    }
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    a.clock().advance_ms(6 * DAY_MS);
    a.syncs();
    assert_eq!(refused(&a).discarded.len(), 2);
    a.clock().advance_ms(2 * DAY_MS);
    a.syncs();
    assert_eq!(refused(&a).discarded, []);
    assert_eq!(a.show(there).unwrap_err().code(), Code::NotFound);
    assert_eq!(ask(&a, "refused_take_back", json!({ "revision": made })), Err(Code::NotFound));
}

#[test]
fn refused_changes_are_exported_byte_for_byte_with_their_reasons() {
    let station = Station::here(Land::default());
    let (a, _) = pair(&station);
    station.takes_area(0, station.areas[2]);
    let made = a.writes(station.households[1], "note", "ᠨᠣᠬᠠᠢ\u{202f}ᠲᠠᠢ");
    a.syncs_anew();
    let own = ask(&a, "refused_export", json!({})).unwrap();
    let again = ask(&a, "refused_export", json!({})).unwrap();
    assert_ne!(own["path"], again["path"]);
    assert!(Path::new(own["path"].as_str().unwrap()).starts_with(a.folder().join("exports")));
    let text = std::fs::read_to_string(own["path"].as_str().unwrap()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((own["count"].as_u64(), lines.len(), &lines[0]["reason"]), (Some(1), 1, &json!("out_of_scope")));
    let written = a.log().into_iter().find(|entry| entry.revision.id == made).unwrap();
    assert_eq!(Hash::of(lines[0]["body"].as_str().unwrap().as_bytes()), written.body_hash);

    let chosen = tempfile::tempdir().unwrap();
    let there = ask(&a, "refused_export", json!({ "folder": chosen.path() })).unwrap();
    assert!(Path::new(there["path"].as_str().unwrap()).starts_with(chosen.path()));
    assert_eq!(ask(&a, "refused_export", json!({ "folder": "/nowhere/at/all" })), Err(Code::NotFound));
}

#[test]
fn waiting_sent_stored_and_verified_are_told_apart_in_figures_and_every_receipt_is_kept_and_checked() {
    let station = Station::here(Land::default());
    let (a, _) = pair(&station);
    let standing = |tablet: &Tablet| {
        let standing = tablet.sync_status().unwrap().standing;
        [standing.made, standing.sent, standing.stored, standing.verified].map(|tally| tally.revisions)
    };
    assert_eq!(standing(&a), [0; 4]);
    station.takes_area(0, station.areas[2]);
    a.writes(station.households[1], "phone", "1");
    a.writes(station.households[0], "phone", "2");
    assert_eq!(standing(&a), [2, 0, 0, 0]);
    a.syncs_anew();
    assert_eq!(standing(&a), [2, 2, 1, 1], "one is refused: answered, but not stored");
    a.writes(station.households[0], "phone", "3");
    assert_eq!(standing(&a), [3, 2, 1, 1]);
    ask(&a, "refused_discard", json!({ "revision": refused(&a).lines[0].revision })).unwrap();
    assert_eq!(standing(&a), [2, 1, 1, 1], "what was discarded counts no more");

    let list = ask(&a, "receipts", json!({})).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), station.receipts(a.device()).len());
    assert!(list.iter().all(|line| line["genuine"] == true));
    assert_eq!((&list[0]["own_stored"], &list[0]["own_total"]), (&json!(1), &json!(2)));
    let paper = ask(&a, "receipt", json!({ "id": list[0]["id"] })).unwrap();
    let signed = station.receipts(a.device()).into_iter().find(|receipt| paper["text"] == receipt.body);
    assert!(signed.is_some() && paper["receipt"]["genuine"] == true, "byte for byte what the station signed");
    // Under another station's key it would be told as not genuine.
    a.with(|replica, _, _| {
        let mut note = replica.station()?.unwrap();
        note.station_key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key();
        Ok(replica.set_station(&note)?)
    })
    .unwrap();
    assert_eq!(ask(&a, "receipt", json!({ "id": list[0]["id"] })).unwrap()["receipt"]["genuine"], false);
}

fn fields(object: &Value) -> Fields {
    serde_json::from_value(object.clone()).unwrap()
}

fn stored(station: &Station) -> Vec<RevisionId> {
    station.log().iter().map(|(_, entry)| entry.revision.id).collect()
}

fn entry(station: &Station, id: RevisionId) -> Entry {
    station.log().into_iter().map(|(_, entry)| entry).find(|entry| entry.revision.id == id).unwrap()
}
