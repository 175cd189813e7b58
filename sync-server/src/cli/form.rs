//! `form`: checking submissions by the rules of their forms, whoever made them, and what was found in those that came.

use std::path::{Path, PathBuf};

use ailchin_core::form::FormRules;
use ailchin_core::ids::RevisionId;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{CliError, Desk, output};

#[derive(Subcommand, Debug)]
pub(super) enum FormCommand {
    /// Check a submission by the rules of its form: prints violations, recomputed values that differ, and what was not checked
    Check {
        /// The form, an ODK XForm
        form: PathBuf,
        /// The submission, XML
        submission: PathBuf,
    },
    /// List what was found in the submissions of visits, the oldest first
    Findings {
        /// Also those that somebody has looked at
        #[arg(long)]
        all: bool,
    },
    /// Note that somebody has looked at what was found
    Settle {
        /// The revisions that hold the submissions
        #[arg(required = true)]
        revisions: Vec<String>,
    },
}

pub(super) fn form(desk: &Desk, command: &FormCommand) -> Result<(), CliError> {
    match command {
        FormCommand::Check { form, submission } => check(form, submission),
        FormCommand::Findings { all } => findings(desk, *all),
        FormCommand::Settle { revisions } => settle(desk, revisions),
    }
}

fn check(form: &Path, submission: &Path) -> Result<(), CliError> {
    let read = |path: &Path| {
        let read = std::fs::read_to_string(path);
        read.map_err(|source| CliError::File { doing: "reading a form or a submission", source })
    };
    let unread = |doing| move |source| CliError::Form { doing, source };
    let rules = FormRules::parse(&read(form)?).map_err(unread("reading the form"))?;
    let findings = rules.check(&read(submission)?).map_err(unread("reading the submission"))?;
    output::line(&json!(findings));
    Ok(())
}

fn findings(desk: &Desk, all: bool) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    let rules = store.rules(station.id, None).map_err(CliError::store("reading the forms"))?;
    store.check_visits(station.id, &rules, desk.world.now(), &|| true).map_err(CliError::store("checking visits"))?;
    for found in store.findings(station.id, all).map_err(CliError::store("reading what was found"))? {
        let said: Value = serde_json::from_str(&found.findings).unwrap_or_default();
        let json = json!({
            "visit": found.record, "revision": found.revision, "at": found.at, "settled_at": found.settled_at,
            "findings": said,
        });
        let count = |of: &str| said[of].as_array().map_or(0, Vec::len);
        let sentence = format!(
            "{} {}: {} rules do not hold, {} values differ, {} were not checked",
            found.revision,
            said["form"].as_str().unwrap_or_default(),
            count("violations"),
            count("differs"),
            count("unchecked")
        );
        output::answer(desk, &json, &sentence);
    }
    Ok(())
}

fn settle(desk: &Desk, revisions: &[String]) -> Result<(), CliError> {
    let store = desk.store()?;
    let station = desk.station(&store)?;
    for text in revisions {
        let revision = RevisionId::parse(text).map_err(|_| CliError::Unreadable("a revision's identifier"))?;
        let settled = store.settle_finding(station.id, revision, desk.world.now());
        settled.map_err(CliError::store("noting that it was looked at"))?;
        output::answer(desk, &json!({ "settled": revision }), &format!("{revision}: looked at"));
    }
    Ok(())
}
