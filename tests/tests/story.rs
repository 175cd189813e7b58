//! The main job on loopback: what tablets record without a network is at the station after a sync, and each holds a receipt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::device::Attached;
use ailchin_core::error::Code;
use ailchin_core::ids::{RecordId, RevisionId};
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Change, Subject};
use ailchin_core::sync::{Digest, ReceiptBody};
use ailchin_core::view::{Phase, TimelineEntry};
use ailchin_core::world::World as _;
use ailchin_server::store::ConsoleChange;
use ailchin_tests::tablet::{PIN, a_visit, answers, photo};
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};
use serde_json::json;

#[test]
fn work_of_two_tablets_without_a_network_meets_at_the_station_and_every_conflict_is_kept_until_an_officer_decides() {
    work_of_two_tablets_meets(&Station::here(Land::default()));
}

#[test]
fn the_same_work_meets_at_a_station_whose_store_is_in_postgres() {
    work_of_two_tablets_meets(&Station::here(Land { postgres: true, ..Land::default() }));
}

fn work_of_two_tablets_meets(station: &Station) {
    let (wire_a, wire_b) = (FaultProxy::to(&station.address()), FaultProxy::to(&station.address()));
    let a = Tablet::enrolled(1, &station.invite_by(0, &wire_a.address()));
    let b = Tablet::enrolled(2, &station.invite_by(1, &wire_b.address()));
    for tablet in [&a, &b] {
        let first = tablet.syncs();
        assert_eq!((first.pulled, first.pushed), (station.log().len() as u64, 0));
        assert!(covered(tablet));
    }

    // All day without a network.
    wire_a.cut();
    wire_b.cut();
    assert_eq!(a.sync_fails(), Code::StationUnreachable);
    let [first, second, third, shared, ..] = station.households[..] else { panic!("too few households") };
    let visits = [
        a.visits(first, a_visit("visit"), &[]).visit,
        a.visits(second, answers(&json!({ "outcome": "declined" })), &[]).visit,
        a.visits(third, a_follow_up(), &[]).visit,
    ];
    a.clock().advance_ms(60_000);
    a.writes(shared, "phone", "13800000001");
    b.clock().advance_ms(120_000);
    b.writes(shared, "phone", "13800000002");
    assert_eq!(waiting(&a), (5, 0));
    assert!(!covered(&a));
    assert!(a.page(first).waiting || is_waiting(&a, first));

    // Back at the station.
    wire_a.mend();
    wire_b.mend();
    assert_eq!(a.syncs().pushed, 5);
    let of_b = b.syncs();
    assert_eq!((of_b.pushed, of_b.pulled), (1, 5));
    assert_eq!(a.syncs().pulled, 1);

    for tablet in [&a, &b] {
        let page = tablet.page(shared);
        assert_eq!(page.phone, "13800000002");
        let values: Vec<_> = page.conflicts[0].values.iter().map(|value| value.value.clone()).collect();
        assert_eq!(values, [json!("13800000002"), json!("13800000001")]);
        assert_eq!(page.conflicts.len(), 1);
        assert!(visits.iter().all(|visit| tablet.show(*visit).is_ok()));
    }
    let mine =
        |tablet: &Tablet| tablet.page(shared).conflicts[0].values.iter().map(|value| value.mine).collect::<Vec<_>>();
    assert_eq!((mine(&a), mine(&b)), (vec![false, true], vec![true, false]));
    assert_eq!(ailchin_core::record::fold(&revisions_of(station, shared)).unwrap().conflicts().count(), 1);
    everybody_holds_the_same(station, &[&a, &b]);

    // An officer decides.
    b.writes(shared, "phone", "13800000001");
    b.syncs();
    assert_eq!(a.syncs().pulled, 1);
    for tablet in [&a, &b] {
        let page = tablet.page(shared);
        assert_eq!((page.phone.as_str(), page.conflicts.len()), ("13800000001", 0));
        assert_eq!(tablet.record(shared).log.len(), 4);
    }
    everybody_holds_the_same(station, &[&a, &b]);
}

