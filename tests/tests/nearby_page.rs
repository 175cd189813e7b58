//! The page of nearby tablets, as two officers use it at the same time: found or typed, compared, handed over, brought back;
//! and every way in which it ends early.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use ailchin_core::device::{DeviceError, LocalNetwork, Neighbour, Neighbourhood};
use ailchin_core::error::Code;
use ailchin_core::ids::{DeviceId, StationId};
use ailchin_core::view::{HandedOver, NearbyStage, NearbyStatus, Refusal};
use ailchin_tests::tablet::{PIN, a_visit};
use ailchin_tests::{FaultProxy, Land, Station, Tablet, Way};

/// Longer than anything here takes on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks at a tablet's page until it is as expected.
fn once<T>(tablet: &Tablet, what: &str, right: impl Fn(&NearbyStatus) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let status = tablet.nearby_status().unwrap();
        if let Some(seen) = right(&status) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}: {:?}", status.stage);
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn digits(tablet: &Tablet) -> String {
    once(tablet, "the digits", |status| match &status.stage {
        NearbyStage::Comparing { code, .. } => Some(code.clone()),
        _ => None,
    })
}

fn over(tablet: &Tablet) -> HandedOver {
    once(tablet, "the end", |status| match &status.stage {
        NearbyStage::Done { over, .. } => Some(*over),
        NearbyStage::Ended { refusal, .. } => panic!("it ended early: {refusal:?}"),
        _ => None,
    })
}

fn ended(tablet: &Tablet) -> (Refusal, bool) {
    once(tablet, "the end", |status| match &status.stage {
        NearbyStage::Ended { refusal, moved, .. } => Some((refusal.clone(), *moved)),
        _ => None,
    })
}

fn own_address(status: &NearbyStatus) -> String {
    let NearbyStage::Waiting { addresses, .. } = &status.stage else { panic!("{:?}", status.stage) };
    addresses[0].clone()
}

/// A tablet without a way to the station, and a colleague's that has one.
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
        let carrier = Tablet::enrolled(2, &station.invite(1));
        carrier.syncs();
        giver.syncs();
        // The carrier learns of the giver's tablet, and the giver of the carrier's.
        carrier.syncs();
        wire.cut_after(Way::Up, 0);
        giver.visits(station.households[0], a_visit("outreach"), &[]);
        Self { station, giver, carrier }
    }

    /// The carrier waits, the giver calls it; both see the same digits.
    fn meets(&self) {
        let address = own_address(&self.carrier.nearby_open().unwrap());
        self.giver.nearby_call(&address).unwrap();
        assert_eq!(digits(&self.giver), digits(&self.carrier));
    }

    fn both_confirm(&self) -> (HandedOver, HandedOver) {
        self.giver.nearby_confirm(true).unwrap();
        self.carrier.nearby_confirm(true).unwrap();
        (over(&self.giver), over(&self.carrier))
    }
}

#[test]
fn a_colleague_is_found_by_name_and_carries_the_work_home_and_the_receipt_back() {
    let field = Field::new();
    field.carrier.nearby_open().unwrap();
    field.giver.nearby_look().unwrap();
    let found = once(&field.giver, "the colleague", |status| match &status.stage {
        NearbyStage::Looking { found, blind: false } => found.first().cloned(),
        _ => None,
    });
    assert_eq!(found.device, field.carrier.device());
    assert!(!found.officer_name.zh.is_empty(), "the name comes from the own replica");
    field.giver.nearby_call(&found.address).unwrap();
    assert_eq!(digits(&field.giver), digits(&field.carrier));
    let (given, taken) = field.both_confirm();
    assert_eq!((given.given, taken.taken, given.given_bytes), (1, 1, taken.taken_bytes));
    assert_eq!((given.answer, given.taken), (None, 0));

    let status = field.carrier.nearby_leave().unwrap();
    let [line] = status.carried.as_slice() else { panic!("{:?}", status.carried) };
    assert_eq!((line.device, line.parts, line.answers), (field.giver.device(), 1, 0));
    assert_eq!(line.bytes, taken.taken_bytes);
    assert!(line.since.is_some() && !line.officer_name.zh.is_empty());
    assert!(!field.giver.nearby_leave().unwrap().covered, "nothing is synced before the receipt");

    field.carrier.syncs();
    field.meets();
    let (given, taken) = field.both_confirm();
    assert!(given.answer.unwrap().covered);
    assert_eq!(taken.given, 1);
    let status = field.giver.nearby_status().unwrap();
    assert!(status.covered);
    assert_eq!(status.waiting.revisions, 0);
    assert!(field.station.log().iter().any(|(_, entry)| entry.revision.device == field.giver.device()));
}

#[test]
fn nothing_goes_over_if_the_digits_are_said_to_differ_and_the_other_officer_is_told() {
    let field = Field::new();
    field.meets();
    field.giver.nearby_confirm(true).unwrap();
    field.carrier.nearby_confirm(false).unwrap();
    // The second word of an officer does not count.
    field.carrier.nearby_confirm(true).unwrap();
    assert_eq!(ended(&field.giver), (refusal(Code::NearbyDeclined), false));
    assert_eq!(ended(&field.carrier).0.code, Code::NearbyEnded);
    assert!(field.carrier.nearby_leave().unwrap().carried.is_empty());
}

