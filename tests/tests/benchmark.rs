//! Whether the benchmark still measures all that it tells of. What it finds here, on small sizes with an unoptimised program, is of
//! no interest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use ailchin_tests::programs::SERVER;

/// Sections, and how many rows of figures each must have at least.
const SECTIONS: &[(&str, usize)] = &[
    ("Budgets", 16),
    ("Push and pull", 4),
    ("Sync with nothing new", 5),
    ("Everybody at once", 2),
    ("A day's load over a slow wire that breaks", 2),
    ("Checking submissions by the rules of their form", 1),
    ("One record edited again and again without a sync", 6),
    ("A replica of", 14),
    ("Growth on the tablet", 2),
];

#[test]
fn the_benchmark_still_measures_everything_on_both_stores() {
    assert!(SERVER.exists());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("page.md");
    let said = Command::new(env!("CARGO_BIN_EXE_bench")).args(["--quick", "--out"]).arg(&out).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let page = std::fs::read_to_string(out).unwrap();
    for (title, at_least) in SECTIONS {
        let section = page.split("\n## ").find(|section| section.starts_with(title));
        let rows = figures(section.unwrap_or_else(|| panic!("no section {title} in\n{page}")));
        assert!(rows.len() >= *at_least, "{title} has {} rows of figures", rows.len());
    }
    for budget in figures(page.split("\n## Budgets").nth(1).unwrap().split("\n## ").next().unwrap()) {
        assert!(["yes", "**no**"].contains(&budget[3]), "{budget:?}");
    }
    for store in ["SQLite", "PostgreSQL"] {
        assert!(page.matches(store).count() >= 7, "{store} was left out");
    }
}

/// The rows of a section's table below its head; each as long as the head, and every figure a number.
fn figures(section: &str) -> Vec<Vec<&str>> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(" | ").collect()).collect();
    let columns = rows[0].len();
    for row in &rows {
        assert_eq!(row.len(), columns, "{row:?}");
        assert!(row.iter().all(|cell| !cell.contains("NaN") && !cell.contains("inf")), "{row:?}");
    }
    rows.into_iter().skip(2).collect()
}
