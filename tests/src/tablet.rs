//! A tablet in a folder of its own: beside the test, or as a process for every command.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use ailchin_core::device::services::{Desktop, Metered, SecretFile, SetNetwork};
use ailchin_core::device::{self, Attached, Services, SetNeighbours};
use ailchin_core::error::Code;
use ailchin_core::form::Answers;
use ailchin_core::ids::{DeviceId, RecordId, RevisionId};
use ailchin_core::record::{Entry, Fields};
use ailchin_core::replica::RecordView;
use ailchin_core::sync::{Outcome, ScopeDigest};
use ailchin_core::view::{Finished, HouseholdPage, HouseholdQuery};
use ailchin_core::world::{Seeded, World};
use serde_json::{Value, json};

use crate::NOW;
use crate::programs::{Process, TABLET};

/// The PIN of every tablet of the tests.
pub const PIN: &str = "274951";

/// All tablets beside a test are on one network.
static NEIGHBOURS: LazyLock<SetNeighbours> = LazyLock::new(SetNeighbours::default);

/// A tablet beside the test.
#[derive(Debug)]
pub struct Tablet {
    folder: Arc<tempfile::TempDir>,
    world: Arc<Seeded>,
    core: Arc<device::Tablet>,
    network: Arc<Mutex<Metered>>,
}

impl Deref for Tablet {
    type Target = Arc<device::Tablet>;

    fn deref(&self) -> &Self::Target {
        &self.core
    }
}

impl Tablet {
    /// A tablet out of its box; the seed determines its keys and ids.
    #[must_use]
    pub fn unpacked(seed: u64) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let world = Arc::new(Seeded::new(seed, NOW));
        let network = Arc::new(Mutex::new(Metered::Unknown));
        let core = core(folder.path(), Arc::clone(&world) as Arc<dyn World>, Arc::clone(&network));
        Self { folder, world, core, network }
    }

    /// A tablet that has used an invite and is open.
    ///
    /// # Panics
    /// If the station does not let it in.
    #[must_use]
    pub fn enrolled(seed: u64, invite: &str) -> Self {
        let tablet = Self::unpacked(seed);
        tablet.enrol(invite, &PIN.into()).unwrap();
        tablet
    }

    /// The same tablet after its program was closed and opened again.
    ///
    /// # Panics
    /// If it does not open.
    #[must_use]
    pub fn restarted(self) -> Self {
        let core = core(self.folder.path(), Arc::clone(&self.world) as Arc<dyn World>, Arc::clone(&self.network));
        let officer = core.state().unwrap().officers[0].id;
        core.unlock(officer, &PIN.into()).unwrap();
        Self { core, ..self }
    }

    /// The same tablet after it was switched off at any moment and on again; nobody has unlocked it.
    #[must_use]
    pub fn switched_off_and_on(self) -> Self {
        let core = core(self.folder.path(), Arc::clone(&self.world) as Arc<dyn World>, Arc::clone(&self.network));
        Self { core, ..self }
    }

    /// The same tablet in a second program, while the first is still open.
    ///
    /// # Panics
    /// If it does not open.
    #[must_use]
    pub fn opened_twice(&self) -> Self {
        let first = Self {
            folder: Arc::clone(&self.folder),
            world: Arc::clone(&self.world),
            core: Arc::clone(&self.core),
            network: Arc::clone(&self.network),
        };
        first.restarted()
    }

    /// The folder of its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts it on a network.
    ///
    /// # Panics
    /// Never in practice.
    pub fn is_on(&self, network: Metered) {
        *self.network.lock().unwrap() = network;
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Seeded {
        &self.world
    }

    /// Its name among devices.
    ///
    /// # Panics
    /// If it is locked.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.with(|_, author, _| Ok(author.device)).unwrap()
    }

    /// Syncs to the end.
    ///
    /// # Panics
    /// If the sync ends early.
    pub fn syncs(&self) -> Outcome {
        match self.sync() {
            Ok(report) => report.outcome,
            Err(cause) => panic!("the sync ended early: {cause:?}"),
        }
    }

    /// Syncs to the end after logging in anew, as when the access token has expired.
    ///
    /// # Panics
    /// If the sync ends early.
    pub fn syncs_anew(&self) -> Outcome {
        self.with(|replica, _, _| Ok(replica.keep_token("expired")?)).unwrap();
        self.syncs()
    }

    /// Tries to sync, and says why it ended early.
    ///
    /// # Panics
    /// If it does not end early.
    pub fn sync_fails(&self) -> Code {
        self.sync().expect_err("the sync should end early").code()
    }

    /// Writes one field of a record.
    ///
    /// # Panics
    /// If that is not allowed.
    pub fn writes(&self, record: RecordId, field: &str, value: &str) -> RevisionId {
        self.edit(record, Fields::from([(field.to_owned(), json!(value))])).unwrap().revision
    }

    /// Records a visit.
    ///
    /// # Panics
    /// If the form is not taken.
    pub fn visits(&self, household: RecordId, answers: Answers, files: &[Attached]) -> Finished {
        self.record_visit(household, "household_visit", answers, files).unwrap()
    }

    /// A household's page.
    ///
    /// # Panics
    /// If it is not here.
    #[must_use]
    pub fn page(&self, household: RecordId) -> HouseholdPage {
        self.with(|replica, author, world| Ok(replica.household(household, author.device, world.now())?)).unwrap()
    }

    /// The households that the officer's words find, at most 100.
    ///
    /// # Panics
    /// If it is locked.
    #[must_use]
    pub fn finds(&self, words: &str) -> Vec<RecordId> {
        let query = HouseholdQuery { query: words.to_owned(), area: None, offset: 0, limit: 100 };
        let list = self.with(|replica, _, _| Ok(replica.households(&query)?)).unwrap();
        list.lines.iter().map(|line| line.id).collect()
    }

    /// A record with its log in order of revision ids, so that two tablets can be compared.
    ///
    /// # Panics
    /// If it is not here.
    #[must_use]
    pub fn record(&self, record: RecordId) -> RecordView {
        let mut view = self.show(record).unwrap();
        view.log.sort_by_key(|line| line.id);
        view
    }

    /// Count and digest of every scope, after comparing what is kept with a recount.
    ///
    /// # Panics
    /// If they differ.
    #[must_use]
    pub fn digests(&self) -> Vec<ScopeDigest> {
        self.with(|replica, author, _| {
            let counted = replica.recount()?;
            assert_eq!(replica.holdings(author.device)?.scopes, counted, "what is kept is what a recount finds");
            Ok(counted)
        })
        .unwrap()
    }

    /// Every revision on the tablet.
    ///
    /// # Panics
    /// If it is locked.
    #[must_use]
    pub fn log(&self) -> Vec<Entry> {
        let mut bytes = Vec::new();
        self.with(|replica, _, _| Ok(replica.export(&mut bytes)?)).unwrap();
        entries(&String::from_utf8(bytes).unwrap())
    }
}

