//! Officers: number, name, role, areas, and the hash of their console password.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, OfficerId, StationId};
use ailchin_core::record::{Fields, Kind, Names};
use ailchin_core::world::World;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use super::cells::{cell, number};
use super::error::Fault;
use super::station::{ConsoleChange, author, names, require};
use super::{Store, StoreError, area};

/// An officer to be made.
#[derive(Clone, Debug)]
pub struct NewOfficer {
    /// Name.
    pub name: Names,
    /// `chief`, `officer` or `auxiliary`.
    pub role: String,
    /// Codes or identifiers of the areas the officer's tablets hold besides the root.
    pub areas: Vec<String>,
    /// The hash of the console password, if there is one.
    pub password_hash: Option<String>,
}

/// An officer.
#[derive(Clone, Debug)]
pub struct OfficerRow {
    /// Identifier.
    pub id: OfficerId,
    /// Number at the station: 1, 2, 3 …
    pub number: u64,
    /// Name.
    pub name: Names,
    /// Role.
    pub role: String,
    /// Areas besides the root.
    pub areas: Vec<AreaId>,
    /// Whether the officer can log in to the console.
    pub has_password: bool,
}

impl Store {
    /// Makes officers: accounts, areas, and a record each in the root scope.
    ///
    /// # Errors
    /// `not_found` for an area that is not here; `field_wrong` for a name that is too long.
    pub fn add_officers(
        &self,
        station: StationId,
        new: &[NewOfficer],
        world: &dyn World,
    ) -> Result<Vec<OfficerRow>, StoreError> {
        self.write("making officers", |tx| {
            let root = require(tx, station)?.root;
            let mut changes = Vec::with_capacity(new.len());
            let mut ids = Vec::with_capacity(new.len());
            for officer in new {
                let id = OfficerId::new(world);
                insert(tx, station, id, officer, world)?;
                let mut fields = Fields::new();
                officer.name.write(&mut fields);
                changes.push(ConsoleChange {
                    record: id.into(),
                    kind: Kind::Officer,
                    area: root,
                    parents: Vec::new(),
                    fields,
                });
                ids.push(id);
            }
            author(tx, station, &changes, world)?;
            ids.into_iter().map(|id| require_officer(tx, station, id)).collect()
        })
    }

    /// All officers of a station, by number.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn officers(&self, station: StationId) -> Result<Vec<OfficerRow>, StoreError> {
        self.read("listing officers", |tx| {
            let mut statement = tx.prepare("SELECT * FROM officer WHERE station = ?1 ORDER BY number")?;
            let rows = statement.query_map([station], from_row)?.collect::<rusqlite::Result<Vec<_>>>()?;
            rows.into_iter().map(|row| Ok(with_areas(tx, station, row)?)).collect()
        })
    }

    /// The officer with this number, name or identifier.
    ///
    /// # Errors
    /// `not_found` if there is none, or more than one of that name.
    pub fn officer(&self, station: StationId, text: &str) -> Result<OfficerRow, StoreError> {
        self.read("finding an officer", |tx| {
            let (row, _) = find(tx, station, text)?.ok_or(Code::NotFound)?;
            Ok(with_areas(tx, station, row)?)
        })
    }

    /// The one account with this number, name or identifier among all stations, and the hash of its password.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn account(&self, text: &str) -> Result<Option<(StationId, OfficerId, String)>, StoreError> {
        self.read("reading an account", |tx| {
            let mut statement = tx.prepare_cached("SELECT station FROM station")?;
            let stations = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<StationId>>>()?;
            let mut accounts = Vec::new();
            for station in stations {
                if let Some((row, Some(password))) = find(tx, station, text)? {
                    accounts.push((station, row.id, password));
                }
            }
            Ok(if accounts.len() == 1 { accounts.pop() } else { None })
        })
    }

    /// Sets the hash of an officer's password, and ends the officer's console sessions.
    ///
    /// # Errors
    /// `not_found` for an officer who is not here.
    pub fn set_password(&self, station: StationId, officer: OfficerId, hash: &str) -> Result<(), StoreError> {
        self.write("setting a password", |tx| {
            let changed = tx.execute(
                "UPDATE officer SET password = ?3 WHERE station = ?1 AND officer = ?2",
                (station, officer, hash),
            )?;
            tx.execute(
                "DELETE FROM session WHERE station = ?1 AND officer = ?2 AND device IS NULL",
                (station, officer),
            )?;
            if changed == 1 { Ok(()) } else { Err(Fault::Refused(Code::NotFound)) }
        })
    }
}

