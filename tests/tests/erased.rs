//! Over real connections: what is erased at the station is gone there and on every tablet, whatever was on its way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::device::Attached;
use ailchin_core::error::Code;
use ailchin_core::ids::RecordId;
use ailchin_core::record::{EraseReason, Fields, Kind, blobs};
use ailchin_core::view::Finished;
use ailchin_server::store::ConsoleChange;
use ailchin_tests::tablet::{a_visit, photo};
use ailchin_tests::{Land, Tablet, Yesterday};
use serde_json::json;

/// A tablet that has synced once.
fn synced(place: &mut Yesterday, seed: u64, officer: usize) -> Tablet {
    let tablet = place.tablet(seed, officer);
    tablet.syncs();
    tablet
}

/// Erases a record because somebody asked for it; how many records that was.
fn erases(place: &Yesterday, record: RecordId) -> usize {
    place.station.erases(record, EraseReason::Request)
}

/// Whether a text stands anywhere in the files of the store.
fn is_in_its_files(place: &Yesterday, text: &str) -> bool {
    ["station.db", "station.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(place.station.folder().join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

/// The tablet has nothing of the record, says so, and is what it would be if it were made anew.
fn knows_nothing_of(tablet: &Tablet, record: RecordId, said: &[&str]) {
    assert!(tablet.with(|replica, author, _| Ok(replica.record(record, author.device)?)).is_err());
    for entry in tablet.log() {
        for text in said {
            assert!(!entry.body.contains(text), "{text} is still in {}", entry.body);
        }
    }
    let before = tablet.with(|replica, author, _| Ok((replica.holdings(author.device)?, replica.erasures()?))).unwrap();
    tablet.with(|replica, _, _| Ok(replica.rebuild()?)).unwrap();
    let after = tablet.with(|replica, author, _| Ok((replica.holdings(author.device)?, replica.erasures()?))).unwrap();
    assert_eq!(before, after, "what is kept is what the log says");
    assert!(tablet.sync_status().unwrap().covered);
}

fn attached(shade: u8) -> Attached {
    Attached { question: "photo".to_owned(), bytes: photo(shade) }
}

#[test]
fn a_household_that_asks_is_erased_at_the_station_and_on_every_tablet_with_what_was_on_its_way() {
    for postgres in [false, true] {
        let mut place = Yesterday::new(Land { postgres, ..Land::default() });
        let (a, b) = (synced(&mut place, 1, 0), synced(&mut place, 2, 1));
        let [asks, stays, ..] = place.station.households[..] else { panic!("too few households") };
        a.writes(asks, "phone", "13855554444");
        a.visits(asks, a_visit("visit"), &[attached(7)]);
        a.visits(stays, a_visit("visit"), &[attached(9)]);
        a.syncs();
        b.syncs();
        assert_eq!(b.finds("13855554444"), [asks]);
        let blobs = place.station.blobs();
        // On its way: an edit, a visit with a photo, and a form that is being filled in.
        b.writes(asks, "note", "家里的事");
        b.visits(asks, a_visit("visit"), &[attached(11)]);
        b.with(|replica, _, world| {
            Ok(replica.begin_draft(world, ailchin_core::replica::Subject::household(asks), "household_visit")?)
        })
        .unwrap();

        let erased = erases(&place, asks);
        assert!(erased >= 2, "the household and its visit at least: {erased}");
        assert_eq!(place.station.blobs(), blobs - 1, "the other household's photo stays");

        b.syncs();
        a.syncs();
        b.syncs();
        for tablet in [&a, &b] {
            knows_nothing_of(tablet, asks, &["13855554444", "家里的事"]);
            assert_eq!(tablet.finds("13855554444"), []);
            assert_eq!(tablet.page(stays).visits, 1);
            let told = tablet.sync_status().unwrap().erased;
            assert_eq!((told.on_request, told.after_retention), (place.station.erased(), 0));
            assert!(tablet.syncs().nothing_new);
        }
        assert_eq!(a.digests(), b.digests());
        let today = |tablet: &Tablet| {
            tablet
                .with(|replica, author, world| Ok(replica.today(author.device, author.officer, world.now())?))
                .unwrap()
        };
        assert_eq!(today(&b).drafts, []);
        assert_eq!(place.station.blobs(), blobs - 1, "nor the photo that came late");
        if !postgres {
            place.station.close();
            assert!(!is_in_its_files(&place, "13855554444") && !is_in_its_files(&place, "家里的事"));
            place.station.open_here();
        }
        // Nothing more can be said of it.
        let refused = b.edit(asks, Fields::from([("phone".to_owned(), json!("1"))])).unwrap_err().code();
        assert!(matches!(refused, Code::RecordErased | Code::NotFound), "{refused}");
    }
}

#[test]
fn a_photo_that_was_handed_over_goes_when_its_household_is_erased_where_the_tablet_does_not_look() {
    let mut place = Yesterday::new(Land::default());
    let tablet = synced(&mut place, 1, 2);
    let [asks, _, stays, ..] = place.station.households[..] else { panic!("too few households") };
    let photo_of = |visit: Finished| {
        let entry = tablet.log().into_iter().find(|entry| entry.revision.record == visit.visit).unwrap();
        blobs(&entry.revision.fields).find(|(_, value)| value["media_type"] == "image/jpeg").unwrap().0
    };
    let gone = photo_of(tablet.visits(asks, a_visit("visit"), &[attached(7)]));
    let kept = photo_of(tablet.visits(stays, a_visit("visit"), &[attached(9)]));
    tablet.syncs();
    let (area, parents) = (place.station.areas[2], vec![tablet.record(asks).log[0].id]);
    place.station.write(&[ConsoleChange { record: asks, kind: Kind::Household, area, parents, fields: Fields::new() }]);
    tablet.syncs();
    let has = |hash| tablet.with(|replica, _, _| Ok(replica.blob(hash)?)).is_ok();
    assert!(tablet.with(|replica, author, _| Ok(replica.record(asks, author.device)?)).is_err());
    assert!(has(gone) && has(kept), "the station may yet be put back to a copy");

    erases(&place, asks);
    tablet.visits(stays, a_visit("visit"), &[attached(11)]);
    tablet.syncs();
    assert!(!has(gone) && has(kept));
    assert!(tablet.sync_status().unwrap().covered);
    assert_eq!(tablet.with(|replica, _, _| Ok(replica.space()?)).unwrap().can_free, 2, "a receipt states both");
    assert!(tablet.syncs().nothing_new);
}

#[test]
fn a_tablet_that_comes_later_gets_tombstones_and_the_same_digests() {
    let mut place = Yesterday::new(Land::default());
    let a = synced(&mut place, 1, 0);
    let household = place.station.households[0];
    a.writes(household, "phone", "13855554444");
    a.syncs();
    erases(&place, household);
    a.syncs();
    let late = synced(&mut place, 3, 1);
    knows_nothing_of(&late, household, &["13855554444"]);
    // It hears of the new tablet.
    a.syncs();
    assert_eq!(late.digests(), a.digests());
    assert!(late.log().iter().any(|entry| entry.revision.record == household && entry.revision.is_tombstone()));
}

#[test]
fn a_station_put_back_to_before_an_erasure_is_told_of_it_by_its_tablets() {
    let mut place = Yesterday::new(Land::default());
    let (a, b) = (synced(&mut place, 1, 0), synced(&mut place, 2, 1));
    let household = place.station.households[0];
    a.writes(household, "phone", "13855554444");
    a.syncs();
    b.syncs();
    place.backs_up();
    erases(&place, household);
    a.syncs();
    b.syncs();
    place.is_put_back();
    assert!(is_in_its_files(&place, "13855554444"));
    a.syncs();
    assert!(place.station.is_sound());
    b.syncs();
    a.syncs();
    assert_eq!(a.digests(), b.digests());
    for tablet in [&a, &b] {
        knows_nothing_of(tablet, household, &["13855554444"]);
        assert!(tablet.syncs().nothing_new);
    }
    assert!(place.station.log().iter().all(|(_, entry)| !entry.body.contains("13855554444")));
}

#[test]
fn a_station_put_back_to_before_the_household_gets_tombstones_back() {
    let mut place = Yesterday::new(Land::default());
    let (a, b) = (synced(&mut place, 1, 0), synced(&mut place, 2, 1));
    place.backs_up();
    let household = RecordId::from_bytes([0x55; 16]);
    let change = ConsoleChange {
        record: household,
        kind: Kind::Household,
        area: place.station.areas[1],
        parents: Vec::new(),
        fields: Fields::from([("name_zh".to_owned(), json!("苏和")), ("phone".to_owned(), json!("13800000000"))]),
    };
    place.station.write(&[change]);
    a.syncs();
    a.writes(household, "phone", "13855554444");
    a.syncs();
    b.syncs();
    b.writes(household, "note", "狗");
    b.syncs();
    erases(&place, household);
    b.syncs();
    a.syncs();
    let log = place.station.log().len();
    place.is_put_back();
    // The author of one of them first, then the other.
    b.syncs();
    a.syncs();
    b.syncs();
    assert_eq!(place.station.log().len(), log, "everything is back, as tombstones");
    assert_eq!(a.digests(), b.digests());
    for tablet in [&a, &b] {
        knows_nothing_of(tablet, household, &["13855554444", "13800000000"]);
        assert!(tablet.syncs().nothing_new);
    }
    let late = synced(&mut place, 3, 0);
    a.syncs();
    assert_eq!(late.digests(), a.digests());
}

#[test]
fn a_tablet_put_back_to_before_an_erasure_erases_again() {
    let mut place = Yesterday::new(Land::default());
    let a = synced(&mut place, 1, 0);
    let household = place.station.households[0];
    a.writes(household, "phone", "13855554444");
    a.syncs();
    a.writes(household, "note", "家里的事");
    let copy = ailchin_tests::tablet::copied(a.folder());
    a.syncs();
    erases(&place, household);
    a.syncs();
    ailchin_tests::tablet::put_back(&copy, a.folder());
    let a = a.restarted();
    a.syncs();
    knows_nothing_of(&a, household, &["13855554444", "家里的事"]);
    assert!(a.syncs().nothing_new);
    let other = synced(&mut place, 2, 1);
    a.syncs();
    assert_eq!(other.digests(), a.digests());
}
