//! One request at a time for an upload, as far as one server sees it.
//!
//! A tablet whose connection broke comes back before the server has noticed: the request that still waits for bytes of the
//! broken one is asked to give way. It keeps what has arrived and ends, then the new one looks. Between servers no turns are
//! taken; there an object for an offset is made only once ([`crate::blobs::uploads`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, Notify, OwnedMutexGuard};

use crate::blobs::uploads::UploadName;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// The uploads that somebody works on.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<UploadName, Slot>>>);

#[derive(Clone, Default)]
struct Slot {
    queue: Arc<Queue<()>>,
    waiting: usize,
    wake: Arc<Notify>,
}

/// Whoever holds it is alone with the upload.
pub(super) struct Turn {
    turns: Turns,
    name: UploadName,
    wake: Arc<Notify>,
    _held: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits for a turn and asks whoever has it to give way; `None` after too long a wait.
    pub(super) async fn take(&self, name: UploadName) -> Option<Turn> {
        let waiting = Waiting::begin(self, name);
        let held = tokio::time::timeout(PATIENCE, Arc::clone(&waiting.slot.queue).lock_owned()).await.ok()?;
        Some(Turn { turns: self.clone(), name, wake: Arc::clone(&waiting.slot.wake), _held: held })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadName, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Returns as soon as somebody else waits.
    pub(super) async fn wanted(&self) {
        loop {
            let woken = self.wake.notified();
            if self.turns.lock().get(&self.name).is_some_and(|slot| slot.waiting > 0) {
                return;
            }
            woken.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut slots = self.turns.lock();
        if slots.get(&self.name).is_some_and(|slot| slot.waiting == 0) {
            slots.remove(&self.name);
        }
    }
}

/// Counted while it waits, also if it stops waiting.
struct Waiting<'a> {
    turns: &'a Turns,
    name: UploadName,
    slot: Slot,
}

impl<'a> Waiting<'a> {
    fn begin(turns: &'a Turns, name: UploadName) -> Self {
        let mut slots = turns.lock();
        let slot = slots.entry(name).or_default();
        slot.waiting += 1;
        slot.wake.notify_waiters();
        Self { turns, name, slot: slot.clone() }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.turns.lock().get_mut(&self.name) {
            slot.waiting = slot.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use ailchin_core::hash::Hash;
    use ailchin_core::ids::{DeviceId, StationId};

    use super::*;

    #[tokio::test]
    async fn whoever_has_the_turn_hears_that_another_waits_and_nothing_is_left_behind() {
        let turns = Turns::default();
        let name = UploadName {
            station: StationId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            hash: Hash::of(b"x"),
        };
        let first = turns.take(name).await.unwrap();
        let others = turns.clone();
        let second = tokio::spawn(async move { others.take(name).await.map(drop) });
        first.wanted().await;
        drop(first);
        second.await.unwrap().unwrap();
        assert!(turns.lock().is_empty());
    }
}
