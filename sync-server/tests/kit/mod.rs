//! A station in a temporary folder and tablets that speak to it, for the tests of this crate.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses its part of the kit; a kit may fail loudly"
)]

pub(crate) mod bucket;
#[path = "../../../tests/src/cluster.rs"]
#[allow(unreachable_pub, reason = "the kit of the stories shows it")]
pub(crate) mod cluster;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Level, Names, Revision, genesis};
use ailchin_core::sync::{
    Challenge, Digest, EnrolRequest, Enrolled, ErrorBody, LoginProof, LoginRequest, PushAnswer, PushHeader, PushItem,
    ScopeDigest, Session, Verdict, login_message, write_batch, write_line,
};
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::{Seeded, World};
use ailchin_server::config::Config;
use ailchin_server::server::{Running, Server};
use ailchin_server::store::{AreaRow, NewOfficer, NewStation, PullLimits, Store, StoreAddress, StoreError};
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2026-06-01T08:00 at the station.
pub(crate) const MORNING: Instant = Instant::from_ms(1_780_272_000_000);

/// Which database is under a store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    File(PathBuf),
    Database(String),
}

impl Place {
    /// An empty one.
    pub(crate) fn new(on: On, folder: &Path) -> Self {
        match on {
            On::Sqlite => Self::File(folder.join("station.db")),
            On::Postgres => Self::Database(cluster::database()),
        }
    }

    /// Its address as an operator writes it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Database(address) => address.clone(),
        }
    }

    /// Opens the store; a second time as another server would.
    pub(crate) fn open(&self) -> Store {
        match self {
            Self::File(path) => Store::open(path).unwrap(),
            Self::Database(address) => Store::at(&StoreAddress::new(address.clone()), Path::new("no/file")).unwrap(),
        }
    }
}

