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
    let again = c.syncs();
    assert_eq!((again.pushed, again.duplicates, again.refused), (1, 1, 0), "it stands under its own name");
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
    assert!(b.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).is_ok());
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
    tablet.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).unwrap().attachments[0].hash
}

#[test]
fn a_tablet_put_back_to_a_copy_finds_where_its_log_parts_also_if_the_station_lacks_what_came_before() {
    let mut yesterday = Yesterday::new(Land::default());
    // The second does not hold the area in which the first begins to write.
    let (a, b) = (yesterday.tablet(1, 0), yesterday.tablet(2, 2));
    let [near, far, ..] = yesterday.station.households[..] else { panic!("too few households") };
    a.syncs();
    b.syncs();
    yesterday.backs_up();
    a.writes(far, "note", "北井");
    a.writes(near, "phone", "13800000002");
    a.syncs();
    let (name, copy) = (a.device(), copied(a.folder()));
    a.writes(near, "phone", "13800000003");
    a.syncs();
    b.syncs();
    let all = stored(&yesterday.station);

    yesterday.is_put_back();
    b.syncs();
    put_back(&copy, a.folder());
    let a = a.restarted();
    a.writes(far, "phone", "13800000009");
    a.syncs();
    assert_ne!(a.device(), name);
    b.syncs();
    a.syncs();
    let now = stored(&yesterday.station);
    // What it wrote since, and the record of its new name.
    assert_eq!((now.is_superset(&all), now.len(), yesterday.station.log().len()), (true, all.len() + 2, all.len() + 2));
    let (of_near, of_far) = (a.page(near), a.page(far));
    assert_eq!((of_near.phone.as_str(), of_far.phone.as_str()), ("13800000003", "13800000009"));
    assert_eq!(a.record(far).fields["note"], "北井");
    assert!(b.syncs().nothing_new && a.syncs().nothing_new);
}

#[test]
fn of_a_visit_that_another_tablet_brings_back_the_photo_comes_from_the_one_that_took_it() {
    let mut yesterday = Yesterday::new(Land::default());
    let (a, b) = (yesterday.tablet(1, 0), yesterday.tablet(2, 1));
    a.syncs();
    b.syncs();
    yesterday.backs_up();
    let earlier = copied(a.folder());
    let shot = Attached { question: "photo".to_owned(), bytes: photo(90) };
    let visit = a.visits(yesterday.station.households[0], a_visit("visit"), &[shot]).visit;
    a.syncs();
    let (hash, later) = (photo_of(&a, visit), copied(a.folder()));
    b.syncs();

    yesterday.is_put_back();
    std::fs::remove_file(yesterday.station.folder().join("blobs").join(Blobs::path(hash))).unwrap();
    // A copy of the tablet takes the visit's place in the log, so that whoever has the visit says it anew.
    put_back(&earlier, a.folder());
    let a = a.restarted();
    a.writes(yesterday.station.households[0], "note", "狗");
    a.syncs();
    b.syncs();
    assert!(!yesterday.station.holds(hash));
    put_back(&later, a.folder());
    let a = a.restarted();
    a.syncs();
    assert!(yesterday.station.holds(hash), "it is not only on the tablet that took it");
    b.syncs();
    a.syncs();
    assert!(a.syncs().nothing_new && b.syncs().nothing_new);
    assert!(a.sync_status().unwrap().covered && b.sync_status().unwrap().covered);
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

/// The tablet has what was stored, the copy says that it was refused, and the area is none of the tablet's.
#[test]
fn what_a_station_refused_in_the_copy_that_it_is_put_back_to_stays_on_the_tablet() {
    let mut yesterday = Yesterday::new(Land::default());
    let a = yesterday.tablet(1, 0);
    a.syncs();
    yesterday.closed(|store| std::fs::copy(store, store.with_extension("first")));
    yesterday.station.takes_area(0, yesterday.station.areas[1]);
    let written = a.writes(yesterday.station.households[0], "phone", "13800000007");
    assert_eq!(a.syncs_anew().refused, 1);
    yesterday.backs_up();

    yesterday.closed(|store| std::fs::copy(store.with_extension("first"), store));
    assert_eq!(a.syncs().pushed, 1);
    assert!(stored(&yesterday.station).contains(&written));

    yesterday.is_put_back();
    a.syncs();
    assert!(!stored(&yesterday.station).contains(&written));
    let refused = a.with(|replica, author, _| Ok(replica.refused(author.device)?)).unwrap();
    assert_eq!(refused.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [written]);
}

/// Files a household elsewhere; the revision that says so.
fn moves(yesterday: &Yesterday, household: RecordId, area: usize, parent: RevisionId) -> RevisionId {
    let (area, parents) = (yesterday.station.areas[area], vec![parent]);
    yesterday.station.write(&[ConsoleChange {
        record: household,
        kind: Kind::Household,
        area,
        parents,
        fields: Fields::new(),
    }]);
    yesterday.station.log().last().unwrap().1.revision.id
}

#[test]
fn what_is_sent_after_a_household_came_back_is_not_taken_for_what_left_with_it() {
    let mut yesterday = Yesterday::new(Land::default());
    let tablet = yesterday.tablet(1, 2);
    tablet.syncs();
    let household = yesterday.station.households[0];
    let (root, home) = (tablet.record(household).log[0].id, tablet.record(household).area);
    let home = yesterday.station.areas.iter().position(|area| *area == home).unwrap();
    let away = moves(&yesterday, household, 2, root);
    tablet.writes(household, "note", "狗");
    moves(&yesterday, household, home, away);
    let outcome = tablet.syncs();
    assert_eq!((outcome.pushed, outcome.repaired), (1, 0));
    let status = tablet.sync_status().unwrap();
    assert!(status.covered && status.difference.is_none());
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

    moves(&yesterday, household, 2, old.record(household).log[0].id);

    assert_eq!(old.syncs().pushed, 1, "it hands over what it had");
    assert!(old.with(|replica, author, _| Ok(replica.record(household, author.device)?)).is_err(), "and lets go");
    assert!(old.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).is_err());
    assert_eq!(both.syncs().pushed, 1);
    assert!(both.with(|replica, author, _| Ok(replica.visit(visit, author.officer)?)).is_ok());
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
