//! Over real connections: a station that was put back to an older copy, tablets that were, and households that move.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ailchin_core::device::Attached;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{RecordId, RevisionId};
use ailchin_core::record::{Fields, Kind};
use ailchin_server::blobs::Blobs;
use ailchin_server::store::ConsoleChange;
use ailchin_tests::tablet::{a_visit, copied, photo, put_back};
use ailchin_tests::{Land, Station, Tablet, Yesterday};
use serde_json::json;

/// The names of what the station has stored.
fn stored(station: &Station) -> BTreeSet<RevisionId> {
    station.log().into_iter().map(|(_, entry)| entry.revision.id).collect()
}

#[test]
fn a_station_put_back_in_silence_gets_everything_back_also_from_tablets_that_did_not_write_it() {
    let mut yesterday = Yesterday::new(Land::default());
    let (a, b) = (yesterday.tablet(1, 0), yesterday.tablet(2, 1));
    a.syncs();
    b.syncs();
    yesterday.backs_up();

    // What happened since: visits, a word of the console, and a tablet that was let in.
    let [first, second, third, ..] = yesterday.station.households[..] else { panic!("too few households") };
    let visit = a.visits(first, a_visit("visit"), &[]).visit;
    a.writes(second, "phone", "13800000001");
    a.syncs();
    b.writes(third, "note", "北井");
    let c = yesterday.tablet(3, 2);
    c.syncs();
    c.writes(first, "phone", "13800000003");
    c.syncs();
    let word = ConsoleChange {
        record: RecordId::from_bytes([0x77; 16]),
        kind: Kind::Household,
        area: yesterday.station.areas[1],
        parents: Vec::new(),
        fields: Fields::from([("name_zh".to_owned(), json!("苏和"))]),
    };
    yesterday.station.write(&[word]);
    b.syncs();
    let all = stored(&yesterday.station);

    yesterday.is_put_back();
    let lost = all.len() - stored(&yesterday.station).len();
    assert!(lost > 0, "it lost something");
    let given = b.syncs();
    assert!(given.repaired > 0);
    let differed = b.sync_status().unwrap().difference.unwrap();
    assert_eq!((differed.fetched, differed.returned), (0, lost as u64), "what was lacking is told");
    assert_eq!(differed.settled_by, b.sync_status().unwrap().receipt.map(|receipt| receipt.id));
    assert_eq!(stored(&yesterday.station), all, "one tablet that was there last has everything");

    // The tablet that nobody knows any more, and the one that wrote most of it.
    assert_eq!(c.syncs().pushed, 0);
    a.syncs();
    b.syncs();
    c.syncs();
    assert_eq!(stored(&yesterday.station).len(), yesterday.station.log().len(), "nothing twice");
    assert_eq!(stored(&yesterday.station), all);
    assert_eq!(a.digests(), b.digests());
    for tablet in [&a, &b, &c] {
        assert!(tablet.sync_status().unwrap().covered);
        assert!(tablet.syncs().nothing_new);
    }
    assert_eq!(a.page(first), b.page(first));
    assert!(b.with(|replica, _, _| Ok(replica.visit(visit)?)).is_ok());
}

#[test]
fn photos_whose_rows_a_station_lost_are_found_in_its_folder_also_if_their_tablet_has_freed_them() {
    let mut yesterday = Yesterday::new(Land::default());
    let a = yesterday.tablet(1, 0);
    a.syncs();
    yesterday.backs_up();
    let photos = [10, 90, 170].map(|shade| Attached { question: "photo".to_owned(), bytes: photo(shade) });
    let visits = photos.map(|photo| a.visits(yesterday.station.households[0], a_visit("visit"), &[photo]).visit);
    a.syncs();
    let [lost, torn, whole] = visits.map(|visit| photo_of(&a, visit));
    let freed = a.with(|replica, _, _| Ok(replica.free_space(u64::MAX)?)).unwrap();
    assert!(freed > 0 && a.with(|replica, _, _| Ok(replica.blob(whole).is_err())).unwrap());

    yesterday.is_put_back();
    let folder = yesterday.station.folder().join("blobs");
    std::fs::remove_file(folder.join(Blobs::path(lost))).unwrap();
    std::fs::write(folder.join(Blobs::path(torn)), b"\xff\xd8\xff torn").unwrap();
    assert_eq!(yesterday.station.blobs(), 0);
    a.syncs();
    assert_eq!(yesterday.station.blobs(), 1, "what is not there, or something else, does not count");
    let receipt = a.sync_status().unwrap().receipt.unwrap();
    assert_eq!((receipt.blobs_stored, receipt.blobs_total), (1, 3));
    assert_eq!(Hash::of(&a.blob(whole).unwrap().bytes), whole);
}

