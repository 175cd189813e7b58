//! Tells stories of the simulation: `sim [--seeds N] [--from N] [--seed N]`; one line for each that goes wrong, a table at
//! the end. `sim --planted` says in which story each planted bug is found.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

use ailchin_tests::sim::{self, Counts, Fault, Planted, Setup};

/// How often a story that goes wrong is told again to find a shorter one.
const TRIES: u32 = 120;

/// Lines of the trace that are shown.
const LINES: usize = 40;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--planted") {
        return planted();
    }
    let number = |name: &str, without: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(without)
    };
    let (from, seeds) = match number("--seed", 0) {
        0 => (number("--from", 1), number("--seeds", 200)),
        seed => (seed, 1),
    };
    let mut counts = Counts::default();
    let mut broken = 0;
    for seed in from..from + seeds {
        let setup = Setup::of(seed);
        let story = sim::tell(&setup);
        counts.add(&story.counts);
        if seeds == 1 && story.broken.is_none() {
            story.trace.iter().for_each(|line| println!("{line}"));
        }
        if let Some(seen) = story.broken {
            broken += 1;
            println!("seed {seed}: {:?}: {}", seen.invariant, seen.seen);
            let (_, short) = sim::shrunk(&setup, TRIES);
            let from = short.trace.len().saturating_sub(LINES);
            println!("  in short, the last of {} lines:", short.trace.len());
            short.trace[from..].iter().for_each(|line| println!("  | {line}"));
            if let Some(seen) = short.broken {
                println!("  {}", seen.seen);
            }
        }
    }
    println!("{}", table(&counts, seeds, broken));
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn planted() -> ExitCode {
    let mut all = ExitCode::SUCCESS;
    for bug in Planted::ALL {
        let found = (1..=200).find_map(|seed| {
            let story = sim::tell(&Setup { planted: Some(*bug), ..Setup::of(seed) });
            story.broken.map(|seen| (seed, seen.invariant))
        });
        let (seed, invariant) = match found {
            Some((seed, invariant)) => (seed.to_string(), format!("{invariant:?}")),
            None => ("never".to_owned(), String::new()),
        };
        if invariant != format!("{:?}", bug.breaks()) {
            all = ExitCode::FAILURE;
        }
        println!("| {} | {invariant} | {seed} |", bug.says().trim());
    }
    all
}

fn table(counts: &Counts, seeds: u64, broken: u64) -> String {
    let mut lines = vec![
        format!("| stories | {seeds} |"),
        "|---|---|".to_owned(),
        format!("| that went wrong | {broken} |"),
        format!("| events | {} |", counts.events),
        format!("| requests | {} |", counts.requests),
        format!("| syncs (to their end) | {} ({}) |", counts.syncs.0, counts.syncs.1),
        format!("| revisions | {} |", counts.revisions),
        format!("| decided conflicts | {} |", counts.decisions),
        format!("| refused revisions | {} |", counts.refused),
        format!("| revisions lost with a disk | {} |", counts.lost),
        format!("| rounds until nothing was new, at most | {} |", counts.rounds),
    ];
    for fault in Fault::ALL {
        lines.push(format!("| {} | {} |", fault.name(), counts.faults.get(fault).copied().unwrap_or(0)));
    }
    lines.join("\n")
}
