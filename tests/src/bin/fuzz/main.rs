//! Tries every parser on damaged bytes for some time: `fuzz [--seconds N] [--from SEED]`; a table at the end.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use ailchin_tests::fuzz::{Became, Target};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, without: u64| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(without)
    };
    let targets = Target::all();
    let each = Duration::from_millis(1_000 * number("--seconds", 60) / targets.len() as u64);
    let from = number("--from", 1);
    let mut sound = true;
    println!("| parser | tried | accepted | the slowest took |\n|---|---|---|---|");
    for target in targets {
        let (mut tried, mut accepted, mut slowest) = (0, 0, Duration::ZERO);
        let begun = Instant::now();
        while begun.elapsed() < each {
            let seed = from + tried;
            let at = Instant::now();
            match target.try_one(seed) {
                Became::Accepted => accepted += 1,
                Became::Refused => {}
                Became::Panicked(bytes) => {
                    sound = false;
                    let file = std::env::temp_dir().join(format!("fuzz-{}-{seed}", target.name.replace(' ', "-")));
                    let kept = std::fs::write(&file, bytes).is_ok();
                    println!(
                        "{}: seed {seed} panics{}",
                        target.name,
                        if kept { format!(", see {}", file.display()) } else { String::new() }
                    );
                }
            }
            slowest = slowest.max(at.elapsed());
            tried += 1;
        }
        println!("| {} | {tried} | {accepted} | {} ms |", target.name, slowest.as_millis());
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
