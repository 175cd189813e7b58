//! `officer`.

use std::io::BufRead as _;

use ailchin_core::record::Names;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, Desk, output};
use crate::password;
use crate::store::{NewOfficer, OfficerRow};

#[derive(Subcommand, Debug)]
pub(super) enum OfficerCommand {
    /// Make an officer
    Add(Add),
    /// List the officers
    List,
    /// Give an officer areas, or take them
    #[command(subcommand)]
    Area(HeldCommand),
    /// Set an officer's console password, read from the standard input
    SetPassword {
        /// Number, name or identifier
        officer: String,
    },
}

#[derive(Subcommand, Debug)]
pub(super) enum HeldCommand {
    /// Give areas: the officer's tablets hold them from their next contact on
    Add(Held),
    /// Take areas: the officer's tablets hand over what they hold of them, and let go of it
    Remove(Held),
}

#[derive(Args, Debug)]
pub(super) struct Held {
    /// Number, name or identifier of the officer
    officer: String,
    /// Codes or identifiers of the areas
    #[arg(required = true, value_name = "CODE", value_delimiter = ',')]
    areas: Vec<String>,
}

/// Make an officer
#[derive(Args, Debug)]
pub(super) struct Add {
    /// Name in Chinese
    #[arg(long)]
    name: String,
    /// Name in Mongolian script
    #[arg(long, default_value = "")]
    name_mong: String,
    /// Name in Cyrillic
    #[arg(long, default_value = "")]
    name_cyrl: String,
    /// Role
    #[arg(long, default_value = "officer", value_parser = ["chief", "officer", "auxiliary"])]
    role: String,
    /// Codes or identifiers of the areas the officer's tablets hold besides the root
    #[arg(long = "area", value_name = "CODE", value_delimiter = ',')]
    areas: Vec<String>,
    /// Read a console password from the standard input
    #[arg(long)]
    password_stdin: bool,
}

pub(super) fn officer(desk: &Desk, command: OfficerCommand) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    match command {
        OfficerCommand::Add(add) => {
            let password_hash = if add.password_stdin { Some(read_password(desk)?) } else { None };
            let name = Names { zh: add.name, mong: add.name_mong, cyrl: add.name_cyrl };
            let new = NewOfficer { name, role: add.role, areas: add.areas, password_hash };
            let made = store
                .add_officers(station.id, std::slice::from_ref(&new), &*desk.world)
                .map_err(CliError::store("making the officer"))?;
            made.iter().for_each(|row| print(desk, row));
        }
        OfficerCommand::List => {
            let officers = store.officers(station.id).map_err(CliError::store("listing officers"))?;
            officers.iter().for_each(|row| print(desk, row));
        }
        OfficerCommand::Area(command) => {
            let (HeldCommand::Add(held) | HeldCommand::Remove(held)) = &command;
            let row = store.officer(station.id, &held.officer).map_err(CliError::store("finding the officer"))?;
            let changed = match &command {
                HeldCommand::Add(_) => store.give_areas(station.id, row.id, &held.areas),
                HeldCommand::Remove(_) => store.take_areas(station.id, row.id, &held.areas),
            };
            print(desk, &changed.map_err(CliError::store("changing the officer's areas"))?);
        }
        OfficerCommand::SetPassword { officer } => {
            let row = store.officer(station.id, &officer).map_err(CliError::store("finding the officer"))?;
            let hash = read_password(desk)?;
            store.set_password(station.id, row.id, &hash).map_err(CliError::store("setting the password"))?;
            output::answer(desk, &json!({ "officer": row.id }), &format!("password of {} set", row.name.zh));
        }
    }
    Ok(())
}

fn read_password(desk: &Desk) -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|source| CliError::File { doing: "reading the password from the standard input", source })?;
    password::hash(line.trim_end_matches(['\r', '\n']), &*desk.world).map_err(CliError::Password)
}

fn print(desk: &Desk, row: &OfficerRow) {
    let json = json!({
        "officer": row.id, "number": row.number, "name": row.name, "role": row.role, "areas": row.areas,
        "console": row.has_password,
    });
    let sentence = format!("{} {} {} ({} areas) {}", row.number, row.name.zh, row.role, row.areas.len(), row.id);
    output::answer(desk, &json, &sentence);
}
