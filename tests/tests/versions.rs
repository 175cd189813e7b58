//! Tablets and stations of different years: they understand each other where they can, and say who is to be updated where not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::device::{DeviceError, Transport};
use ailchin_core::error::Code;
use ailchin_core::sync::{Apart, Older, Versions};
use ailchin_tests::{FaultProxy, Land, Station, Tablet, TabletProgram};

fn versions(text: &str) -> Versions {
    Versions::read(text).unwrap()
}

#[test]
fn a_tablet_that_is_too_old_says_so_works_on_and_syncs_once_the_station_speaks_its_version_again() {
    let mut station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.syncs();

    station.speaks(versions("2-3"));
    wire.turn_to(&station.address());
    tablet.writes(station.households[0], "phone", "13900000001");
    assert_eq!(tablet.sync_fails(), Code::ProtocolUnknown);
    let told = tablet.sync_status().unwrap();
    let why = told.last_error.unwrap();
    assert_eq!((why.code, why.older), (Code::ProtocolUnknown, Some(Older::Tablet)));
    assert_eq!((told.waiting.revisions, tablet.page(station.households[0]).phone.as_str()), (1, "13900000001"));

    // A station that speaks more than the tablet.
    station.speaks(versions("1-3"));
    wire.turn_to(&station.address());
    assert_eq!(tablet.syncs().pushed, 1);
    assert!(tablet.sync_status().unwrap().covered);
}

#[test]
fn a_tablet_of_the_next_version_understands_todays_station_if_it_still_speaks_version_one() {
    let station = Station::here(Land::default());
    let speaking = |range| Transport::to(&station.address(), None, None).unwrap().speaking(versions(range));
    speaking("1-2").probe().unwrap();
    match speaking("2-3").probe() {
        Err(DeviceError::Apart(apart)) => {
            assert_eq!(apart, Apart { tablet: versions("2-3"), station: versions("1") });
            assert_eq!(apart.older(), Older::Station);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_says_both_ranges_and_which_side_to_update() {
    let mut station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = TabletProgram::enrolled(&station.invite_by(0, &wire.address()));
    station.speaks(versions("4-5"));
    wire.turn_to(&station.address());
    assert_eq!(tablet.begin(&["sync"]).wait().0, Some(3), "somebody has to change something");
    let said = tablet.errors();
    assert!(said.contains("the tablet speaks protocol 1, the station 4-5: update the tablet"), "{said}");
}
