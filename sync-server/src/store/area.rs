//! The areas of a station, as far as accounts need them; their records are revisions in the feed.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, StationId};
use ailchin_core::record::{Fields, Kind, Level, Names};
use ailchin_core::world::World;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};
use serde_json::Value;

use super::error::Fault;
use super::station::{ConsoleChange, author, require};
use super::{Store, StoreError};

/// An area.
#[derive(Clone, Debug)]
pub struct AreaRow {
    /// Its identifier.
    pub id: AreaId,
    /// The area it lies in.
    pub parent: Option<AreaId>,
    /// Its level.
    pub level: Level,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Names,
}

impl Store {
    /// Makes areas: a row for the accounts and a record in the root scope each.
    ///
    /// # Errors
    /// `malformed` if an area of that id or code is here already; `field_wrong` for a name or code that is too long.
    pub fn add_areas(&self, station: StationId, areas: &[AreaRow], world: &dyn World) -> Result<(), StoreError> {
        self.write("making areas", |tx| {
            let root = require(tx, station)?.root;
            for area in areas {
                if find(tx, station, &area.code)?.is_some() {
                    return Err(Fault::Refused(Code::Malformed));
                }
                insert(tx, station, area)?;
            }
            let changes: Vec<ConsoleChange> = areas.iter().map(|area| change(root, area)).collect();
            author(tx, station, &changes, world).map(|_| ())
        })
    }

    /// All areas of a station, by code.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn areas(&self, station: StationId) -> Result<Vec<AreaRow>, StoreError> {
        self.read("listing areas", |tx| {
            let mut statement = tx.prepare("SELECT * FROM area WHERE station = ?1 ORDER BY code, area")?;
            let rows = statement.query_map([station], from_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// The area with this code or hyphenated identifier.
pub(super) fn find(connection: &Connection, station: StationId, text: &str) -> rusqlite::Result<Option<AreaRow>> {
    let id = AreaId::parse(text).ok();
    let mut statement = connection
        .prepare_cached("SELECT * FROM area WHERE station = ?1 AND ((?2 <> '' AND code = ?2) OR area = ?3)")?;
    statement.query_row((station, text, id), from_row).optional()
}

pub(super) fn insert(tx: &Transaction<'_>, station: StationId, area: &AreaRow) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO area (station, area, parent, level, code, name_zh) VALUES (:station, :area, :parent, :level, :code, :zh)",
    )?;
    let row = named_params! {
        ":station": station, ":area": area.id, ":parent": area.parent, ":level": area.level.as_str(), ":code": area.code,
        ":zh": area.name.zh,
    };
    statement.execute(row).map(|_| ())
}

/// The record of an area.
pub(super) fn change(root: AreaId, area: &AreaRow) -> ConsoleChange {
    let mut fields = Fields::new();
    area.name.write(&mut fields);
    fields.insert("level".to_owned(), Value::from(area.level.as_str()));
    fields.insert("code".to_owned(), Value::from(area.code.as_str()));
    if let Some(parent) = area.parent {
        fields.insert("parent".to_owned(), Value::from(parent.to_string()));
    }
    ConsoleChange { record: area.id.into(), kind: Kind::Area, area: root, parents: Vec::new(), fields }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<AreaRow> {
    let level: String = row.get("level")?;
    Ok(AreaRow {
        id: row.get("area")?,
        parent: row.get("parent")?,
        level: Level::named(&level).unwrap_or(Level::Camp),
        code: row.get("code")?,
        name: Names { zh: row.get("name_zh")?, ..Names::default() },
    })
}
