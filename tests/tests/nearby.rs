//! Two tablets on one network: one without a way to the station gives its work to one that has, and gets its receipt back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use ailchin_core::device::Attached;
use ailchin_core::device::{self, DeviceError, Meeting};
use ailchin_core::error::Code;
use ailchin_core::view::HandedOver;
use ailchin_tests::tablet::a_visit;
use ailchin_tests::{Dice, FaultProxy, Land, Station, Tablet, Way};

/// A giver who finds no station, and a colleague who does.
struct Field {
    station: Station,
    giver: Tablet,
    carrier: Tablet,
}

impl Field {
    fn new() -> Self {
        let station = Station::here(Land::default());
        let wire = FaultProxy::to(&station.address());
        let giver = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
        giver.syncs();
        wire.cut_after(Way::Up, 0);
        let carrier = Tablet::enrolled(2, &station.invite(1));
        carrier.syncs();
        let photo = Attached { question: "photo".to_owned(), bytes: grainy() };
        giver.visits(station.households[0], a_visit("outreach"), &[photo]);
        Self { station, giver, carrier }
    }

    fn stored(&self) -> usize {
        let own = self.giver.device();
        self.station.log().iter().filter(|(_, entry)| entry.revision.device == own).count()
    }
}

/// A photo that cannot be packed small.
fn grainy() -> Vec<u8> {
    let mut dice = Dice::new(7);
    let mut grain = || u8::try_from(dice.below(256)).unwrap();
    let picture = image::RgbImage::from_fn(320, 240, |_, _| image::Rgb([grain(), grain(), grain()]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

type Met = (Meeting, Meeting);
type Gone = (Result<HandedOver, DeviceError>, Result<HandedOver, DeviceError>);

/// The giver and the taker meet, perhaps through a wire that breaks.
fn meet(giver: &Tablet, taker: &Tablet, through: Option<&FaultProxy>) -> Met {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = listener.local_addr().unwrap();
    let address: SocketAddr = match through {
        Some(wire) => {
            wire.turn_to(&format!("http://{there}"));
            wire.address().trim_start_matches("http://").parse().unwrap()
        }
        None => there,
    };
    let core: Arc<device::Tablet> = Arc::clone(taker);
    let waits = thread::spawn(move || core.meet_giver(&listener).unwrap());
    (giver.meet_taker(address).unwrap(), waits.join().unwrap())
}

/// Both officers confirm.
fn confirm(giver: &Tablet, taker: &Tablet, (gives, takes): Met) -> Gone {
    let core: Arc<device::Tablet> = Arc::clone(taker);
    let taking = thread::spawn(move || core.confirmed(takes));
    (giver.confirmed(gives), taking.join().unwrap())
}

#[test]
fn work_goes_with_a_colleague_and_the_receipt_comes_back() {
    let field = Field::new();
    let met = meet(&field.giver, &field.carrier, None);
    assert_eq!(met.0.code(), met.1.code());
    assert_eq!((met.0.code().len(), met.0.other(), met.1.other()), (6, field.carrier.device(), field.giver.device()));
    let (given, taken) = confirm(&field.giver, &field.carrier, met);
    assert_eq!((given.unwrap().given, taken.unwrap().taken), (1, 1));
    let carried = field.carrier.carried().unwrap()[&field.giver.device()];
    assert_eq!((carried.parts, carried.answers, field.stored()), (1, 0, 0));
    assert!(!field.giver.bundle_status().unwrap().covered, "nothing is synced before the receipt");

    field.carrier.syncs();
    assert!(field.stored() > 0);
    let carried = field.carrier.carried().unwrap()[&field.giver.device()];
    assert_eq!((carried.parts, carried.answers), (0, 1));

    let met = meet(&field.giver, &field.carrier, None);
    let (given, taken) = confirm(&field.giver, &field.carrier, met);
    let answer = given.unwrap().answer.unwrap();
    assert!(answer.receipt && answer.covered);
    assert_eq!(taken.unwrap().given, 1);
    assert!(field.giver.bundle_status().unwrap().covered);
    let stored = field.stored();
    field.carrier.syncs();
    assert_eq!(field.stored(), stored, "what is carried twice is there once");
}

#[test]
fn every_meeting_has_its_own_code_and_nothing_goes_over_unless_both_confirm() {
    let field = Field::new();
    let (one, other) = (meet(&field.giver, &field.carrier, None), meet(&field.giver, &field.carrier, None));
    assert_ne!(one.0.code(), other.0.code());
    let (gives, takes) = one;
    drop(takes);
    assert_eq!(field.giver.confirmed(gives).unwrap_err().code(), Code::NearbyEnded);
    let (gives, takes) = other;
    drop(gives);
    assert_eq!(field.carrier.confirmed(takes).unwrap_err().code(), Code::NearbyEnded);
    assert!(field.carrier.carried().unwrap().is_empty());
}

#[test]
fn somebody_in_between_is_seen_by_the_code() {
    let field = Field::new();
    // In between: a taker for the giver, a giver for the carrier.
    let between = Tablet::enrolled(3, &field.station.invite(2));
    let (gives, _) = meet(&field.giver, &between, None);
    let (_, takes) = meet(&between, &field.carrier, None);
    assert_ne!(gives.code(), takes.code());
}

#[test]
fn a_transfer_that_breaks_goes_on_where_it_was() {
    let field = Field::new();
    let wire = FaultProxy::to(&field.station.address());
    drop(meet(&field.giver, &field.carrier, Some(&wire)));
    let meeting = wire.passed().up;
    wire.cut_after(Way::Up, meeting + 60_000);
    let met = meet(&field.giver, &field.carrier, Some(&wire));
    let (given, taken) = confirm(&field.giver, &field.carrier, met);
    assert_eq!((given.unwrap_err().code(), taken.unwrap_err().code()), (Code::NearbyEnded, Code::NearbyEnded));
    assert!(field.carrier.carried().unwrap().is_empty(), "a part that is not whole is none");
    wire.mend();
    let begun: u64 = std::fs::read_dir(field.carrier.folder().join("carried"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(begun > 0);
    let met = meet(&field.giver, &field.carrier, Some(&wire));
    let before = wire.passed().up;
    let (given, taken) = confirm(&field.giver, &field.carrier, met);
    assert_eq!((given.unwrap().given, taken.unwrap().taken), (1, 1));
    let whole = field.carrier.carried().unwrap()[&field.giver.device()].bytes;
    let sent = wire.passed().up - before;
    assert!(sent < whole, "{sent} bytes of {whole}, {begun} were there");
    field.carrier.syncs();
    assert!(field.stored() > 0);
}

#[test]
fn a_tablet_of_another_station_is_not_given_anything() {
    let field = Field::new();
    let elsewhere = Station::process(Land::default());
    let stranger = Tablet::enrolled(9, &elsewhere.invite(0));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = listener.local_addr().unwrap();
    let core: Arc<device::Tablet> = Arc::clone(&stranger);
    let waits = thread::spawn(move || core.meet_giver(&listener).unwrap_err().code());
    assert_eq!(field.giver.meet_taker(there).unwrap_err().code(), Code::NearbyElsewhere);
    assert_eq!(waits.join().unwrap(), Code::NearbyElsewhere);
}
