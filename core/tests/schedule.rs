//! When a tablet syncs by itself: whatever happens in whatever order, there is a next attempt, one at a time, not too often.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_core::error::Code;
use ailchin_core::sync::{Act, Event, Rhythm, Schedule};
use proptest::prelude::*;

const RHYTHM: Rhythm = Rhythm {
    soon_ms: 3_000,
    saved_ms: 20_000,
    idle_ms: 900_000,
    retry_ms: 10_000,
    waiting_cap_ms: 300_000,
    idle_cap_ms: 1_800_000,
};

/// A schedule, a clock that only runs on, and what was begun.
struct Day {
    schedule: Schedule,
    now: u64,
    dice: u64,
}

impl Day {
    fn begins(waits: bool) -> Self {
        let mut day = Self { schedule: Schedule::new(RHYTHM), now: 7, dice: 1 };
        day.tell(Event::Opened { on: true, waits });
        day
    }

    fn tell(&mut self, event: Event) {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.schedule.told(event, self.now, self.dice >> 11);
    }

    /// Lets time pass until something is to be done; how long that was.
    fn until(&mut self, expected: Act) -> u64 {
        let begun = self.now;
        loop {
            match self.schedule.next(self.now) {
                Act::Wait(Some(due)) => self.now = due,
                act => {
                    assert_eq!(act, expected);
                    return self.now - begun;
                }
            }
        }
    }

    fn syncs(&mut self, result: Result<(), Code>) {
        self.until(Act::Probe);
        self.tell(Event::Answered);
        assert_eq!(self.until(Act::Sync), 0, "at once");
        self.tell(Event::Began { by_hand: false });
        self.tell(Event::Ended(result));
    }
}

#[test]
fn an_unlocked_tablet_looks_soon_and_syncs_as_soon_as_the_station_answers() {
    let mut day = Day::begins(false);
    assert!(day.until(Act::Probe) <= RHYTHM.soon_ms);
    day.tell(Event::Answered);
    assert_eq!(day.until(Act::Sync), 0);
    assert_eq!(day.schedule.next(day.now), Act::Wait(None), "what was said is not said again");
}

#[test]
fn waits_double_up_to_a_cap_while_the_station_is_silent_and_begin_anew_after_a_success_or_by_hand() {
    for (waits, cap) in [(true, RHYTHM.waiting_cap_ms), (false, RHYTHM.idle_cap_ms)] {
        let mut day = Day::begins(waits);
        let mut longest = 0;
        for round in 0..40 {
            day.until(Act::Probe);
            day.tell(Event::Silent);
            let waited = day.schedule.due().unwrap() - day.now;
            let most = RHYTHM.retry_ms.saturating_mul(1 << round.min(20)).min(cap);
            assert!((1..=most).contains(&waited), "round {round}: {waited} of at most {most}");
            longest = longest.max(waited);
        }
        assert!(longest > cap / 2 && longest <= cap, "the whole span is drawn from: {longest} of {cap}");

        day.syncs(Ok(()));
        day.until(Act::Probe);
        day.tell(Event::Silent);
        assert!(day.schedule.due().unwrap() - day.now <= RHYTHM.retry_ms);

        for _ in 0..10 {
            day.until(Act::Probe);
            day.tell(Event::Silent);
        }
        day.tell(Event::Began { by_hand: true });
        day.tell(Event::Ended(Err(Code::StationUnreachable)));
        assert!(day.schedule.due().unwrap() - day.now <= RHYTHM.retry_ms);
    }
}

#[test]
fn unsent_work_is_tried_more_often_than_nothing() {
    let probes = |waits| {
        let mut day = Day::begins(waits);
        (0..10_000)
            .find(|_| {
                day.until(Act::Probe);
                day.tell(Event::Silent);
                day.now > 24 * 3_600_000
            })
            .unwrap()
    };
    let (with, without) = (probes(true), probes(false));
    assert!(with > 4 * without, "{with} and {without}");
    assert!(with < 24 * 60, "a silent day costs few probes: {with}");
}

#[test]
fn tablets_that_came_home_together_do_not_ask_together() {
    let due: std::collections::BTreeSet<u64> = (0..200)
        .map(|dice| {
            let mut schedule = Schedule::new(RHYTHM);
            schedule.told(Event::Opened { on: true, waits: true }, 0, dice * 7_919);
            schedule.due().unwrap() / 100
        })
        .collect();
    assert!(due.len() >= 25, "{} different tenths of a second of 30", due.len());
}

#[test]
fn what_is_saved_goes_soon_and_several_saves_go_as_one() {
    let mut day = Day::begins(false);
    day.syncs(Ok(()));
    assert!(day.schedule.due().unwrap() - day.now >= RHYTHM.idle_ms / 2);
    day.tell(Event::Saved);
    let due = day.schedule.due().unwrap();
    assert!(due - day.now <= RHYTHM.saved_ms);
    for _ in 0..100 {
        day.tell(Event::Saved);
    }
    assert_eq!(day.schedule.due(), Some(due));
}

