//! Whether the order of a sync holds whatever the wire does: every request and every answer lost or repeated, then a new
//! conversation; the station restored, mistaken, or refusing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sides;

use std::collections::BTreeSet;

use ailchin_core::error::Code;
use ailchin_core::sync::{Conversation, Holdings, Step, Told};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use sides::{FATES, Fate, Item, Known, Lost, Station, Tablet};

/// Two tablets with more work than fits into one batch, one of them with something that will be refused, and photos.
fn a_day() -> (Tablet, Tablet, Station) {
    let (mut a, mut b, mut station) = (Tablet::new(1), Tablet::new(2), Station::default());
    for n in 0..8 {
        a.save(n == 3);
        b.save(false);
    }
    a.photograph();
    assert_eq!(b.sync(&mut station, &mut whole()).unwrap().unwrap().pushed, 8);
    (a, b, station)
}

fn whole() -> impl Iterator<Item = Fate> {
    std::iter::empty()
}

/// A clean sync, and then one more that has nothing to do.
fn settle(tablet: &mut Tablet, station: &mut Station) {
    let outcome = tablet.sync(station, &mut whole()).unwrap();
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(tablet.holdings().covered, "a sync that ends well ends with a receipt");
    assert_eq!(tablet.epoch, Some(station.epoch), "of this life of the station");
    let before = tablet.requests;
    let again = tablet.sync(station, &mut whole()).unwrap().unwrap();
    assert!(again.nothing_new);
    assert_eq!(tablet.requests, before + 1, "nothing new is one round trip");
}

/// The station has every good item of both once, both tablets know it, and the bad ones are set aside.
fn all_is_well(tablets: [&Tablet; 2], station: &Station) {
    let feed: BTreeSet<Item> = station.feed.iter().copied().collect();
    assert_eq!(feed.len(), station.feed.len(), "nothing twice");
    for tablet in tablets {
        assert_eq!(tablet.confirmed(), feed);
        for (item, known) in &tablet.own {
            assert_eq!(item.bad, *known == Known::Refused, "{item:?}");
            assert_eq!(item.bad, !feed.contains(item));
        }
        assert!(tablet.blobs.iter().all(|(blob, sent)| *sent && station.blobs.contains(blob)));
    }
}

#[test]
fn a_whole_sync_exchanges_everything_once_and_then_nothing_is_new() {
    let (mut a, mut b, mut station) = a_day();
    let outcome = a.sync(&mut station, &mut whole()).unwrap().unwrap();
    assert_eq!((outcome.pushed, outcome.refused, outcome.duplicates), (7, 1, 0));
    assert_eq!((outcome.pulled, outcome.blobs, outcome.nothing_new), (8, 1, false));
    settle(&mut b, &mut station);
    settle(&mut a, &mut station);
    all_is_well([&a, &b], &station);
}

#[test]
fn each_request_and_each_answer_lost_or_repeated_does_no_harm() {
    let (mut once, _, mut station) = a_day();
    once.sync(&mut station, &mut whole()).unwrap().unwrap();
    let requests = usize::try_from(once.requests).unwrap();
    assert_eq!(requests, 8, "the state, three pushes, two pulls, a photo, the receipt");
    for at in 0..requests {
        for fate in [Fate::RequestLost, Fate::AnswerLost, Fate::Repeated] {
            let (mut a, mut b, mut station) = a_day();
            let mut fates = std::iter::repeat_n(Fate::Whole, at).chain([fate]);
            let ended = a.sync(&mut station, &mut fates);
            assert_eq!(ended == Err(Lost), fate != Fate::Repeated, "request {at} {fate:?}");
            settle(&mut a, &mut station);
            settle(&mut b, &mut station);
            all_is_well([&a, &b], &station);
            assert_eq!(a.starts, 1, "only the first sync begins the feed");
        }
    }
}

#[test]
fn what_was_stored_although_the_answer_was_lost_is_counted_as_a_duplicate() {
    let (mut a, _, mut station) = a_day();
    assert_eq!(a.sync(&mut station, &mut [Fate::Whole, Fate::AnswerLost].into_iter()), Err(Lost));
    let outcome = a.sync(&mut station, &mut whole()).unwrap().unwrap();
    assert_eq!((outcome.pushed, outcome.duplicates, outcome.refused), (7, 3, 1));
}

#[test]
fn a_station_that_holds_something_else_is_compared_with_and_that_mends_it() {
    let (mut a, _, mut station) = a_day();
    settle(&mut a, &mut station);
    // What the tablet says it has of the feed is not there.
    let lost = *a.others.keys().next().unwrap();
    a.others.remove(&lost);
    let outcome = a.sync(&mut station, &mut whole()).unwrap().unwrap();
    assert_eq!((outcome.repaired, a.starts, a.repairs), (1, 1, 1));
    settle(&mut a, &mut station);
}

#[test]
fn a_station_that_goes_on_disagreeing_ends_the_sync_after_some_patience() {
    let (mut a, _, mut station) = a_day();
    settle(&mut a, &mut station);
    a.save(false);
    station.disagrees = true;
    assert_eq!(a.sync(&mut station, &mut whole()).unwrap(), Err(Code::DigestMismatch));
    assert_eq!((a.starts, a.repairs), (1, 3));
    station.disagrees = false;
    settle(&mut a, &mut station);
}

