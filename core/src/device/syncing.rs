//! Syncing a tablet: what the Sync screen shows, photos fetched to be seen, one sync after another.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::services::Metered;
use super::sync_run::{self, Sides};
use super::tablet::Open;
use super::{DeviceError, Keys, Sending, StationDoors as _, SyncReport, Tablet, Transport};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::replica::{NamedBlob, Replica, ReplicaError, StationNote, StoredBlob};
use crate::sync::Event;
use crate::time::Instant;
use crate::view::{Progress, Refusal, SyncSettings, SyncStatus};

/// What the Sync screen shows beyond the replica.
#[derive(Default)]
pub(super) struct Syncing {
    running: Option<Progress>,
    last_error: Option<Refusal>,
    last_tried: Option<Instant>,
    clock_ahead_ms: Option<i64>,
}

impl Tablet {
    /// The Sync screen.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn sync_status(&self) -> Result<SyncStatus, DeviceError> {
        let mut open = self.lock_open();
        let open = open.as_mut().ok_or(DeviceError::Refused(Code::Locked))?;
        let device = open.author_now()?.device;
        let (waiting, holdings) = (open.replica.waiting(device)?, open.replica.holdings(device)?);
        let settings = open.replica.sync_settings()?;
        let photos_go = self.photos_go(settings);
        let photos_wait_for_wifi = if photos_go { 0 } else { open.replica.photos_wait()? };
        let syncing = self.lock_syncing();
        Ok(SyncStatus {
            photos_wait_for_wifi,
            running: syncing.running,
            waiting,
            standing: open.replica.standing(device)?,
            erased: open.replica.erasures()?,
            receipt: open.replica.receipt()?,
            covered: holdings.covered,
            difference: open.replica.difference()?,
            last_error: syncing.last_error.clone(),
            last_tried: syncing.last_tried,
            conflicts: open.replica.conflicted()?,
            clock_ahead_ms: syncing.clock_ahead_ms,
            by_itself: self.by_itself.shown(settings.by_itself),
            address: open.note.address.clone(),
            device,
        })
    }

    /// A photo or signature. One that is not here any more, or never was, is fetched from the station and kept until its
    /// space is needed.
    ///
    /// # Errors
    /// [`Code::NotFound`] if nothing names it, [`Code::StationUnreachable`] and the station's codes.
    pub fn blob(&self, hash: Hash) -> Result<StoredBlob, DeviceError> {
        let fetching = self.with(|replica, author, _| match replica.blob(hash) {
            Ok(blob) => Ok(Fetching::Here(blob)),
            Err(ReplicaError::NotFound { .. }) => {
                Ok(Fetching::There(replica.naming(hash)?, replica.token()?, author.device))
            }
            Err(other) => Err(other.into()),
        })?;
        let (named, token, device) = match fetching {
            Fetching::Here(blob) => return Ok(blob),
            Fetching::There(named, token, device) => (named, token, device),
        };
        // The replica is not locked while the network is asked.
        let (note, keys) = {
            let open = self.lock_open();
            let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
            (open.note.clone(), Arc::clone(&open.keys))
        };
        let mut transport = Transport::to(&note.address, note.fingerprint.as_deref(), token)?;
        let blob = match transport.fetch_blob(named) {
            Err(DeviceError::Station(Code::NotLoggedIn)) => {
                let session = transport.log_in(device, &keys.signing)?;
                self.with(|replica, _, _| Ok(replica.keep_token(&session.token)?))?;
                transport.fetch_blob(named)?
            }
            other => other?,
        };
        self.with(|replica, _, _| Ok(replica.keep_fetched(&blob)?))?;
        Ok(blob)
    }

    /// Syncs in the background; [`Tablet::sync_status`] tells how it goes.
    ///
    /// # Errors
    /// [`Code::SyncRunning`], [`Code::Locked`].
    pub fn sync_start(self: &Arc<Self>) -> Result<(), DeviceError> {
        let run = self.begin_sync(true)?;
        let tablet = Arc::clone(self);
        std::thread::spawn(move || {
            // The outcome is kept for the Sync screen.
            let _ = tablet.run_sync(run);
        });
        Ok(())
    }

    /// Syncs and waits for the end.
    ///
    /// # Errors
    /// Why it ended early; what was exchanged stays exchanged.
    pub fn sync(&self) -> Result<SyncReport, DeviceError> {
        let run = self.begin_sync(true)?;
        self.run_sync(run)
    }

    /// Asks a running sync to stop after the step it is in.
    pub fn sync_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn begin_sync(&self, by_hand: bool) -> Result<SyncRun, DeviceError> {
        let open = self.lock_open();
        let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
        let mut syncing = self.lock_syncing();
        if syncing.running.is_some() {
            return Err(DeviceError::Refused(Code::SyncRunning));
        }
        let mut run = SyncRun::of(open, &self.replica_path())?;
        run.replica.take_lease(&*self.world)?;
        self.by_itself.told(Event::Began { by_hand }, &*self.world);
        self.stop.store(false, Ordering::Relaxed);
        syncing.running = Some(Progress { stage: crate::view::Stage::Ask, done: 0, total: 0 });
        Ok(run)
    }

    pub(super) fn run_sync(&self, mut run: SyncRun) -> Result<SyncReport, DeviceError> {
        let result = run.replica.token().map_err(DeviceError::from).and_then(|token| {
            // Whoever does not know yet to whom bundles are sealed is told with the next login.
            let token = if run.replica.sealing()?.is_some() { token } else { None };
            let settings = run.replica.sync_settings()?;
            let mut transport = Transport::to(&run.note.address, run.note.fingerprint.as_deref(), token)?;
            sync_run::run(&mut Sides {
                replica: &mut run.replica,
                station: &mut transport,
                world: &*self.world,
                device: run.device,
                signing: &run.keys.signing,
                station_key: &run.note.station_key,
                stop: &self.stop,
                sending: Sending {
                    photos: self.photos_go(settings),
                    bytes_a_second: settings.kib_a_second.map(|kib| u64::from(kib) * 1024),
                    pause: &|ms| self.pause(ms),
                },
                progress: &|progress| self.lock_syncing().running = Some(progress),
            })
            .inspect(|_| self.hand_over(&transport))
        });
        let told_to_go = match &result {
            Err(DeviceError::Station(Code::DeviceRevoked)) => self.is_told_to_go(&mut run),
            _ => Ok(false),
        };
        // A lease that cannot be given back ends with the replica.
        let _ = run.replica.give_lease_back();
        let gone = matches!(told_to_go, Ok(true));
        let result = told_to_go.and(result);
        match gone {
            true => self.keep_to_seal(run),
            false => drop(run),
        }
        let mut syncing = self.lock_syncing();
        syncing.running = None;
        syncing.last_tried = Some(self.world.now());
        syncing.last_error = result.as_ref().err().map(DeviceError::refusal);
        if let Ok(report) = &result {
            syncing.clock_ahead_ms = report.clock_ahead_ms;
        }
        drop(syncing);
        let ended = result.as_ref().map(|_| ()).map_err(DeviceError::code);
        self.by_itself.told(Event::Ended(ended), &*self.world);
        if gone {
            // The outcome is kept for the page; the sync has ended as it has.
            drop(self.begin_leaving(false).and_then(|()| self.leave()));
        }
        result
    }

    /// How this tablet syncs.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn set_sync_settings(&self, settings: SyncSettings) -> Result<SyncSettings, DeviceError> {
        let kept = self.with(|replica, _, _| {
            replica.set_sync_settings(settings)?;
            Ok(replica.sync_settings()?)
        })?;
        self.by_itself.told(Event::Switched(kept.by_itself), &*self.world);
        Ok(kept)
    }

    /// Does what a sync must not meet, with a replica of its own.
    pub(super) fn instead_of_a_sync<T>(
        &self,
        work: impl FnOnce(&mut SyncRun) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let mut run = self.beside_a_sync()?;
        run.replica.take_lease(&*self.world)?;
        let result = work(&mut run);
        // A lease that cannot be given back ends with the replica.
        let _ = run.replica.give_lease_back();
        result
    }

    /// A replica of its own for what only reads for a while: saving and syncs go on.
    pub(super) fn beside_a_sync(&self) -> Result<SyncRun, DeviceError> {
        let open = self.lock_open();
        let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
        SyncRun::of(open, &self.replica_path())
    }

    /// Whether photos may use the network there is now.
    fn photos_go(&self, settings: SyncSettings) -> bool {
        !settings.photos_on_wifi_only || self.services.network.metered() != Metered::Yes
    }

    /// Lets time pass within a sync, unless it is to stop.
    fn pause(&self, ms: i64) {
        let mut left = ms;
        while left > 0 && !self.stop.load(Ordering::Relaxed) {
            let now = left.min(100);
            std::thread::park_timeout(std::time::Duration::from_millis(u64::try_from(now).unwrap_or(0)));
            left -= now;
        }
    }
}

/// Where a blob is.
enum Fetching {
    Here(StoredBlob),
    There(NamedBlob, Option<String>, DeviceId),
}

/// What a sync takes with it, so that locking the tablet does not end it.
pub(super) struct SyncRun {
    pub(super) replica: Replica,
    pub(super) keys: Arc<Keys>,
    pub(super) device: DeviceId,
    pub(super) note: StationNote,
}

impl SyncRun {
    fn of(open: &Open, path: &Path) -> Result<Self, DeviceError> {
        Ok(Self {
            replica: Replica::open(path, Some(&open.keys.file))?,
            keys: Arc::clone(&open.keys),
            device: open.author_now()?.device,
            note: open.note.clone(),
        })
    }
}
