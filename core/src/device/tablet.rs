//! The tablet: new, locked or open; what an officer can do with it, whatever shows it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::forms::{self, Attached};
use super::services::{Camera, Metered, Network, Position, SecretStore};
use super::sync_run::{self, Sides};
use super::{DeviceError, Keys, Sending, StationDoors as _, SyncReport, Transport, Vault, check_pin, photo};
use crate::error::Code;
use crate::form::Answers;
use crate::hash::Hash;
use crate::ids::{DeviceId, DraftId, OfficerId, RecordId, RevisionId, StationId};
use crate::record::{Fields, Kind, Names};
use crate::replica::{
    Author, Change, DraftRow, FileKey, FinishedForm, NamedBlob, RecordView, RefusedEntry, Replica, ReplicaError,
    StationNote, StoredBlob,
};
use crate::sync::{EnrolRequest, Invite};
use crate::time::Instant;
use crate::view::{
    AttachmentView, Finished, Fix, OfficerLine, OpenForm, Phase, Progress, Refusal, Saved, SyncSettings, SyncStatus,
    TabletState,
};
use crate::world::World;

/// What the device brings.
pub struct Services {
    /// Where it is.
    pub position: Box<dyn Position>,
    /// Its camera.
    pub camera: Box<dyn Camera>,
    /// Which network it is on.
    pub network: Box<dyn Network>,
    /// Its place for a secret.
    pub secrets: Box<dyn SecretStore>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

/// A tablet in a folder.
pub struct Tablet {
    folder: PathBuf,
    world: Arc<dyn World>,
    services: Services,
    open: Mutex<Option<Open>>,
    syncing: Mutex<Syncing>,
    stop: AtomicBool,
}

impl std::fmt::Debug for Tablet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tablet").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// An officer at work.
struct Open {
    replica: Replica,
    keys: Arc<Keys>,
    author: Author,
    note: StationNote,
}

/// What the Sync screen shows beyond the replica.
#[derive(Default)]
struct Syncing {
    running: Option<Progress>,
    last_error: Option<Refusal>,
    last_tried: Option<Instant>,
    clock_ahead_ms: Option<i64>,
}

impl Tablet {
    /// A tablet whose files are in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf, world: Arc<dyn World>, services: Services) -> Self {
        Self {
            folder,
            world,
            services,
            open: Mutex::new(None),
            syncing: Mutex::new(Syncing::default()),
            stop: AtomicBool::new(false),
        }
    }

