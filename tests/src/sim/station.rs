//! The station of a simulation: the real store on a file and the real folder of blobs, behind doors that take and give bytes.
//!
//! What `ailchin_server`'s HTTP handlers do between a request and the store is done here once more, without HTTP.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Entry, Fields, Kind, Level, Names, blobs};
use ailchin_core::sync::{
    ErrorBody, IdentityRequest, LoginProof, LoginRequest, MAX_BLOB_BYTES, ReceiptRequest, StateQuery,
};
use ailchin_core::world::{Seeded, World as _};
use ailchin_server::Store;
use ailchin_server::batch::{Gift, MAX_PUSH_BYTES, Push, pack_fetch, pack_pull};
use ailchin_server::blobs::Blobs;
use ailchin_server::store::{AreaRow, ConsoleChange, NewOfficer, NewStation, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::disk::Files;
use super::pages;
use crate::station::household;
use crate::{Dice, NOW};

/// Hours for which a login is good.
const SESSION_HOURS: u32 = 12;

/// A door of `core/PROTOCOL.md`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Door {
    Login,
    Proof,
    State(StateQuery),
    Ranges,
    Places,
    Fetch,
    Give,
    Rollback,
    Identity,
    Enrolment,
    Push,
    Pull {
        after: u64,
    },
    Receipt,
    /// Brings a blob's first bytes or none.
    BeginBlob {
        hash: Hash,
        media_type: String,
        size: u64,
    },
    BlobAt(Hash),
    /// Brings the bytes from there on.
    AddToBlob {
        hash: Hash,
        offset: u64,
    },
}

/// A blob under way: its media type, its size, and what has arrived.
type Upload = (String, u64, Vec<u8>);

impl Door {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Proof => "proof",
            Self::State(_) => "state",
            Self::Ranges => "ranges",
            Self::Places => "places",
            Self::Fetch => "fetch",
            Self::Give => "give",
            Self::Rollback => "rollback",
            Self::Identity => "identity",
            Self::Enrolment => "enrolment",
            Self::Push => "push",
            Self::Pull { .. } => "pull",
            Self::Receipt => "receipt",
            Self::BeginBlob { .. } => "begin blob",
            Self::BlobAt(_) => "blob at",
            Self::AddToBlob { .. } => "add to blob",
        }
    }
}

/// What travels to the station.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) door: Door,
    pub(super) device: DeviceId,
    pub(super) token: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What travels back: bytes, of an `ErrorBody` if it is a refusal.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) refused: bool,
    pub(super) body: Vec<u8>,
}

/// A row of the station's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) id: RevisionId,
    pub(super) record: RecordId,
    /// Where it is filed.
    pub(super) area: AreaId,
    pub(super) device: DeviceId,
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) body: String,
    pub(super) blobs: Vec<Hash>,
}

/// A copy of everything that lies on the station's disk but blobs, which are never overwritten.
#[derive(Clone)]
pub(super) struct Copy(Files);

/// The station.
pub(super) struct Station {
    path: PathBuf,
    store: Option<Store>,
    folder: PathBuf,
    blobs: Blobs,
    uploads: RefCell<BTreeMap<(DeviceId, Hash), Upload>>,
    pub(super) world: Seeded,
    /// How far its clock is ahead of the true time.
    pub(super) ahead_ms: i64,
    /// The next request ends with the power, at a byte that these dice choose.
    pub(super) killed_by: Option<Dice>,
    pub(super) kills: u64,
    pub(super) pages: Option<u32>,
    pub(super) id: StationId,
    /// The root, then the gachas.
    pub(super) areas: Vec<AreaId>,
    pub(super) officers: Vec<OfficerId>,
}

