//! Programs end in the middle of what they do, as in a power cut: the station's a hundred times, the tablet's two hundred.
//!
//! Everything that a program said it had saved is there afterwards, once, and digests are equal. When a program is killed is
//! chosen by a seed: at a byte on the wire, so many microseconds after it, or after so many microseconds of its work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use ailchin_core::device::Attached;
use ailchin_core::ids::{DeviceId, RevisionId};
use ailchin_core::record::Entry;
use ailchin_tests::tablet::{a_visit, photo};
use ailchin_tests::{Dice, FaultProxy, Land, Station, Tablet, TabletProgram, Way};
use serde_json::{Value, json};

const KILLS: u32 = 100;

#[test]
fn a_station_killed_a_hundred_times_while_tablets_push_loses_and_doubles_nothing() {
    station_is_killed(Land { households: 20, ..Land::default() }, 1, KILLS);
}

#[test]
fn a_station_on_postgres_killed_while_tablets_push_loses_and_doubles_nothing() {
    station_is_killed(Land { households: 20, postgres: true, ..Land::default() }, 3, KILLS / 4);
}

fn station_is_killed(land: Land, seed: u64, kills: u32) {
    let mut dice = Dice::new(seed);
    let mut station = Station::process(land);
    let wire = FaultProxy::to(&station.address());
    let tablets = [0, 1].map(|n| Tablet::enrolled(1 + n as u64, &station.invite_by(n, &wire.address())));
    let mut saved: BTreeMap<RevisionId, DeviceId> = BTreeMap::new();
    for tablet in &tablets {
        tablet.syncs();
    }
    let (mut killed, mut cut_short) = (0, 0);
    // As long as an exchange was: a kill may come at any byte of the next one.
    let mut length = [600, 600];
    while killed < kills {
        let tablet = &tablets[usize::try_from(dice.below(2)).unwrap()];
        work(tablet, &station, &mut dice, &mut saved);
        let (way, most) = if dice.below(2) == 0 { (Way::Up, length[0]) } else { (Way::Down, length[1]) };
        let killer = station.killer();
        let later_us = soon(&mut dice);
        wire.when_passed(way, 1 + dice.below(most), move || after_us(later_us, move || killer.kill()));
        let over = tablet.sync().is_ok();
        if wire.still_waits() {
            assert!(over);
            length = [wire.passed().up, wire.passed().down];
            continue;
        }
        killed += 1;
        cut_short += u32::from(!over);
        station.kill();
        station.open_process();
        wire.turn_to(&station.address());
        wire.mend();
        tablet.syncs();
        length = [length[0].max(wire.passed().up), length[1].max(wire.passed().down)];
        assert!(tablet.sync_status().unwrap().covered, "after kill {killed}");
    }
    assert!(saved.len() > 3 * kills as usize && cut_short > kills / 2, "{} saved, {cut_short} cut short", saved.len());
    wire.mend();
    for tablet in tablets.iter().chain(&tablets) {
        tablet.syncs();
    }
    station.kill();
    assert!(land.postgres || station.is_sound());
    let log = once_each(&station, &saved);
    for tablet in &tablets {
        assert_eq!(by_id(tablet.log()), log);
        assert_eq!(tablet.digests(), tablets[0].digests());
        let receipt = tablet.sync_status().unwrap().receipt.unwrap();
        let own = saved.values().filter(|device| **device == tablet.device()).count() as u64;
        assert_eq!((receipt.count, receipt.own_stored, receipt.own_total), (log.len() as u64, own, own));
        assert_eq!(receipt.blobs_stored, receipt.blobs_total);
    }
}

/// Some work: telephones, now and then a visit with a photo.
fn work(tablet: &Tablet, station: &Station, dice: &mut Dice, saved: &mut BTreeMap<RevisionId, DeviceId>) {
    let device = tablet.device();
    for _ in 0..=dice.below(12) {
        let household = station.households[usize::try_from(dice.below(20)).unwrap()];
        tablet.clock().advance_ms(1_000);
        saved.insert(tablet.writes(household, "phone", &dice.below(1_000_000).to_string()), device);
    }
    if dice.below(4) == 0 {
        let shade = u8::try_from(dice.below(256)).unwrap();
        let file = Attached { question: "photo".to_owned(), bytes: photo(shade) };
        let visit = tablet.visits(station.households[0], a_visit("visit"), &[file]).visit;
        saved.insert(tablet.show(visit).unwrap().log[0].id, device);
    }
}

