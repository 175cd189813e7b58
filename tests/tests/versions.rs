//! Tablets and stations of different years: they understand each other where they can, and say who is to be updated where not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::AtomicBool;

use ailchin_core::device::{self, DeviceError, Sending, Sides, StationDoors, Transport, Upload};
use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, RecordId};
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Author, Change, Replica, WaitingBlob};
use ailchin_core::sync::{
    Apart, EnrolRequest, FetchRequest, GiveAnswer, IdentityRequest, Invite, Older, PlacesAnswer, PlacesRequest,
    PushAnswer, RangesAnswer, RangesRequest, Receipt, ReceiptRequest, Session, StateAnswer, StateQuery, Versions,
    read_lines, write_batch,
};
use ailchin_core::world::Seeded;
use ailchin_tests::{FaultProxy, Land, NOW, Station, Tablet, TabletProgram};
use ed25519_dalek::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

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

/// A station of next year that still speaks version 1: it says more than it was asked, and has a verdict of its own for what it
/// does not take.
struct NextYear(Transport);

/// An answer as that station writes it, read by today's program.
fn said<T: Serialize + DeserializeOwned>(answer: &T) -> T {
    fn more(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.values_mut().for_each(more);
                if members.remove("refused").is_some() {
                    members.insert("held_back".to_owned(), json!({ "until": "the chief has seen it" }));
                }
                members.insert("of_next_year".to_owned(), json!([1, { "deep": null }]));
            }
            Value::Array(items) => items.iter_mut().for_each(more),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(answer).unwrap();
    more(&mut value);
    serde_json::from_value(value).unwrap()
}

type Answer<T> = Result<T, DeviceError>;

impl StationDoors for NextYear {
    fn token(&self) -> Option<&str> {
        self.0.token()
    }

    fn log_in(&mut self, device: DeviceId, key: &SigningKey) -> Answer<Session> {
        self.0.log_in(device, key).map(|answer| said(&answer))
    }

    fn state(&self, query: StateQuery) -> Answer<StateAnswer> {
        self.0.state(query).map(|answer| said(&answer))
    }

    fn push(&self, batch: Vec<u8>) -> Answer<PushAnswer> {
        self.0.push(batch).map(|answer| said(&answer))
    }

    fn pack(&self, hash: Hash) -> Answer<Vec<u8>> {
        self.0.pack(hash)
    }

    fn pull(&self, after: u64) -> Answer<Vec<u8>> {
        let lines = read_lines(&self.0.pull(after)?).unwrap();
        let more = |line: &String| line.replacen('{', "{\"of_next_year\":[true],", 1);
        Ok(write_batch(lines.iter().map(more).collect::<Vec<_>>().iter().map(String::as_str)).unwrap())
    }

    fn receipt(&self, request: &ReceiptRequest) -> Answer<Option<Receipt>> {
        Ok(self.0.receipt(request)?.map(|answer| said(&answer)))
    }

    fn places(&self, request: &PlacesRequest) -> Answer<PlacesAnswer> {
        self.0.places(request).map(|answer| said(&answer))
    }

    fn take_name(&self, request: IdentityRequest) -> Answer<()> {
        self.0.take_name(request)
    }

    fn show_receipt(&self, receipt: &Receipt) -> Answer<()> {
        self.0.show_receipt(receipt)
    }

    fn ranges(&self, request: &RangesRequest) -> Answer<RangesAnswer> {
        self.0.ranges(request).map(|answer| said(&answer))
    }

    fn fetch(&self, request: &FetchRequest) -> Answer<Vec<u8>> {
        self.0.fetch(request)
    }

    fn give(&self, batch: Vec<u8>) -> Answer<GiveAnswer> {
        self.0.give(batch).map(|answer| said(&answer))
    }

    fn show_enrolment(&self, batch: Vec<u8>) -> Answer<()> {
        self.0.show_enrolment(batch)
    }

    fn begin_blob(&self, blob: &WaitingBlob, whole: Option<&[u8]>) -> Answer<Upload> {
        self.0.begin_blob(blob, whole)
    }

    fn blob_at(&self, address: &str) -> Answer<Option<Upload>> {
        self.0.blob_at(address)
    }

    fn send_part(&self, upload: &Upload, bytes: &[u8]) -> Answer<u64> {
        self.0.send_part(upload, bytes)
    }
}

#[test]
fn a_tablet_of_today_syncs_with_a_station_of_next_year_and_takes_no_unknown_verdict_for_an_acceptance() {
    let station = Station::here(Land::default());
    let world = Seeded::new(5, NOW);
    let signing = SigningKey::from_bytes(&[5; 32]);
    let device = DeviceId::new(&world);
    let invite = Invite::read(&station.invite(2)).unwrap();
    let mut doors = NextYear(Transport::to(&invite.address, None, None).unwrap());
    let request = EnrolRequest { token: invite.token, device, key: signing.verifying_key() };
    let enrolled = said(&doors.0.enrol(&request).unwrap());
    let mut replica = Replica::in_memory().unwrap();
    replica.set_scopes(&enrolled.scopes).unwrap();

    let author = Author { device, officer: enrolled.officer };
    let mut save = |area, name: &str| {
        let fields = Fields::from([("name_zh".to_owned(), json!(name))]);
        let change = Change { record: RecordId::new(&world), kind: Kind::named("camel_count"), area, fields };
        replica.save(author, &world, &[change]).unwrap();
    };
    // The officer does not hold the second gacha.
    save(station.areas[1], "在这里");
    save(station.areas[2], "在那里");
    save(station.areas[1], "也在这里");

    let report = device::run(&mut Sides {
        replica: &mut replica,
        station: &mut doors,
        world: &world,
        device,
        signing: &signing,
        station_key: &enrolled.station_key,
        stop: &AtomicBool::new(false),
        sending: Sending { photos: true, bytes_a_second: None, pause: &|_| {} },
        progress: &|_| {},
    });
    let outcome = report.unwrap().outcome;
    assert_eq!((outcome.pushed, outcome.refused), (2, 1));
    assert!(outcome.pulled > 0 && replica.holdings(device).unwrap().covered);
    let aside = replica.refused(device).unwrap();
    assert_eq!(aside.iter().map(|entry| (entry.seq, entry.code)).collect::<Vec<_>>(), [(2, Code::Unknown)]);
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
