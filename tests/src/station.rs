//! A station in a folder of its own, with a little generated data: beside the test, or as a process that can be killed.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, StationId};
use ailchin_core::record::{Entry, EraseReason, Fields, Kind, Level, Names};
use ailchin_core::sync::{Invite, Receipt, Versions};
use ailchin_core::world::{Machine, Seeded, World};
use ailchin_server::blobs::Blobs;
use ailchin_server::bundle::{BundleError, Bundles, Sealed, Taken};
use ailchin_server::certificate::Certificate;
use ailchin_server::server::{open_blobs, open_store};
use ailchin_server::store::{AreaRow, ConsoleChange, NewOfficer, NewStation, StoreAddress};
use ailchin_server::{Config, Running, Server, Store};
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use crate::NOW;
use crate::cluster;
use crate::programs::{Killer, Process, SERVER};

/// Far from the seeds of tablets: equal seeds make equal ids.
const SEED: u64 = 1 << 40;

/// What the folder is filled with before the station opens.
#[derive(Clone, Copy, Debug)]
pub struct Land {
    /// Households, in turn of the gachas.
    pub households: usize,
    /// Gachas.
    pub gachas: usize,
    /// TLS with a self-made certificate instead of plain HTTP.
    pub tls: bool,
    /// The store in a PostgreSQL database of its own instead of a file.
    pub postgres: bool,
    /// That database waits for its disk, as it does where it counts.
    pub durable: bool,
    /// Officers beside the first three: each holds a gacha and the next one.
    pub crowd: usize,
}

impl Default for Land {
    fn default() -> Self {
        Self { households: 6, gachas: 2, tls: false, postgres: false, durable: false, crowd: 0 }
    }
}

/// A station.
pub struct Station {
    folder: tempfile::TempDir,
    config: Config,
    /// Where the store is.
    address: String,
    world: Arc<dyn World>,
    served: Served,
    /// The station.
    pub id: StationId,
    /// Its areas: the root, then the gachas.
    pub areas: Vec<AreaId>,
    /// Officers: 0 and 1 hold all gachas, 2 holds the first only; then the crowd.
    pub officers: Vec<OfficerId>,
    /// Households.
    pub households: Vec<RecordId>,
}

enum Served {
    Not,
    Here(Running),
    Process(Process, String),
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Station").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

impl Station {
    /// A station that serves beside the test, with a clock that stands still.
    #[must_use]
    pub fn here(land: Land) -> Self {
        let mut station = Self::filled(land, Arc::new(Seeded::new(SEED, NOW)));
        station.open_here();
        station
    }

    /// A station in a process of its own.
    #[must_use]
    pub fn process(land: Land) -> Self {
        let mut station = Self::filled(land, Arc::new(Machine));
        station.open_process();
        station
    }

    fn filled(land: Land, world: Arc<dyn World>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::loopback(&folder.path().join("station")).unwrap();
        config.http = !land.tls;
        config.logins_a_minute = 1_000_000;
        let address = match (land.postgres, land.durable) {
            (true, true) => cluster::durable_database(),
            (true, false) => cluster::database(),
            (false, _) => config.store_path().display().to_string(),
        };
        if land.postgres {
            config.store = StoreAddress::new(address.clone());
        }
        let store = open_store(&config).unwrap();
        let (id, areas, officers, households) = fill(&store, land, &*world);
        Self { folder, config, address, world, served: Served::Not, id, areas, officers, households }
    }

    /// Opens again beside the test, on another port.
    ///
    /// # Panics
    /// If it does not open.
    pub fn open_here(&mut self) {
        self.served = Served::Here(Server::start(self.config.clone(), Arc::clone(&self.world)).unwrap());
    }

    /// Closes, and opens again beside the test as a program that speaks other versions of the protocol.
    ///
    /// # Panics
    /// If it does not open.
    pub fn speaks(&mut self, versions: Versions) {
        self.close();
        self.config.versions = versions;
        self.open_here();
    }

