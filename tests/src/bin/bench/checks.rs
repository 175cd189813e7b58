//! How fast submissions are checked by the rules of their form, on one core.

use std::hint::black_box;

use ailchin_core::form::FormRules;
use ailchin_core::pack;

use crate::measure::{Samples, ratio, span, thousands};
use crate::report::{Report, Table};
use crate::visits::Visits;
use crate::{Failure, note};

/// What a station must be able to check a second.
const A_SECOND: f64 = 1_000.0;

pub(crate) fn measure(report: &mut Report, submissions: usize) -> Result<(), Failure> {
    let form =
        pack::builtin().map_err(ToString::to_string)?.form("household_visit").ok_or("no form household_visit")?;
    let rules = FormRules::parse(&form.xform)?;
    let mut visits = Visits::of(11)?;
    let made: Vec<String> = (0..submissions).map(|_| visits.submission()).collect::<Result<_, _>>()?;
    let (mut checking, mut reading) = (Samples::default(), Samples::default());
    let mut rules_held = 0;
    for submission in &made {
        reading.time(|| form.model.read(black_box(submission)).map(black_box))?;
        let findings = checking.time(|| rules.check(black_box(submission)))?;
        if !(findings.violations.is_empty() && findings.differs.is_empty() && findings.unchecked.is_empty()) {
            return Err(format!("a sound visit was found fault with: {findings:?}").into());
        }
        rules_held += findings.checked;
    }
    let (check, read) = (checking.median(), reading.median());
    let mut table = Table::new(&[
        "visits",
        "rules of each, mean",
        "a check, median",
        "p95",
        "reading the same XML as answers",
        "ratio",
    ]);
    table.row(&[
        thousands(submissions as u64),
        format!("{:.1}", f64::from(rules_held) / submissions as f64),
        span(check),
        span(checking.quantile(95)),
        span(read),
        ratio(check / read),
    ]);
    report.section("Checking submissions by the rules of their form", "On one thread; the form was read once.", &table);
    let a_second = 1.0 / check;
    let measured = format!("{a_second:.0} a second");
    report.budget("checks of the household visit on one core", "≥ 1,000 a second", measured, a_second >= A_SECOND);
    note(&format!("{submissions} submissions checked"));
    Ok(())
}
