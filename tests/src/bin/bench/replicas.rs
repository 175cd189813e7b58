//! Replicas of generated stations of several sizes: what everything takes on them, and whether it grows with them.

use crate::measure::{ratio, span, thousands};
use crate::report::{Report, Table};
use crate::station::DemoStation;
use crate::{Failure, note, replicate, save, screens};

/// How a station is made, and how often everything is measured on it.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) households: u32,
    pub(crate) visits: u32,
    pub(crate) replications: usize,
    pub(crate) questions: usize,
}

/// What was measured on one size, and how many times the bare work of the same size it was.
struct Grown {
    records: u32,
    receive_a_revision: f64,
    save: f64,
    search: f64,
    page: f64,
    save_to_bare: f64,
    /// What was asked, whether it is a search, and its ratio.
    asked_to_bare: Vec<(String, bool, f64)>,
}

impl Grown {
    /// The kind of question whose ratio grew most from a first size to this one, and how many times.
    fn most_grown(&self, first: &Self, search: bool) -> Option<(&str, f64)> {
        let both = self.asked_to_bare.iter().zip(&first.asked_to_bare).filter(|(asked, _)| asked.1 == search);
        both.map(|(last, first)| (last.0.as_str(), last.2 / first.2)).max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

pub(crate) fn measure(report: &mut Report, sizes: &[Size]) -> Result<(), Failure> {
    let mut grown = Vec::new();
    for (place, size) in sizes.iter().enumerate() {
        let in_budget = place + 1 == sizes.len();
        grown.push(one(report, *size, in_budget)?);
    }
    let mut table =
        Table::new(&["records", "first replication, a revision", "save", "slowest search p95", "slowest page p95"]);
    for (place, size) in grown.iter().enumerate() {
        let first = &grown[0];
        let cell = |ours: f64, first: f64| match place {
            0 => span(ours),
            _ => format!("{}, {}", span(ours), ratio(ours / first)),
        };
        table.row(&[
            thousands(size.records.into()),
            cell(size.receive_a_revision, first.receive_a_revision),
            cell(size.save, first.save),
            cell(size.search, first.search),
            cell(size.page, first.page),
        ]);
    }
    report.section("Growth on the tablet", GROWTH, &table);
    if let (Some(first), Some(last)) = (grown.first(), grown.last()) {
        let what = format!("growth {} → {} records", thousands(first.records.into()), thousands(last.records.into()));
        let mut growth = |name: &str, budget, times: f64, which: &str| {
            report.budget(format!("{what}: {name}"), budget, format!("{}{which}", ratio(times)), times <= 1.25);
        };
        let linear = last.receive_a_revision / first.receive_a_revision;
        growth("first replication, a revision", "linear: ≤ 1.25 × a revision", linear, "");
        let flat = last.save_to_bare / first.save_to_bare;
        growth("save", "flat: ≤ 1.25 × what a bare transaction grows", flat, "");
        for (name, search) in [("any page", false), ("any search", true)] {
            if let Some((most, times)) = last.most_grown(first, search) {
                growth(name, "flat: ≤ 1.25 × what reading the same rows grows", times, &format!(" ({most})"));
            }
        }
    }
    Ok(())
}

fn one(report: &mut Report, size: Size, in_budget: bool) -> Result<Grown, Failure> {
    let Size { households, visits, replications, questions } = size;
    let folder = tempfile::tempdir()?;
    let station = DemoStation::of(&folder.path().join("station"), households, visits)?;
    let mut replicated = replicate::measure(&station, folder.path(), replications)?;
    let records = replicated.records;
    note(&format!("{records} records replicated"));
    let mut table = Table::new(&["what", "measured", "bare work", "ratio"]);
    let mut row = |cells: [&str; 4]| table.row(&cells);

    let (receive, insert) = (replicated.receive.median(), replicated.insert.median());
    let receive_a_revision = receive / f64::from(replicated.revisions);
    row([
        "first replication: decode, append, project, index",
        &format!("{} ({} a revision)", span(receive), span(receive_a_revision)),
        &format!("{} to insert the same rows", span(insert)),
        &ratio(receive / insert),
    ]);
    let whole = replicated.whole.median();
    row(["first replication with the station's work and the wire", &span(whole), "", &ratio(whole / insert)]);
    let wire = replicated.wire_bytes as f64 / replicated.zstd_bytes as f64;
    row([
        "first replication: bytes on the wire",
        &format!("{} KiB", replicated.wire_bytes / 1024),
        &format!("{} KiB: zstd of the whole NDJSON", replicated.zstd_bytes / 1024),
        &ratio(wire),
    ]);
    let mut saves = save::measure(&mut replicated)?;
    let (ours, one_row) = (saves.ours.median(), saves.one_row.median());
    row([
        "save a visit (durable, indexed, visible)",
        &format!("{}, {:.1} pages", span(ours), saves.our_pages),
        &format!("{}, {:.1} pages for one row of the same bytes", span(one_row), saves.one_rows_pages),
        &ratio(ours / one_row),
    ]);
    let (mut search, mut page) = (0_f64, 0_f64);
    let mut asked_to_bare = Vec::new();
    for mut asked in screens::measure(&replicated, questions)? {
        let (median, p95, bare) = (asked.ours.median(), asked.ours.quantile(95), asked.bare.median());
        let slowest = if asked.search { &mut search } else { &mut page };
        *slowest = slowest.max(p95);
        let measured = format!("p50 {}, p95 {}", span(median), span(p95));
        row([&asked.what, &measured, &format!("p50 {}", span(bare)), &ratio(median / bare)]);
        asked_to_bare.push((asked.what, asked.search, median / bare));
    }
    let memory = screens::memory_in_child(&replicated)?;
    row(["memory of a process that opens the replica and asks all of these", &format!("{memory} MiB"), "", ""]);

    if in_budget {
        let of = format!("{} records", thousands(records.into()));
        report.budget(
            format!("save a visit, {of}"),
            "≤ 2 × a bare one-row transaction on the same file",
            ratio(ours / one_row),
            ours / one_row <= 2.0,
        );
        report.budget(
            format!("first replication of {of}"),
            "≤ 2 × a bare bulk insert of the same rows",
            ratio(receive / insert),
            receive / insert <= 2.0,
        );
        report.budget(
            format!("first replication of {of}, bytes"),
            "≤ 1.3 × the zstd size of the NDJSON",
            ratio(wire),
            wire <= 1.3,
        );
        let people = thousands(replicated.persons.into());
        report.budget(format!("slowest search over {people} people, {of}"), "p95 < 20 ms", span(search), search < 0.02);
        report.budget(format!("slowest list or page, {of}"), "p95 < 50 ms", span(page), page < 0.05);
        report.budget(format!("memory of core, {of}"), "< 150 MB", format!("{memory} MiB"), memory < 143);
    }
    let title = format!(
        "A replica of {} records ({} households, {} visits)",
        thousands(records.into()),
        thousands(households.into()),
        thousands(visits.into())
    );
    report.section(&title, "", &table);
    let save_to_bare = ours / one_row;
    Ok(Grown { records, receive_a_revision, save: ours, search, page, save_to_bare, asked_to_bare })
}

const GROWTH: &str = "From the tables above; the ratio is to the smallest replica. A search whose answer has more lines, and a page \
of a household with more visits, have more to show, and in a larger file SQLite itself reads, decrypts and writes more for the same row. \
So the budgets of saves, searches and pages compare how many times the bare work each took (the ratios of the tables above) on the \
largest and on the smallest.";