    /// Opens again as a process, on another port; returns when it listens.
    ///
    /// # Panics
    /// If it does not open.
    pub fn open_process(&mut self) {
        let mut command = Command::new(&*SERVER);
        command.arg("--data").arg(&self.config.data).args(["serve", "--addr", "127.0.0.1:0"]);
        command.env("AILCHIN_SERVER_LOGINS_A_MINUTE", "1000000").env("AILCHIN_SERVER_LOG", "warn");
        if self.config.http {
            command.arg("--http");
        }
        if !self.config.store.is_empty() {
            command.arg("--store").arg(&self.address);
        }
        let (process, line) = Process::start(&mut command, &self.folder.path().join("station.log"));
        let said: Value = serde_json::from_str(&line).unwrap();
        self.served = Served::Process(process, said["listening"].as_str().unwrap().to_owned());
    }

    /// Closes properly.
    ///
    /// # Panics
    /// If it does not close.
    pub fn close(&mut self) {
        match std::mem::replace(&mut self.served, Served::Not) {
            Served::Here(running) => running.stop().unwrap(),
            Served::Process(..) | Served::Not => {}
        }
    }

    /// Ends as in a power cut.
    pub fn kill(&mut self) {
        self.served = Served::Not;
    }

    /// What ends its process from elsewhere.
    ///
    /// # Panics
    /// If it is no process.
    #[must_use]
    pub fn killer(&self) -> Killer {
        match &self.served {
            Served::Process(process, _) => process.killer(),
            Served::Here(_) | Served::Not => panic!("the station is not a process"),
        }
    }

