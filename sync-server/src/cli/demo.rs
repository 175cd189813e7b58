//! `demo-data`.

use ailchin_core::time::Day;
use clap::Args;
use serde_json::json;

use super::{CliError, Desk, output};
use crate::demo::{self, Size};
use crate::server::open_blobs;

/// Fill an empty store with generated data; no person in it is real
#[derive(Args, Debug)]
pub(super) struct DemoData {
    /// The same seed and sizes give the same data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Households
    #[arg(long, default_value_t = 1_500)]
    households: u32,
    /// Visits
    #[arg(long, default_value_t = 18_000)]
    visits: u32,
    /// Months over which the visits are spread
    #[arg(long, default_value_t = 12)]
    months: u32,
    /// The last day of the data, YYYY-MM-DD; today if not said
    #[arg(long, value_parser = day)]
    until: Option<Day>,
}

fn day(text: &str) -> Result<Day, CliError> {
    Day::parse(text).ok_or(CliError::Unreadable("a day as YYYY-MM-DD"))
}

pub(super) fn demo_data(desk: &Desk, args: &DemoData) -> Result<(), CliError> {
    let store = desk.store()?;
    let size = Size { households: args.households, visits: args.visits, months: args.months };
    let before = desk.world.now();
    let until = args.until.unwrap_or_else(|| before.day());
    let blobs = open_blobs(&desk.config).map_err(CliError::Serve)?;
    let made = demo::fill(&store, &blobs, args.seed, size, until).map_err(CliError::Demo)?;
    let ms = desk.world.now().since(before);
    let json = json!({
        "station": made.station, "areas": made.areas, "officers": made.officers, "households": made.households,
        "persons": made.persons, "visits": made.visits, "tasks": made.tasks, "amendments": made.amendments,
        "revisions": made.revisions, "ms": ms,
    });
    let sentence = format!(
        "{} areas, {} officers, {} households, {} persons, {} visits, {} tasks, {} amendments: {} revisions in {ms} ms",
        made.areas,
        made.officers,
        made.households,
        made.persons,
        made.visits,
        made.tasks,
        made.amendments,
        made.revisions,
    );
    output::answer(desk, &json, &sentence);
    Ok(())
}