    /// Where the tablet stands.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub fn state(&self) -> Result<TabletState, DeviceError> {
        let vault = Vault::load(&self.vault_path())?;
        let officer = self.lock_open().as_ref().map(|open| open.author.officer);
        let phase = match (&vault, officer) {
            (None, _) => Phase::New,
            (Some(_), None) => Phase::Locked,
            (Some(_), Some(_)) => Phase::Open,
        };
        Ok(TabletState {
            phase,
            officers: vault.as_ref().map(Vault::officers).unwrap_or_default(),
            pin_wait_ms: vault.as_ref().map_or(0, |vault| vault.wait_ms(self.world.now())),
            station: vault.map(|vault| vault.station_name),
            officer,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// Uses an invite and sets the officer's PIN.
    ///
    /// If the answer of the station is lost, the same call with the same PIN goes on where it stopped, also after a restart.
    ///
    /// # Errors
    /// [`Code::AlreadyEnrolled`], [`Code::PinTooWeak`], the invite's and the station's codes.
    pub fn enrol(&self, invite: &str, pin: &SecretString) -> Result<(), DeviceError> {
        if Vault::load(&self.vault_path())?.is_some() {
            return Err(DeviceError::Refused(Code::AlreadyEnrolled));
        }
        let invite = Invite::read(invite)?;
        check_pin(pin)?;
        std::fs::create_dir_all(&self.folder).map_err(DeviceError::file("making the tablet's folder"))?;
        let (device, keys) = self.enrolling_keys(pin)?;
        let mut transport = Transport::to(&invite.address, invite.fingerprint.as_deref(), None)?;
        let request = EnrolRequest { token: invite.token, device, key: keys.signing.verifying_key() };
        let enrolled = transport.enrol(&request)?;
        let session = transport.log_in(device, &keys.signing)?;

        let mut replica = self.fresh_replica(&keys.file)?;
        let note = StationNote {
            station: enrolled.station,
            address: invite.address,
            fingerprint: invite.fingerprint,
            station_key: enrolled.station_key,
        };
        replica.set_station(&note)?;
        replica.set_scopes(&session.scopes)?;
        replica.keep_token(&session.token)?;

        let officer = OfficerLine { id: enrolled.officer, name: enrolled.officer_name };
        let identity = (device, enrolled.station, enrolled.station_name);
        let author = Author { device, officer: officer.id };
        let vault = Vault::lock_in(&*self.world, &*self.services.secrets, identity, officer, pin, &keys)?;
        vault.save(&self.vault_path())?;
        // From here on the tablet is enrolled; what is left of enrolling is of no use to anybody.
        std::fs::remove_file(self.enrolling_path()).map_err(DeviceError::file("tidying after enrolment"))?;
        *self.lock_open() = Some(Open { replica, keys: Arc::new(keys), author, note });
        Ok(())
    }

    /// Opens the replica with an officer's PIN.
    ///
    /// # Errors
    /// [`Code::WrongPin`], [`Code::PinDelayed`], [`Code::NotEnrolled`].
    pub fn unlock(&self, officer: OfficerId, pin: &SecretString) -> Result<(), DeviceError> {
        let mut vault = Vault::load(&self.vault_path())?.ok_or(DeviceError::Refused(Code::NotEnrolled))?;
        let keys = vault.open(&self.vault_path(), &*self.services.secrets, officer, pin, self.world.now())?;
        let replica = Replica::open(&self.replica_path(), Some(&keys.file))?;
        let note = replica.station()?.ok_or(DeviceError::Refused(Code::NotEnrolled))?;
        let author = Author { device: vault.device, officer };
        *self.lock_open() = Some(Open { replica, keys: Arc::new(keys), author, note });
        Ok(())
    }

    /// Closes the replica. A sync under way goes on to its end.
    pub fn lock(&self) {
        *self.lock_open() = None;
    }

    /// Works with the open replica.
    ///
    /// # Errors
    /// [`Code::Locked`] if nobody has unlocked it, and what `work` says.
    pub fn with<T>(
        &self,
        work: impl FnOnce(&mut Replica, Author, &dyn World) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let mut open = self.lock_open();
        let open = open.as_mut().ok_or(DeviceError::Refused(Code::Locked))?;
        work(&mut open.replica, open.author, &*self.world)
    }

    /// The clock of this tablet.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.world.now()
    }

    /// Where the tablet is; `None` if it cannot know.
    #[must_use]
    pub fn position(&self) -> Option<Fix> {
        self.services.position.fix()
    }

    /// The device's own camera, if it has one.
    #[must_use]
    pub fn camera(&self) -> &dyn Camera {
        &*self.services.camera
    }

    /// Changes fields of a record.
    ///
    /// # Errors
    /// [`Code::FieldWrong`], [`Code::NotFound`].
    pub fn edit(&self, record: RecordId, fields: Fields) -> Result<Saved, DeviceError> {
        self.edit_seen(record, fields, None)
    }

    /// Changes fields of a record as an officer who saw these revisions of it: what came since is not overwritten.
    ///
    /// # Errors
    /// [`Code::FieldWrong`], [`Code::NotFound`].
    pub fn edit_seen(
        &self,
        record: RecordId,
        fields: Fields,
        seen: Option<&[RevisionId]>,
    ) -> Result<Saved, DeviceError> {
        self.with(|replica, author, world| {
            let (kind, area) = replica.place_of(record)?;
            if let Some(field) = fields.keys().find(|field| !may_be_edited(&kind, field)) {
                return Err(DeviceError::Field(field.clone()));
            }
            let change = Change { record, kind, area, fields };
            match seen {
                Some(seen) => Ok(Saved { record, revision: replica.save_seen(author, world, &change, seen)? }),
                None => saved(record, &replica.save(author, world, &[change])?),
            }
        })
    }

    /// Marks a task as done now.
    ///
    /// # Errors
    /// [`Code::NotFound`] if there is no such task.
    pub fn task_done(&self, task: RecordId) -> Result<Saved, DeviceError> {
        self.with(|replica, author, world| {
            let (kind, area) = replica.place_of(task)?;
            if kind != Kind::Task {
                return Err(DeviceError::Refused(Code::NotFound));
            }
            let fields = Fields::from([("done_at_ms".to_owned(), json!(world.now()))]);
            let made = replica.save(author, world, &[Change { record: task, kind, area, fields }])?;
            saved(task, &made)
        })
    }

    /// Begins a form for a household, or goes on with the draft that is there.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown household or form.
    pub fn begin_form(&self, household: RecordId, form: &str) -> Result<OpenForm, DeviceError> {
        forms::form(form)?;
        self.with(|replica, _, world| {
            let draft = replica.begin_draft(world, household, form)?;
            open_form(replica, draft)
        })
    }

    /// Opens a draft.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn open_draft(&self, draft: DraftId) -> Result<OpenForm, DeviceError> {
        self.with(|replica, _, _| {
            let draft = replica.draft(draft)?;
            open_form(replica, draft)
        })
    }

