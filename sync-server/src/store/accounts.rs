//! Officers: number, name, role, areas, and the hash of their console password.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, OfficerId, StationId};
use ailchin_core::record::{Fields, Kind, Names};
use ailchin_core::world::World;

use super::error::Fault;
use super::sql::{Row, Tx, cells};
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
        let console = self.console(station, world);
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
            author(tx, console, station, &changes, world)?;
            ids.into_iter().map(|id| require_officer(tx, station, id)).collect()
        })
    }

    /// All officers of a station, by number.
    ///
    /// # Errors
    /// What the database says.
    pub fn officers(&self, station: StationId) -> Result<Vec<OfficerRow>, StoreError> {
        self.read("listing officers", |tx| {
            let rows = tx.all("SELECT * FROM officer WHERE station = $1 ORDER BY number", cells![station], from_row)?;
            rows.into_iter().map(|row| with_areas(tx, station, row)).collect()
        })
    }

    /// The officer with this number, name or identifier.
    ///
    /// # Errors
    /// `not_found` if there is none, or more than one of that name.
    pub fn officer(&self, station: StationId, text: &str) -> Result<OfficerRow, StoreError> {
        self.read("finding an officer", |tx| {
            let (row, _) = find(tx, station, text)?.ok_or(Code::NotFound)?;
            with_areas(tx, station, row)
        })
    }

    /// The one account with this number, name or identifier among all stations, and the hash of its password.
    ///
    /// # Errors
    /// What the database says.
    pub fn account(&self, text: &str) -> Result<Option<(StationId, OfficerId, String)>, StoreError> {
        self.read("reading an account", |tx| {
            let stations: Vec<StationId> = tx.all("SELECT station FROM station", &[], |row| row.get("station"))?;
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
            require(tx, station)?;
            let changed = tx.execute(
                "UPDATE officer SET password = $1 WHERE station = $2 AND officer = $3",
                cells![hash, station, officer],
            )?;
            tx.execute(
                "DELETE FROM session WHERE station = $1 AND officer = $2 AND device IS NULL",
                cells![station, officer],
            )?;
            if changed == 1 { Ok(()) } else { Err(Fault::Refused(Code::NotFound)) }
        })
    }
}

/// The officer's areas and the root, each once.
pub(super) fn scopes(tx: &Tx<'_>, station: StationId, root: AreaId, officer: OfficerId) -> Result<Vec<AreaId>, Fault> {
    let mut areas = areas_of(tx, station, officer)?;
    areas.retain(|area| *area != root);
    areas.insert(0, root);
    Ok(areas)
}

pub(super) fn require_officer(tx: &Tx<'_>, station: StationId, officer: OfficerId) -> Result<OfficerRow, Fault> {
    let row =
        tx.optional("SELECT * FROM officer WHERE station = $1 AND officer = $2", cells![station, officer], from_row)?;
    with_areas(tx, station, row.ok_or(Code::NotFound)?)
}

fn find(tx: &Tx<'_>, station: StationId, text: &str) -> Result<Option<(OfficerRow, Option<String>)>, Fault> {
    let as_number = text.parse().unwrap_or(-1_i64);
    let as_name = (!text.is_empty()).then_some(text);
    let mut found = tx.all(
        "SELECT * FROM officer
         WHERE station = $1 AND (number = $2 OR officer = $3 OR $4 IN (name_zh, name_mong, name_cyrl))",
        cells![station, as_number, OfficerId::parse(text).ok(), as_name],
        |row| Ok((from_row(row)?, row.get("password")?)),
    )?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

fn insert(tx: &Tx<'_>, station: StationId, id: OfficerId, new: &NewOfficer, world: &dyn World) -> Result<(), Fault> {
    let last: u64 =
        tx.one("SELECT coalesce(max(number), 0) AS last FROM officer WHERE station = $1", cells![station], |row| {
            row.get("last")
        })?;
    let name = &new.name;
    tx.execute(
        "INSERT INTO officer (station, officer, number, name_zh, name_mong, name_cyrl, role, password, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        cells![station, id, last + 1, name.zh, name.mong, name.cyrl, new.role, new.password_hash, world.now()],
    )?;
    for text in &new.areas {
        let area = area::find(tx, station, text)?.ok_or(Code::NotFound)?;
        tx.execute(
            "INSERT INTO officer_area (station, officer, area) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            cells![station, id, area.id],
        )?;
    }
    Ok(())
}

fn areas_of(tx: &Tx<'_>, station: StationId, officer: OfficerId) -> Result<Vec<AreaId>, Fault> {
    tx.all(
        "SELECT area FROM officer_area WHERE station = $1 AND officer = $2 ORDER BY area",
        cells![station, officer],
        |row| row.get("area"),
    )
}

fn with_areas(tx: &Tx<'_>, station: StationId, row: OfficerRow) -> Result<OfficerRow, Fault> {
    Ok(OfficerRow { areas: areas_of(tx, station, row.id)?, ..row })
}

fn from_row(row: &Row<'_>) -> Result<OfficerRow, Fault> {
    Ok(OfficerRow {
        id: row.get("officer")?,
        number: row.get("number")?,
        name: names(row)?,
        role: row.get("role")?,
        areas: Vec::new(),
        has_password: row.get::<Option<String>>("password")?.is_some(),
    })
}
