//! Every parser that meets the outside, on some thousand damaged examples each (`make fuzz` tries millions).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ailchin_tests::fuzz::{Became, Target};

/// Cases of each parser.
const CASES: u64 = 400;

#[test]
fn every_parser_takes_its_examples() {
    for target in Target::all() {
        assert!(target.takes_its_examples(), "{target:?}");
    }
}

#[test]
fn damaged_bytes_are_refused_or_read_back_the_same_and_nothing_panics() {
    for target in Target::all() {
        let mut refused = 0;
        for seed in 1..=CASES {
            match target.try_one(seed) {
                Became::Accepted => {}
                Became::Refused => refused += 1,
                Became::Panicked(bytes) => panic!("{target:?}, seed {seed}: {:?}", String::from_utf8_lossy(&bytes)),
            }
        }
        assert!(refused > 0, "{target:?} takes anything");
    }
}
