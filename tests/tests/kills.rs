//! Processes killed with SIGKILL at random moments: of a push (station), of a sync and of a save (tablet).
//!
//! The moment is a seeded number of bytes on the wire and a seeded number of microseconds after it. At the end nothing that
//! was acknowledged is missing, nothing exists twice, and the digests are equal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what is not as expected ends the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use ailchin_core::ids::{DeviceId, RevisionId};
use ailchin_core::record::Entry;
use ailchin_core::world::{Seeded, World as _};
use ailchin_tests::{FaultProxy, Land, NOW, Station, Tablet, TabletProgram, Way};

/// As the issue asks: at least so many of each.
const KILLS: u32 = 100;

/// Bytes that a tablet sends in a sync with one or two changes, and a little more.
const BYTES_UP: u64 = 2_600;

#[test]
fn a_station_killed_in_the_middle_of_pushes_loses_and_doubles_nothing() {
    let mut moments = Moments::seeded(11);
    let mut station = Station::process(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = Tablet::enrolled(21, &station.invite_by(0, &wire.address()));
    tablet.syncs();
    let (mut killed, mut unfinished) = (0, 0);
    for round in 0_usize.. {
        for change in 0..=round % 2 {
            let household = station.households[(round + change) % station.households.len()];
            tablet.writes(household, "note", &format!("第{round}轮 {change}"));
        }
        let station_process = station.process_id();
        let later = moments.below(3_000);
        wire.when_passed(Way::Up, moments.below(BYTES_UP), move || kill_after(station_process, later));
        unfinished += u32::from(tablet.sync().is_err());
        if !wire.still_waits() {
            killed += 1;
            station.kill();
            station.open_process();
            wire.turn_to(&station.address());
        }
        wire.mend();
        tablet.syncs();
        if killed == KILLS {
            break;
        }
        assert!(round < 4 * 100, "only {killed} kills");
    }
    assert!(unfinished > KILLS / 4, "only {unfinished} syncs were cut short: the kills come too late to show anything");
    holds_exactly(&station, tablet.device(), &tablet.log());
    assert!(tablet.sync_status().unwrap().covered, "the receipt covers everything");
    assert!(tablet.syncs().nothing_new);
    let _ = tablet.digests();
}

#[test]
fn a_tablet_killed_in_the_middle_of_syncs_and_saves_loses_and_doubles_nothing() {
    let mut moments = Moments::seeded(12);
    let station = Station::process(Land::default());
    let wire = FaultProxy::to(&station.address());
    let tablet = TabletProgram::enrolled(&station.invite_by(0, &wire.address()));
    tablet.run(&["sync"]).unwrap();
    let mut acknowledged: BTreeSet<RevisionId> = BTreeSet::new();
    let (mut killed_syncs, mut killed_saves) = (0, 0);
    for round in 0_usize.. {
        let household = station.households[round % station.households.len()].to_string();
        let change = format!("note=第{round}轮");
        let edit = ["edit", &household, &change];
        if round % 2 == 0 {
            acknowledged.insert(revision(&tablet.run(&edit).expect("a save that nobody disturbs")));
        } else {
            let save = tablet.begin(&edit);
            kill_after(save.id(), moments.below(250_000));
            match save.wait() {
                (Some(0), printed) => acknowledged.insert(revision(&serde_json::from_str(&printed).unwrap())),
                (code, _) => {
                    assert_eq!(code, None, "a save ends well or is killed: {}", tablet.errors());
                    killed_saves += 1;
                    false
                }
            };
        }
        if killed_syncs < KILLS {
            let (bytes, later) = (moments.below(BYTES_UP), moments.below(3_000));
            let (tell, told) = std::sync::mpsc::channel::<u32>();
            wire.when_passed(Way::Up, bytes, move || kill_after(told.recv().unwrap(), later));
            let sync = tablet.begin(&["sync"]);
            tell.send(sync.id()).unwrap();
            let (code, _) = sync.wait();
            killed_syncs += u32::from(code.is_none());
            wire.mend();
        }
        if killed_syncs >= KILLS && killed_saves >= KILLS / 4 {
            break;
        }
        assert!(round < 5 * 100, "only {killed_syncs} syncs and {killed_saves} saves were killed");
    }
    let last = tablet.run(&["sync"]).expect("a sync that nobody disturbs");
    assert_eq!(last["refused"], 0);
    let log = tablet.log();
    let here: BTreeSet<RevisionId> = log.iter().map(|entry| entry.revision.id).collect();
    assert!(acknowledged.is_subset(&here), "a save that was acknowledged is missing");
    let device = log.iter().find(|entry| acknowledged.contains(&entry.revision.id)).unwrap().revision.device;
    holds_exactly(&station, device, &log);
    assert_eq!(tablet.run(&["check"]).unwrap()["equal"], true);
    assert_eq!(tablet.run(&["receipt"]).unwrap()["covered"], true);
}

/// The station holds what the tablet holds, each once, at positions without gaps, and the device's log without gaps.
fn holds_exactly(station: &Station, device: DeviceId, on_tablet: &[Entry]) {
    let at_station = station.log();
    let positions: Vec<u64> = at_station.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=at_station.len() as u64).collect::<Vec<_>>(), "positions without gaps");
    let bodies = |entries: &mut dyn Iterator<Item = &Entry>| -> BTreeMap<RevisionId, String> {
        entries.map(|entry| (entry.revision.id, entry.body.clone())).collect()
    };
    let there = bodies(&mut at_station.iter().map(|(_, entry)| entry));
    assert_eq!(there.len(), at_station.len(), "no revision is there twice");
    assert_eq!(there, bodies(&mut on_tablet.iter()), "both hold the same bytes");
    let own = at_station.iter().map(|(_, entry)| &entry.revision).filter(|revision| revision.device == device);
    let places: Vec<u64> = own.map(|revision| revision.seq).collect();
    assert_eq!(places, (1..=places.len() as u64).collect::<Vec<_>>(), "the device's log without gaps");
}

fn revision(saved: &serde_json::Value) -> RevisionId {
    RevisionId::parse(saved["revision"].as_str().unwrap()).unwrap()
}

/// Kills a process of ours, some microseconds from now, without waiting for it.
fn kill_after(process: u32, microseconds: u64) {
    std::thread::spawn(move || {
        let until = std::time::Instant::now() + Duration::from_micros(microseconds);
        while let Some(left) = until.checked_duration_since(std::time::Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(std::process::Stdio::null()).status();
    });
}

/// Seeded numbers.
struct Moments(Seeded);

impl Moments {
    fn seeded(seed: u64) -> Self {
        Self(Seeded::new(seed, NOW))
    }

    fn below(&mut self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill_random(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }
}