#[test]
fn what_is_saved_during_a_sync_goes_with_the_next_and_what_waits_for_wifi_does_not_keep_the_tablet_asking() {
    let mut day = Day::begins(true);
    day.syncs(Ok(()));
    assert!(day.schedule.due().unwrap() - day.now >= RHYTHM.idle_ms / 2);

    day.tell(Event::Began { by_hand: true });
    day.tell(Event::Saved);
    day.tell(Event::Ended(Ok(())));
    assert!(day.schedule.due().unwrap() - day.now <= RHYTHM.saved_ms);
}

#[test]
fn a_stop_by_hand_is_respected_and_what_somebody_must_change_is_not_hammered() {
    let mut day = Day::begins(true);
    day.syncs(Err(Code::SyncStopped));
    assert!(day.schedule.due().unwrap() - day.now >= RHYTHM.idle_ms / 2);
    for code in [Code::DeviceRevoked, Code::ProtocolUnknown, Code::CertificateChanged, Code::DiskFull] {
        day.syncs(Err(code));
        assert!(day.schedule.due().unwrap() - day.now >= RHYTHM.idle_cap_ms / 2, "{code}");
        day.tell(Event::Saved);
        assert!(day.schedule.due().unwrap() - day.now >= RHYTHM.idle_cap_ms / 2, "{code}");
    }
}

#[test]
fn nothing_is_done_while_it_is_switched_off_or_locked_and_the_answer_to_an_old_probe_does_not_count() {
    let mut day = Day::begins(true);
    day.until(Act::Probe);
    day.tell(Event::Locked);
    day.tell(Event::Answered);
    assert_eq!((day.schedule.next(u64::MAX), day.schedule.due()), (Act::Wait(None), None));
    day.tell(Event::Opened { on: false, waits: true });
    assert_eq!((day.schedule.next(u64::MAX), day.schedule.due()), (Act::Wait(None), None));
    day.tell(Event::Switched(true));
    assert!(day.until(Act::Probe) <= RHYTHM.soon_ms);
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Saved),
        1 => Just(Event::Woke),
        1 => Just(Event::Locked),
        2 => any::<bool>().prop_map(|waits| Event::Opened { on: true, waits }),
        1 => any::<bool>().prop_map(Event::Switched),
        2 => Just(Event::Began { by_hand: true }),
        3 => prop_oneof![
            Just(Ok(())),
            Just(Err(Code::StationUnreachable)),
            Just(Err(Code::SyncStopped)),
            Just(Err(Code::DeviceRevoked)),
        ].prop_map(Event::Ended),
    ]
}

#[derive(Clone, Debug)]
enum Happens {
    Event(Event),
    Time(u64),
    /// Whoever drives does what is said, and it goes well or not.
    Drive(bool),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        3 => event().prop_map(Happens::Event),
        2 => (0_u64..2_000_000).prop_map(Happens::Time),
        4 => any::<bool>().prop_map(Happens::Drive),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_next_attempt_within_the_longest_cap(
        story in prop::collection::vec(happens(), 1..120),
        dice in any::<u64>(),
    ) {
        let mut day = Day::begins(true);
        day.dice = dice;
        let (mut open, mut on, mut syncing) = (true, true, false);
        for step in story {
            match step {
                Happens::Time(ms) => day.now += ms,
                // One that does not run does not end, and one that runs is not begun again.
                Happens::Event(Event::Ended(_)) if !syncing => {}
                Happens::Event(Event::Began { .. }) if syncing => {}
                Happens::Event(event) => {
                    let due = day.schedule.due();
                    match event {
                        Event::Opened { on: is, .. } => (open, on) = (true, is),
                        Event::Locked => open = false,
                        Event::Switched(is) => on = is,
                        Event::Began { .. } => syncing = true,
                        Event::Ended(_) => syncing = false,
                        _ => {}
                    }
                    day.tell(event);
                    if let (Event::Saved | Event::Woke, Some(before)) = (event, due) {
                        prop_assert!(day.schedule.due().unwrap() <= before, "a save never puts off");
                    }
                }
                Happens::Drive(well) => match day.schedule.next(day.now) {
                    Act::Probe => {
                        prop_assert!(open && on && !syncing);
                        prop_assert_eq!(day.schedule.next(u64::MAX), Act::Wait(None), "one at a time");
                        day.tell(if well { Event::Answered } else { Event::Silent });
                    }
                    Act::Sync => {
                        prop_assert!(open && on && !syncing);
                        prop_assert_eq!(day.schedule.next(u64::MAX), Act::Wait(None), "one at a time");
                        syncing = well;
                        day.tell(if well { Event::Began { by_hand: false } } else { Event::NotBegun });
                    }
                    Act::Wait(Some(due)) => prop_assert!(due > day.now && due - day.now <= RHYTHM.idle_cap_ms),
                    Act::Wait(None) => prop_assert!(!open || !on || syncing),
                },
            }
        }
    }

    #[test]
    fn no_moment_and_no_dice_overflow(now in any::<u64>(), dice in any::<u64>(), failures in 0_u32..100) {
        let mut schedule = Schedule::new(Rhythm { retry_ms: u64::MAX, idle_cap_ms: u64::MAX, ..RHYTHM });
        schedule.told(Event::Opened { on: true, waits: false }, now, dice);
        for _ in 0..failures {
            let _ = schedule.next(u64::MAX);
            schedule.told(Event::Silent, now, dice);
        }
        prop_assert!(schedule.due().is_some_and(|due| due >= now));
    }
}
