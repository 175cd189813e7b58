//! Cases: what is to be brought to an end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{DraftLine, FormLine, Names, TaskLine};
use crate::ids::{RecordId, RevisionId};
use crate::time::{Day, Instant};

/// Open cases, those due first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseList {
    /// Open cases in all.
    pub total: u32,
    /// This page.
    pub lines: Vec<CaseLine>,
}

/// A case in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CaseLine {
    /// The case.
    pub id: RecordId,
    /// `dispute`, `hazard`, `service`, `opinion` …, as the pack's forms write it.
    pub case_type: String,
    /// What it is called.
    pub title: String,
    /// How far it is, as the pack's forms write it; empty at first, `closed` at the end.
    pub state: String,
    /// `blue`, `yellow`, `orange` or `red`; empty if nobody said.
    pub grade: String,
    /// When the next thing is due.
    pub due: Option<Day>,
    /// Whether that day has passed.
    pub overdue: bool,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// That household's name.
    pub household_name: Names,
    /// Its area's name.
    pub area_name: Names,
    /// When it began.
    pub at: Instant,
}

/// Something that was done about a case or in an area.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ActivityLine {
    /// The activity.
    pub id: RecordId,
    /// The form's id.
    pub form: String,
    /// When it began.
    pub at: Instant,
    /// Who did it.
    pub officer_name: Names,
    /// Where.
    pub area_name: Names,
    /// Whether it still waits to be sent.
    pub waiting: bool,
}

/// All that a case's page shows.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CasePage {
    /// The case.
    pub line: CaseLine,
    /// What it is about, in the officer's words.
    pub note: String,
    /// What came of it.
    pub outcome: String,
    /// Measured land, in m².
    pub area_m2: Option<f64>,
    /// Latitude and longitude in degrees (WGS-84).
    pub place: Option<(f64, f64)>,
    /// What was done about it, the newest first; at most 200.
    pub activities: Vec<ActivityLine>,
    /// Its tasks.
    pub tasks: Vec<TaskLine>,
    /// Forms that can be begun about it.
    pub forms: Vec<FormLine>,
    /// Forms begun and not finished.
    pub drafts: Vec<DraftLine>,
    /// Names of forms, by id.
    #[ts(type = "Record<string, Record<string, string>>")]
    pub form_names: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether a conflict is undecided.
    pub conflict: bool,
    /// Whether changes of it wait to be sent.
    pub waiting: bool,
    /// What the officer sees here.
    pub seen: Vec<RevisionId>,
}