    /// What the system calls its process.
    ///
    /// # Panics
    /// If it is no process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        match &self.served {
            Served::Process(process, _) => process.id(),
            Served::Here(_) | Served::Not => panic!("the station is not a process"),
        }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// If it is closed.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.served {
            Served::Here(running) => running.address().to_owned(),
            Served::Process(_, address) => address.clone(),
            Served::Not => panic!("the station is closed"),
        }
    }

    /// Where its store is: a file's path, or `postgres://…`.
    #[must_use]
    pub fn store_address(&self) -> String {
        self.address.clone()
    }

    /// Its data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.config.data
    }

    /// Its store; opened anew if the station is not served beside the test.
    ///
    /// # Panics
    /// If it does not open.
    #[must_use]
    pub fn store(&self) -> Arc<Store> {
        match &self.served {
            Served::Here(running) => Arc::clone(running.store()),
            Served::Process(..) | Served::Not => Arc::new(open_store(&self.config).unwrap()),
        }
    }

    /// An invite for an officer's tablet, that leads to the station itself.
    #[must_use]
    pub fn invite(&self, officer: usize) -> String {
        self.invite_by(officer, &self.address())
    }

    /// An invite for an officer's tablet, that leads to `address`.
    ///
    /// # Panics
    /// If there is no such officer.
    #[must_use]
    pub fn invite_by(&self, officer: usize, address: &str) -> String {
        let token = self.store().invite(self.id, self.officers[officer], 72, &*self.world).unwrap();
        let tls = !self.config.http;
        let fingerprint = tls.then(|| Certificate::of(&self.config.data).unwrap().fingerprint());
        Invite { address: address.to_owned(), fingerprint, token }.to_text()
    }

    /// Shuts a tablet out.
    ///
    /// # Panics
    /// If it is not known.
    pub fn revoke(&self, device: DeviceId) {
        self.store().revoke(self.id, device, &*self.world).unwrap();
    }

    /// Takes an area from an officer. A tablet is told when it logs in anew.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn takes_area(&self, officer: usize, area: AreaId) {
        self.run("DELETE FROM officer_area WHERE officer = $1 AND area = $2", officer, area);
    }

    /// Gives an area to an officer. A tablet is told when it logs in anew.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn gives_area(&self, officer: usize, area: AreaId) {
        self.run(
            "INSERT INTO officer_area (officer, area, station) SELECT $1, $2, station FROM station",
            officer,
            area,
        );
    }

    /// Writes changes by the console.
    ///
    /// # Panics
    /// If they are refused.
    pub fn write(&self, changes: &[ConsoleChange]) {
        self.store().author(self.id, changes, &*self.world).unwrap();
    }

    /// Every stored revision with its position, as its file holds them.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    pub fn log(&self) -> Vec<(u64, Entry)> {
        let rows = self.rows("SELECT position, body FROM log ORDER BY position");
        let entry = |row: Vec<Cell>| match row.as_slice() {
            [Cell::Integer(at), Cell::Text(body)] => (u64::try_from(*at).unwrap(), Entry::read(body.clone()).unwrap()),
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(entry).collect()
    }

    /// Receipts kept for a device, in the order they were stated.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    pub fn receipts(&self, device: DeviceId) -> Vec<Receipt> {
        let rows = self.rows("SELECT device, body, signature FROM receipt ORDER BY at, position");
        let receipt = |row: Vec<Cell>| match row.as_slice() {
            [Cell::Blob(of), Cell::Text(body), Cell::Blob(signature)] => {
                let signature = ailchin_core::sync::to_hex(signature);
                let receipt = serde_json::from_value(json!({ "body": body, "signature": signature })).unwrap();
                (of == device.as_bytes()).then_some(receipt)
            }
            other => panic!("{other:?}"),
        };
        rows.into_iter().filter_map(receipt).collect()
    }

    /// Whether its file is sound.
    ///
    /// # Panics
    /// If the store is not a file, or it cannot be read.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.rows("PRAGMA integrity_check") == [[Cell::Text("ok".to_owned())]]
    }

    /// Erases a record, and what belongs to it; how many records that was.
    ///
    /// # Panics
    /// If the store cannot be written.
    pub fn erases(&self, record: RecordId, reason: EraseReason) -> usize {
        self.store().erase(self.id, &[record], reason, &*self.world).unwrap().len()
    }

    /// How many records were erased.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    pub fn erased(&self) -> u64 {
        match self.rows("SELECT count(*) FROM record WHERE erased IS NOT NULL")[0][0] {
            Cell::Integer(count) => u64::try_from(count).unwrap(),
            ref other => panic!("{other:?}"),
        }
    }

    /// The blobs whose verified bytes lie in the station's folder.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    pub fn blobs(&self) -> u64 {
        match self.rows("SELECT count(*) FROM blob")[0][0] {
            Cell::Integer(count) => u64::try_from(count).unwrap(),
            ref other => panic!("{other:?}"),
        }
    }

    /// Ends every session: whoever comes next logs in anew.
    ///
    /// # Panics
    /// If the store cannot be written.
    pub fn logs_everybody_out(&self) {
        let sql = "DELETE FROM session";
        if self.config.store.is_empty() {
            let connection = rusqlite::Connection::open(&self.address).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
            connection.execute(sql, []).unwrap();
        } else {
            cluster::client(&self.address).execute(sql, &[]).unwrap();
        }
    }

    /// Its disk loses a blob, and its store knows it.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn loses_blob(&self, hash: Hash) {
        std::fs::remove_file(self.config.data.join("blobs").join(Blobs::path(hash))).unwrap();
        let connection = rusqlite::Connection::open(self.config.store_path()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        assert_eq!(connection.execute("DELETE FROM blob WHERE hash = ?1", [hash]).unwrap(), 1);
    }

    /// Takes a file in that somebody brought, as `ailchin-server bundle import` does.
    ///
    /// # Errors
    /// The code it is refused with.
    ///
    /// # Panics
    /// If the file cannot be read.
    pub fn takes(&self, file: impl AsRef<Path>) -> Result<Taken, Code> {
        let sealed = std::fs::read(file).unwrap();
        self.with_bundles(|bundles| bundles.take(&sealed)).map_err(|refused| refused.code())
    }

    /// Writes its answer for a tablet into a folder; the files.
    ///
    /// # Panics
    /// If there is nothing to answer.
    pub fn answers(&self, device: DeviceId, folder: &Path, part_bytes: u64) -> Vec<String> {
        let parts = self.with_bundles(|bundles| bundles.answer(self.id, device, part_bytes)).unwrap();
        let write = |part: Sealed| {
            let path = folder.join(part.name);
            std::fs::write(&path, part.bytes).unwrap();
            path.to_string_lossy().into_owned()
        };
        parts.into_iter().map(write).collect()
    }

    fn with_bundles<T>(&self, work: impl FnOnce(Bundles<'_>) -> Result<T, BundleError>) -> Result<T, BundleError> {
        let (store, blobs, kept) = (self.store(), open_blobs(&self.config).unwrap(), self.config.bundles_path());
        work(Bundles { store: &store, blobs: &blobs, kept: &kept, world: &*self.world })
    }

    /// Whether the whole bytes of a blob lie in the station's folder.
    #[must_use]
    pub fn holds(&self, hash: Hash) -> bool {
        let file = self.config.data.join("blobs").join(Blobs::path(hash));
        std::fs::read(file).is_ok_and(|bytes| Hash::of(&bytes) == hash)
    }

    fn run(&self, sql: &str, officer: usize, area: AreaId) {
        let officer = self.officers[officer].as_bytes().as_slice();
        let area = area.as_bytes().as_slice();
        let changed = if self.config.store.is_empty() {
            let connection = rusqlite::Connection::open(&self.address).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
            connection.execute(sql, [officer, area]).unwrap() as u64
        } else {
            cluster::client(&self.address).execute(sql, &[&officer, &area]).unwrap()
        };
        assert_eq!(changed, 1);
    }

    fn rows(&self, sql: &str) -> Vec<Vec<Cell>> {
        cluster::rows(&self.address, sql)
    }
}

