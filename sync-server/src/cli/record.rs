//! `record`: finding households and persons, erasing them, and what was kept long enough.

use ailchin_core::ids::RecordId;
use ailchin_core::record::EraseReason;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{CliError, Desk, output};
use crate::server::open_blobs;
use crate::store::{StationRow, Store};
use crate::upkeep::let_blobs_go;

#[derive(Subcommand, Debug)]
pub(super) enum RecordCommand {
    /// Find households and persons by a name or a telephone number
    Find {
        /// What stands in the name or number
        text: String,
    },
    Erase(Erase),
    Expired(Expired),
}

/// Erase records because a person asked for it: here at once, on each tablet with its next sync. A household takes its persons,
/// visits and tasks with it. It cannot be taken back
#[derive(Args, Debug)]
pub(super) struct Erase {
    /// Their identifiers
    #[arg(required = true)]
    records: Vec<String>,
}

/// List the records that were kept as long as their kind is kept; a running server erases them once a day
#[derive(Args, Debug)]
pub(super) struct Expired {
    /// Erase them now, whatever the clock did since this was last done
    #[arg(long)]
    erase: bool,
}

pub(super) fn record(desk: &Desk, command: RecordCommand) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    match command {
        RecordCommand::Find { text } => find(desk, &store, &station, &text),
        RecordCommand::Erase(args) => {
            let id = |text: &String| RecordId::parse(text).map_err(|_| CliError::Unreadable("a record's identifier"));
            let records = args.records.iter().map(id).collect::<Result<Vec<_>, _>>()?;
            erase(desk, &store, &station, &records, EraseReason::Request)
        }
        RecordCommand::Expired(args) => expired(desk, &store, &station, args.erase),
    }
}

fn find(desk: &Desk, store: &Store, station: &StationRow, text: &str) -> Result<(), CliError> {
    for found in store.find_records(station.id, text).map_err(CliError::store("looking for records"))? {
        let json = json!({
            "record": found.record, "kind": found.kind, "name": found.name, "phone": found.phone,
            "household": found.household,
        });
        let (kind, name) = (found.kind.as_str(), &found.name.zh);
        output::answer(desk, &json, &format!("{} {kind} {name} {}", found.record, found.phone));
    }
    Ok(())
}

fn expired(desk: &Desk, store: &Store, station: &StationRow, now: bool) -> Result<(), CliError> {
    let kinds = store.kinds(station.id).map_err(CliError::store("reading how long records are kept"))?;
    let kinds = kinds.ok_or(CliError::Unreadable("a pack"))?;
    let past = store
        .past_retention(station.id, &kinds, desk.world.now())
        .map_err(CliError::store("looking for records that were kept long enough"))?;
    if now {
        store
            .retention_is_due(station.id, true, desk.world.now())
            .map_err(CliError::store("noting that records are looked through"))?;
        let records: Vec<RecordId> = past.iter().map(|one| one.record).collect();
        return erase(desk, store, station, &records, EraseReason::Retention);
    }
    for one in &past {
        let json = json!({ "record": one.record, "kind": one.kind, "last_ms": one.last });
        output::answer(desk, &json, &format!("{} {} {}", one.record, one.kind.as_str(), one.last.to_iso()));
    }
    Ok(())
}

fn erase(
    desk: &Desk,
    store: &Store,
    station: &StationRow,
    records: &[RecordId],
    reason: EraseReason,
) -> Result<(), CliError> {
    let erased = store.erase(station.id, records, reason, &*desk.world).map_err(CliError::store("erasing records"))?;
    let blobs = open_blobs(&desk.config).map_err(CliError::Serve)?;
    let gone = let_blobs_go(store, &blobs).map_err(CliError::store("removing bytes of erased blobs"))?;
    let json = json!({ "erased": erased, "reason": reason, "blobs": gone });
    let sentence = format!(
        "{} records were erased here, with {gone} photos and signatures; each tablet erases them with its next sync",
        erased.len()
    );
    output::answer(desk, &json, &sentence);
    Ok(())
}