    /// Saves a draft's answers durably.
    ///
    /// # Errors
    /// [`Code::TooLarge`] for more than 1 MiB, [`Code::NotFound`].
    pub fn save_draft(&self, draft: DraftId, submission: &str, page: u32) -> Result<(), DeviceError> {
        if submission.len() > crate::form::MAX_SUBMISSION_BYTES {
            return Err(DeviceError::Refused(Code::TooLarge));
        }
        self.with(|replica, _, world| Ok(replica.save_draft(draft, submission, page, world.now())?))
    }

    /// Attaches a picture to a draft, scaled and without metadata.
    ///
    /// # Errors
    /// [`Code::FieldWrong`] for a name that is empty, longer than 200 bytes or a path; [`Code::PictureUnreadable`].
    pub fn attach(&self, draft: DraftId, name: &str, bytes: &[u8]) -> Result<AttachmentView, DeviceError> {
        if name.is_empty() || name.len() > 200 || name.contains(['/', '\\', '\0']) {
            return Err(DeviceError::Field("name".to_owned()));
        }
        let blob = photo::take_in(bytes)?;
        self.with(|replica, _, _| {
            replica.attach(draft, name, &blob)?;
            let (size_bytes, media_type) = (blob.bytes.len() as u64, blob.media_type.clone());
            Ok(AttachmentView { name: name.to_owned(), hash: blob.hash, size_bytes, media_type })
        })
    }

    /// Finishes a form: its draft becomes a visit, and a task if a follow-up is wanted.
    ///
    /// # Errors
    /// [`Code::FormUnreadable`] or [`Code::FieldWrong`] if the submission is not one of this form; the draft stays.
    pub fn finish_form(&self, draft: DraftId, submission: &str) -> Result<Finished, DeviceError> {
        self.with(|replica, author, world| {
            let row = replica.draft(draft)?;
            let (_, area) = replica.place_of(row.household)?;
            let attached = replica.attachments(draft)?;
            let becomes = forms::becomes(world, &row, area, author.officer, submission, &attached)?;
            replica.finish(author, world, &FinishedForm { draft, changes: becomes.changes })?;
            Ok(Finished { visit: becomes.visit, task: becomes.task, household: row.household })
        })
    }

    /// Records a visit from answers, without a window.
    ///
    /// # Errors
    /// As [`Tablet::attach`] and [`Tablet::finish_form`].
    pub fn record_visit(
        &self,
        household: RecordId,
        form: &str,
        mut answers: Answers,
        files: &[Attached],
    ) -> Result<Finished, DeviceError> {
        let model = &forms::form(form)?.model;
        let draft = self.begin_form(household, form)?.draft;
        for file in files {
            let name = format!("{}-{}.jpg", file.question, Hash::of(&file.bytes));
            self.attach(draft, &name, &file.bytes)?;
            answers.insert(file.question.clone(), Value::from(name));
        }
        let now = self.world.now();
        let submission = model.fill(&answers, &format!("uuid:{draft}"), now, now)?;
        self.save_draft(draft, &submission, 0)?;
        self.finish_form(draft, &submission)
    }