type Filled = (StationId, Vec<AreaId>, Vec<OfficerId>, Vec<RecordId>);

fn fill(store: &Store, land: Land, world: &dyn World) -> Filled {
    let new = NewStation {
        name: names("示范派出所", ""),
        root_name: names("示范苏木", ""),
        root_level: Level::Sumu,
        root_code: "150000900".to_owned(),
        root_parent: None,
    };
    let station = store.create_station(&new, world).unwrap();
    let gachas: Vec<AreaRow> = (0..land.gachas)
        .map(|n| AreaRow {
            id: AreaId::new(world),
            parent: Some(station.root),
            level: Level::Gacha,
            code: format!("15000090{:04}", 200 + n),
            name: names(&format!("示范{}嘎查", n + 1), ""),
        })
        .collect();
    store.add_areas(station.id, &gachas, world).unwrap();
    let all: Vec<String> = gachas.iter().map(|area| area.code.clone()).collect();
    let officer = |name: &str, areas: &[String]| NewOfficer {
        name: names(name, ""),
        role: "officer".to_owned(),
        areas: areas.to_vec(),
        password_hash: None,
    };
    let mut officers = vec![officer("示范甲", &all), officer("示范乙", &all), officer("示范丙", &all[..1])];
    officers.extend((0..land.crowd).map(|n| {
        let held = [n, n + 1].map(|gacha| all[gacha % all.len()].clone());
        officer(&format!("示范{}", n + 4), &held)
    }));
    let officers = store.add_officers(station.id, &officers, world).unwrap();
    let households: Vec<ConsoleChange> = (0..land.households)
        .map(|n| ConsoleChange {
            record: RecordId::new(world),
            kind: Kind::Household,
            area: gachas[n % gachas.len()].id,
            parents: Vec::new(),
            fields: household(n),
        })
        .collect();
    store.author(station.id, &households, world).unwrap();
    let areas = std::iter::once(station.root).chain(gachas.iter().map(|area| area.id)).collect();
    let officers = officers.into_iter().map(|row| row.id).collect();
    (station.id, areas, officers, households.into_iter().map(|change| change.record).collect())
}

/// The fields of a generated household.
#[must_use]
pub fn household(n: usize) -> Fields {
    const NAMES: [(&str, &str); 4] = [("巴特尔", "ᠪᠠᠭᠠᠲᠤᠷ"), ("其其格", "ᠴᠡᠴᠡᠭ"), ("苏和", "ᠰᠦᠬᠡ"), ("乌云", "ᠣᠶᠤᠨ")];
    let (zh, mong) = NAMES[n % NAMES.len()];
    let mut fields = Fields::new();
    names(zh, mong).write(&mut fields);
    fields.insert("phone".to_owned(), json!(format!("139{n:08}")));
    fields
}

fn names(zh: &str, mong: &str) -> Names {
    Names { zh: zh.to_owned(), mong: mong.to_owned(), cyrl: String::new() }
}
