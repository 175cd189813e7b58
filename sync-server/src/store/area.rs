//! The areas of a station, as far as accounts need them; their records are revisions in the feed.

use ailchin_core::error::Code;
use ailchin_core::ids::{AreaId, StationId};
use ailchin_core::record::{Fields, Kind, Level, Names};
use ailchin_core::world::World;
use serde_json::Value;

use super::error::Fault;
use super::sql::{Row, Tx, cells};
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
        let console = self.console(station, world);
        self.write("making areas", |tx| {
            let root = require(tx, station)?.root;
            for area in areas {
                if find(tx, station, &area.code)?.is_some() {
                    return Err(Fault::Refused(Code::Malformed));
                }
                insert(tx, station, area)?;
            }
            let changes: Vec<ConsoleChange> = areas.iter().map(|area| change(root, area)).collect();
            author(tx, console, station, &changes, world).map(|_| ())
        })
    }

    /// All areas of a station, by code.
    ///
    /// # Errors
    /// What the database says.
    pub fn areas(&self, station: StationId) -> Result<Vec<AreaRow>, StoreError> {
        self.read("listing areas", |tx| {
            tx.all("SELECT * FROM area WHERE station = $1 ORDER BY code, area", cells![station], from_row)
        })
    }
}

/// The area with this code or hyphenated identifier.
pub(super) fn find(tx: &Tx<'_>, station: StationId, text: &str) -> Result<Option<AreaRow>, Fault> {
    tx.optional(
        "SELECT * FROM area WHERE station = $1 AND ((code = $2 AND $2 <> '') OR area = $3)",
        cells![station, text, AreaId::parse(text).ok()],
        from_row,
    )
}

pub(super) fn insert(tx: &Tx<'_>, station: StationId, area: &AreaRow) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO area (station, area, parent, level, code, name_zh) VALUES ($1, $2, $3, $4, $5, $6)",
        cells![station, area.id, area.parent, area.level.as_str(), area.code, area.name.zh],
    )
    .map(|_| ())
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

fn from_row(row: &Row<'_>) -> Result<AreaRow, Fault> {
    Ok(AreaRow {
        id: row.get("area")?,
        parent: row.get("parent")?,
        level: Level::named(row.text("level")?).unwrap_or(Level::Camp),
        code: row.get("code")?,
        name: Names { zh: row.get("name_zh")?, ..Names::default() },
    })
}
