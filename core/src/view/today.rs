//! The first screen of a day.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Names, OfficerLine, ReceiptView};
use crate::ids::{DraftId, RecordId};
use crate::pack::About;
use crate::time::{Day, Instant};

/// The first screen of a day.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Today {
    /// Today at the station.
    pub day: Day,
    /// The officer at work.
    pub officer: OfficerLine,
    /// Open tasks due within seven days or overdue, the oldest first; at most 200.
    pub due: Vec<TaskLine>,
    /// Open tasks in all.
    pub open_tasks: u32,
    /// Forms begun and not finished, the newest first.
    pub drafts: Vec<DraftLine>,
    /// Visits recorded today on this tablet, among its last 500 changes.
    pub visits_today: u32,
    /// What the station does not have yet.
    pub waiting: Waiting,
    /// Records with an undecided conflict.
    pub conflicts: u32,
    /// Conflicts decided since the first of this month, by whomever.
    pub decided_this_month: u32,
    /// The last receipt.
    pub receipt: Option<ReceiptView>,
}

/// What the station does not have yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Waiting {
    /// Saved changes without a position in the station's feed.
    pub revisions: u32,
    /// Records with such changes.
    pub records: u32,
    /// Photos and signatures not yet at the station.
    pub blobs: u32,
    /// Their size in bytes.
    pub blob_bytes: u64,
    /// Changes that the station refused.
    pub refused: u32,
}

/// A task in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TaskLine {
    /// The task.
    pub id: RecordId,
    /// The household it is about.
    pub household: Option<RecordId>,
    /// That household's name.
    pub household_name: Names,
    /// Its area's name.
    pub area_name: Names,
    /// What is to be done, in the officer's words.
    pub note: String,
    /// When it is due.
    pub due: Option<Day>,
    /// Whether the day has passed.
    pub overdue: bool,
    /// Whether it is done.
    pub done: bool,
}

/// A form begun and not finished.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DraftLine {
    /// The draft.
    pub id: DraftId,
    /// What kind of thing it is about.
    pub about: About,
    /// The household, case or area that it is about.
    pub subject: RecordId,
    /// The household behind it.
    pub household: Option<RecordId>,
    /// What the household, case or area is called.
    pub household_name: Names,
    /// The form's id.
    pub form: String,
    /// Whether it changes a finished form.
    pub amends: bool,
    /// When it was begun.
    pub begun_at: Instant,
    /// When the last answer was saved.
    pub saved_at: Instant,
}