/// The photo of a visit.
fn photo_of(tablet: &Tablet, visit: RecordId) -> Hash {
    tablet.with(|replica, _, _| Ok(replica.visit(visit)?)).unwrap().attachments[0].hash
}

#[test]
fn a_tablet_put_back_to_a_copy_goes_on_under_another_name_and_doubles_nothing() {
    let mut yesterday = Yesterday::new(Land::default());
    let a = yesterday.tablet(1, 0);
    let other = yesterday.tablet(2, 1);
    a.syncs();
    let [first, second, third, ..] = yesterday.station.households[..] else { panic!("too few households") };
    // In the copy: one change on its way.
    a.writes(first, "phone", "13800000001");
    let name = a.device();
    let copy = copied(a.folder());
    a.syncs();
    a.writes(second, "phone", "13800000002");
    a.syncs();
    let before = stored(&yesterday.station);

    put_back(&copy, a.folder());
    let a = a.restarted();
    a.writes(third, "phone", "13800000009");
    let outcome = a.syncs();
    assert_eq!((outcome.pushed, a.device() == name), (1, false));
    let added: Vec<_> = stored(&yesterday.station).difference(&before).copied().collect();
    // What it wrote since, and the record of its new name.
    assert_eq!((added.len(), yesterday.station.log().len()), (2, before.len() + 2));
    for (household, phone) in [(first, "13800000001"), (second, "13800000002"), (third, "13800000009")] {
        assert_eq!((a.page(household).phone.as_str(), a.page(household).conflicts.len()), (phone, 0));
    }
    a.writes(first, "note", "狗");
    assert_eq!(a.syncs().pushed, 1);
    other.syncs();
    assert_eq!(other.digests(), a.digests());
    assert!(a.syncs().nothing_new);
}

#[test]
fn a_household_that_moves_while_everybody_is_away_goes_over_with_its_history_and_unsent_work() {
    let mut yesterday = Yesterday::new(Land::default());
    // The first holds both areas, the second only the one that the household leaves.
    let (both, old) = (yesterday.tablet(1, 0), yesterday.tablet(2, 2));
    both.syncs();
    old.syncs();
    let household = yesterday.station.households[0];
    let visit = old.visits(household, a_visit("visit"), &[]).visit;
    both.writes(household, "note", "狗");

    let root = old.record(household).log[0].id;
    let moved = ConsoleChange {
        record: household,
        kind: Kind::Household,
        area: yesterday.station.areas[2],
        parents: vec![root],
        fields: Fields::new(),
    };
    yesterday.station.write(&[moved]);

    assert_eq!(old.syncs().pushed, 1, "it hands over what it had");
    assert!(old.with(|replica, author, _| Ok(replica.record(household, author.device)?)).is_err(), "and lets go");
    assert!(old.with(|replica, _, _| Ok(replica.visit(visit)?)).is_err());
    assert_eq!(both.syncs().pushed, 1);
    assert!(both.with(|replica, _, _| Ok(replica.visit(visit)?)).is_ok());
    let record = both.record(household);
    assert_eq!((record.area, record.conflicts.len(), record.log.len()), (yesterday.station.areas[2], 0, 3));
    for tablet in [&old, &both] {
        tablet.syncs();
        assert!(tablet.sync_status().unwrap().covered);
        assert!(tablet.syncs().nothing_new);
    }
    // Work goes on: the one under its chain of hashes, the other where the household is.
    old.visits(yesterday.station.households[2], a_visit("visit"), &[]);
    assert_eq!(old.syncs().refused, 0);
    both.visits(household, a_visit("visit"), &[]);
    assert_eq!(both.syncs().refused, 0);
}
