//! The station of a simulation: the real store on a file and the real folder of blobs, behind doors that take and give bytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::record::{EraseReason, Fields, Kind, Level, Names};
use ailchin_core::world::Seeded;
use ailchin_server::Store;
use ailchin_server::blobs::Blobs;
use ailchin_server::bundle::{BundleError, Bundles, Sealed, Taken};
use ailchin_server::store::{AreaRow, ConsoleChange, NewOfficer, NewStation, StoreError};
use rusqlite::params;
use serde_json::json;

use super::YEAR_MS;
use super::disk::Files;
use super::doors::Upload;
use super::pages;
use crate::station::household;
use crate::{Dice, NOW};

/// A copy of everything that lies on the station's disk but blobs, which are never overwritten.
#[derive(Clone)]
pub(super) struct Copy(Files);

/// The station.
pub(super) struct Station {
    pub(super) path: PathBuf,
    store: Option<Store>,
    pub(super) folder: PathBuf,
    pub(super) blobs: Blobs,
    pub(super) uploads: RefCell<BTreeMap<(DeviceId, Hash), Upload>>,
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

    pub(super) fn close(&mut self) {
        self.store = None;
    }

    pub(super) fn open(&mut self) {
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

    /// One of the households that were ever here.
    pub(super) fn any_household(&self, dice: &mut Dice) -> Option<RecordId> {
        let households: Vec<RecordId> = self.peek(|at| {
            let mut from = at.prepare("SELECT DISTINCT record FROM log WHERE kind = 'household' ORDER BY record")?;
            from.query_map([], |row| row.get(0))?.collect()
        });
        super::officer::one_of(dice, &households).copied()
    }

    /// Erases a household on request, as the console does. How many records were erased with it.
    pub(super) fn erase(&self, household: RecordId) -> usize {
        let erased = self.store().erase(self.id, &[household], EraseReason::Request, &self.world).unwrap();
        self.lets_blobs_go();
        erased.len()
    }

    /// As a running station does in the end: blobs that nothing names go.
    pub(super) fn lets_unnamed_blobs_go(&self) {
        self.store().let_unnamed_blobs_go(self.id, NOW.plus_ms(1_000 * YEAR_MS)).unwrap();
        self.lets_blobs_go();
    }

    /// Removes the bytes of blobs that were erased, as a running station does now and then.
    pub(super) fn lets_blobs_go(&self) {
        for hash in self.store().doomed_blobs().unwrap() {
            let remove = || self.blobs.let_go_and_wait(hash).map_err(std::io::Error::other);
            self.store().let_blob_go(hash, remove).unwrap();
        }
    }

    /// A bug: what is erased is copied before.
    pub(super) fn copies_before_erasing(&self, household: RecordId) {
        self.peek(|at| {
            at.execute_batch("CREATE TABLE IF NOT EXISTS attic (body TEXT)")?;
            at.execute("INSERT INTO attic SELECT body FROM log WHERE record = ?1", [household])
        });
    }

    /// Moves a household to another area at the console.
    pub(super) fn move_household(&self, dice: &mut Dice) -> Option<RecordId> {
        let record = self.any_household(dice)?;
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

    /// Does something, in the middle of which the power may fail: then what lies on the disk is cut at a byte, and nobody hears
    /// what came of it.
    pub(super) fn under_power<T>(&mut self, work: impl FnOnce(&Self) -> T) -> Option<T> {
        let Some(mut dice) = self.killed_by.take() else { return Some(work(self)) };
        let before = Files::at(&self.path);
        let _ = work(self);
        let after = Files::at(&self.path);
        self.close();
        before.killed_before(&after, &mut dice).put(&self.path);
        self.open();
        self.kills += 1;
        None
    }

    fn bundles(&self) -> Bundles<'_> {
        Bundles { store: self.store(), blobs: &self.blobs, world: &self.world }
    }

    /// Takes a part of a bundle in.
    pub(super) fn takes(&self, sealed: &[u8]) -> Result<Taken, BundleError> {
        self.bundles().take(sealed)
    }

    /// Answers a device's last bundle.
    pub(super) fn answers(&self, device: DeviceId, part_bytes: u64) -> Result<Vec<Sealed>, BundleError> {
        self.bundles().answer(self.id, device, part_bytes)
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
