//! A tablet of a simulation: the real replica in a file, an officer's work on it, and what can be seen of it from beside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId};
use ailchin_core::record::{Fields, Kind};
use ailchin_core::replica::{Author, Change, FinishedForm, Replica, ReplicaError, StationNote, StoredBlob};
use ailchin_core::sync::EnrolRequest;
use ailchin_core::time::Instant;
use ailchin_core::world::{Seeded, World as _};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use super::pages;
use super::station::Station;
use crate::{Dice, NOW};

/// Everything in a replica that follows from its log.
const VIEWS: &[&str] = &["record", "area", "officer", "household", "person", "visit", "task", "scope", "resolution"];

/// A tablet.
pub(super) struct Tablet {
    pub(super) path: PathBuf,
    pub(super) device: DeviceId,
    enrolled_as: DeviceId,
    /// It was put back to an older copy of its file.
    pub(super) was_put_back: bool,
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

/// What an officer does in one go.
pub(super) enum Act {
    Save(Vec<Change>),
    /// Conflicts are decided for a value that is there already.
    Decide(Vec<Change>),
    Visit {
        household: RecordId,
        photos: Vec<StoredBlob>,
        changes: Vec<Change>,
    },
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
                        .filter(|(_, name)| *name != "r")
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

    fn records(&self, condition: &str) -> Vec<(RecordId, String)> {
        self.peek(|at| {
            let mut statement =
                at.prepare(&format!("SELECT id, coalesce(conflicts, '') FROM record WHERE {condition} ORDER BY id"))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }

    /// What the officer will do next; `None` if there is nothing to do it with. `mark` is in it and nowhere else.
    pub(super) fn decides(&self, dice: &mut Dice, mark: u64, newer_forms: bool) -> Option<Act> {
        let areas = self.scopes().split_off(1);
        let area = *one_of(dice, &areas)?;
        let households = self.records("kind = 'household'");
        // Half of the work is on one household, so that there is something to disagree about.
        let household = |dice: &mut Dice| {
            let among = if dice.below(2) == 0 { 1.min(households.len()) } else { households.len() };
            one_of(dice, &households[..among]).map(|(id, _)| *id)
        };
        let edit = |record: RecordId, fields: Value| {
            let (kind, area) = self.replica().place_of(record).ok()?;
            areas.contains(&area).then(|| Act::Save(vec![Change { record, kind, area, fields: object(fields) }]))
        };
        match dice.below(if newer_forms { 16 } else { 14 }) {
            0 | 1 => Some(Act::Save(self.family(dice, area, mark))),
            2 => {
                let fields = json!({ "household": household(dice)?, "name_zh": "其其格", "role": "head", "phone": mark.to_string() });
                Some(Act::Save(vec![self.made(Kind::Person, area, fields)]))
            }
            3 | 4 => edit(household(dice)?, json!({ "phone": mark.to_string() })),
            // Two may write the same.
            5 => edit(household(dice)?, json!({ "name_zh": one_of(dice, &["苏和", "乌云"])? })),
            6 => edit(household(dice)?, json!({ "note": format!("记 {mark}"), "phone": mark.to_string() })),
            7 => edit(household(dice)?, json!({ "note": null })),
            8 => edit(household(dice)?, json!({ "winter_camp": { "name": { "zh": format!("北井 {mark}") } } })),
            9 | 10 => {
                let household = household(dice)?;
                self.visit(dice, household, mark)
            }
            11 => {
                let open = self.records("kind = 'task'");
                edit(one_of(dice, &open)?.0, json!({ "done_at_ms": mark }))
            }
            12 | 13 => {
                let undecided = self.records("conflicts IS NOT NULL");
                let (record, conflicts) = one_of(dice, &undecided)?;
                let conflicts: BTreeMap<String, Vec<Value>> = serde_json::from_str(conflicts).unwrap();
                let decided = conflicts.into_iter().map(|(field, values)| (field, one_of(dice, &values).cloned()));
                match edit(*record, decided.map(|(field, value)| (field, value.unwrap_or_default())).collect())? {
                    Act::Save(changes) => Some(Act::Decide(changes)),
                    other => Some(other),
                }
            }
            14 => {
                let kind = Kind::named("herd");
                let fields = json!({ "household": household(dice)?, "sheep": { "ewes": 120, "mark": mark } });
                Some(Act::Save(vec![self.made(kind, area, fields)]))
            }
            _ => edit(household(dice)?, json!({ "field_of_2029": ["ᠵᠢᠯ", mark] })),
        }
    }

    fn made(&self, kind: Kind, area: AreaId, fields: Value) -> Change {
        Change { record: RecordId::new(&*self.world), kind, area, fields: object(fields) }
    }

    /// A household with its members, in one go.
    fn family(&self, dice: &mut Dice, area: AreaId, mark: u64) -> Vec<Change> {
        let fields = json!({ "name_zh": "巴特尔", "name_mong": "ᠪᠠᠭᠠᠲᠤᠷ", "note": format!("记 {mark}") });
        let household = self.made(Kind::Household, area, fields);
        let member = json!({ "household": household.record, "name_zh": "乌云", "role": "adult" });
        let members = (0..dice.below(3)).map(|_| self.made(Kind::Person, area, member.clone())).collect::<Vec<_>>();
        std::iter::once(household).chain(members).collect()
    }

    fn visit(&self, dice: &mut Dice, household: RecordId, mark: u64) -> Option<Act> {
        let (_, area) = self.replica().place_of(household).ok()?;
        if !self.scopes().contains(&area) {
            return None;
        }
        let photos: Vec<StoredBlob> = (0..dice.below(3)).map(|_| photo(dice)).collect();
        let mut fields = json!({
            "household": household, "officer": self.officer, "visited_at_ms": self.world.now(),
            "form": "household_visit", "instance": format!("uuid:{mark}"), "answer.outcome": "visited",
            "submission": format!("<data id=\"household_visit\"><note>记 {mark}</note></data>"),
        });
        for (n, photo) in photos.iter().enumerate() {
            fields[format!("answer.photo_{n}")] = json!({
                "blob": photo.hash, "name": format!("{n}.png"), "size_bytes": photo.bytes.len(),
                "media_type": photo.media_type,
            });
        }
        let visit = self.made(Kind::Visit, area, fields);
        let mut changes = vec![visit];
        if dice.below(2) == 0 {
            let fields = json!({ "household": household, "visit": changes[0].record, "note": format!("再访 {mark}"), "due": "2026-08-01" });
            changes.push(self.made(Kind::Task, area, fields));
        }
        Some(Act::Visit { household, photos, changes })
    }

    /// Does it. What was saved is named.
    pub(super) fn does(&mut self, act: &Act) -> Result<Vec<RevisionId>, ReplicaError> {
        let author = Author { device: self.device, officer: self.officer };
        let world = std::rc::Rc::clone(&self.world);
        let replica = self.replica_mut();
        match act {
            Act::Save(changes) | Act::Decide(changes) => replica.save(author, &*world, changes),
            Act::Visit { household, photos, changes } => {
                let draft = replica.begin_draft(&*world, *household, "household_visit")?.id;
                for (n, photo) in photos.iter().enumerate() {
                    replica.attach(draft, &format!("{n}.png"), photo)?;
                }
                replica.save_draft(draft, "<data/>", 0, world.now())?;
                replica.finish(author, &*world, &FinishedForm { draft, changes: changes.clone() })
            }
        }
    }

    /// Sets its clock by the true time.
    pub(super) fn set_clock(&self, now: Instant) {
        self.world.set_now(now.plus_ms(self.ahead_ms));
    }
}

fn object(value: Value) -> Fields {
    serde_json::from_value(value).unwrap()
}

/// Bytes that stand for a picture: mostly small, sometimes large, seldom the same as another.
fn photo(dice: &mut Dice) -> StoredBlob {
    let length = match dice.below(8) {
        0 => 20_000 + dice.below(40_000),
        _ => 100 + dice.below(3_000),
    };
    let shade = dice.below(200);
    let bytes: Vec<u8> =
        (0..length).map(|at| u8::try_from((at * 31 + shade * 7 + at * at / 13) % 256).unwrap()).collect();
    StoredBlob { hash: Hash::of(&bytes), media_type: "image/png".to_owned(), bytes }
}

pub(super) fn one_of<'a, T>(dice: &mut Dice, all: &'a [T]) -> Option<&'a T> {
    match all.len() as u64 {
        0 => None,
        length => all.get(usize::try_from(dice.below(length)).unwrap()),
    }
}
