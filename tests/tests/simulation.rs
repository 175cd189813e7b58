//! Some hundred stories of the simulation (`make sim` tells thousands), and that it is what it says it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use ailchin_tests::sim::{self, Counts, Fault, Invariant, Planted, Setup};

/// Stories of each of the four tests that the test runner spreads over the processors.
const SEEDS: u64 = 60;

fn tells(from: u64) {
    let mut counts = Counts::default();
    for seed in from..from + SEEDS {
        let story = sim::tell(&Setup::of(seed));
        assert!(story.broken.is_none(), "`make sim SEED={seed}` tells how: {:#?}", story.broken);
        counts.add(&story.counts);
    }
    let seen: BTreeSet<Fault> = counts.faults.keys().copied().collect();
    let missing: Vec<&Fault> = Fault::ALL.iter().filter(|fault| !seen.contains(fault)).collect();
    assert!(missing.is_empty(), "faults that never happened: {missing:?}");
    assert!(counts.syncs.1 > SEEDS && counts.revisions > 20 * SEEDS, "{counts:?}");
}

#[test]
fn nothing_is_lost_doubled_or_misstated_in_the_first_quarter_of_the_stories() {
    tells(1);
}

#[test]
fn nothing_is_lost_doubled_or_misstated_in_the_second_quarter_of_the_stories() {
    tells(1 + SEEDS);
}

#[test]
fn nothing_is_lost_doubled_or_misstated_in_the_third_quarter_of_the_stories() {
    tells(1 + 2 * SEEDS);
}

#[test]
fn nothing_is_lost_doubled_or_misstated_in_the_last_quarter_of_the_stories() {
    tells(1 + 3 * SEEDS);
}

#[test]
fn the_stories_that_found_something_hold() {
    for seed in [
        5323, 5340, 6014, 6036, 6299, 7045, 7174, 7270, 8101, 8218, 8590, 9210, 9291, 9723, 10626, 11489, 11619, 11697,
        11875, 11914, 12035,
    ] {
        let story = sim::tell(&Setup::of(seed));
        assert!(story.broken.is_none(), "`make sim SEED={seed}` tells how: {:#?}", story.broken);
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 1_000..1_010 {
        let setup = Setup::of(seed);
        let (once, again) = (sim::tell(&setup), sim::tell(&setup));
        assert_eq!(once.trace, again.trace, "seed {seed}");
        assert_eq!(once.fingerprint, again.fingerprint, "seed {seed}");
    }
    let of = |seed| sim::tell(&Setup::of(seed)).fingerprint;
    assert_ne!(of(1), of(2));
}

/// A planted bug is found within so many stories.
const SOON: u64 = 25;

#[test]
fn every_planted_bug_is_found_and_every_invariant_finds_one() {
    for planted in Planted::ALL {
        let stories = (1..=SOON).map(|seed| sim::tell(&Setup { planted: Some(*planted), ..Setup::of(seed) }));
        let found = stories.filter_map(|story| story.broken).next();
        let found = found.unwrap_or_else(|| panic!("{planted:?} was not found in {SOON} stories"));
        assert_eq!(found.invariant, planted.breaks(), "{planted:?}: {}", found.seen);
    }
    for (invariant, says) in Invariant::ALL {
        assert!(
            Planted::ALL.iter().any(|planted| planted.breaks() == *invariant),
            "nothing was planted against: {says}"
        );
    }
}
