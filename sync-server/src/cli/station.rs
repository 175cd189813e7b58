//! `station` and `area`.

use ailchin_core::ids::AreaId;
use ailchin_core::record::{Level, Names};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{CliError, Desk, output};
use crate::store::{AreaRow, NewStation, StationRow};

#[derive(Subcommand, Debug)]
pub(super) enum StationCommand {
    /// Make a station with its root area
    Create(Create),
    /// Show the station
    Show,
    /// Say that the store was put back to an older copy: tablets give back what it lost. A station also finds this out by itself
    Restored,
}

/// Make a station with its root area
#[derive(Args, Debug)]
pub(super) struct Create {
    /// The station's name in Chinese
    #[arg(long)]
    name: String,
    /// The station's name in Mongolian script
    #[arg(long, default_value = "")]
    name_mong: String,
    /// The station's name in Cyrillic
    #[arg(long, default_value = "")]
    name_cyrl: String,
    /// The name of the area of the whole station, in Chinese
    #[arg(long)]
    area: String,
    /// That area's code (GB/T 10114, nine digits for a sumu)
    #[arg(long, default_value = "")]
    area_code: String,
    /// That area's level
    #[arg(long, default_value = "sumu", value_parser = level)]
    area_level: Level,
}

#[derive(Subcommand, Debug)]
pub(super) enum AreaCommand {
    /// Make an area
    Add(AddArea),
    /// List the areas
    List,
}

/// Make an area
#[derive(Args, Debug)]
pub(super) struct AddArea {
    /// Name in Chinese
    #[arg(long)]
    name: String,
    /// Name in Mongolian script
    #[arg(long, default_value = "")]
    name_mong: String,
    /// Name in Cyrillic
    #[arg(long, default_value = "")]
    name_cyrl: String,
    /// Code, twelve digits for a gacha
    #[arg(long)]
    code: String,
    /// Level
    #[arg(long, default_value = "gacha", value_parser = level)]
    level: Level,
    /// Code or identifier of the area it lies in; the root if not said
    #[arg(long)]
    parent: Option<String>,
}

fn level(text: &str) -> Result<Level, CliError> {
    Level::named(text).ok_or(CliError::Unreadable("a level: league, banner, sumu, gacha, grid or camp"))
}

pub(super) fn station(desk: &Desk, command: StationCommand) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = match command {
        StationCommand::Create(create) => {
            let new = NewStation {
                name: Names { zh: create.name, mong: create.name_mong, cyrl: create.name_cyrl },
                root_name: Names { zh: create.area, ..Names::default() },
                root_level: create.area_level,
                root_code: create.area_code,
                root_parent: None,
            };
            store.create_station(&new, &*desk.world).map_err(CliError::store("making the station"))?
        }
        StationCommand::Show => desk.station(&store)?,
        StationCommand::Restored => {
            let station = desk.station(&store)?;
            store.begin_life(station.id, &*desk.world).map_err(CliError::store("beginning a new life"))?;
            desk.station(&store)?
        }
    };
    let sentence = format!("station {} {} (root area {})", station.id, station.name.zh, station.root);
    output::answer(desk, &station_json(&station), &sentence);
    Ok(())
}

pub(super) fn area(desk: &Desk, command: AreaCommand) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    let areas = store.areas(station.id).map_err(CliError::store("listing areas"))?;
    match command {
        AreaCommand::Add(add) => {
            let parent = match &add.parent {
                None => station.root,
                Some(text) => areas
                    .iter()
                    .find(|area| area.code == *text || area.id.to_string() == *text)
                    .map(|area| area.id)
                    .ok_or(CliError::Unreadable("the code or identifier of an area of this station"))?,
            };
            let area = AreaRow {
                id: AreaId::new(&*desk.world),
                parent: Some(parent),
                level: add.level,
                code: add.code,
                name: Names { zh: add.name, mong: add.name_mong, cyrl: add.name_cyrl },
            };
            store
                .add_areas(station.id, std::slice::from_ref(&area), &*desk.world)
                .map_err(CliError::store("making the area"))?;
            print_area(desk, &area);
        }
        AreaCommand::List => areas.iter().for_each(|area| print_area(desk, area)),
    }
    Ok(())
}

fn print_area(desk: &Desk, area: &AreaRow) {
    let json = json!({
        "area": area.id, "parent": area.parent, "level": area.level, "code": area.code, "name": area.name.zh,
    });
    output::answer(desk, &json, &format!("{} {} {} {}", area.id, area.level.as_str(), area.code, area.name.zh));
}

fn station_json(station: &StationRow) -> Value {
    json!({
        "station": station.id, "name": station.name, "root": station.root, "epoch": station.epoch,
        "revisions": station.next_position - 1,
    })
}
