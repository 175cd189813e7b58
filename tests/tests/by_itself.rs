//! A tablet that nobody tells to sync does so whenever the station is there, one at a time, and never in the way of a save.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use ailchin_core::error::Code;
use ailchin_core::sync::Rhythm;
use ailchin_core::view::{SyncSettings, SyncStatus};
use ailchin_core::world::World as _;
use ailchin_tests::tablet::PIN;
use ailchin_tests::{FaultProxy, Land, NOW, Station, Tablet, TabletProgram, Way};
use serde_json::json;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A day in a second, but for the looks at what others did.
const QUICK: Rhythm =
    Rhythm { soon_ms: 10, saved_ms: 10, idle_ms: 7_200_000, retry_ms: 10, waiting_cap_ms: 100, idle_cap_ms: 200 };

fn until(what: &str, is: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn status(tablet: &Tablet) -> SyncStatus {
    tablet.sync_status().unwrap()
}

/// Everything here is at the station, and no sync is under way.
fn rests(tablet: &Tablet) -> bool {
    let status = status(tablet);
    status.covered && status.running.is_none() && status.by_itself.next_in_ms.is_some()
}

/// Stops the wire in the middle of what the station says, until the sender is dropped or used.
fn held(wire: &FaultProxy, bytes: u64) -> (Receiver<()>, Sender<()>) {
    let ((tell, told), (release, released)) = (channel(), channel());
    wire.when_passed(Way::Down, bytes, move || {
        tell.send(()).unwrap();
        let _ = released.recv_timeout(PATIENCE);
    });
    (told, release)
}

#[test]
fn a_tablet_that_comes_home_syncs_by_itself_and_a_silent_station_is_no_error() {
    let mut station = Station::here(Land { tls: true, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &format!("https://{}", wire.host())));
    tablet.sync_by_itself(QUICK);
    until("the first receipt", || rests(&tablet));

    station.close();
    tablet.writes(station.households[0], "phone", "13900000001");
    until("a probe without an answer", || status(&tablet).by_itself.last_probe.is_some_and(|probe| !probe.answered));
    let away = status(&tablet);
    assert!(!away.covered && away.last_error.is_none() && away.waiting.revisions == 1, "{away:?}");
    assert!(away.by_itself.on);

    station.open_here();
    wire.turn_to(&station.address());
    until("the receipt of the day", || rests(&tablet));
    let home = status(&tablet);
    assert!(home.by_itself.last_probe.is_some_and(|probe| probe.answered));
    assert!(home.by_itself.next_in_ms.is_some_and(|ms| ms > QUICK.idle_ms / 4), "{home:?}");
    assert_eq!(station.log().len() as u64, home.receipt.unwrap().count);
}

#[test]
fn somebody_elses_network_is_not_the_station() {
    let station = Station::here(Land { tls: true, ..Land::default() });
    let other = Station::here(Land { tls: true, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &format!("https://{}", wire.host())));
    wire.turn_to(&other.address());
    wire.mend();
    assert_eq!(tablet.probe().unwrap_err().code(), Code::CertificateChanged);
    wire.turn_to(&station.address());
    wire.mend();
    tablet.probe().unwrap();
    let passed = wire.passed();
    assert!(passed.connections == 1 && passed.up + passed.down < 4_096, "{passed:?}");
}

#[test]
fn a_probe_of_a_plain_station_is_a_few_hundred_bytes_each_way() {
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    wire.mend();
    tablet.probe().unwrap();
    let passed = wire.passed();
    assert!(passed.up < 300 && passed.down < 300 && passed.round_trips == 1, "{passed:?}");
    wire.cut();
    assert_eq!(tablet.probe().unwrap_err().code(), Code::StationUnreachable);
}

#[test]
fn saving_goes_on_while_a_sync_hangs_in_the_middle_of_a_pull_and_what_was_saved_goes_with_the_next() {
    let station = Station::here(Land { households: 400, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let first = station.households[0];
    tablet.syncs();
    let changes = station.households.iter().map(|household| (*household, "说明".repeat(20)));
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    for (household, note) in changes {
        other.writes(household, "note", &format!("{note}{household}"));
    }
    other.syncs();

    let (reached, release) = held(&wire, 6_000);
    tablet.sync_by_itself(QUICK);
    reached.recv_timeout(PATIENCE).unwrap();
    assert!(status(&tablet).running.is_some());

    // On a thread of its own: a save that waited for the sync would wait for ever.
    let (tell, told) = channel();
    let core = std::sync::Arc::clone(&tablet);
    std::thread::spawn(move || {
        let fields = [("phone".to_owned(), json!("13900000002"))].into();
        tell.send(core.edit(first, fields).unwrap().revision).unwrap();
    });
    let saved = told.recv_timeout(PATIENCE).expect("a save does not wait for a sync");
    assert_eq!(tablet.page(first).phone, "13900000002");
    assert!(status(&tablet).running.is_some() && status(&tablet).waiting.revisions == 1);

    drop(release);
    until("the receipt over both", || rests(&tablet));
    assert_eq!(station.log().iter().filter(|(_, entry)| entry.revision.id == saved).count(), 1);
    assert_eq!(tablet.log().len(), station.log().len());
    let _ = tablet.digests();
}

#[test]
fn a_stopped_sync_loses_nothing_is_not_begun_again_by_itself_and_goes_on_by_hand() {
    let station = Station::here(Land { households: 200, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let (reached, release) = held(&wire, 3_000);
    tablet.sync_by_itself(QUICK);
    reached.recv_timeout(PATIENCE).unwrap();
    tablet.sync_stop();
    drop(release);
    until("the end of the stopped sync", || status(&tablet).running.is_none());
    let stopped = status(&tablet);
    assert_eq!(stopped.last_error.unwrap().code, Code::SyncStopped);
    assert!(stopped.by_itself.next_in_ms.is_some_and(|ms| ms > QUICK.idle_ms / 4), "an officer's stop is a stop");
    tablet.syncs();
    assert!(status(&tablet).covered);
}

#[test]
fn of_two_programs_on_one_replica_one_syncs_at_a_time_and_both_go_on() {
    let station = Station::here(Land { households: 200, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let one = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    one.syncs();
    let other = one.opened_twice();
    // In the answer to the push.
    one.writes(station.households[1], "phone", "13900000003");
    let (reached, release) = held(&wire, 800);
    one.sync_by_itself(QUICK);
    reached.recv_timeout(PATIENCE).unwrap();

    assert_eq!(other.sync_fails(), Code::SyncRunning);
    assert_eq!(one.sync_fails(), Code::SyncRunning);
    other.sync_by_itself(QUICK);
    until("the other one's probe", || status(&other).by_itself.last_probe.is_some());
    other.writes(station.households[0], "phone", "13900000003");
    assert!(status(&one).running.is_some() && status(&other).running.is_none());
    drop(release);
    until("both at rest", || rests(&one) && rests(&other));
    assert!(status(&one).last_error.is_none() && status(&other).last_error.is_none());

    for round in 0..10 {
        one.writes(station.households[1], "note", &format!("一{round}"));
        other.writes(station.households[2], "note", &format!("二{round}"));
    }
    until("both at rest again", || rests(&one) && rests(&other));
    assert_eq!(station.log().len(), one.log().len());
    assert_eq!(one.digests(), other.digests());
}

#[test]
fn a_second_process_is_told_that_a_sync_runs_and_syncs_at_once_after_the_first_was_killed() {
    let station = Station::here(Land { households: 200, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = TabletProgram::enrolled(&station.invite_by(0, &wire.address()));
    let (reached, release) = held(&wire, 3_000);
    let syncing = tablet.begin(&["sync"]);
    reached.recv_timeout(PATIENCE).unwrap();

    let (code, _) = tablet.begin(&["sync"]).wait();
    assert_eq!(code, Some(4), "try again later");
    assert!(tablet.errors().contains("sync_running"), "{}", tablet.errors());
    assert!(tablet.run(&["edit", &station.households[0].to_string(), "phone=1"]).is_none(), "nothing was pulled yet");

    syncing.killer().kill();
    drop(release);
    wire.mend();
    assert!(tablet.run(&["sync"]).is_some(), "{}", tablet.errors());
    assert_eq!(tablet.run(&["receipt"]).unwrap()["covered"], json!(true));
}

#[test]
fn an_expired_login_is_renewed_inside_the_sync_also_in_its_middle() {
    let station = Station::here(Land { households: 200, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    tablet.sync_by_itself(QUICK);
    until("the first receipt", || rests(&tablet));

    station.logs_everybody_out();
    tablet.writes(station.households[0], "phone", "13900000004");
    until("a receipt after the login", || rests(&tablet));

    // The answer to the probe and a part of the next one: the token is good at the beginning and not at the end.
    let (reached, release) = held(&wire, 400);
    tablet.writes(station.households[0], "phone", "13900000005");
    reached.recv_timeout(PATIENCE).unwrap();
    station.logs_everybody_out();
    drop(release);
    until("a receipt after the second login", || rests(&tablet));
    assert!(status(&tablet).last_error.is_none());
}

#[test]
fn nothing_is_asked_while_it_is_switched_off_or_locked() {
    let station = Station::here(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(1, &station.invite_by(0, &wire.address()));
    let off = SyncSettings { by_itself: false, ..SyncSettings::default() };
    assert_eq!(tablet.set_sync_settings(off).unwrap(), off);
    wire.mend();
    tablet.sync_by_itself(QUICK);
    tablet.syncs();
    let by_hand = wire.passed();
    tablet.writes(station.households[0], "phone", "13900000006");
    assert_eq!((status(&tablet).by_itself.next_in_ms, status(&tablet).by_itself.on), (None, false));

    tablet.lock();
    assert_eq!(tablet.sync_status().unwrap_err().code(), Code::Locked);
    tablet.unlock(tablet.state().unwrap().officers[0].id, &PIN.into()).unwrap();
    assert_eq!((status(&tablet).by_itself.next_in_ms, wire.passed()), (None, by_hand));

    tablet.set_sync_settings(SyncSettings::default()).unwrap();
    until("the receipt after it was switched on", || rests(&tablet));
    tablet.lock();
    tablet.unlock(tablet.state().unwrap().officers[0].id, &PIN.into()).unwrap();
    assert!(status(&tablet).by_itself.on);
}

#[test]
fn a_tablet_that_slept_looks_at_once_and_a_clock_set_back_years_delays_nothing() {
    const YEARS_MS: i64 = 20 * 365 * 86_400_000;
    let station = Station::here(Land::default());
    let tablet = Tablet::enrolled(1, &station.invite(0));
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    tablet.sync_by_itself(QUICK);
    until("the first receipt", || rests(&tablet));

    other.writes(station.households[0], "phone", "13900000007");
    other.syncs();
    tablet.clock().advance_ms(8 * 3_600_000);
    // Any change of the settings lets the waiting thread look at the clock.
    tablet.set_sync_settings(SyncSettings::default()).unwrap();
    until("what came overnight", || tablet.page(station.households[0]).phone == "13900000007");

    for jump in [-YEARS_MS, 2 * YEARS_MS, -YEARS_MS] {
        until("rest", || rests(&tablet));
        tablet.clock().advance_ms(jump);
        let phone = format!("{}", 13_900_000_008 + jump.signum());
        tablet.writes(station.households[0], "phone", &phone);
        until("the receipt in another year", || rests(&tablet));
        assert_eq!(station.log().last().unwrap().1.revision.fields["phone"], json!(phone));
    }
    assert_eq!(tablet.clock().now().since(NOW), 8 * 3_600_000);
}