#[test]
fn a_tablet_killed_two_hundred_times_while_it_saves_and_syncs_loses_and_doubles_nothing() {
    let mut dice = Dice::new(2);
    let station = Station::here(Land { households: 20, ..Land::default() });
    let wire = FaultProxy::to(&station.address());
    let tablet = TabletProgram::enrolled(&station.invite_by(0, &wire.address()));
    let other = Tablet::enrolled(2, &station.invite(1));
    other.syncs();
    assert!(tablet.run(&["sync"]).is_some());
    let household = |dice: &mut Dice| station.households[usize::try_from(dice.below(20)).unwrap()];
    let mut saved: BTreeSet<RevisionId> = BTreeSet::new();

    let begun = Instant::now();
    saved.insert(revision(&tablet.run(&["edit", &household(&mut dice).to_string(), "phone=1"]).unwrap()));
    let mut an_edit_takes = u64::try_from(begun.elapsed().as_micros()).unwrap();
    wire.mend();
    assert!(tablet.run(&["sync"]).is_some());
    let length = wire.passed();

    let (mut killed_saving, mut killed_syncing, mut round) = (0, 0, 0);
    while killed_saving < KILLS || killed_syncing < KILLS || saved.len() <= 30 {
        round += 1;
        let begun = Instant::now();
        let edit = tablet.begin(&["edit", &household(&mut dice).to_string(), &format!("phone={round}")]);
        let killer = edit.killer();
        // Half of the kills fall into the last part of the work, where it saves.
        let from = if dice.below(2) == 0 { 0 } else { an_edit_takes * 3 / 4 };
        after_us(from + dice.below(an_edit_takes * 5 / 4 - from), move || killer.kill());
        let (code, printed) = edit.wait();
        killed_saving += u32::from(code.is_none());
        // The machine may be busier than when it began.
        an_edit_takes = match code {
            Some(_) => u64::try_from(begun.elapsed().as_micros()).unwrap(),
            None => an_edit_takes + an_edit_takes / 20,
        };
        // What was printed was said.
        saved.extend(serde_json::from_str::<Value>(&printed).ok().as_ref().map(revision));

        other.writes(household(&mut dice), "note", &round.to_string());
        other.syncs();
        let way = if dice.below(2) == 0 { Way::Up } else { Way::Down };
        let (tell, told) = mpsc::channel::<ailchin_tests::programs::Killer>();
        let later_us = soon(&mut dice);
        wire.when_passed(way, 1 + dice.below(length.bytes(way) * 5 / 4), move || {
            let killer = told.recv().unwrap();
            after_us(later_us, move || killer.kill());
        });
        let sync = tablet.begin(&["sync"]);
        tell.send(sync.killer()).unwrap();
        let (code, _) = sync.wait();
        killed_syncing += u32::from(code.is_none());
        assert!(matches!(code, None | Some(0)), "{}", tablet.errors());
    }
    wire.mend();
    assert!(tablet.run(&["sync"]).is_some(), "{}", tablet.errors());
    other.syncs();

    let here = by_id(tablet.log());
    let own: BTreeSet<RevisionId> =
        here.values().filter(|entry| entry.revision.device != other.device()).map(|entry| entry.revision.id).collect();
    assert!(
        own.is_superset(&saved),
        "{} of {} that were said to be saved",
        own.intersection(&saved).count(),
        saved.len()
    );
    let of_tablet = here.values().map(|entry| (entry.revision.id, entry.revision.device));
    assert_eq!(once_each(&station, &of_tablet.collect()), here);
    assert_eq!(by_id(other.log()), here);
    let check = tablet.run(&["check"]).unwrap();
    assert_eq!((&check["equal"], &check["revisions"]), (&json!(true), &json!(here.len())));
    assert_eq!(check["scopes"], json!(other.digests()));
    // What the screens show is what the log says.
    for household in &station.households {
        let household = household.to_string();
        let (page, record) =
            (tablet.run(&["household", &household]).unwrap(), tablet.run(&["show", &household]).unwrap());
        assert_eq!(page["phone"], record["fields"]["phone"]);
        assert_eq!(page["conflicts"], record["conflicts"]);
    }
    let receipt = tablet.run(&["receipt"]).unwrap();
    assert_eq!((&receipt["covered"], &receipt["receipt"]["count"]), (&json!(true), &json!(here.len())));
}

fn revision(saved: &Value) -> RevisionId {
    RevisionId::parse(saved["revision"].as_str().unwrap()).unwrap()
}

/// At once, or while a transaction may be under way.
fn soon(dice: &mut Dice) -> u64 {
    if dice.below(2) == 0 { 0 } else { dice.below(4_000) }
}

/// Does something after so many microseconds: this is the moment of a kill, not a wait for anything.
fn after_us(us: u64, act: impl FnOnce() + Send + 'static) {
    if us == 0 {
        return act();
    }
    std::thread::spawn(move || {
        let (_tell, told) = mpsc::channel::<()>();
        let _ = told.recv_timeout(Duration::from_micros(us));
        act();
    });
}

/// The station's log, after seeing that what was saved is in it once, and every device's log without a gap.
fn once_each(station: &Station, saved: &BTreeMap<RevisionId, DeviceId>) -> BTreeMap<RevisionId, Entry> {
    let log = station.log();
    let positions: Vec<u64> = log.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=log.len() as u64).collect::<Vec<_>>());
    let mut places: BTreeMap<DeviceId, Vec<u64>> = BTreeMap::new();
    for (_, entry) in &log {
        places.entry(entry.revision.device).or_default().push(entry.revision.seq);
    }
    for (device, seqs) in places {
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>(), "the log of {device}");
    }
    let count = log.len();
    let entries = by_id(log.into_iter().map(|(_, entry)| entry).collect());
    assert_eq!(entries.len(), count);
    assert!(saved.keys().all(|id| entries.contains_key(id)));
    entries
}

fn by_id(entries: Vec<Entry>) -> BTreeMap<RevisionId, Entry> {
    entries.into_iter().map(|entry| (entry.revision.id, entry)).collect()
}
