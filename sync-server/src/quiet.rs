//! Whether tablets are being served just now: what can wait does not slow them down.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So long after the last request nobody is being served.
const PAUSE: Duration = Duration::from_secs(5);

/// So long what can wait is put off at most.
const AT_MOST: Duration = Duration::from_secs(10 * 60);

/// When somebody was served last.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<Option<Instant>>);

impl Quiet {
    /// Somebody is being served.
    pub(crate) fn disturb(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether something that has waited since `waiting` may be done now.
    pub(crate) fn allows(&self, waiting: Instant) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() > PAUSE) || waiting.elapsed() > AT_MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_wait_waits_while_somebody_is_served_but_not_for_ever() {
        let quiet = Quiet::default();
        let now = Instant::now();
        assert!(quiet.allows(now), "nobody was served yet");
        quiet.disturb();
        assert!(!quiet.allows(now));
        let Some(long_ago) = now.checked_sub(AT_MOST + PAUSE) else { return };
        assert!(quiet.allows(long_ago));
        *quiet.0.lock().unwrap_or_else(PoisonError::into_inner) = now.checked_sub(PAUSE * 2);
        assert!(quiet.allows(now), "the last one is gone");
    }
}
