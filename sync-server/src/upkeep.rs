//! What a running server does now and then: uploads that nobody finished, blobs whose rows were lost, bytes of blobs that were
//! erased, records whose time is over. Each is looked at by itself, and what fails is looked at again the next time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ailchin_core::ids::StationId;
use ailchin_core::record::EraseReason;
use ailchin_core::world::World;
use tokio::runtime::Handle;

use crate::blobs::Blobs;
use crate::quiet::Quiet;
use crate::store::{Due, Rules, Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How long a blob may lie that no revision names: as long as a backup is kept.
const UNNAMED_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// Looks after a store and its blobs for as long as the server runs.
pub(crate) async fn look_after(store: Arc<Store>, blobs: Blobs, world: Arc<dyn World>) {
    let mut now_and_then = tokio::time::interval(EVERY);
    loop {
        now_and_then.tick().await;
        match blobs.sweep_uploads(world.now()).await {
            Ok(0) => {}
            Ok(swept) => tracing::info!(swept, "uploads that nobody finished were ended"),
            Err(failed) => tracing::warn!(error = %crate::causes(&failed), "sweeping uploads"),
        }
        match blobs.find_lost(&store, &*world).await {
            Ok(0) => {}
            Ok(found) => tracing::info!(found, "blobs were found again"),
            Err(failed) => tracing::warn!(error = %crate::causes(&failed), "finding blobs again"),
        }
        let (store, blobs, world) = (Arc::clone(&store), blobs.clone(), Arc::clone(&world));
        let looked = tokio::task::spawn_blocking(move || {
            // What was erased since stands no longer in the write-ahead log.
            if let Err(failed) = store.settle() {
                tracing::warn!(error = %crate::causes(&failed), "settling the store");
            }
            if let Err(failed) = erase_what_is_due(&store, &*world) {
                tracing::warn!(error = %crate::causes(&failed), "erasing records whose time is over");
            }
            match let_blobs_go(&store, &blobs) {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "bytes of erased blobs were removed"),
                Err(failed) => tracing::warn!(error = %crate::causes(&failed), "removing bytes of erased blobs"),
            }
        });
        let _ = looked.await;
    }
}

/// How often visits are looked for whose submissions are to be checked.
const CHECK_EVERY: Duration = Duration::from_secs(20);

/// Checks the submissions of visits soon after the tablets that brought them are done, for as long as the server runs.
pub(crate) async fn check_visits(store: Arc<Store>, quiet: Arc<Quiet>, world: Arc<dyn World>) {
    let rules: Arc<Mutex<BTreeMap<StationId, Arc<Rules>>>> = Arc::default();
    let mut now_and_then = tokio::time::interval(CHECK_EVERY);
    let mut all_since = Instant::now();
    loop {
        now_and_then.tick().await;
        let (store, rules, world) = (Arc::clone(&store), Arc::clone(&rules), Arc::clone(&world));
        let quiet = Arc::clone(&quiet);
        let looking =
            tokio::task::spawn_blocking(move || check_all(&store, &rules, &*world, &|| quiet.allows(all_since)));
        match looking.await {
            Ok(Ok(true)) => all_since = Instant::now(),
            Ok(Ok(false)) | Err(_) => {}
            Ok(Err(failed)) => tracing::warn!(error = %crate::causes(&failed), "checking visits"),
        }
    }
}

/// Whether that was all.
fn check_all(
    store: &Store,
    rules: &Mutex<BTreeMap<StationId, Arc<Rules>>>,
    world: &dyn World,
    go_on: &dyn Fn() -> bool,
) -> Result<bool, StoreError> {
    let mut all = true;
    let mut known = rules.lock().unwrap_or_else(PoisonError::into_inner);
    for station in store.stations()? {
        let rules = store.rules(station.id, known.remove(&station.id))?;
        known.insert(station.id, Arc::clone(&rules));
        let (checked, kept, done) = store.check_visits(station.id, &rules, world.now(), go_on)?;
        all &= done;
        if kept > 0 {
            tracing::info!(station = %station.id, checked, kept, "visits were checked; `ailchin-server form findings` shows what was found");
        }
    }
    Ok(all)
}

/// Erases the records of all stations whose time is over by the pack's rules, if the clock can be believed.
fn erase_what_is_due(store: &Store, world: &dyn World) -> Result<(), StoreError> {
    for station in store.stations()? {
        let Some(kinds) = store.kinds(station.id)? else {
            tracing::warn!(station = %station.id, "the current pack cannot be read: nothing is erased");
            continue;
        };
        match store.retention_is_due(station.id, false, world.now())? {
            Due::Now => {}
            Due::Done => continue,
            Due::ByHand => {
                tracing::warn!(
                    station = %station.id,
                    "the clock jumped, or nobody looked for long: `ailchin-server record expired` shows what would be erased"
                );
                continue;
            }
        }
        let unnamed = store.let_unnamed_blobs_go(station.id, world.now().plus_ms(-UNNAMED_MS))?;
        if unnamed > 0 {
            tracing::info!(station = %station.id, unnamed, "blobs that nothing named were let go");
        }
        let past = store.past_retention(station.id, &kinds, world.now())?;
        let records: Vec<_> = past.iter().map(|one| one.record).collect();
        let erased = store.erase(station.id, &records, EraseReason::Retention, world)?;
        if !erased.is_empty() {
            tracing::info!(station = %station.id, erased = erased.len(), "records whose time is over were erased");
        }
    }
    Ok(())
}

/// Removes the bytes of blobs that were erased. How many blobs that was.
pub(crate) fn let_blobs_go(store: &Store, blobs: &Blobs) -> Result<u64, StoreError> {
    let mut gone = 0;
    for hash in store.doomed_blobs()? {
        let removing = || match Handle::try_current() {
            Ok(runtime) => runtime.block_on(blobs.let_go(hash)).map_err(std::io::Error::other),
            Err(_) => blobs.let_go_and_wait(hash).map_err(std::io::Error::other),
        };
        store.let_blob_go(hash, removing)?;
        gone += 1;
    }
    Ok(gone)
}
