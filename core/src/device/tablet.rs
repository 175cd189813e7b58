//! The tablet: new, locked or open; what an officer can do with it, whatever shows it.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::by_itself::ByItself;
use super::forms::{self, Attached};
use super::nearby::{Encounter, Neighbourhood};
use super::services::{Camera, Network, Position, Printer, SecretStore};
use super::shut_out::Leaving;
use super::shut_out::marker::Marker;
use super::sync_run;
use super::syncing::{SyncRun, Syncing};
use super::{DeviceError, Keys, StationDoors as _, Transport, Vault, check_pin};
use crate::error::Code;
use crate::form::Answers;
use crate::hash::Hash;
use crate::ids::{DeviceId, DraftId, OfficerId, RecordId, RevisionId, StationId};
use crate::record::{Fields, Kind, Names};
use crate::replica::{Author, Change, FileKey, FinishedForm, RecordView, RefusedEntry, Replica, StationNote, Subject};
use crate::sync::{EnrolRequest, Event, Invite};
use crate::time::Instant;
use crate::view::{AttachmentView, Finished, Fix, OfficerLine, OpenForm, Phase, Saved, TabletState};
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
    /// How it meets other tablets.
    pub nearby: Box<dyn Neighbourhood>,
    /// How its window comes onto paper.
    pub printer: Box<dyn Printer>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

/// A tablet in a folder.
pub struct Tablet {
    folder: PathBuf,
    pub(super) world: Arc<dyn World>,
    pub(super) services: Services,
    open: Mutex<Option<Open>>,
    syncing: Mutex<Syncing>,
    pub(super) leaving: Mutex<Leaving>,
    pub(super) stop: AtomicBool,
    pub(super) by_itself: Arc<ByItself>,
    pub(super) encounter: Encounter,
}

impl std::fmt::Debug for Tablet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tablet").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// An officer at work.
pub(super) struct Open {
    pub(super) replica: Replica,
    pub(super) keys: Arc<Keys>,
    pub(super) author: Author,
    pub(super) note: StationNote,
}

