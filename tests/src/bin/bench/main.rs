//! Benchmarks: what the work of tablets and a station takes, beside the bare work under it, in one run.
//!
//! `bench` writes `docs/BENCHMARKS.md`. `bench --quick` measures everything on small sizes; `--out FILE` writes elsewhere,
//! `--only PART` measures one part (replicas, edits, transfer, crowd, link, checks). Stations are processes of their own, so that memory
//! and processor time can be told apart.

mod checks;
mod crowd;
mod edits;
mod link;
mod measure;
mod replicas;
mod replicate;
mod report;
mod rows;
mod save;
mod screens;
mod station;
mod transfer;
mod visits;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ailchin_core::sync::Rhythm;

use crowd::Crowd;
use link::Day;
use replicas::Size;
use report::Report;

type Failure = Box<dyn std::error::Error>;

/// Where a station keeps its store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Sqlite,
    Postgres,
}

impl Store {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

const STORES: &[Store] = &[Store::Sqlite, Store::Postgres];

/// How much is measured.
struct Scale {
    replicas: &'static [Size],
    edits: usize,
    transfers: &'static [u32],
    crowds: &'static [Crowd],
    day: Day,
    checks: usize,
}

const FULL: Scale = Scale {
    replicas: &[
        Size { households: 45, visits: 600, replications: 3, questions: 300 },
        Size { households: 450, visits: 6_200, replications: 3, questions: 300 },
        Size { households: 6_300, visits: 58_000, replications: 3, questions: 300 },
    ],
    edits: 1_000,
    transfers: &[1_000, 10_000, 100_000],
    crowds: &[
        Crowd { tablets: 40, visits: 60, all_hold_all: false },
        Crowd { tablets: 40, visits: 60, all_hold_all: true },
        Crowd { tablets: 200, visits: 60, all_hold_all: false },
    ],
    day: Day {
        visits: 28,
        photos: 150,
        photo_width: 1_600,
        bytes_a_second: 250_000,
        whole: Duration::from_secs(55),
        broken: Duration::from_secs(5),
        rhythm: None,
    },
    checks: 5_000,
};

const QUICK: Scale = Scale {
    replicas: &[
        Size { households: 20, visits: 100, replications: 1, questions: 20 },
        Size { households: 60, visits: 400, replications: 1, questions: 20 },
    ],
    edits: 100,
    transfers: &[50, 500],
    crowds: &[Crowd { tablets: 4, visits: 5, all_hold_all: false }],
    day: Day {
        visits: 4,
        photos: 12,
        photo_width: 480,
        bytes_a_second: 250_000,
        whole: Duration::from_secs(1),
        broken: Duration::from_millis(100),
        rhythm: Some(Rhythm {
            soon_ms: 10,
            saved_ms: 10,
            idle_ms: 60_000,
            retry_ms: 100,
            waiting_cap_ms: 500,
            idle_cap_ms: 500,
        }),
    },
    checks: 50,
};

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, file] = arguments.as_slice()
        && what == "memory"
    {
        return screens::memory(Path::new(file));
    }
    let said = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1).cloned()
    };
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let only = said("--only");
    let out = said("--out").map(PathBuf::from);
    let scale = if quick { QUICK } else { FULL };
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);

    let begun = Instant::now();
    let mut report = Report::default();
    if wanted("transfer") {
        transfer::measure(&mut report, STORES, scale.transfers)?;
    }
    if wanted("crowd") {
        crowd::measure(&mut report, STORES, scale.crowds)?;
    }
    if wanted("link") {
        link::measure(&mut report, STORES, scale.day)?;
    }
    if wanted("checks") {
        checks::measure(&mut report, scale.checks)?;
    }
    if wanted("edits") {
        edits::measure(&mut report, scale.edits)?;
    }
    if wanted("replicas") {
        replicas::measure(&mut report, scale.replicas)?;
    }
    LEFT_OUT.iter().for_each(|what| report.leave_out(*what));
    let head =
        format!("{HEAD}\nMachine: {}. The run took {:.0} s.\n", measure::machine(), begun.elapsed().as_secs_f64());
    let page = report.page(&head);
    say(&page);
    match (out, quick || only.is_some()) {
        (Some(out), _) => std::fs::write(out, &page)?,
        (None, false) => std::fs::write("docs/BENCHMARKS.md", &page)?,
        (None, true) => {}
    }
    Ok(())
}

const LEFT_OUT: &[&str] = &[
    "A million records: to make, send and fetch them takes longer than everything else here together.",
    "200 tablets of which each holds everything: they would fetch two million revisions on the cores of this one machine.",
    "Tablets' processors, disks and radios: everything here ran on one machine over 127.0.0.1.",
];

const HEAD: &str = "# Benchmarks

What `make bench` printed. Absolute times are of one noisy machine; the ratios were measured side by side in the same run and are
what counts. The tablets are the tablet's own code, the station is the server's program, between them is HTTP on 127.0.0.1. Every
file on a tablet is encrypted (SQLCipher); commits are durable on the tablet (`synchronous=FULL`) and at the station, whose
PostgreSQL 15 runs as it is installed (`fsync=on`) on the same machine.

* *Insert the same rows*: every row of every table and of the search index that the replication left in the file, inserted from
  memory with prepared statements in transactions of the same size, in the order in which they came, with the replica's own settings.
  Nothing is decoded, hashed, checked or folded.
* *One row of the same bytes*: one durable transaction that inserts the visit's JSON into a table without indexes, in the same file.
  *Pages* are those of the file that a transaction writes.
* *Bare work* of a query: the same rows by their index, or the matches of the full-text index, without the names of areas and
  officers, conflicts, and, but for a household's page, counts and what waits.
* What is measured many times is told as a median (p50) and the value that so many of a hundred do not exceed (p95, p99).
";

#[allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn say(text: &str) {
    println!("{text}");
}

#[allow(clippy::print_stderr, reason = "progress for whoever waits")]
fn note(text: &str) {
    eprintln!("bench: {text}");
}
