//! Tablet and station are found to differ: the Sync screen says what was lacking where, until a receipt states that both hold
//! the same again; and what a receipt covers is never said of more than it covers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::device::Attached;
use ailchin_core::hash::Hash;
use ailchin_core::record::blobs;
use ailchin_core::view::{Difference, Tally};
use ailchin_tests::tablet::{a_visit, photo};
use ailchin_tests::{Land, Station, Tablet};

fn difference(tablet: &Tablet) -> Option<Difference> {
    tablet.sync_status().unwrap().difference
}

fn with_photo(shade: u8) -> Vec<Attached> {
    vec![Attached { question: "photo".to_owned(), bytes: photo(shade) }]
}

#[test]
fn photos_freed_for_space_still_count_as_verified_and_a_colleagues_never_count_as_made_here() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    tablet.visits(station.households[0], a_visit("outreach"), &with_photo(90));
    let before = tablet.sync_status().unwrap().standing;
    assert_eq!((before.made.blobs, before.stored.blobs, before.verified.blobs), (1, 0, 0));
    tablet.syncs();
    let all = Tally { blobs: 1, ..tablet.sync_status().unwrap().standing.made };
    let holds = |tablet: &Tablet| {
        let standing = tablet.sync_status().unwrap().standing;
        assert_eq!([standing.made, standing.sent, standing.stored, standing.verified], [all; 4]);
    };
    holds(&tablet);
    let freed = tablet.with(|replica, _, _| Ok(replica.free_space(u64::MAX)?)).unwrap();
    assert!(freed > 0);
    holds(&tablet);

    let colleague = Tablet::enrolled(2, &station.invite(0));
    colleague.syncs();
    let hash = photo_at(&station);
    colleague.blob(hash).unwrap();
    let standing = colleague.sync_status().unwrap().standing;
    assert_eq!(standing.made, Tally::default(), "what was fetched to be seen was made elsewhere");
}

#[test]
fn a_photo_that_the_station_lost_is_told_until_a_receipt_says_that_it_is_there_again() {
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    tablet.syncs();
    tablet.visits(station.households[0], a_visit("outreach"), &with_photo(90));
    tablet.syncs();
    assert_eq!(difference(&tablet), None, "what waited for the station was no difference");

    station.loses_blob(photo_at(&station));
    tablet.writes(station.households[0], "note", "狗");
    tablet.syncs();
    let told = difference(&tablet).unwrap();
    let receipt = tablet.sync_status().unwrap().receipt.unwrap();
    assert_eq!((told.fetched, told.returned, told.photos), (0, 0, 1));
    assert_eq!((told.settled_by, told.settled_at), (Some(receipt.id), Some(receipt.at)));
    let kept = |tablet: &Tablet| tablet.with(|replica, _, _| Ok(replica.receipts()?)).unwrap();
    assert_eq!(kept(&tablet)[0].difference, Some(told));

    // The next receipt is about something else; the list of receipts still tells it.
    tablet.writes(station.households[0], "note", "两条狗");
    tablet.syncs();
    assert_eq!(difference(&tablet), None);
    assert_eq!((kept(&tablet)[0].difference, kept(&tablet)[1].difference), (None, Some(told)));
}

/// The one photo that the station's log names.
fn photo_at(station: &Station) -> Hash {
    let log = station.log();
    log.iter().find_map(|(_, entry)| Some(blobs(&entry.revision.fields).next()?.0)).expect("a photo")
}
