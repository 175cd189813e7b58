//! Stations: who they are, their keys, and what their own console writes.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, DeviceId, EpochId, OfficerId, RecordId, RevisionId, StationId};
use ailchin_core::record::{Checkpoint, Entry, Fields, Kind, Level, Names, Revision, Stretch, check_fields};
use ailchin_core::sync::MAX_BATCH_ENTRIES;
use ailchin_core::time::{Hlc, Instant};
use ailchin_core::world::World;
use ed25519_dalek::SigningKey;

use super::area::{self, AreaRow};
use super::error::Fault;
use super::log::Appender;
use super::sql::{Row, Tx, cells};
use super::{Store, StoreError, device, records, stretches};

/// A station to be made.
#[derive(Clone, Debug)]
pub struct NewStation {
    /// Its name.
    pub name: Names,
    /// The name of its root area.
    pub root_name: Names,
    /// The root area's level.
    pub root_level: Level,
    /// The root area's code.
    pub root_code: String,
    /// The area above the root, if it will have a record too.
    pub root_parent: Option<AreaId>,
}

/// A station.
#[derive(Clone, Debug)]
pub struct StationRow {
    /// Its identifier.
    pub id: StationId,
    /// Its name.
    pub name: Names,
    /// The area of the whole station.
    pub root: AreaId,
    /// The life of its store.
    pub epoch: EpochId,
    /// The next place in its feed.
    pub next_position: u64,
    /// The name that stands for the console as the author of changes.
    pub console: DeviceId,
    /// When it was made.
    pub made_at: Instant,
    pub(super) signing_key: Secret,
    console_key: Secret,
    console_hlc: Hlc,
}

impl StationRow {
    /// The key that signs what the console writes.
    pub(super) fn console_key(&self) -> SigningKey {
        self.console_key.key()
    }
}

/// A private key that does not show itself.
#[derive(Clone)]
pub(super) struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    pub(super) fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }
}

/// A change that the console writes.
#[derive(Clone, Debug)]
pub struct ConsoleChange {
    /// What is changed.
    pub record: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its area from now on.
    pub area: AreaId,
    /// The heads that were seen.
    pub parents: Vec<RevisionId>,
    /// What changes.
    pub fields: Fields,
}

impl Store {
    /// Makes a station with its root area, whose record is the first in its feed.
    ///
    /// # Errors
    /// `field_wrong` for a name or code that is too long; otherwise what the database says.
    pub fn create_station(&self, new: &NewStation, world: &dyn World) -> Result<StationRow, StoreError> {
        let made = self.write("making a station", |tx| {
            let station = StationRow {
                id: StationId::new(world),
                name: new.name.clone(),
                root: AreaId::new(world),
                epoch: EpochId::new(world),
                next_position: 1,
                console: DeviceId::new(world),
                made_at: world.now(),
                signing_key: new_secret(world),
                console_key: new_secret(world),
                console_hlc: Hlc::ZERO,
            };
            insert(tx, &station, world)?;
            let console_key = station.console_key.key().verifying_key();
            device::insert(tx, station.id, station.console, None, &console_key, None, world.now())?;
            let root = AreaRow {
                id: station.root,
                parent: new.root_parent,
                level: new.root_level,
                code: new.root_code.clone(),
                name: new.root_name.clone(),
            };
            area::insert(tx, station.id, &root)?;
            author(tx, station.console, station.id, &[area::change(station.root, &root)], world)?;
            require(tx, station.id)
        })?;
        self.writes_as(made.id, made.console);
        Ok(made)
    }

    /// All stations of the store, the oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn stations(&self) -> Result<Vec<StationRow>, StoreError> {
        self.read("listing stations", |tx| tx.all("SELECT * FROM station ORDER BY station", &[], from_row))
    }

    /// Writes changes as revisions of the console's own device, and returns their names.
    ///
    /// # Errors
    /// `field_wrong` for a field that is not allowed; `not_found` for a station that is not here.
    pub fn author(
        &self,
        station: StationId,
        changes: &[ConsoleChange],
        world: &dyn World,
    ) -> Result<Vec<RevisionId>, StoreError> {
        let console = self.console(station, world);
        self.write("writing changes of the console", |tx| author(tx, console, station, changes, world))
    }

    /// Begins a new life of a station's store, after it was put back to an older copy: tablets give back what it lacks.
    ///
    /// # Errors
    /// `not_found` for a station that is not here.
    pub fn begin_life(&self, station: StationId, world: &dyn World) -> Result<(), StoreError> {
        self.write("beginning a new life", |tx| begin_life(tx, station, world))
    }
}

/// Files the records of stores that a program of the first form wrote.
pub(super) fn file_everything(store: &Store) -> Result<(), StoreError> {
    for station in store.stations()? {
        let filed = store.read("looking whether records are filed", |tx| {
            let sql = "SELECT 1 FROM record WHERE station = $1 LIMIT 1";
            let empty = !tx.exists("SELECT 1 FROM log WHERE station = $1 LIMIT 1", cells![station.id])?;
            Ok(empty || tx.exists(sql, cells![station.id])?)
        })?;
        if !filed {
            store.write("filing records", |tx| {
                let station = require(tx, station.id)?;
                let mut appender = Appender::begin(tx, &station, station.made_at);
                records::place_all(&mut appender)?;
                appender.finish()
            })?;
        }
    }
    Ok(())
}