/// The officer's areas and the root, each once.
pub(super) fn scopes(
    connection: &Connection,
    station: StationId,
    root: AreaId,
    officer: OfficerId,
) -> rusqlite::Result<Vec<AreaId>> {
    let mut areas = areas_of(connection, station, officer)?;
    areas.retain(|area| *area != root);
    areas.insert(0, root);
    Ok(areas)
}

pub(super) fn require_officer(
    connection: &Connection,
    station: StationId,
    officer: OfficerId,
) -> Result<OfficerRow, Fault> {
    let mut statement = connection.prepare_cached("SELECT * FROM officer WHERE station = ?1 AND officer = ?2")?;
    let row = statement.query_row((station, officer), from_row).optional()?.ok_or(Code::NotFound)?;
    Ok(with_areas(connection, station, row)?)
}

fn find(
    connection: &Connection,
    station: StationId,
    text: &str,
) -> rusqlite::Result<Option<(OfficerRow, Option<String>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM officer WHERE station = ?1 AND (number = ?2 OR officer = ?3 OR ?4 IN (name_zh, name_mong, name_cyrl))",
    )?;
    let as_number = text.parse().map_or(-1, cell);
    let key = (station, as_number, OfficerId::parse(text).ok(), (!text.is_empty()).then_some(text));
    let rows = statement.query_map(key, |row| Ok((from_row(row)?, row.get("password")?)))?;
    let mut found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

fn insert(
    tx: &Transaction<'_>,
    station: StationId,
    id: OfficerId,
    new: &NewOfficer,
    world: &dyn World,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO officer (station, officer, number, name_zh, name_mong, name_cyrl, role, password, made_at)
         SELECT :station, :officer, 1 + coalesce(max(number), 0), :zh, :mong, :cyrl, :role, :password, :now
         FROM officer WHERE station = :station",
        named_params! {
            ":station": station, ":officer": id, ":zh": new.name.zh, ":mong": new.name.mong, ":cyrl": new.name.cyrl,
            ":role": new.role, ":password": new.password_hash, ":now": world.now().as_ms(),
        },
    )?;
    for text in &new.areas {
        let area = area::find(tx, station, text)?.ok_or(Code::NotFound)?;
        tx.execute(
            "INSERT OR IGNORE INTO officer_area (station, officer, area) VALUES (?1, ?2, ?3)",
            (station, id, area.id),
        )?;
    }
    Ok(())
}

fn areas_of(connection: &Connection, station: StationId, officer: OfficerId) -> rusqlite::Result<Vec<AreaId>> {
    let mut statement =
        connection.prepare_cached("SELECT area FROM officer_area WHERE station = ?1 AND officer = ?2 ORDER BY area")?;
    let rows = statement.query_map((station, officer), |row| row.get(0))?;
    rows.collect()
}

fn with_areas(connection: &Connection, station: StationId, row: OfficerRow) -> rusqlite::Result<OfficerRow> {
    Ok(OfficerRow { areas: areas_of(connection, station, row.id)?, ..row })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<OfficerRow> {
    Ok(OfficerRow {
        id: row.get("officer")?,
        number: number(row, "number")?,
        name: names(row)?,
        role: row.get("role")?,
        areas: Vec::new(),
        has_password: row.get::<_, Option<String>>("password")?.is_some(),
    })
}
