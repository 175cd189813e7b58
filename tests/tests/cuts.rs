//! The wire is cut after every byte of a short exchange, in both directions; then it is whole again.
//!
//! After each cut: what was recorded is at the station once, what others recorded is on the tablet once, digests are equal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use ailchin_core::ids::RevisionId;
use ailchin_core::record::Fields;
use ailchin_tests::tablet::PIN;
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};
use serde_json::json;

#[test]
fn a_wire_cut_after_every_byte_to_the_station_loses_and_doubles_nothing() {
    cut_after_every_byte(Way::Up);
}

#[test]
fn a_wire_cut_after_every_byte_to_the_tablet_loses_and_doubles_nothing() {
    cut_after_every_byte(Way::Down);
}

/// One exchange after the other, each with something to send and something to fetch, each cut one byte later than the one
/// before, until one is so short that it is over before the cut.
fn cut_after_every_byte(way: Way) {
    let station = Station::here(Land { households: 40, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let other = Tablet::enrolled(2, &station.invite(1));
    tablet.syncs();
    other.syncs();
    let mut written = station.log().iter().map(|(_, entry)| entry.revision.id).collect::<BTreeSet<_>>();
    let mut cuts = 0;
    for bytes in 0.. {
        let household = |n: u64| station.households[usize::try_from(n).unwrap() % station.households.len()];
        let note = format!("{way:?} {bytes}");
        written.insert(other.writes(household(bytes), "note", &note));
        other.syncs();
        // Every other time the same household, so that there is something to decide too.
        written.insert(tablet.writes(household(bytes + bytes % 2), "phone", &bytes.to_string()));

        wire.cut_after(way, bytes);
        let over = tablet.sync().is_ok();
        if over {
            // Not one byte more than the cuts that were made.
            assert!(wire.passed().bytes(way) <= bytes);
            break;
        }
        assert!(!wire.still_waits(), "an exchange of fewer than {bytes} bytes failed");
        cuts += 1;
        wire.mend();
        let outcome = tablet.syncs();
        assert!(outcome.pushed <= 1 && outcome.pulled <= 1, "{outcome:?} after byte {bytes}");
        agreed(&station, &tablet, written.len());
    }
    wire.mend();
    tablet.syncs();
    assert!(cuts > 1_000, "an exchange has more than {cuts} bytes");
    at_the_end(&station, &[&tablet, &other], &written);
}

/// A quick look: the receipt covers all there is, and it is as much as was written.
fn agreed(station: &Station, tablet: &Tablet, written: usize) {
    let status = tablet.sync_status().unwrap();
    let receipt = status.receipt.unwrap();
    assert!(status.covered);
    assert_eq!((receipt.count, receipt.own_stored), (written as u64, receipt.own_total));
    assert_eq!(station.store().stations().unwrap()[0].next_position - 1, written as u64);
}

/// Every revision that was ever written is everywhere, once.
fn at_the_end(station: &Station, tablets: &[&Tablet], written: &BTreeSet<RevisionId>) {
    let log: Vec<_> = station.log().into_iter().map(|(_, entry)| entry).collect();
    assert_eq!(log.len(), written.len());
    assert_eq!(&log.iter().map(|entry| entry.revision.id).collect::<BTreeSet<_>>(), written);
    let places: BTreeMap<RevisionId, u64> = station.log().iter().map(|(at, entry)| (entry.revision.id, *at)).collect();
    for tablet in tablets {
        tablet.syncs();
        for line in station.households.iter().flat_map(|household| tablet.record(*household).log) {
            assert_eq!(line.position, Some(places[&line.id]), "both know the same place in the feed");
        }
        let mut here = tablet.log();
        let mut there = log.clone();
        here.sort_by_key(|entry| entry.revision.id);
        there.sort_by_key(|entry| entry.revision.id);
        assert_eq!(here, there);
        assert_eq!(tablet.digests(), tablets[0].digests());
    }
}

#[test]
fn an_enrolment_cut_anywhere_goes_on_with_the_same_invite_and_lets_one_tablet_in() {
    // Deriving a key from a PIN takes long on purpose, so that not every byte is tried here.
    const STEP: usize = 97;
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let mut tablets = 0;
    for way in [Way::Up, Way::Down] {
        for bytes in (1_u64..).step_by(STEP) {
            let invite = station.invite_by(0, &wire.address());
            let tablet = Tablet::unpacked(bytes * 2 + u64::from(way == Way::Up));
            wire.cut_after(way, bytes);
            let over = tablet.enrol(&invite, &PIN.into()).is_ok();
            wire.mend();
            if !over {
                tablet.enrol(&invite, &PIN.into()).unwrap();
            }
            tablets += 1;
            assert_eq!(tablet.syncs().pulled, station.log().len() as u64);
            let let_in = station.store().devices(station.id).unwrap();
            assert_eq!(let_in.iter().filter(|device| device.officer.is_some()).count(), tablets, "one for each");
            if over {
                break;
            }
        }
    }
    assert!(tablets > 10);
}

#[test]
fn a_first_sync_that_is_cut_again_and_again_goes_on_where_it_was() {
    let station = Station::here(Land { households: 2_000, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let change = Fields::from([("note".to_owned(), json!("ᠠᠶᠢᠯ"))]);
    let mut bytes = 200;
    wire.cut_after(Way::Down, bytes);
    while tablet.sync().is_err() {
        bytes *= 2;
        wire.cut_after(Way::Down, bytes);
    }
    assert!(bytes > 1_000);
    assert!(tablet.sync_status().unwrap().covered);
    tablet.edit(station.households[1_999], change).unwrap();
    assert_eq!(tablet.syncs().pushed, 1);
    assert_eq!(tablet.finds("bte").len(), 100);
}
