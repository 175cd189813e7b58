//! One record edited again and again without a sync.

use std::time::Instant;

use ailchin_tests::{Land, Station, Tablet};

use crate::measure::{Samples, ratio, span};
use crate::report::{Report, Table};
use crate::{Failure, note};

pub(crate) fn measure(report: &mut Report, edits: usize) -> Result<(), Failure> {
    let station = Station::process(Land::default());
    let (writer, reader) = (Tablet::enrolled(1, &station.invite(0)), Tablet::enrolled(2, &station.invite(1)));
    writer.syncs();
    reader.syncs();
    let household = station.households[0];
    let part = edits / 10;
    let mut table = Table::new(&["edits of one household", "an edit, median", "to the first ones"]);
    let mut medians = Vec::new();
    for tenth in 0..10 {
        let mut samples = Samples::default();
        for edit in 0..part {
            writer.clock().advance_ms(60_000);
            samples.time(|| writer.writes(household, "phone", &format!("139{:08}", tenth * part + edit)));
        }
        medians.push(samples.median());
        if [0, 1, 4, 9].contains(&tenth) {
            table.row(&[
                format!("{} to {}", tenth * part + 1, (tenth + 1) * part),
                span(samples.median()),
                ratio(samples.median() / medians[0]),
            ]);
        }
    }
    let timed = |tablet: &Tablet| {
        let begun = Instant::now();
        tablet.syncs();
        span(begun.elapsed().as_secs_f64())
    };
    table.row(&["the sync that brings them all to the station".to_owned(), timed(&writer), String::new()]);
    table.row(&["the sync that brings them all to another tablet".to_owned(), timed(&reader), String::new()]);
    report.section("One record edited again and again without a sync", "", &table);
    note(&format!("{edits} edits of one record"));
    Ok(())
}
