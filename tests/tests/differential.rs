//! The program's own check of submissions beside the form engine of the window: over all forms of the pack and a form that uses
//! every function, on generated submissions, both say the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use ailchin_core::form::{Findings, FormRules, RuleKind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Said {
    forms: Vec<Form>,
    expressions: Vec<String>,
}

#[derive(Deserialize)]
struct Form {
    name: String,
    xml: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    submission: String,
    leaves: Vec<Leaf>,
}

/// A question or value as the engine has it.
#[derive(Deserialize)]
struct Leaf {
    #[serde(rename = "ref")]
    at: String,
    value: String,
    relevant: bool,
    violation: Option<String>,
}

fn what_the_engine_says() -> Said {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("said.json");
    let ran = Command::new("node_modules/.bin/vitest")
        .args(["run", "src/form/engine/differential.test.ts"])
        .current_dir(ui)
        .env("AILCHIN_DIFFERENTIAL", &out)
        .env("TZ", "Asia/Shanghai")
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
}

/// What a leaf breaks, as the program has it.
fn broken(findings: &Findings) -> BTreeMap<&str, &str> {
    let violations = findings.violations.iter().map(|violation| {
        let rule = match violation.rule {
            RuleKind::Required => "required",
            RuleKind::Constraint => "constraint",
            _ => "other",
        };
        (violation.at.as_str(), rule)
    });
    violations.collect()
}

#[test]
fn the_program_and_the_engine_of_the_window_judge_submissions_alike() {
    let said = what_the_engine_says();
    let (mut judged, mut values, mut cases, mut beside) = (0, 0, 0, 0);
    let mut unchecked: BTreeSet<String> = BTreeSet::new();
    let mut apart = Vec::new();
    for form in &said.forms {
        let rules = FormRules::parse(&form.xml).unwrap();
        println!("{}: not evaluated: {:?}", form.name, rules.unsupported());
        for case in &form.cases {
            cases += 1;
            let findings = rules.check(&case.submission).unwrap();
            let own = findings.unchecked.iter().filter(|one| !one.by_nature);
            unchecked.extend(own.map(|one| format!("{}: {}", one.at, one.why)));
            beside += findings.unchecked.iter().filter(|one| one.by_nature).count();
            let unknown: BTreeSet<&str> = findings.unchecked.iter().map(|one| one.at.as_str()).collect();
            let ours = broken(&findings);
            for leaf in case.leaves.iter().filter(|leaf| leaf.relevant && !unknown.contains(leaf.at.as_str())) {
                judged += 1;
                let (theirs, ours) = (leaf.violation.as_deref(), ours.get(leaf.at.as_str()).copied());
                if theirs != ours {
                    apart.push(format!("{}: {} = {:?}: {theirs:?}, here {ours:?}", form.name, leaf.at, leaf.value));
                }
            }
            let known: BTreeSet<&str> = case.leaves.iter().map(|leaf| leaf.at.as_str()).collect();
            apart.extend(
                ours.iter()
                    .filter(|(at, _)| !known.contains(*at))
                    .map(|(at, rule)| format!("{}: {at}: {rule}, of which the engine knows nothing", form.name)),
            );
            values += case.leaves.len();
            for one in &findings.differs {
                let number = one.at.strip_prefix("/data/c").and_then(|number| number.parse::<usize>().ok());
                let expression = number.and_then(|number| said.expressions.get(number));
                apart.push(format!(
                    "{}: {} ({}): {:?}, here {:?}",
                    form.name,
                    one.at,
                    expression.map_or("", String::as_str),
                    one.recorded,
                    one.recomputed
                ));
            }
        }
    }
    apart.sort();
    apart.dedup();
    println!("{cases} submissions of {} forms: {judged} questions judged, {values} values", said.forms.len());
    println!(
        "{beside} rules ask for lists of the tablet or a value of their moment; otherwise unchecked: {unchecked:#?}"
    );
    assert!(apart.is_empty(), "{} apart:\n{}", apart.len(), apart.join("\n"));
    assert!(unchecked.is_empty(), "what our forms use is evaluated");
    assert!(judged > 1_000, "{judged}");
}