#[test]
fn the_same_conflict_decided_on_two_tablets_at_once_converges() {
    let station = Station::here(Land::default());
    let (a, b) = (Tablet::enrolled(1, &station.invite(0)), Tablet::enrolled(2, &station.invite(1)));
    let tablets = [&a, &b];
    let household = station.households[0];
    let meet = |order: &[&Tablet]| {
        for tablet in order {
            tablet.syncs();
        }
    };
    meet(&tablets);
    a.writes(household, "phone", "1");
    b.writes(household, "phone", "2");
    meet(&[&a, &b, &a]);
    assert_eq!(a.page(household).conflicts.len(), 1);
    // Both decide for the same value without knowing of each other: that is no new conflict.
    for tablet in tablets {
        tablet.writes(household, "phone", "2");
    }
    meet(&[&a, &b, &a]);
    for tablet in tablets {
        let page = tablet.page(household);
        assert_eq!((page.phone.as_str(), page.conflicts.len()), ("2", 0));
    }
    everybody_holds_the_same(&station, &tablets);
}

#[test]
fn receipts_are_signed_by_the_station_kept_on_both_sides_and_state_what_is_held() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    tablet.visits(station.households[0], a_visit("visit"), &[]);
    tablet.syncs();
    tablet.writes(station.households[1], "note", "牧羊犬");
    tablet.syncs();

    let key = tablet.with(|replica, _, _| Ok(replica.station()?)).unwrap().unwrap().station_key;
    let kept = station.receipts(tablet.device());
    assert_eq!(kept.len(), 3);
    let stated: Vec<ReceiptBody> = kept.iter().map(|receipt| receipt.read(&key).unwrap()).collect();
    let last = stated.iter().max_by_key(|body| body.position).unwrap();
    assert_eq!((last.own_seq, last.own_stored, last.own_refused), (2, 2, 0));
    assert_eq!(sorted(last.scopes.clone()), tablet.digests());

    let shown = tablet.sync_status().unwrap().receipt.unwrap();
    assert_eq!((shown.id, shown.position, shown.own_stored, shown.own_total), (last.id, last.position, 2, 2));
    let log = station.log();
    let mut whole = Digest::default();
    log.iter().for_each(|(_, entry)| whole.add(entry.body_hash));
    assert_eq!((shown.count, shown.digest), (log.len() as u64, whole.sum()));

    let mut forged = kept[0].clone();
    forged.body = forged.body.replacen("\"own_stored\":", "\"own_stored\":9", 1);
    assert_ne!(forged, kept[0]);
    assert!(forged.read(&key).is_err());
}

#[test]
fn a_sync_with_nothing_new_is_one_round_trip_of_less_than_a_kilobyte() {
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    tablet.visits(station.households[0], a_visit("visit"), &[]);
    tablet.syncs();
    let tablet = tablet.restarted();
    wire.mend();
    assert!(tablet.syncs().nothing_new);
    let passed = wire.passed();
    assert_eq!((passed.connections, passed.round_trips), (1, 1), "{passed:?}");
    assert!(passed.up + passed.down <= 1_024, "{passed:?}");
    assert!(covered(&tablet));
}

#[test]
fn a_refused_revision_is_set_aside_with_its_reason_and_what_follows_it_goes_through() {
    let station = Station::here(Land::default());
    let (far, near) = (station.areas[2], station.areas[1]);
    // Officer 2 does not hold the second gacha.
    let tablet = Tablet::enrolled(1, &station.invite(2));
    tablet.syncs();
    let household = |area| {
        let fields = Fields::from([("name_zh".to_owned(), json!("新户"))]);
        Change { record: RecordId::new(tablet.clock()), kind: Kind::Household, area, fields }
    };
    let (outside, inside) = (household(far), household(near));
    let made =
        tablet.with(|replica, author, world| Ok(replica.save(author, world, &[outside, inside.clone()])?)).unwrap();
    tablet.writes(station.households[0], "phone", "13700000000");

    let outcome = tablet.syncs();
    assert_eq!((outcome.pushed, outcome.refused), (2, 1));
    let refused = tablet.refused().unwrap();
    assert_eq!(
        refused.iter().map(|entry| (entry.revision, entry.code)).collect::<Vec<_>>(),
        [(made[0], Code::OutOfScope)]
    );
    assert_eq!((waiting(&tablet).0, tablet.sync_status().unwrap().waiting.refused), (0, 1));
    let stored: Vec<RevisionId> = station.log().iter().map(|(_, entry)| entry.revision.id).collect();
    assert!(stored.contains(&made[1]) && !stored.contains(&made[0]));
    assert!(tablet.show(inside.record).unwrap().log[0].position.is_some());
    let receipt = station.receipts(tablet.device()).pop().unwrap();
    let body: serde_json::Value = serde_json::from_str(&receipt.body).unwrap();
    assert_eq!((&body["own_seq"], &body["own_stored"], &body["own_refused"]), (&json!(3), &json!(2), &json!(1)));
    // The next sync does not offer it again.
    assert!(tablet.syncs().nothing_new);
}