pub(super) fn begin_life(tx: &Tx<'_>, station: StationId, world: &dyn World) -> Result<(), Fault> {
    require(tx, station)?;
    tx.execute("UPDATE station SET epoch = $1 WHERE station = $2", cells![EpochId::new(world), station]).map(|_| ())
}

/// The station. In a writing transaction its row is locked until the end: whoever writes for the station waits here, so that
/// the order of positions is the order of commits.
pub(super) fn require(tx: &Tx<'_>, station: StationId) -> Result<StationRow, Fault> {
    let text = if tx.locks_rows() {
        "SELECT * FROM station WHERE station = $1 FOR UPDATE"
    } else {
        "SELECT * FROM station WHERE station = $1"
    };
    tx.optional(text, cells![station], from_row)?.ok_or(Fault::Refused(Code::NotFound))
}

pub(super) fn set_next_position(tx: &Tx<'_>, station: StationId, next: u64) -> Result<(), Fault> {
    tx.execute("UPDATE station SET next_position = $1 WHERE station = $2", cells![next, station]).map(|_| ())
}

/// Revisions of the console that one checkpoint covers.
const STRETCH: usize = MAX_BATCH_ENTRIES;

pub(super) fn author(
    tx: &Tx<'_>,
    console: DeviceId,
    station: StationId,
    changes: &[ConsoleChange],
    world: &dyn World,
) -> Result<Vec<RevisionId>, Fault> {
    let station = require(tx, station)?;
    let now = world.now();
    let key = station.console_key.key();
    let console = match device::find(tx, station.id, console)? {
        Some(row) => row,
        None => {
            device::insert(tx, station.id, console, None, &key.verifying_key(), None, now)?;
            device::require(tx, station.id, console)?
        }
    };
    let mut hlc = station.console_hlc;
    let mut head = (console.seq, console.chain);
    let mut appender = Appender::begin(tx, &station, now);
    let mut written = Vec::with_capacity(changes.len());
    for part in changes.chunks(STRETCH) {
        let (from, previous) = (head.0 + 1, head.1);
        let mut hashes = Vec::with_capacity(part.len());
        for change in part {
            check_fields(&change.kind, &change.fields).map_err(|_| Code::FieldWrong)?;
            hlc = hlc.tick(now);
            let entry = Entry::write(Revision {
                id: RevisionId::new(world),
                record: change.record,
                kind: change.kind.clone(),
                area: change.area,
                device: console.id,
                seq: head.0 + 1,
                officer: OfficerId::from_bytes(*station.console.as_bytes()),
                at_ms: now,
                hlc,
                parents: change.parents.clone(),
                fields: change.fields.clone(),
                erased: None,
            })
            .map_err(|_| Fault::Unreadable)?;
            head = (head.0 + 1, entry.chain_after(head.1));
            let before = records::find(tx, station.id, change.record)?;
            records::store(&mut appender, &entry, head.1, before)?.ok_or(Fault::Unreadable)?;
            hashes.push(entry.body_hash);
            written.push(entry.revision.id);
        }
        let checkpoint = Checkpoint::sign(&key, console.id, head.0, head.1);
        stretches::keep(tx, station.id, &Stretch { from, previous, hashes, checkpoint })?;
    }
    appender.finish()?;
    device::set_head(tx, station.id, console.id, head.0, head.1, console.refused, now)?;
    tx.execute(
        "UPDATE station SET console_hlc_ms = $1, console_hlc_n = $2 WHERE station = $3",
        cells![hlc.ms(), hlc.n(), station.id],
    )?;
    Ok(written)
}

fn insert(tx: &Tx<'_>, station: &StationRow, world: &dyn World) -> Result<(), Fault> {
    let (name, keys) = (&station.name, (&station.signing_key.0, &station.console_key.0));
    tx.execute(
        "INSERT INTO station (station, name_zh, name_mong, name_cyrl, root, epoch, next_position, signing_key, console,
             console_key, console_hlc_ms, console_hlc_n, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, 0, 0, $10)",
        cells![
            station.id,
            name.zh,
            name.mong,
            name.cyrl,
            station.root,
            station.epoch,
            keys.0,
            station.console,
            keys.1,
            world.now()
        ],
    )
    .map(|_| ())
}

fn new_secret(world: &dyn World) -> Secret {
    let mut bytes = [0; 32];
    world.fill_random(&mut bytes);
    Secret(bytes)
}

fn from_row(row: &Row<'_>) -> Result<StationRow, Fault> {
    Ok(StationRow {
        id: row.get("station")?,
        name: names(row)?,
        root: row.get("root")?,
        epoch: row.get("epoch")?,
        next_position: row.get("next_position")?,
        console: row.get("console")?,
        made_at: row.get("made_at")?,
        signing_key: Secret(row.get("signing_key")?),
        console_key: Secret(row.get("console_key")?),
        console_hlc: Hlc::new(row.get("console_hlc_ms")?, row.get("console_hlc_n")?),
    })
}

/// The names of a row.
pub(super) fn names(row: &Row<'_>) -> Result<Names, Fault> {
    Ok(Names { zh: row.get("name_zh")?, mong: row.get("name_mong")?, cyrl: row.get("name_cyrl")? })
}