/// Revisions as `export` writes them.
///
/// # Panics
/// If a line is not a revision.
#[must_use]
pub fn entries(export: &str) -> Vec<Entry> {
    export.lines().map(|line| Entry::read(line.to_owned()).unwrap()).collect()
}

fn core(folder: &Path, world: Arc<dyn World>, network: Arc<Mutex<Metered>>) -> Arc<device::Tablet> {
    let services = Services {
        position: Box::new(Desktop),
        camera: Box::new(Desktop),
        network: Box::new(SetNetwork(network)),
        secrets: Box::new(SecretFile::at(folder.join("device-secret"))),
        nearby: Box::new(NEIGHBOURS.clone()),
        printer: Box::new(Desktop),
    };
    Arc::new(device::Tablet::new(folder.to_owned(), world, services))
}

/// The answers of a visit: who was present, and what for.
#[must_use]
pub fn a_visit(purpose: &str) -> Answers {
    answers(&json!({
        "outcome": "visited", "present_count": 3, "purpose": purpose, "topics": ["fraud", "fire"],
        "fraud_app": "installed_now", "follow_up": "no", "signed": "declined",
    }))
}

/// Answers as the command line takes them.
///
/// # Panics
/// If it is not an object.
#[must_use]
pub fn answers(object: &Value) -> Answers {
    object.as_object().unwrap().clone().into_iter().collect::<BTreeMap<_, _>>()
}

/// A picture: a JPEG of one colour.
///
/// # Panics
/// Never in practice.
#[must_use]
pub fn photo(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(64, 48, image::Rgb([shade, 120, 80]));
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// The files of a tablet's folder, as a backup of it has them.
///
/// # Panics
/// If they cannot be read.
#[must_use]
pub fn copied(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())).collect()
}

/// Puts a tablet's folder back to a copy.
///
/// # Panics
/// If it cannot be written.
pub fn put_back(copy: &[(String, Vec<u8>)], folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        std::fs::remove_file(entry.path()).unwrap();
    }
    copy.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
}

/// A tablet whose every command is a process.
#[derive(Debug)]
pub struct TabletProgram {
    folder: tempfile::TempDir,
}

impl TabletProgram {
    /// A tablet that has used an invite.
    ///
    /// # Panics
    /// If the station does not let it in.
    #[must_use]
    pub fn enrolled(invite: &str) -> Self {
        let tablet = Self { folder: tempfile::tempdir().unwrap() };
        assert!(tablet.run(&["enrol", invite]).is_some(), "not enrolled: {}", tablet.errors());
        tablet
    }

    /// Runs a command to its end; the JSON it answers, `None` if it refused.
    ///
    /// # Panics
    /// If the answer is not JSON.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Option<Value> {
        let (code, printed) = self.begin(arguments).wait();
        (code == Some(0)).then(|| serde_json::from_str(&printed).unwrap())
    }

    /// Starts a command.
    #[must_use]
    pub fn begin(&self, arguments: &[&str]) -> Process {
        Process::begin(&mut self.command(arguments), &self.folder.path().join("errors.log"))
    }

    /// Every revision on the tablet.
    ///
    /// # Panics
    /// If the tablet does not open.
    #[must_use]
    pub fn log(&self) -> Vec<Entry> {
        let (code, printed) = self.begin(&["export"]).wait();
        assert_eq!(code, Some(0), "{}", self.errors());
        entries(&printed)
    }

    /// What it said on its error output.
    #[must_use]
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors.log")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&*TABLET);
        command.arg("--dir").arg(self.folder.path().join("tablet")).args(["--pin", PIN]).args(arguments);
        command
    }
}