#[test]
fn a_tablet_holds_its_areas_only() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(2));
    tablet.syncs();
    assert_eq!(tablet.finds("").len(), 3);
    let far = station.households[1];
    assert_eq!(tablet.show(far).unwrap_err().code(), Code::NotFound);
    assert_eq!(tablet.digests().len(), 2);
}

#[test]
fn photos_and_signatures_arrive_after_the_text_and_are_counted_in_the_receipt() {
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let file = |question: &str, shade| Attached { question: question.to_owned(), bytes: photo(shade) };
    let mut answers = a_visit("service");
    answers.insert("signed".to_owned(), json!("yes"));
    let visit =
        tablet.visits(station.households[0], answers.clone(), &[file("photo", 10), file("signature", 20)]).visit;
    // The same photo again is the same bytes.
    tablet.visits(station.households[1], answers, &[file("photo", 10), file("signature", 30)]);
    assert_eq!(waiting(&tablet), (2, 3));

    // The wire fails when the text is there and the photos are on their way.
    wire.cut_after(Way::Up, 5_000);
    tablet.sync().unwrap_err();
    let (text, blobs) = waiting(&tablet);
    assert!(text == 0 && blobs > 0 && !covered(&tablet), "{blobs} blobs wait");
    wire.mend();
    let outcome = tablet.syncs();
    assert!(outcome.blobs >= 1);
    assert_eq!((waiting(&tablet), station.blobs()), ((0, 0), 3));
    let receipt = tablet.sync_status().unwrap().receipt.unwrap();
    assert_eq!((receipt.blobs_stored, receipt.blobs_total), (3, 3));
    let shown = tablet.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).unwrap();
    assert_eq!(shown.attachments.len(), 2);
    for attachment in shown.attachments {
        let here = tablet.with(|replica, _, _| Ok(replica.blob(attachment.hash)?)).unwrap();
        let there = std::fs::read(find(station.folder(), &attachment.hash.to_string())).unwrap();
        assert_eq!(here.bytes, there);
    }
}

#[test]
fn what_the_console_writes_reaches_the_tablets() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    let record = RecordId::new(tablet.clock());
    let fields = Fields::from([("name_zh".to_owned(), json!("赛音")), ("phone".to_owned(), json!("13600000000"))]);
    let change = ConsoleChange { record, kind: Kind::Household, area: station.areas[1], parents: Vec::new(), fields };
    station.write(&[change]);
    assert_eq!(tablet.syncs().pulled, 1);
    assert_eq!(tablet.page(record).phone, "13600000000");
    assert_eq!(tablet.finds("sy"), [record]);
}

#[test]
fn a_station_with_tls_is_known_by_its_fingerprint_and_another_certificate_is_refused() {
    let land = Land { tls: true, ..Land::default() };
    let mut station = Station::here(land);
    let wire = FaultProxy::to(&station.address());
    let address = format!("https://{}", wire.host());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &address));
    assert!(tablet.syncs().pulled > 0);
    station.close();
    station.open_here();
    wire.turn_to(&station.address());
    assert!(tablet.syncs().nothing_new, "the certificate is kept");

    let impostor = Station::here(land);
    wire.turn_to(&impostor.address());
    tablet.writes(station.households[0], "phone", "13500000000");
    assert_eq!(tablet.sync_fails(), Code::CertificateChanged);
    assert_eq!(impostor.log().len(), 6 + 3 + 3, "nothing was told to it");

    let stranger = Tablet::unpacked(2);
    let refused = stranger.enrol(&station.invite_by(1, &address), &PIN.into()).unwrap_err();
    assert_eq!(refused.code(), Code::CertificateChanged);
    wire.turn_to(&station.address());
    assert_eq!(tablet.syncs().pushed, 1);
}