impl Open {
    /// The author under the name that the device has now: a sync may give it another one.
    pub(super) fn author_now(&self) -> Result<Author, DeviceError> {
        let device = self.replica.name_taken()?.unwrap_or(self.author.device);
        Ok(Author { device, ..self.author })
    }
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
            leaving: Mutex::default(),
            stop: AtomicBool::new(false),
            by_itself: Arc::default(),
            encounter: Encounter::default(),
        }
    }

    /// Where the tablet stands.
    ///
    /// # Errors
    /// If the vault cannot be read.
    pub fn state(&self) -> Result<TabletState, DeviceError> {
        self.go_on_erasing()?;
        let marker = self.marker()?;
        let vault = Vault::load(&self.vault_path())?;
        let officer = self.lock_open().as_ref().map(|open| open.author.officer);
        let phase = match (&vault, officer) {
            _ if marker.is_some() => Phase::ShutOut,
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
    /// [`Code::AlreadyEnrolled`], [`Code::PinTooWeak`], the invite's and the station's codes; [`Code::DeviceRevoked`] for a
    /// tablet that was shut out and is not erased yet.
    pub fn enrol(&self, invite: &str, pin: &SecretString) -> Result<(), DeviceError> {
        self.go_on_erasing()?;
        if self.gone()?.is_some() {
            return Err(DeviceError::Refused(Code::DeviceRevoked));
        }
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
        sync_run::learn(&mut replica, &session)?;

        let officer = OfficerLine { id: enrolled.officer, name: enrolled.officer_name };
        let identity = (device, enrolled.station, enrolled.station_name);
        let author = Author { device, officer: officer.id };
        let vault = Vault::lock_in(&*self.world, &*self.services.secrets, identity, officer, pin, &keys)?;
        vault.save(&self.vault_path())?;
        // From here on the tablet is enrolled; what is left of enrolling is of no use to anybody.
        std::fs::remove_file(self.enrolling_path()).map_err(DeviceError::file("tidying after enrolment"))?;
        Marker::remove(&self.folder)?;
        *self.lock_open() = Some(Open { replica, keys: Arc::new(keys), author, note });
        self.tell_opened()
    }

    /// Opens the replica with an officer's PIN.
    ///
    /// # Errors
    /// [`Code::WrongPin`], [`Code::PinDelayed`], [`Code::NotEnrolled`]. A tablet that was shut out does not open: the PIN seals
    /// its work if that was not done yet, otherwise [`Code::DeviceRevoked`].
    pub fn unlock(&self, officer: OfficerId, pin: &SecretString) -> Result<(), DeviceError> {
        let gone = self.gone()?;
        if gone.as_ref().is_some_and(|shut_out| !shut_out.needs_keys()) {
            return Err(DeviceError::Refused(Code::DeviceRevoked));
        }
        let mut vault = Vault::load(&self.vault_path())?.ok_or(DeviceError::Refused(Code::NotEnrolled))?;
        let keys = vault.open(&self.vault_path(), &*self.services.secrets, officer, pin, self.world.now())?;
        let replica = Replica::open(&self.replica_path(), Some(&keys.file))?;
        let note = replica.station()?.ok_or(DeviceError::Refused(Code::NotEnrolled))?;
        if gone.is_some() {
            let device = replica.name_taken()?.unwrap_or(vault.device);
            self.keep_to_seal(SyncRun { replica, keys: Arc::new(keys), device, note });
            return self.seal_now();
        }
        let author = Author { device: vault.device, officer };
        *self.lock_open() = Some(Open { replica, keys: Arc::new(keys), author, note });
        self.tell_opened()
    }

    /// Closes the replica. A sync under way goes on to its end, and so do files on their way to another tablet.
    pub fn lock(&self) {
        *self.lock_open() = None;
        self.encounter.lock();
        self.by_itself.told(Event::Locked, &*self.world);
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
        // Another program may have learned that the tablet was shut out.
        if open.is_some() && self.gone()?.is_some() {
            *open = None;
        }
        let open = open.as_mut().ok_or(DeviceError::Refused(Code::Locked))?;
        let author = open.author_now()?;
        let before = open.replica.changes();
        let made = work(&mut open.replica, author, &*self.world)?;
        if open.replica.changes() != before && open.replica.has_unsent(author.device)? {
            self.by_itself.told(Event::Saved, &*self.world);
        }
        Ok(made)
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

    /// Begins a form about a household, a case or an area, or goes on with the draft that is there.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown subject or form, or a form that is about something else.
    pub fn begin_form(&self, subject: Subject, form: &str) -> Result<OpenForm, DeviceError> {
        self.with(|replica, _, world| {
            forms::form(replica, form, subject.about)?;
            let draft = replica.begin_draft(world, subject, form)?;
            forms::open(replica, draft)
        })
    }

    /// Begins to change a finished form of one's own, with the version it was filled in with.
    ///
    /// # Errors
    /// [`Code::FormSealed`] for one that somebody signed, [`Code::OfficerWrong`] for another officer's, [`Code::NotFound`] if it,
    /// or its form in that version, is not here.
    pub fn amend_form(&self, record: RecordId) -> Result<OpenForm, DeviceError> {
        self.with(|replica, author, world| {
            forms::may_amend(replica, record, author.officer)?;
            let draft = replica.begin_amending(world, record)?;
            forms::open(replica, draft)
        })
    }

    /// Adds to a finished form without changing what it says.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::FieldWrong`] for nothing, or more than 4,000 bytes.
    pub fn add_to_form(&self, record: RecordId, text: &str) -> Result<Saved, DeviceError> {
        self.with(|replica, author, world| {
            let (kind, area) = replica.place_of(record)?;
            if !kind.is_a_submission() {
                return Err(DeviceError::Refused(Code::NotFound));
            }
            let fields = forms::addendum(author.officer, world, text)?;
            saved(record, &replica.save(author, world, &[Change { record, kind, area, fields }])?)
        })
    }

    /// A file that a form shows or chooses from: media type and bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`Code::NotFound`] for an unknown draft.
    pub fn form_resource(&self, draft: DraftId, url: &str) -> Result<Option<(&'static str, Vec<u8>)>, DeviceError> {
        self.with(|replica, author, world| {
            let draft = replica.draft(draft)?;
            forms::resource(replica, &draft, url, author.officer, world.now())
        })
    }

    /// Opens a draft.
    ///
    /// # Errors
    /// [`Code::NotFound`].
    pub fn open_draft(&self, draft: DraftId) -> Result<OpenForm, DeviceError> {
        self.with(|replica, _, _| {
            let draft = replica.draft(draft)?;
            forms::open(replica, draft)
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

    /// Attaches a file to a draft: a picture scaled and without metadata, sound and PDF as they are.
    ///
    /// # Errors
    /// [`Code::FieldWrong`] for a name that is empty, longer than 200 bytes or a path; [`Code::PictureUnreadable`] for what is no
    /// kind of file that the station takes; [`Code::TooLarge`].
    pub fn attach(&self, draft: DraftId, name: &str, bytes: &[u8]) -> Result<AttachmentView, DeviceError> {
        if name.is_empty() || name.len() > 200 || name.contains(['/', '\\', '\0']) {
            return Err(DeviceError::Field("name".to_owned()));
        }
        let blob = forms::take_in(bytes)?;
        self.with(|replica, _, _| {
            replica.attach(draft, name, &blob)?;
            let (size_bytes, media_type) = (blob.bytes.len() as u64, blob.media_type.clone());
            Ok(AttachmentView { name: name.to_owned(), hash: blob.hash, size_bytes, media_type })
        })
    }

    /// Finishes a form: its draft becomes a visit or an activity, and what it says of households, persons, cases and tasks is saved
    /// with it; a finished form that was changed becomes one more revision, with the reason.
    ///
    /// # Errors
    /// [`Code::FormUnreadable`] or [`Code::FieldWrong`] if the submission is not one of this form, or if there is no reason for a
    /// change; for a change, also as [`Tablet::amend_form`]. The draft stays.
    pub fn finish_form(
        &self,
        draft: DraftId,
        submission: &str,
        because: Option<&str>,
    ) -> Result<Finished, DeviceError> {
        self.with(|replica, author, world| {
            let row = replica.draft(draft)?;
            let becomes = match row.amends {
                Some(record) => {
                    // It may have been signed, or another officer sits at the tablet, since it was begun.
                    forms::may_amend(replica, record, author.officer)?;
                    forms::amended(replica, &row, record, submission, because)?
                }
                None => forms::becomes(replica, world, &row, author.officer, submission)?,
            };
            let (changes, based) = (becomes.changes, becomes.based);
            replica.finish(author, world, &FinishedForm { draft, changes, based })?;
            Ok(becomes.finished)
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
        answers: Answers,
        files: &[Attached],
    ) -> Result<Finished, DeviceError> {
        self.record_form(Subject::household(household), form, answers, files)
    }

    /// Records a form from answers, without a window: no expression of it is evaluated.
    ///
    /// # Errors
    /// As [`Tablet::attach`] and [`Tablet::finish_form`].
    pub fn record_form(
        &self,
        subject: Subject,
        form: &str,
        mut answers: Answers,
        files: &[Attached],
    ) -> Result<Finished, DeviceError> {
        let draft = self.begin_form(subject, form)?.draft;
        for file in files {
            let name = format!("{}-{}.jpg", file.question, Hash::of(&file.bytes));
            self.attach(draft, &name, &file.bytes)?;
            answers.insert(file.question.clone(), Value::from(name));
        }
        let now = self.world.now();
        let form = self.with(|replica, _, _| Ok(replica.form_of(&replica.draft(draft)?)?.1))?;
        let submission = form.model.fill(&answers, &format!("uuid:{draft}"), now, now)?;
        self.save_draft(draft, &submission, 0)?;
        self.finish_form(draft, &submission, None)
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

    /// Whether a vault is here.
    pub(super) fn is_enrolled(&self) -> bool {
        self.vault_path().exists()
    }

    /// The name of the station.
    pub(super) fn station_name(&self) -> Result<Names, DeviceError> {
        Ok(Vault::load(&self.vault_path())?.map(|vault| vault.station_name).unwrap_or_default())
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

    pub(super) fn replica_path(&self) -> PathBuf {
        self.folder.join("replica.db")
    }

    pub(super) fn lock_open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_syncing(&self) -> MutexGuard<'_, Syncing> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        Kind::Case => matches!(field, "title" | "note" | "due" | "grade"),
        _ => false,
    }
}