/// Every test of the list on both databases.
#[allow(unused_macros, reason = "each test file uses its part of the kit")]
macro_rules! on_both {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $test() { super::$test($crate::kit::On::Sqlite); })*
        }
        mod on_postgres {
            $(#[test] fn $test() { super::$test($crate::kit::On::Postgres); })*
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use on_both;

/// A station with two gacha and an officer in each; the first officer has both.
pub(crate) struct Station {
    pub(crate) folder: TempDir,
    pub(crate) place: Place,
    pub(crate) world: Arc<Seeded>,
    pub(crate) store: Arc<Store>,
    pub(crate) id: StationId,
    pub(crate) epoch: EpochId,
    pub(crate) root: AreaId,
    pub(crate) gacha: [AreaId; 2],
    pub(crate) officers: Vec<OfficerId>,
}

pub(crate) fn names(zh: &str) -> Names {
    Names { zh: zh.to_owned(), ..Names::default() }
}

impl Station {
    pub(crate) fn new(seed: u64) -> Self {
        Self::on(On::Sqlite, seed)
    }

    pub(crate) fn on(on: On, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(on, folder.path());
        let world = Arc::new(Seeded::new(seed, MORNING));
        let store = Arc::new(place.open());
        let new = NewStation {
            name: names("试验派出所"),
            root_name: names("试验苏木"),
            root_level: Level::Sumu,
            root_code: "159900101".to_owned(),
            root_parent: None,
        };
        let row = store.create_station(&new, &*world).unwrap();
        let gacha = [AreaId::new(&*world), AreaId::new(&*world)];
        let areas: Vec<AreaRow> = gacha
            .iter()
            .zip(["159900101201", "159900101202"])
            .map(|(id, code)| AreaRow {
                id: *id,
                parent: Some(row.root),
                level: Level::Gacha,
                code: code.to_owned(),
                name: names("试验嘎查"),
            })
            .collect();
        store.add_areas(row.id, &areas, &*world).unwrap();
        let officer = |name: &str, areas: &[AreaId]| NewOfficer {
            name: names(name),
            role: "officer".to_owned(),
            areas: areas.iter().map(ToString::to_string).collect(),
            password_hash: None,
        };
        let made = [officer("甲", &gacha), officer("乙", &gacha[..1]), officer("丙", &gacha[1..])];
        let officers = store.add_officers(row.id, &made, &*world).unwrap().iter().map(|row| row.id).collect();
        Self { folder, place, id: row.id, epoch: row.epoch, root: row.root, world, store, gacha, officers }
    }

    /// The first position that is still free.
    pub(crate) fn next_position(&self) -> u64 {
        self.store.stations().unwrap().pop().unwrap().next_position
    }

    /// A new tablet of the officer at `index`.
    pub(crate) fn tablet(&self, index: usize) -> Tablet {
        let token = self.store.invite(self.id, self.officers[index], 72, &*self.world).unwrap();
        let mut tablet = Tablet::unknown(self, index);
        let request = EnrolRequest { token, device: tablet.device, key: tablet.key.verifying_key() };
        tablet.enrolled = Some(self.store.enrol(&request, &*self.world).unwrap());
        tablet
    }
}

/// A tablet that remembers all it has written.
pub(crate) struct Tablet {
    pub(crate) device: DeviceId,
    pub(crate) key: SigningKey,
    pub(crate) officer: OfficerId,
    pub(crate) enrolled: Option<Enrolled>,
    pub(crate) bodies: Vec<String>,
    pub(crate) links: Vec<Hash>,
    pub(crate) epoch: EpochId,
    pub(crate) station: StationId,
}

impl Tablet {
    /// A tablet that is not enrolled.
    pub(crate) fn unknown(station: &Station, index: usize) -> Self {
        let mut secret = [0; 32];
        station.world.fill_random(&mut secret);
        let device = DeviceId::new(&*station.world);
        Self {
            device,
            key: SigningKey::from_bytes(&secret),
            officer: station.officers[index],
            enrolled: None,
            bodies: Vec::new(),
            links: vec![genesis(device)],
            epoch: station.epoch,
            station: station.id,
        }
    }

    pub(crate) fn seq(&self) -> u64 {
        self.bodies.len() as u64
    }

    /// A revision at the next place of the log, not yet written.
    pub(crate) fn draft(&self, world: &dyn World, area: AreaId) -> Revision {
        Revision {
            id: RevisionId::new(world),
            record: RecordId::new(world),
            kind: Kind::Household,
            area,
            device: self.device,
            seq: self.seq() + 1,
            officer: self.officer,
            at_ms: world.now(),
            hlc: Hlc::new(world.now().as_ms(), 0),
            parents: Vec::new(),
            fields: Fields::from([("name_zh".to_owned(), json!(format!("户{}", self.seq() + 1)))]),
            erased: None,
        }
    }

    /// Writes a household.
    pub(crate) fn write(&mut self, world: &dyn World, area: AreaId) -> RevisionId {
        let draft = self.draft(world, area);
        let id = draft.id;
        self.write_revision(draft);
        id
    }

    /// Writes `count` households.
    pub(crate) fn write_many(&mut self, world: &dyn World, area: AreaId, count: usize) {
        for _ in 0..count {
            self.write(world, area);
        }
    }

    pub(crate) fn write_revision(&mut self, revision: Revision) {
        self.write_body(&Entry::write(revision).unwrap().body);
    }

    /// Puts any bytes at the next place of the log.
    pub(crate) fn write_body(&mut self, body: &str) {
        let previous = *self.links.last().unwrap();
        let hash = ailchin_core::record::body_hash(body.as_bytes());
        self.links.push(ailchin_core::record::chain(self.device, self.seq() + 1, previous, hash));
        self.bodies.push(body.to_owned());
    }

    /// The header for the places `from` to `to`.
    pub(crate) fn header(&self, from: u64, to: u64) -> PushHeader {
        let link = self.links[usize::try_from(to).unwrap()];
        PushHeader { epoch: self.epoch, from, checkpoint: Checkpoint::sign(&self.key, self.device, to, link) }
    }

    pub(crate) fn push_range(&self, store: &Store, from: u64, to: u64, now: Instant) -> Result<PushAnswer, StoreError> {
        let first = usize::try_from(from).unwrap() - 1;
        let bodies: Vec<&[u8]> =
            self.bodies[first..usize::try_from(to).unwrap()].iter().map(String::as_bytes).collect();
        store.push(self.station, self.device, &self.header(from, to), &bodies, &Seeded::new(self.seq(), now))
    }

    /// Pushes everything from place `from` on.
    pub(crate) fn push(&self, store: &Store, from: u64) -> Result<PushAnswer, StoreError> {
        self.push_range(store, from, self.seq(), MORNING)
    }

    /// All of others that the station has for this tablet, in pages of `lines`.
    pub(crate) fn pull_all(&self, store: &Store, lines: usize) -> Vec<(u64, String)> {
        let limits = PullLimits { lines, ..PullLimits::default() };
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let end = store
                .pull(self.station, self.device, after, limits, |line| {
                    all.extend(line.entry().map(|(at, body)| (at, body.to_owned())));
                    Ok(())
                })
                .unwrap();
            after = end.end;
            if !end.more {
                return all;
            }
        }
    }

    /// What the tablet holds as of `position`: its own (at the given positions) and what it pulled.
    pub(crate) fn held(&self, store: &Store, own: &[(u64, String)], position: u64) -> Vec<ScopeDigest> {
        let scopes = self.enrolled.as_ref().unwrap().scopes.clone();
        let mut all = self.pull_all(store, 1_000);
        all.extend_from_slice(own);
        let of = |area: AreaId| {
            let mut digest = Digest::default();
            for (at, body) in &all {
                if *at <= position && area_of(body) == area {
                    digest.add(Hash::of(body.as_bytes()));
                }
            }
            digest
        };
        scopes.into_iter().map(|area| ScopeDigest { area, digest: of(area) }).collect()
    }
}

pub(crate) fn area_of(body: &str) -> AreaId {
    let value: Value = serde_json::from_str(body).unwrap();
    AreaId::parse(value["area"].as_str().unwrap()).unwrap()
}

/// The positions of what was stored; whatever was refused ends the test.
pub(crate) fn positions(items: &[PushItem]) -> Vec<u64> {
    items
        .iter()
        .map(|item| match item.verdict {
            Verdict::Stored(at) | Verdict::Duplicate(at) => at,
            Verdict::Refused(code) => panic!("refused: {code}"),
        })
        .collect()
}

/// The code that was refused with.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    result.unwrap_err().code().as_str()
}