#[test]
fn a_revoked_tablet_is_told_at_its_next_contact_and_its_work_is_kept_sealed() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    tablet.writes(station.households[0], "phone", "13500000000");
    station.revoke(tablet.device());
    assert_eq!(tablet.sync_fails(), Code::DeviceRevoked);
    assert_eq!(tablet.state().unwrap().phase, Phase::ShutOut);
    assert_eq!(station.keeps().len(), 1);
    assert!(station.log().iter().all(|(_, entry)| !entry.body.contains("13500000000")), "until somebody decides");
}

#[test]
fn an_invite_lets_one_tablet_in_and_a_lost_answer_does_no_harm() {
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let invite = station.invite_by(0, &wire.address());
    let tablet = Tablet::unpacked(1);
    wire.cut_after(Way::Down, 20);
    assert_eq!(tablet.enrol(&invite, &PIN.into()).unwrap_err().code(), Code::StationUnreachable);
    assert_eq!(tablet.state().unwrap().phase, Phase::New);
    wire.mend();
    tablet.enrol(&invite, &PIN.into()).unwrap();
    assert!(tablet.syncs().pulled > 0);

    let other = Tablet::unpacked(2);
    assert_eq!(other.enrol(&invite, &PIN.into()).unwrap_err().code(), Code::InviteUsed);
    assert_eq!(tablet.enrol(&invite, &PIN.into()).unwrap_err().code(), Code::AlreadyEnrolled);
}

#[test]
fn a_closed_program_goes_on_where_it_was_and_a_station_comes_back_elsewhere() {
    let mut station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let saved = tablet.writes(station.households[0], "phone", "13500000000");
    let draft = tablet.begin_form(Subject::household(station.households[1]), "household_visit").unwrap().draft;
    tablet.save_draft(draft, "<data/>", 2).unwrap();

    let tablet = tablet.restarted();
    let open = tablet.begin_form(Subject::household(station.households[1]), "household_visit").unwrap();
    assert_eq!((open.draft, open.submission.as_deref(), open.page), (draft, Some("<data/>"), 2));
    station.close();
    assert_eq!(tablet.sync_fails(), Code::StationUnreachable);
    station.open_here();
    wire.turn_to(&station.address());
    assert_eq!(tablet.syncs().pushed, 1);
    assert!(station.log().iter().any(|(_, entry)| entry.revision.id == saved));
}

#[test]
fn a_station_put_back_to_an_earlier_copy_without_a_word_is_noticed_and_gets_everybodys_work_again() {
    for work_before_the_next_sync in [0, 9] {
        let mut station = Station::here(Land::default());
        let (wire_a, wire_b) = (FaultProxy::to(&station.address()), FaultProxy::to(&station.address()));
        let a = Tablet::enrolled(1, &station.invite_by(0, &wire_a.address()));
        let b = Tablet::enrolled(2, &station.invite_by(1, &wire_b.address()));
        a.syncs();
        b.syncs();
        let file = station.folder().join("station.db");
        let copy = file.with_extension("copy");
        station.close();
        std::fs::copy(&file, &copy).unwrap();
        station.open_here();
        let back = |station: &Station| [&wire_a, &wire_b].map(|wire| wire.turn_to(&station.address()));
        back(&station);
        for (tablet, phone) in [(&a, "1"), (&b, "2"), (&a, "3")] {
            tablet.writes(station.households[0], "phone", phone);
            tablet.syncs();
        }
        let before = station.log().len();

        station.close();
        std::fs::copy(&copy, &file).unwrap();
        station.open_here();
        back(&station);
        assert_eq!(station.log().len(), before - 3);
        // New work takes the places of what was lost.
        for n in 0..work_before_the_next_sync {
            b.writes(station.households[1], "note", &n.to_string());
        }
        for tablet in [&a, &b, &a] {
            tablet.syncs();
        }
        assert_eq!(station.log().len(), before + work_before_the_next_sync);
        everybody_holds_the_same(&station, &[&a, &b]);
    }
}

