//! What comes from outside: the clock and randomness. The only room that may read them.

use std::sync::Mutex;

use crate::time::Instant;

/// Clock and randomness, so that a test or a simulation can give its own.
pub trait World: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Instant;
    /// Fills `bytes` with randomness fit for keys.
    fn fill_random(&self, bytes: &mut [u8]);
}

/// The machine's own clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl World for Machine {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Instant {
        Instant::from_ms(chrono::Utc::now().timestamp_millis())
    }

    #[allow(
        clippy::panic,
        reason = "a machine without randomness cannot make keys or ids: there is nothing to go on with"
    )]
    fn fill_random(&self, bytes: &mut [u8]) {
        if let Err(cause) = getrandom::fill(bytes) {
            panic!("the operating system gives no randomness: {cause}");
        }
    }
}

/// A world that a seed determines: the clock stands still until it is moved, randomness is a BLAKE3 stream.
#[derive(Debug)]
pub struct Seeded {
    state: Mutex<(Instant, blake3::OutputReader)>,
}

impl Seeded {
    /// A world at `now` with the randomness of `seed`.
    #[must_use]
    pub fn new(seed: u64, now: Instant) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"ailchin seeded world");
        hasher.update(&seed.to_le_bytes());
        Self { state: Mutex::new((now, hasher.finalize_xof())) }
    }

    /// Moves the clock, also backwards.
    pub fn advance_ms(&self, ms: i64) {
        let mut state = self.lock();
        state.0 = state.0.plus_ms(ms);
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Instant) {
        self.lock().0 = now;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Instant, blake3::OutputReader)> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl World for Seeded {
    fn now(&self) -> Instant {
        self.lock().0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.lock().1.fill(bytes);
    }
}