/// A running station, spoken to over loopback.
pub(crate) struct Doors {
    pub(crate) running: Running,
    pub(crate) client: Client,
}

impl Doors {
    pub(crate) fn open(station: &Station) -> Self {
        Self::open_with(station, |_| ())
    }

    pub(crate) fn open_with(station: &Station, set: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::loopback(station.folder.path()).unwrap();
        set(&mut config);
        let running = Server::start_with(config, Arc::clone(&station.store), station.world.clone()).unwrap();
        Self { running, client: client() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.address())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path)).header("ailchin-protocol", "1")
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).header("ailchin-protocol", "1")
    }

    pub(crate) fn put(&self, path: &str) -> RequestBuilder {
        self.client.put(self.url(path)).header("ailchin-protocol", "1")
    }

    pub(crate) fn say<T: DeserializeOwned>(&self, path: &str, message: &impl Serialize) -> T {
        read(self.post(path).json(message).send().unwrap())
    }

    /// Logs a tablet in; returns its token.
    pub(crate) fn login(&self, tablet: &Tablet) -> String {
        let challenge: Challenge = self.say("/v1/login", &LoginRequest { device: tablet.device });
        let session: Session = self.say("/v1/login/proof", &prove(tablet, challenge.challenge));
        session.token
    }
}

pub(crate) fn prove(tablet: &Tablet, challenge: Hash) -> LoginProof {
    let signature = tablet.key.sign(&login_message(tablet.device, challenge));
    LoginProof { device: tablet.device, challenge, signature }
}

/// The packed push of the places from `from` on.
pub(crate) fn packed_push(tablet: &Tablet, from: u64) -> Vec<u8> {
    let header = write_line(&tablet.header(from, tablet.seq())).unwrap();
    let bodies = tablet.bodies.iter().skip(usize::try_from(from).unwrap() - 1).map(String::as_str);
    write_batch(std::iter::once(header.as_str()).chain(bodies)).unwrap()
}

/// The message of a 200.
pub(crate) fn read<T: DeserializeOwned>(response: Response) -> T {
    let (status, text) = (response.status(), response.text().unwrap());
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Status and code of a refusal, which every refusal has.
pub(crate) fn refused(response: Response) -> (u16, String) {
    assert_eq!(response.headers().get("ailchin-protocols").unwrap(), "1");
    let (status, text) = (response.status().as_u16(), response.text().unwrap());
    let body: ErrorBody = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} {text}"));
    (status, body.code.to_string())
}

/// An HTTP client. Built with the whole workspace it can speak TLS, and asks for a provider even where it speaks none.
pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}