impl Station {
    /// A station with areas, an officer for each set of areas, and two households in each area.
    pub(super) fn new(folder: &Path, seed: u64, areas: usize, officers: &[u32]) -> Self {
        let world = Seeded::new(seed ^ (1 << 40), NOW);
        let path = folder.join("station.db");
        let store = Store::open(&path).unwrap();
        let names = |zh: String| Names { zh, ..Names::default() };
        let new = NewStation {
            name: names("模拟派出所".to_owned()),
            root_name: names("模拟苏木".to_owned()),
            root_level: Level::Sumu,
            root_code: "150000900".to_owned(),
            root_parent: None,
        };
        let station = store.create_station(&new, &world).unwrap();
        let gachas: Vec<AreaRow> = (0..areas)
            .map(|n| AreaRow {
                id: AreaId::new(&world),
                parent: Some(station.root),
                level: Level::Gacha,
                code: format!("15000090{:04}", 200 + n),
                name: names(format!("模拟{}嘎查", n + 1)),
            })
            .collect();
        store.add_areas(station.id, &gachas, &world).unwrap();
        let officers: Vec<NewOfficer> = officers
            .iter()
            .enumerate()
            .map(|(n, held)| NewOfficer {
                name: names(format!("模拟{}", n + 1)),
                role: "officer".to_owned(),
                areas: (0..areas)
                    .filter(|area| held & (1 << area) != 0)
                    .map(|area| gachas[area].code.clone())
                    .collect(),
                password_hash: None,
            })
            .collect();
        let officers = store.add_officers(station.id, &officers, &world).unwrap();
        let households: Vec<ConsoleChange> = (0..2 * areas)
            .map(|n| ConsoleChange {
                record: RecordId::new(&world),
                kind: Kind::Household,
                area: gachas[n % areas].id,
                parents: Vec::new(),
                fields: household(n),
            })
            .collect();
        store.author(station.id, &households, &world).unwrap();
        Self {
            path,
            store: Some(store),
            folder: folder.join("blobs"),
            blobs: Blobs::in_folder(&folder.join("blobs")).unwrap(),
            uploads: RefCell::default(),
            world,
            ahead_ms: 0,
            killed_by: None,
            kills: 0,
            pages: None,
            id: station.id,
            areas: std::iter::once(station.root).chain(gachas.iter().map(|area| area.id)).collect(),
            officers: officers.into_iter().map(|row| row.id).collect(),
        }
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn close(&mut self) {
        self.store = None;
    }

    fn open(&mut self) {
        self.store = Some(pages::within(self.pages, || Store::open(&self.path)).unwrap());
    }

    /// Ends properly and starts again.
    pub(super) fn restart(&mut self) {
        self.close();
        self.open();
    }

    /// The disk has room for so many more pages; `None`: for as many as wanted.
    pub(super) fn room(&mut self, more: Option<u32>) {
        let now: u32 = self.peek(|at| at.query_row("PRAGMA page_count", [], |row| row.get(0)));
        self.pages = more.map(|more| now + more);
        self.restart();
    }

    pub(super) fn files(&self) -> Files {
        Files::at(&self.path)
    }

    /// Puts older files in place, as if what came after had never been committed.
    pub(super) fn put(&mut self, files: &Files) {
        self.close();
        files.put(&self.path);
        self.open();
    }

    /// Changes an old revision.
    pub(super) fn rewrite(&self) {
        self.peek(|at| at.execute("UPDATE log SET body = replace(body, '模拟', '演习') WHERE position = 2", []));
    }

    /// Loses the bytes of all blobs.
    pub(super) fn lose_blobs(&self) {
        let hashes: Vec<Hash> = self.peek(|at| {
            let mut statement = at.prepare("SELECT hash FROM blob")?;
            statement.query_map([], |row| row.get(0))?.collect()
        });
        hashes.iter().for_each(|hash| drop(std::fs::remove_file(self.folder.join(Blobs::path(*hash)))));
    }

    pub(super) fn backup(&self) -> Copy {
        self.store().settle().unwrap();
        Copy(Files::at(&self.path))
    }

    /// Puts an older copy in place; told of it, the station begins a new life.
    pub(super) fn restore(&mut self, copy: &Copy, told: bool) {
        self.close();
        copy.0.put(&self.path);
        self.open();
        if told {
            self.store().begin_life(self.id, &self.world).unwrap();
        }
    }

    /// Moves a household to another area at the console.
    pub(super) fn move_household(&self, dice: &mut Dice) -> Option<RecordId> {
        let households: Vec<RecordId> = self.peek(|at| {
            let mut from = at.prepare("SELECT DISTINCT record FROM log WHERE kind = 'household' ORDER BY record")?;
            from.query_map([], |row| row.get(0))?.collect()
        });
        let record = *super::tablet::one_of(dice, &households)?;
        let parents: Vec<RevisionId> = self.peek(|at| {
            let mut from = at.prepare("SELECT id FROM log WHERE record = ?1")?;
            from.query_map([record], |row| row.get(0))?.collect()
        });
        let area = self.areas[1 + usize::try_from(dice.below(self.areas.len() as u64 - 1)).unwrap()];
        let change = ConsoleChange { record, kind: Kind::Household, area, parents, fields: Fields::new() };
        self.store().author(self.id, &[change], &self.world).ok().map(|_| record)
    }

    /// Gives an area to an officer, or takes it away; the officer's tablets log in anew and learn it.
    pub(super) fn assign(&self, officer: OfficerId, area: AreaId, given: bool) {
        let sql = match given {
            true => "INSERT OR IGNORE INTO officer_area (station, officer, area) VALUES (?1, ?2, ?3)",
            false => "DELETE FROM officer_area WHERE station = ?1 AND officer = ?2 AND area = ?3",
        };
        let devices = "DELETE FROM session WHERE device IN (SELECT device FROM device WHERE officer = ?1)";
        self.peek(|at| at.execute(sql, params![self.id, officer, area]).and_then(|_| at.execute(devices, [officer])));
    }

    /// Answers a request; `None` if the power failed.
    pub(super) fn serve(&mut self, request: &Request) -> Option<Answer> {
        let Some(mut dice) = self.killed_by.take() else { return Some(self.answer(request)) };
        let before = Files::at(&self.path);
        let _ = self.answer(request);
        let after = Files::at(&self.path);
        self.close();
        before.killed_before(&after, &mut dice).put(&self.path);
        self.open();
        self.kills += 1;
        None
    }

    fn answer(&self, request: &Request) -> Answer {
        match self.try_answer(request) {
            Ok(body) => Answer { refused: false, body },
            Err(refusal) => Answer { refused: true, body: serde_json::to_vec(&refusal).unwrap() },
        }
    }

    fn try_answer(&self, request: &Request) -> Result<Vec<u8>, ErrorBody> {
        let (store, world) = (self.store(), &self.world);
        let now = world.now();
        match &request.door {
            Door::Login => json_of(store.challenge(&read::<LoginRequest>(&request.body)?, world)),
            Door::Proof => json_of(store.prove(&read::<LoginProof>(&request.body)?, SESSION_HOURS, world)),
            Door::State(query) => json_of(store.state(self.id, self.device(request)?, *query, now)),
            Door::Ranges => json_of(store.ranges(self.id, self.device(request)?, &read(&request.body)?)),
            Door::Places => json_of(store.places(self.id, self.device(request)?, &read(&request.body)?)),
            Door::Fetch => pack_fetch(store, self.id, self.device(request)?, &read(&request.body)?).map_err(failed),
            Door::Give => {
                let device = self.device(request)?;
                let gift = Gift::unpack(&request.body).map_err(refusal)?;
                let (header, logs) = (gift.header().map_err(refusal)?, gift.logs().map_err(refusal)?);
                json_of(store.give(self.id, device, &header, &logs, world))
            }
            Door::Rollback => {
                self.device(request)?;
                json_of(store.show_receipt(self.id, &read(&request.body)?, world))
            }
            Door::Identity => {
                let device = self.device(request)?;
                let asked: IdentityRequest = read(&request.body)?;
                json_of(store.take_name(self.id, device, asked.device, world))
            }
            Door::Enrolment => {
                let gift = Gift::unpack(&request.body).map_err(refusal)?;
                json_of(store.learn_enrolment(&gift.logs().map_err(refusal)?, now))
            }
            Door::Push => {
                let device = self.device(request)?;
                if request.body.len() > MAX_PUSH_BYTES {
                    return Err(refusal(Code::TooLarge));
                }
                let push = Push::unpack(&request.body).map_err(refusal)?;
                let bodies: Vec<&[u8]> = push.bodies().collect();
                json_of(store.push(self.id, device, &push.header, &bodies, world))
            }
            Door::Pull { after } => pack_pull(store, self.id, self.device(request)?, *after).map_err(failed),
            Door::Receipt => {
                let device = self.device(request)?;
                json_of(store.receipt(self.id, device, &read::<ReceiptRequest>(&request.body)?, world))
            }
            Door::BeginBlob { hash, media_type, size } => {
                let device = self.device(request)?;
                if let Some(size) = self.holds(*hash)? {
                    return Ok(written(size));
                }
                if *size > MAX_BLOB_BYTES as u64 {
                    return Err(refusal(Code::TooLarge));
                }
                let begun = (media_type.clone(), *size, Vec::new());
                let here = self.uploads.borrow_mut().entry((device, *hash)).or_insert(begun).2.len();
                // What it brings is for the beginning.
                let bytes = if here == 0 { request.body.as_slice() } else { &[] };
                self.arrived(device, *hash, here as u64, bytes).map(written)
            }
            Door::BlobAt(hash) => {
                let device = self.device(request)?;
                if let Some(size) = self.holds(*hash)? {
                    return Ok(written(size));
                }
                let uploads = self.uploads.borrow();
                uploads
                    .get(&(device, *hash))
                    .map(|upload| written(upload.2.len() as u64))
                    .ok_or(refusal(Code::NotFound))
            }
            Door::AddToBlob { hash, offset } => {
                let device = self.device(request)?;
                match self.holds(*hash)? {
                    Some(_) => Err(refusal(Code::OffsetWrong)),
                    None => self.arrived(device, *hash, *offset, &request.body).map(written),
                }
            }
        }
    }

    /// The size of a blob that counts.
    fn holds(&self, hash: Hash) -> Result<Option<u64>, ErrorBody> {
        let here = self.store().has_blob(self.id, hash).map_err(failed)?;
        let size = || std::fs::metadata(self.folder.join(Blobs::path(hash))).ok().map(|file| file.len());
        Ok(here.then(size).flatten())
    }

    /// Keeps bytes of an upload, however many of them came; verifies it when it is whole.
    fn arrived(&self, device: DeviceId, hash: Hash, offset: u64, bytes: &[u8]) -> Result<u64, ErrorBody> {
        let mut uploads = self.uploads.borrow_mut();
        let (media_type, size, here) = uploads.get_mut(&(device, hash)).ok_or(refusal(Code::NotFound))?;
        if here.len() as u64 != offset {
            return Err(refusal(Code::OffsetWrong));
        }
        here.extend_from_slice(bytes);
        let (came, size) = (here.len() as u64, *size);
        if came < size {
            return Ok(came);
        }
        let (whole, media_type) = (std::mem::take(here), media_type.clone());
        uploads.remove(&(device, hash));
        if Hash::of(&whole) != hash {
            return Err(refusal(Code::BlobWrong));
        }
        self.blobs.keep_and_wait(hash, whole).unwrap();
        self.store().keep_blob(self.id, hash, size, &media_type, self.world.now()).map_err(failed)?;
        Ok(size)
    }

    /// Who asks.
    fn device(&self, request: &Request) -> Result<DeviceId, ErrorBody> {
        let token = request.token.as_deref().ok_or_else(|| refusal(Code::NotLoggedIn))?;
        let access = self.store().access(token, self.world.now()).map_err(failed)?;
        let device = access.device.ok_or_else(|| refusal(Code::NotLoggedIn))?;
        if access.note_contact {
            self.store().seen(access.station, device, self.world.now()).map_err(failed)?;
        }
        Ok(device)
    }

    /// Reads the file beside the store.
    pub(super) fn peek<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        read(&Connection::open(&self.path).unwrap()).unwrap()
    }

