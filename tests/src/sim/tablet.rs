//! A tablet of a simulation: the real replica in a file, and what can be seen of it from beside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, DraftId, EpochId, OfficerId, RecordId, RevisionId};
use ailchin_core::replica::{Replica, ReplicaError, StationNote};
use ailchin_core::sync::EnrolRequest;
use ailchin_core::time::Instant;
use ailchin_core::world::{Seeded, World as _};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension as _};

use super::pages;
use super::station::Station;
use crate::NOW;

/// Everything in a replica that follows from its log.
const VIEWS: &[&str] = &["record", "area", "officer", "household", "person", "visit", "task", "scope", "resolution"];

/// A tablet.
pub(super) struct Tablet {
    pub(super) path: PathBuf,
    pub(super) device: DeviceId,
    enrolled_as: DeviceId,
    /// It was put back to an older copy of its file.
    pub(super) was_put_back: bool,
    /// There are, or were, two of it.
    pub(super) cloned: bool,
    /// It is the second one of a tablet of which there are not two yet.
    pub(super) absent: bool,
    /// How new its pack is.
    pub(super) pack: u32,
    /// A form that was begun and is open.
    pub(super) draft: Option<(DraftId, RecordId)>,
    /// An older copy of its file.
    pub(super) copy: Option<super::disk::Files>,
    pub(super) signing: SigningKey,
    pub(super) officer: OfficerId,
    pub(super) station_key: VerifyingKey,
    pub(super) world: std::rc::Rc<Seeded>,
    /// How far its clock is ahead of the true time.
    pub(super) ahead_ms: i64,
    replica: Option<Replica>,
    /// Whether it reaches the station.
    pub(super) reaches: bool,
    /// Whether a sync is under way.
    pub(super) syncing: bool,
    pub(super) revoked: bool,
    pub(super) pages: Option<u32>,
    /// Something happened after which tablet and station may hold different things until they have compared once.
    pub(super) may_differ: bool,
}

/// A row of a tablet's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) id: RevisionId,
    pub(super) record: RecordId,
    pub(super) area: AreaId,
    pub(super) device: DeviceId,
    pub(super) seq: u64,
    pub(super) hash: Hash,
    pub(super) body: String,
    pub(super) position: Option<u64>,
    pub(super) refused: Option<String>,
    /// The area it counts in.
    pub(super) filed: Option<AreaId>,
}

impl Tablet {
    /// A tablet that was let in.
    pub(super) fn enrolled(folder: &Path, seed: u64, n: usize, station: &Station) -> Self {
        let world = Seeded::new(seed ^ ((n as u64 + 2) << 40), NOW);
        let mut key = [0; 32];
        world.fill_random(&mut key);
        let signing = SigningKey::from_bytes(&key);
        let device = DeviceId::new(&world);
        let officer = station.officers[n];
        let token = station.store().invite(station.id, officer, 72, &station.world).unwrap();
        let request = EnrolRequest { token, device, key: signing.verifying_key() };
        let enrolled = station.store().enrol(&request, &station.world).unwrap();
        let path = folder.join(format!("tablet-{n}.db"));
        let mut replica = Replica::open(&path, None).unwrap();
        let note = StationNote {
            station: enrolled.station,
            address: String::new(),
            fingerprint: None,
            station_key: enrolled.station_key,
        };
        replica.set_station(&note).unwrap();
        replica.set_scopes(&enrolled.scopes).unwrap();
        Self {
            path,
            device,
            enrolled_as: device,
            copy: None,
            was_put_back: false,
            cloned: false,
            absent: false,
            pack: 0,
            draft: None,
            signing,
            officer,
            station_key: enrolled.station_key,
            world: std::rc::Rc::new(world),
            ahead_ms: 0,
            replica: Some(replica),
            reaches: true,
            syncing: false,
            revoked: false,
            pages: None,
            may_differ: false,
        }
    }

    /// The second one of this tablet, which is not there yet.
    pub(super) fn not_yet_there(&self, folder: &Path, seed: u64, n: usize) -> Self {
        Self {
            path: folder.join(format!("tablet-{n}.db")),
            device: self.device,
            enrolled_as: self.enrolled_as,
            copy: None,
            was_put_back: false,
            cloned: true,
            absent: true,
            pack: 0,
            draft: None,
            signing: self.signing.clone(),
            officer: self.officer,
            station_key: self.station_key,
            world: std::rc::Rc::new(Seeded::new(seed ^ ((n as u64 + 2) << 40), NOW)),
            ahead_ms: 0,
            replica: None,
            reaches: true,
            syncing: false,
            revoked: false,
            pages: None,
            may_differ: true,
        }
    }

    /// From now on there are two of a tablet: this is the other one, with all that lies in the file of the first.
    pub(super) fn is_cloned_from(&mut self, first: &mut Self) -> Result<(), ReplicaError> {
        super::disk::Files::at(&first.path).put(&self.path);
        (self.absent, self.ahead_ms) = (false, first.ahead_ms);
        (self.pack, self.draft) = (first.pack, first.draft);
        (first.cloned, first.may_differ) = (true, true);
        self.open()
    }

    pub(super) fn replica(&self) -> &Replica {
        self.replica.as_ref().unwrap()
    }

    pub(super) fn replica_mut(&mut self) -> &mut Replica {
        self.replica.as_mut().unwrap()
    }

