//! Benchmarks: ratios of our work to the bare SQLite work under it, side by side in one run.
//!
//! `bench` prints a table for each question and writes `docs/BENCHMARKS.md`. `bench --quick` uses small sizes and writes
//! nothing. The station is a process of its own, so that memory and processor time are the tablet's.

mod bare;
mod measure;
mod page;
mod station;

use std::fmt::Write as _;
use std::path::Path;

use measure::{ms, ratio, us};

type Failure = Box<dyn std::error::Error>;

/// Households and visits; records in all are about households × 4.5 + visits × 1.25.
const SIZES: &[(u32, u32)] = &[(40, 600), (400, 6_000), (4_000, 62_000)];
const QUICK: &[(u32, u32)] = &[(40, 600), (150, 2_000)];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, file] = arguments.as_slice()
        && what == "memory"
    {
        return page::memory(Path::new(file));
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let mut report = String::from(HEAD);
    writeln!(report, "{}", measure::machine())?;
    for (households, visits) in if quick { QUICK } else { SIZES } {
        one_size(*households, *visits, &mut report)?;
    }
    say(&report);
    if !quick {
        std::fs::write("docs/BENCHMARKS.md", &report)?;
    }
    Ok(())
}

fn one_size(households: u32, visits: u32, report: &mut String) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let station = station::Station::with_demo_data(&folder.path().join("station"), households, visits)?;
    let mut replicated = bare::replicate(&station, folder.path(), 3)?;
    let records = replicated.records;
    note(&format!("{records} records replicated"));

    writeln!(report, "\n## {records} records ({households} households, {visits} visits)\n")?;
    writeln!(report, "| what | measured | bare work | ratio |\n|---|---|---|---|")?;
    let mut row = |what: &str, ours: &str, bare: &str, ratio: &str| {
        writeln!(report, "| {what} | {ours} | {bare} | {ratio} |").map_err(Failure::from)
    };
    let (receive, insert) = (&mut replicated.receive, &mut replicated.insert);
    row(
        "first replication: decode, append, project, index",
        &format!("{} ({} a revision)", ms(receive.median()), us(receive.median() / f64::from(replicated.revisions))),
        &format!("{} to insert the same rows", ms(insert.median())),
        &ratio(receive.median() / insert.median()),
    )?;
    let whole = &mut replicated.whole;
    row(
        "first replication with the station's work and the wire",
        &ms(whole.median()),
        "",
        &ratio(whole.median() / insert.median()),
    )?;
    row(
        "first replication: bytes on the wire",
        &format!("{} KiB", replicated.wire_bytes / 1024),
        &format!("{} KiB: zstd of the whole NDJSON", replicated.zstd_bytes / 1024),
        &ratio(replicated.wire_bytes as f64 / replicated.zstd_bytes as f64),
    )?;
    let saved = bare::save(&mut replicated)?;
    let (mut ours, mut one_row) = saved;
    row(
        "save a visit (durable, indexed, visible)",
        &us(ours.median()),
        &format!("{} for one row of the same bytes", us(one_row.median())),
        &ratio(ours.median() / one_row.median()),
    )?;
    let nothing = station::nothing_new(&station, &mut replicated)?;
    row(
        "sync with nothing new",
        &format!("{} round trip, {} bytes out, {} bytes in", nothing.round_trips, nothing.sent, nothing.received),
        "",
        "",
    )?;
    for (what, mut ours, mut bare) in page::queries(&replicated)? {
        row(
            &what,
            &format!("p50 {}, p95 {}", us(ours.median()), us(ours.p95())),
            &format!("p50 {}", us(bare.median())),
            &ratio(ours.median() / bare.median()),
        )?;
    }
    row(
        "memory of a process that opens the replica and asks all of these",
        &page::memory_in_child(&replicated)?,
        "",
        "",
    )?;
    Ok(())
}

const HEAD: &str = "# Benchmarks

What `make bench` printed. Absolute times are of one noisy machine; the ratios were measured side by side in the same run and are
what counts. Each figure is a median (three runs for replication, hundreds of repetitions for the rest). Every file is encrypted
(SQLCipher), commits are durable (`synchronous=FULL`), the bare work goes to a file with the same key, settings, tables and indexes.

* *Insert the same rows*: every row of every table and of the search index that the replication left in the file, inserted from
  memory with prepared statements in transactions of the same size. Nothing is decoded, hashed, checked or folded.
* *One row of the same bytes*: one durable transaction that inserts the visit's JSON into a table without indexes.
* *Bare work* of a query: the same rows by their index, or the matches of the full-text index, without the names of areas and
  officers, counts, conflicts, and what waits.

";

#[allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn say(text: &str) {
    println!("{text}");
}

#[allow(clippy::print_stderr, reason = "progress for whoever waits")]
fn note(text: &str) {
    eprintln!("bench: {text}");
}