    /// The life of the store.
    pub(super) fn epoch(&self) -> EpochId {
        self.peek(|at| at.query_row("SELECT epoch FROM station", [], |row| row.get(0)))
    }

    /// The log in the order of positions.
    pub(super) fn rows(&self) -> Vec<Row> {
        self.peek(|at| {
            let sql = "SELECT position, id, record, filed, device, seq, body_hash, body FROM log ORDER BY position";
            let mut statement = at.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let body: String = row.get(7)?;
                let named = Entry::read(body.clone())
                    .map(|entry| blobs(&entry.revision.fields).map(|(hash, _)| hash).collect());
                Ok(Row {
                    position: row.get(0)?,
                    id: row.get(1)?,
                    record: row.get(2)?,
                    area: row.get(3)?,
                    device: row.get(4)?,
                    seq: row.get(5)?,
                    hash: row.get(6)?,
                    body,
                    blobs: named.unwrap_or_default(),
                })
            })?;
            rows.collect()
        })
    }

    /// What stands at each position: the hash of a revision (of zeros for a record that left), its area, and whether it stands
    /// further on now.
    pub(super) fn feed(&self) -> Vec<(u64, Hash, AreaId, bool)> {
        self.peek(|at| {
            let mut from = at.prepare("SELECT position, body_hash, area, what = 1 FROM feed ORDER BY position")?;
            from.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
        })
    }

    /// What the station keeps as held of an area as of a position.
    pub(super) fn kept(&self, area: AreaId, position: u64) -> (u64, Hash) {
        let sql = "SELECT area_count, area_digest FROM feed WHERE area = ?1 AND position <= ?2
                   ORDER BY position DESC LIMIT 1";
        let kept =
            self.peek(|at| at.query_row(sql, params![area, position], |row| Ok((row.get(0)?, row.get(1)?))).optional());
        kept.unwrap_or((0, Hash::from_bytes([0; 32])))
    }

    /// The position of a place of a device's log.
    pub(super) fn stands_at(&self, device: DeviceId, seq: u64) -> Option<u64> {
        let sql = "SELECT position FROM log WHERE device = ?1 AND seq = ?2";
        self.peek(|at| at.query_row(sql, params![device, seq], |row| row.get(0)).optional())
    }

    /// Whether the bytes of a blob are here, and are those of its name.
    pub(super) fn has_bytes(&self, hash: Hash) -> bool {
        std::fs::read(self.folder.join(Blobs::path(hash))).is_ok_and(|bytes| Hash::of(&bytes) == hash)
    }

    /// Writes something at the console.
    pub(super) fn write(&self, dice: &mut Dice, token: &str) -> Option<RevisionId> {
        let area = self.areas[1 + usize::try_from(dice.below(self.areas.len() as u64 - 1)).unwrap()];
        let fields = serde_json::from_value(json!({ "name_zh": "苏和", "note": token })).unwrap();
        let change = ConsoleChange {
            record: RecordId::new(&self.world),
            kind: Kind::Household,
            area,
            parents: Vec::new(),
            fields,
        };
        match self.store().author(self.id, &[change], &self.world) {
            Ok(made) => made.first().copied(),
            Err(StoreError::Database { .. }) if self.pages.is_some() => None,
            Err(other) => panic!("the console cannot write: {other:?}"),
        }
    }
}

fn refusal(code: Code) -> ErrorBody {
    ErrorBody::from(code)
}

fn failed(error: StoreError) -> ErrorBody {
    let code = error.code();
    match error {
        StoreError::Mismatch(scopes) => ErrorBody { scopes, ..ErrorBody::from(code) },
        _ => refusal(code),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorBody> {
    serde_json::from_slice(body).map_err(|_| refusal(Code::Malformed))
}

fn json_of<T: Serialize>(answer: Result<T, StoreError>) -> Result<Vec<u8>, ErrorBody> {
    answer.map(|answer| serde_json::to_vec(&answer).unwrap()).map_err(failed)
}

fn written(offset: u64) -> Vec<u8> {
    serde_json::to_vec(&offset).unwrap()
}
