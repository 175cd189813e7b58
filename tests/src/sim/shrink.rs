//! A story that goes wrong, with as few events as still make it go wrong.

use super::plan::Plan;
use super::planted::Planted;
use super::story::{Setup, Story, tell};

/// Cuts events away as long as the same invariant breaks, in at most `tries` attempts.
#[must_use]
pub fn shrunk(setup: &Setup, tries: u32) -> (Setup, Story) {
    let all: Vec<usize> = match &setup.only {
        Some(only) => only.clone(),
        None => (0..Plan::of(setup.seed, setup.planted.and_then(Planted::needs)).events.len()).collect(),
    };
    let mut best = (Setup { only: Some(all.clone()), ..setup.clone() }, tell(setup));
    let wanted = best.1.broken.as_ref().map(|broken| broken.invariant);
    let mut kept = all;
    let mut size = kept.len() / 2;
    let mut left = tries;
    while size > 0 && left > 0 && wanted.is_some() {
        let mut start = 0;
        let mut smaller = false;
        while start < kept.len() && left > 0 {
            left -= 1;
            let mut some = kept.clone();
            some.drain(start..(start + size).min(kept.len()));
            let setup = Setup { only: Some(some.clone()), ..setup.clone() };
            let story = tell(&setup);
            if story.broken.as_ref().map(|broken| broken.invariant) == wanted {
                kept = some;
                best = (setup, story);
                smaller = true;
            } else {
                start += size;
            }
        }
        if !smaller || size > kept.len() {
            size /= 2;
        }
    }
    best
}
