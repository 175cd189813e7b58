//! `migrate`.

use std::net::TcpStream;
use std::path::{Path, PathBuf};

use ailchin_core::ids::StationId;
use clap::Args;
use serde_json::{Value, json};

use super::{CliError, Desk, output};
use crate::server::last_address;
use crate::store::{Store, StoreAddress};

/// Move stations to another store, from a file to PostgreSQL or back
///
/// Everything the store holds goes along: the log, devices, accounts, receipts. Receipts stay valid, and tablets go on as before.
/// Photos and other blobs stay in the data folder's blobs. Stop the server first; afterwards serve the other store only. A file
/// whose stations were all moved is kept under another name.
#[derive(Args, Debug)]
pub(super) struct Migrate {
    /// Where the stations are: a data folder, a store's file, or postgres://…
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// Where they shall be
    #[arg(long, value_name = "ADDRESS")]
    to: String,
}

pub(super) fn migrate(desk: &Desk, migrate: &Migrate) -> Result<(), CliError> {
    let file = file_of(&migrate.from);
    if let Some(file) = &file {
        must_lie_still(file)?;
    }
    let from = open(&migrate.from)?;
    let there = from.stations().map_err(CliError::store("listing stations"))?;
    let all: Vec<StationId> = match &desk.station {
        Some(_) => vec![desk.station(&from)?.id],
        None => there.iter().map(|row| row.id).collect(),
    };
    if all.is_empty() {
        return Err(CliError::NoStation);
    }
    let moved = from.copy_to(&open(&migrate.to)?, &all).map_err(CliError::store("moving stations"))?;
    if let Some(file) = file.filter(|_| all.len() == there.len()) {
        from.settle().map_err(CliError::store("closing the old store"))?;
        drop(from);
        let kept = free_name(&file);
        std::fs::rename(&file, &kept)
            .map_err(|source| CliError::File { doing: "setting the old store aside; do not serve it again", source })?;
        output::aside(desk, &format!("the old store is kept as {}", kept.display()));
    } else {
        output::aside(desk, "the old store still holds what was moved: do not serve it again");
    }
    for station in moved {
        let rows: Value = station.rows.iter().map(|(table, rows)| (table.clone(), Value::from(*rows))).collect();
        let sum: u64 = station.rows.iter().map(|(_, rows)| rows).sum();
        let line = json!({ "station": station.station, "rows": rows });
        output::answer(desk, &line, &format!("station {} moved: {sum} rows", station.station));
    }
    Ok(())
}

/// The file an address means, if it is one; a folder means the file in it.
fn file_of(address: &str) -> Option<PathBuf> {
    if address.contains("://") {
        return None;
    }
    let path = PathBuf::from(address);
    Some(if path.is_dir() { path.join("station.db") } else { path })
}

fn open(address: &str) -> Result<Store, CliError> {
    let address = file_of(address).map_or_else(|| address.to_owned(), |file| file.to_string_lossy().into_owned());
    Store::at(&StoreAddress::new(address), Path::new("")).map_err(CliError::store("opening a store"))
}

/// The file is there, and no server has it open.
fn must_lie_still(file: &Path) -> Result<(), CliError> {
    if !file.is_file() {
        return Err(CliError::Unreadable("the address of a store that is there"));
    }
    let address = file.parent().and_then(last_address);
    let served = address.as_deref().and_then(|address| address.split_once("://")).map(|(_, place)| place);
    if served.is_some_and(|place| TcpStream::connect(place).is_ok()) { Err(CliError::StillServed) } else { Ok(()) }
}

fn free_name(file: &Path) -> PathBuf {
    let named = |n: u32| {
        let mut name = file.as_os_str().to_owned();
        name.push(if n == 1 { ".moved".to_owned() } else { format!(".moved-{n}") });
        PathBuf::from(name)
    };
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}
