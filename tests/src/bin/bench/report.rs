//! The page: sections with tables, and the budgets with what was measured.

use std::fmt::Write as _;

/// A table of figures.
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn new(columns: &[&str]) -> Self {
        let mut table = Self(String::new());
        table.row(columns);
        table.row(&vec!["---"; columns.len()]);
        table
    }

    pub(crate) fn row(&mut self, cells: &[impl AsRef<str>]) {
        let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }
}

/// What a figure may be, and what it is.
pub(crate) struct Budget {
    pub(crate) what: String,
    pub(crate) allowed: &'static str,
    pub(crate) measured: String,
    pub(crate) holds: bool,
}

/// The page as it grows.
#[derive(Default)]
pub(crate) struct Report {
    sections: String,
    pub(crate) budgets: Vec<Budget>,
    left_out: Vec<String>,
}

impl Report {
    pub(crate) fn section(&mut self, title: &str, text: &str, table: &Table) {
        let text = if text.is_empty() { String::new() } else { format!("{text}\n\n") };
        let _ = write!(self.sections, "\n## {title}\n\n{text}{}", table.0);
    }

    pub(crate) fn budget(&mut self, what: impl Into<String>, allowed: &'static str, measured: String, holds: bool) {
        self.budgets.push(Budget { what: what.into(), allowed, measured, holds });
    }

    pub(crate) fn leave_out(&mut self, what: impl Into<String>) {
        self.left_out.push(what.into());
    }

    pub(crate) fn page(&self, head: &str) -> String {
        let mut budgets = Table::new(&["what", "budget", "measured", "holds"]);
        for budget in &self.budgets {
            let holds = if budget.holds { "yes" } else { "**no**" };
            budgets.row(&[&budget.what, budget.allowed, &budget.measured, holds]);
        }
        let mut page = format!("{head}\n## Budgets\n\n{}{}", budgets.0, self.sections);
        if !self.left_out.is_empty() {
            page.push_str("\n## Left out\n\n");
            for what in &self.left_out {
                let _ = writeln!(page, "* {what}");
            }
        }
        page
    }
}