    /// One record with its history.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn show(&self, record: RecordId) -> Result<RecordView, DeviceError> {
        self.with(|replica, author, _| Ok(replica.record(record, author.device)?))
    }

    /// Own revisions that the station refused.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn refused(&self) -> Result<Vec<RefusedEntry>, DeviceError> {
        self.with(|replica, author, _| Ok(replica.refused(author.device)?))
    }

    /// The Sync screen.
    ///
    /// # Errors
    /// [`Code::Locked`].
    pub fn sync_status(&self) -> Result<SyncStatus, DeviceError> {
        let mut open = self.lock_open();
        let open = open.as_mut().ok_or(DeviceError::Refused(Code::Locked))?;
        let device = open.author.device;
        let (waiting, holdings) = (open.replica.waiting(device)?, open.replica.holdings(device)?);
        let photos_go = self.photos_go(open.replica.sync_settings()?);
        let photos_wait_for_wifi = if photos_go { 0 } else { open.replica.photos_wait()? };
        let syncing = self.lock_syncing();
        Ok(SyncStatus {
            photos_wait_for_wifi,
            running: syncing.running,
            waiting,
            standing: open.replica.standing(device)?,
            receipt: open.replica.receipt()?,
            covered: holdings.covered,
            last_error: syncing.last_error.clone(),
            last_tried: syncing.last_tried,
            conflicts: open.replica.conflicted()?,
            clock_ahead_ms: syncing.clock_ahead_ms,
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
        let run = self.begin_sync()?;
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
        let run = self.begin_sync()?;
        self.run_sync(run)
    }

    /// Asks a running sync to stop after the step it is in.
    pub fn sync_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn begin_sync(&self) -> Result<SyncRun, DeviceError> {
        let open = self.lock_open();
        let open = open.as_ref().ok_or(DeviceError::Refused(Code::Locked))?;
        let mut syncing = self.lock_syncing();
        if syncing.running.is_some() {
            return Err(DeviceError::Refused(Code::SyncRunning));
        }
        let run = SyncRun {
            replica: Replica::open(&self.replica_path(), Some(&open.keys.file))?,
            keys: Arc::clone(&open.keys),
            device: open.author.device,
            note: open.note.clone(),
        };
        self.stop.store(false, Ordering::Relaxed);
        syncing.running = Some(Progress { stage: crate::view::Stage::Ask, done: 0, total: 0 });
        Ok(run)
    }

    fn run_sync(&self, mut run: SyncRun) -> Result<SyncReport, DeviceError> {
        let result = run.replica.token().map_err(DeviceError::from).and_then(|token| {
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
        });
        let mut syncing = self.lock_syncing();
        syncing.running = None;
        syncing.last_tried = Some(self.world.now());
        syncing.last_error = result.as_ref().err().map(DeviceError::refusal);
        if let Ok(report) = &result {
            syncing.clock_ahead_ms = report.clock_ahead_ms;
        }
        result
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

    /// The keys of an enrolment that was begun before with the same PIN, or new ones.
    fn enrolling_keys(&self, pin: &SecretString) -> Result<(DeviceId, Keys), DeviceError> {
        let path = self.enrolling_path();
        let nobody = OfficerLine { id: OfficerId::from_bytes([0; 16]), name: Names::default() };
        let secrets = &*self.services.secrets;
        if let Ok(Some(mut begun)) = Vault::load(&path)
            && let Ok(keys) = begun.open(&path, secrets, nobody.id, pin, self.world.now())
        {
            return Ok((begun.device, keys));
        }
        let (mut file, mut signing) = ([0; 32], [0; 32]);
        self.world.fill_random(&mut file);
        self.world.fill_random(&mut signing);
        let keys = Keys { file: FileKey::new(file), signing: SigningKey::from_bytes(&signing) };
        let device = DeviceId::new(&*self.world);
        let identity = (device, StationId::from_bytes([0; 16]), Names::default());
        Vault::lock_in(&*self.world, secrets, identity, nobody, pin, &keys)?.save(&path)?;
        Ok((device, keys))
    }

    /// A replica for keys that no vault has yet: a file that other keys left behind holds nothing and is removed.
    fn fresh_replica(&self, key: &FileKey) -> Result<Replica, DeviceError> {
        let path = self.replica_path();
        if let Ok(replica) = Replica::open(&path, Some(key)) {
            return Ok(replica);
        }
        std::fs::remove_file(&path).map_err(DeviceError::file("removing an unfinished replica"))?;
        Ok(Replica::open(&path, Some(key))?)
    }

    /// The folder of its files.
    pub(super) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    fn vault_path(&self) -> PathBuf {
        self.folder.join("vault.json")
    }

    fn enrolling_path(&self) -> PathBuf {
        self.folder.join("enrolling.json")
    }

    fn replica_path(&self) -> PathBuf {
        self.folder.join("replica.db")
    }

    fn lock_open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_syncing(&self) -> MutexGuard<'_, Syncing> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a blob is.
enum Fetching {
    Here(StoredBlob),
    There(NamedBlob, Option<String>, DeviceId),
}

/// What a sync takes with it, so that locking the tablet does not end it.
struct SyncRun {
    replica: Replica,
    keys: Arc<Keys>,
    device: DeviceId,
    note: StationNote,
}

fn open_form(replica: &Replica, draft: DraftRow) -> Result<OpenForm, DeviceError> {
    let form = forms::form(&draft.form)?;
    Ok(OpenForm {
        draft: draft.id,
        household: draft.household,
        household_name: replica.household_name(draft.household)?,
        form: draft.form,
        xform: form.xform.clone(),
        submission: draft.submission,
        page: draft.page,
        attachments: replica.attachments(draft.id)?,
    })
}

fn saved(record: RecordId, made: &[RevisionId]) -> Result<Saved, DeviceError> {
    let revision = *made.first().ok_or(DeviceError::Refused(Code::FileFailed))?;
    Ok(Saved { record, revision })
}

/// What an officer may change by hand; the rest follows from forms.
fn may_be_edited(kind: &Kind, field: &str) -> bool {
    match kind {
        Kind::Household => matches!(
            field,
            "name_zh" | "name_mong" | "name_cyrl" | "phone" | "winter_camp" | "summer_camp" | "house" | "note"
        ),
        Kind::Person => matches!(field, "name_zh" | "name_mong" | "name_cyrl" | "phone" | "role"),
        Kind::Task => matches!(field, "note" | "due"),
        _ => false,
    }
}