#[test]
fn a_clock_that_is_wrong_does_no_harm_and_is_told() {
    let station = Station::here(Land::default());
    let (a, b) = (Tablet::enrolled(1, &station.invite(0)), Tablet::enrolled(2, &station.invite(1)));
    let household = station.households[0];
    a.syncs();
    a.clock().advance_ms(10 * 365 * 86_400_000);
    a.writes(household, "phone", "1");
    assert!(a.sync().unwrap().clock_ahead_ms.unwrap() > 9 * 365 * 86_400_000);
    b.syncs();
    // Ten years behind, and yet later: it knew what it overwrites.
    b.writes(household, "phone", "2");
    b.syncs();
    a.syncs();
    for tablet in [&a, &b] {
        assert_eq!((tablet.page(household).phone.as_str(), tablet.page(household).conflicts.len()), ("2", 0));
    }
    assert!(a.clock().now() > b.clock().now());
    everybody_holds_the_same(&station, &[&a, &b]);
}

/// Tablets of all areas and the station hold the same revisions, byte for byte, each once, and say so in every way.
fn everybody_holds_the_same(station: &Station, tablets: &[&Tablet]) {
    let bodies: Vec<String> = station.log().into_iter().map(|(_, entry)| entry.body).collect();
    let there: BTreeSet<&String> = bodies.iter().collect();
    assert_eq!(there.len(), bodies.len());
    let places: BTreeMap<RevisionId, u64> = station.log().iter().map(|(at, entry)| (entry.revision.id, *at)).collect();
    for tablet in tablets {
        for line in station.households.iter().flat_map(|household| tablet.record(*household).log) {
            assert_eq!(line.position, Some(places[&line.id]));
        }
        let log = tablet.log();
        assert_eq!(log.len(), bodies.len());
        assert_eq!(log.iter().map(|entry| &entry.body).collect::<BTreeSet<_>>(), there);
        assert_eq!(tablet.digests(), tablets[0].digests());
        assert_eq!(waiting(tablet), (0, 0));
        assert!(covered(tablet));
    }
}

fn revisions_of(station: &Station, record: RecordId) -> Vec<ailchin_core::record::Revision> {
    let log = station.log().into_iter().map(|(_, entry)| entry.revision);
    log.filter(|revision| revision.record == record).collect()
}

fn covered(tablet: &Tablet) -> bool {
    tablet.sync_status().unwrap().covered
}

fn waiting(tablet: &Tablet) -> (u32, u32) {
    let waiting = tablet.sync_status().unwrap().waiting;
    (waiting.revisions, waiting.blobs)
}

fn is_waiting(tablet: &Tablet, household: RecordId) -> bool {
    tablet.page(household).timeline.iter().any(|entry| matches!(entry, TimelineEntry::Visit { waiting: true, .. }))
}

fn sorted(mut scopes: Vec<ailchin_core::sync::ScopeDigest>) -> Vec<ailchin_core::sync::ScopeDigest> {
    scopes.sort_unstable_by_key(|scope| scope.area);
    scopes
}

fn a_follow_up() -> ailchin_core::form::Answers {
    let mut answers = a_visit("outreach");
    answers.insert("follow_up".to_owned(), json!("yes"));
    answers.insert("follow_up_by".to_owned(), json!("2026-07-08"));
    answers.insert("follow_up_note".to_owned(), json!("看看井盖"));
    answers
}

fn find(folder: &std::path::Path, name: &str) -> std::path::PathBuf {
    let mut next = vec![folder.to_owned()];
    while let Some(folder) = next.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                next.push(path);
            } else if path.to_string_lossy().replace('/', "").contains(name) {
                return path;
            }
        }
    }
    panic!("{name} is not at the station");
}