#[test]
fn a_station_put_back_in_silence_learns_it_from_a_receipt_and_gets_everything_back_from_one_tablet() {
    for kept in 0..15 {
        let (mut a, mut b, mut station) = a_day();
        settle(&mut a, &mut station);
        settle(&mut b, &mut station);
        station.put_back(kept);
        settle(&mut a, &mut station);
        assert_eq!(station.feed.len(), 15, "also what the other tablet wrote");
        settle(&mut b, &mut station);
        settle(&mut a, &mut station);
        all_is_well([&a, &b], &station);
    }
}

#[test]
fn a_restored_station_gets_back_what_it_lost_from_those_who_wrote_it() {
    for kept in 0..=15 {
        // With 15 it lost nothing, and yet it is another life.
        let (mut a, mut b, mut station) = a_day();
        settle(&mut a, &mut station);
        station.restore(kept);
        settle(&mut b, &mut station);
        settle(&mut a, &mut station);
        settle(&mut b, &mut station);
        all_is_well([&a, &b], &station);
    }
}

#[test]
fn a_station_restored_in_the_middle_of_a_sync_is_noticed_at_whichever_request_comes_next() {
    for (code, refused) in [(Code::EpochChanged, 1), (Code::LogGap, 0)] {
        let (mut a, _, mut station) = a_day();
        a.sync(&mut station, &mut [Fate::Whole, Fate::Whole, Fate::RequestLost].into_iter()).unwrap_err();
        station.refusing = Some((code, refused));
        settle(&mut a, &mut station);
    }
    let (mut a, _, mut station) = a_day();
    station.refusing = Some((Code::EpochChanged, 4));
    assert_eq!(a.sync(&mut station, &mut whole()).unwrap(), Err(Code::EpochChanged), "not without end");
}

#[test]
fn a_station_that_lost_the_log_without_saying_so_is_offered_it_again() {
    let (mut a, _, mut station) = a_day();
    settle(&mut a, &mut station);
    station.feed.retain(|item| item.device != 1);
    station.refused.clear();
    a.save(false);
    let outcome = a.sync(&mut station, &mut whole()).unwrap().unwrap();
    assert_eq!((outcome.pushed, outcome.refused), (8, 1));
    settle(&mut a, &mut station);
}

#[test]
fn what_was_not_asked_for_ends_the_conversation() {
    let mut conversation = Conversation::default();
    conversation.told(Told::NothingToPush);
    assert_eq!(conversation.next(), Step::Failed(Code::AnswerUnreadable));
    let mut conversation = Conversation::default();
    conversation.told(Told::Holdings(Holdings::default()));
    conversation.told(Told::Refused(Code::DeviceRevoked));
    assert_eq!(conversation.next(), Step::Failed(Code::DeviceRevoked));
    conversation.told(Told::Kept);
    assert_eq!(conversation.next(), Step::Failed(Code::DeviceRevoked), "it is over");
}

/// Something that happens to two tablets and a station.
#[derive(Clone, Debug)]
enum Event {
    Save { tablet: usize, bad: bool, photo: bool },
    Sync { tablet: usize, fates: Vec<Fate> },
    Restore { of_256: usize },
    PutBack { of_256: usize },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let save = (0..2_usize, 0..8_u8, 0..4_u8).prop_map(|(tablet, bad, photo)| Event::Save {
        tablet,
        bad: bad == 0,
        photo: photo == 0,
    });
    let fates = prop::collection::vec((0..FATES.len()).prop_map(|fate| FATES[fate]), 0..14);
    let sync = (0..2_usize, fates).prop_map(|(tablet, fates)| Event::Sync { tablet, fates });
    let restore = (0..256_usize).prop_map(|of_256| Event::Restore { of_256 });
    let put_back = (0..256_usize).prop_map(|of_256| Event::PutBack { of_256 });
    prop::collection::vec(prop_oneof![12 => save, 6 => sync, 1 => restore, 1 => put_back], 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        rng_seed: RngSeed::Fixed(20_261_101),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_the_next_clean_syncs_make_all_well(events in events()) {
        let mut tablets = [Tablet::new(1), Tablet::new(2)];
        let mut station = Station::default();
        for event in events {
            match event {
                Event::Save { tablet, bad, photo } => {
                    tablets[tablet].save(bad);
                    if photo {
                        tablets[tablet].photograph();
                    }
                }
                Event::Sync { tablet, fates } => {
                    // Lost or whole: what counts is the end.
                    if let Ok(ended) = tablets[tablet].sync(&mut station, &mut fates.into_iter()) {
                        prop_assert!(ended.is_ok(), "{:?}", ended);
                    }
                }
                Event::Restore { of_256 } => station.restore(station.feed.len() * of_256 / 256),
                Event::PutBack { of_256 } => station.put_back(station.feed.len() * of_256 / 256),
            }
        }
        let [a, b] = &mut tablets;
        settle(a, &mut station);
        settle(b, &mut station);
        settle(a, &mut station);
        all_is_well([a, b], &station);
    }
}