#[test]
fn whoever_leaves_before_the_digits_were_confirmed_ends_it_for_both() {
    let field = Field::new();
    field.meets();
    field.carrier.nearby_leave().unwrap();
    assert_eq!(ended(&field.giver), (refusal(Code::NearbyDeclined), false));
    assert_eq!(field.carrier.nearby_status().unwrap().stage, NearbyStage::Idle);

    field.meets();
    field.giver.nearby_leave().unwrap();
    assert_eq!(ended(&field.carrier), (refusal(Code::NearbyDeclined), false));
    // Then they meet again and nothing is in the way.
    field.meets();
    let (given, _) = field.both_confirm();
    assert_eq!(given.given, 1);
}

#[test]
fn a_tablet_that_is_locked_waits_no_longer_and_is_not_found() {
    let field = Field::new();
    let address = own_address(&field.carrier.nearby_open().unwrap());
    let officer = field.carrier.state().unwrap().officers[0].id;
    field.carrier.lock();
    assert!(matches!(field.carrier.nearby_open(), Err(DeviceError::Refused(Code::Locked))));
    field.carrier.unlock(officer, &PIN.into()).unwrap();
    assert_eq!(field.carrier.nearby_status().unwrap().stage, NearbyStage::Idle);
    // It hears no call from then on, as soon as its thread has looked.
    let begun = Instant::now();
    while field.giver.meet_taker(address.parse().unwrap()).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "a locked tablet still meets others");
    }
}

#[test]
fn an_address_at_which_nobody_waits_is_told_and_so_is_one_that_is_none() {
    let field = Field::new();
    let address = own_address(&field.carrier.nearby_open().unwrap());
    assert_eq!(field.giver.nearby_call("192.168.8").unwrap_err().code(), Code::FieldWrong);
    field.carrier.nearby_leave().unwrap();
    let begun = Instant::now();
    loop {
        field.giver.nearby_call(&address).unwrap();
        let code = ended(&field.giver).0.code;
        // Until the tablet's thread has looked, its system still takes the call, and lets it drop then.
        if code == Code::NearbyUnreachable {
            break;
        }
        assert_eq!(code, Code::NearbyEnded);
        assert!(begun.elapsed() < PATIENCE);
    }
}

#[test]
fn a_tablet_of_another_station_is_turned_away_and_the_waiting_goes_on() {
    let field = Field::new();
    let elsewhere = Station::process(Land::default());
    let stranger = Tablet::enrolled(9, &elsewhere.invite(0));
    let address = own_address(&field.carrier.nearby_open().unwrap());
    stranger.nearby_look().unwrap();
    let status = stranger.nearby_status().unwrap();
    assert_eq!(status.stage, NearbyStage::Looking { found: Vec::new(), blind: false }, "it is not even shown");
    stranger.nearby_call(&address).unwrap();
    assert_eq!(ended(&stranger).0.code, Code::NearbyElsewhere);
    let passed = once(&field.carrier, "who passed by", |status| match &status.stage {
        NearbyStage::Waiting { passed, .. } => passed.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(passed.code, Code::NearbyElsewhere);
    // Whoever only knocks is no reason to end either.
    drop(std::net::TcpStream::connect(&address).unwrap());
    field.giver.nearby_call(&address).unwrap();
    assert_eq!(digits(&field.giver), digits(&field.carrier));
}

#[test]
fn an_answer_that_was_not_taken_in_is_taken_in_at_the_next_meeting() {
    let field = Field::new();
    field.meets();
    field.both_confirm();
    field.carrier.syncs();
    let carried = field.carrier.folder().join("carried");
    let answer = std::fs::read_dir(&carried).unwrap().next().unwrap().unwrap().path();
    // As if the giver had been killed after the answer came.
    let incoming = field.giver.folder().join("incoming");
    std::fs::rename(&answer, incoming.join(answer.file_name().unwrap())).unwrap();
    field.meets();
    let (given, _) = field.both_confirm();
    assert_eq!(given.taken, 0);
    assert!(given.answer.unwrap().covered);
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);
}

fn refusal(code: Code) -> Refusal {
    Refusal { code, wait_ms: None, field: None, older: None }
}

/// Whether this machine lets multicast through on its loopback.
fn multicast_works() -> bool {
    let group = "224.0.0.251".parse().unwrap();
    let heard = || {
        let hears = UdpSocket::bind("0.0.0.0:0")?;
        hears.join_multicast_v4(&group, &"127.0.0.1".parse().unwrap())?;
        hears.set_read_timeout(Some(Duration::from_millis(500)))?;
        let says = UdpSocket::bind("127.0.0.1:0")?;
        says.set_multicast_loop_v4(true)?;
        says.send_to(b"here", (group, hears.local_addr()?.port()))?;
        hears.recv(&mut [0; 8])
    };
    heard().is_ok()
}

#[test]
fn tablets_find_each_other_by_multicast_where_the_network_lets_it_through() {
    let network = LocalNetwork::on_loopback();
    let listener = network.listen().unwrap();
    let address = listener.local_addr().unwrap();
    let waiting = Neighbour { station: StationId::from_bytes([7; 16]), device: DeviceId::from_bytes([8; 16]), address };
    let announcement = network.announce(waiting).unwrap();
    let look = network.look().unwrap();
    if multicast_works() {
        let until = |what: &str, right: &dyn Fn(&[Neighbour]) -> bool| {
            let begun = Instant::now();
            while !right(&look.found()) {
                assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
                std::thread::park_timeout(Duration::from_millis(20));
            }
        };
        until("the tablet", &|found| found.contains(&waiting));
        drop(announcement);
        until("it to go", &|found| !found.contains(&waiting));
    } else {
        // Nothing hangs, and nothing is made up.
        assert_eq!(look.found(), []);
        drop(announcement);
    }
    assert_eq!(network.addresses(), [address.ip()]);
}