    pub(super) fn close(&mut self) {
        self.replica = None;
    }

    /// Another connection to the file, as a sync has one.
    pub(super) fn another(&self) -> Result<Replica, ReplicaError> {
        pages::within(self.pages, || Replica::open(&self.path, None))
    }

    pub(super) fn open(&mut self) -> Result<(), ReplicaError> {
        self.replica = Some(self.another()?);
        self.look_who_it_is()
    }

    /// Notes the name that it has now.
    pub(super) fn look_who_it_is(&mut self) -> Result<(), ReplicaError> {
        self.device = self.replica().name_taken()?.unwrap_or(self.enrolled_as);
        Ok(())
    }

    /// The disk has room for so many more pages; `None`: for as many as wanted.
    pub(super) fn room(&mut self, more: Option<u32>) -> Result<(), ReplicaError> {
        let now: u32 = self.peek(|at| at.query_row("PRAGMA page_count", [], |row| row.get(0)));
        self.pages = more.map(|more| now + more);
        self.close();
        self.open()
    }

    /// Reads the file beside the replica.
    pub(super) fn peek<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        read(&Connection::open(&self.path).unwrap()).unwrap()
    }

    /// What the body of a revision hashes to, and its record.
    pub(super) fn body_of(&self, id: RevisionId) -> Option<(Hash, RecordId)> {
        let sql = "SELECT body_hash, record FROM log WHERE id = ?1";
        self.peek(|at| at.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional())
    }

    /// Whether the bytes of a blob are here.
    pub(super) fn has_bytes(&self, hash: Hash) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM blob WHERE hash = ?1 AND bytes IS NOT NULL)";
        self.peek(|at| at.query_row(sql, [hash], |row| row.get(0)))
    }

    /// The log in the order of arrival.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.peek(|at| {
            let sql =
                "SELECT id, record, area, device, seq, body_hash, body, position, refused, filed FROM log ORDER BY n";
            let mut statement = at.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Line {
                    id: row.get(0)?,
                    record: row.get(1)?,
                    area: row.get(2)?,
                    device: row.get(3)?,
                    seq: row.get(4)?,
                    hash: row.get(5)?,
                    body: row.get(6)?,
                    position: row.get(7)?,
                    refused: row.get(8)?,
                    filed: row.get(9)?,
                })
            })?;
            rows.collect()
        })
    }

    /// The life of the station's store and the place in its feed, as the tablet knows them.
    pub(super) fn place(&self) -> (Option<EpochId>, u64) {
        self.peek(|at| {
            let epoch = at.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).optional()?;
            let cursor =
                at.query_row("SELECT value FROM meta WHERE key = 'cursor'", [], |row| row.get(0)).optional()?;
            Ok((epoch, cursor.unwrap_or(0)))
        })
    }

    /// The areas whose revisions it holds.
    pub(super) fn scopes(&self) -> Vec<AreaId> {
        let json: String =
            self.peek(|at| at.query_row("SELECT value FROM meta WHERE key = 'scopes'", [], |row| row.get(0)));
        serde_json::from_str(&json).unwrap()
    }

    /// Own places of which nothing is here that could be sent: bodies that left, tombstones that the station did not take.
    pub(super) fn cannot_send(&self) -> Vec<u64> {
        let sql = "SELECT seq FROM gone WHERE device = ?1
                   UNION SELECT seq FROM log WHERE device = ?1 AND refused = 'body_gone'";
        self.peek(|at| at.prepare(sql)?.query_map([self.device], |row| row.get(0))?.collect())
    }

    /// The newest receipt: its body and signature as they were kept.
    pub(super) fn receipt(&self) -> Option<(String, String)> {
        let sql = "SELECT body, signature FROM receipt ORDER BY n DESC LIMIT 1";
        self.peek(|at| at.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional())
    }

    /// Every row that follows from the log, without the numbers that only order rows in this file.
    pub(super) fn views(&self) -> BTreeMap<&'static str, Vec<String>> {
        self.peek(|at| {
            let mut views = BTreeMap::new();
            for table in VIEWS {
                let mut statement = at.prepare(&format!("SELECT * FROM {table}"))?;
                let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
                let rows = statement.query_map([], |row| {
                    let cells = names
                        .iter()
                        .enumerate()
                        .filter(|(_, name)| !["r", "home"].contains(&name.as_str()))
                        .map(|(index, name)| Ok(format!("{name}={:?}", row.get_ref(index)?)));
                    Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
                })?;
                let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
                rows.sort_unstable();
                views.insert(*table, rows);
            }
            Ok(views)
        })
    }

    /// Whoever works on it deletes the forms that are still open, also one that was begun when the disk was full.
    pub(super) fn lets_drafts_go(&mut self) -> Result<(), ReplicaError> {
        self.draft = None;
        let open: Vec<DraftId> = self.peek(|at| {
            let mut from = at.prepare("SELECT id FROM draft ORDER BY id")?;
            from.query_map([], |row| row.get(0))?.collect()
        });
        let now = self.world.now();
        open.into_iter().try_for_each(|draft| self.replica_mut().delete_draft(draft, now))
    }

    /// Sets its clock by the true time.
    pub(super) fn set_clock(&self, now: Instant) {
        self.world.set_now(now.plus_ms(self.ahead_ms));
    }
}
