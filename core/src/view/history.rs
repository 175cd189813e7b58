//! A record's past in plain words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Names, RecordTitle};
use crate::error::Code;
use crate::ids::{DeviceId, RecordId, RevisionId};
use crate::time::Instant;

/// Every change of a record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecordHistory {
    /// Which record.
    pub title: RecordTitle,
    /// Changes in all.
    pub total: u32,
    /// The changes, the newest first; at most 200.
    pub entries: Vec<HistoryEntry>,
    /// Names of the records that values point to.
    pub links: BTreeMap<RecordId, Names>,
}

/// One change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryEntry {
    /// The revision.
    pub revision: RevisionId,
    /// Who.
    pub officer_name: Names,
    /// When, by the clock of the device it was written on.
    pub at: Instant,
    /// On which device.
    pub device: DeviceId,
    /// Whether that is this tablet.
    pub mine: bool,
    /// Whether the record began with it.
    pub first: bool,
    /// Whether it decided a conflict.
    pub settles: bool,
    /// The area it moved the record from and to.
    pub moved: Option<Moved>,
    /// What changed.
    pub changes: Vec<HistoryChange>,
    /// Whether the station has it, as far as this tablet knows.
    pub waiting: bool,
    /// Why the station refused it.
    pub refused: Option<Code>,
    /// Whether the officer has decided that it does not count.
    pub set_aside: bool,
}

/// From which area to which.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Moved {
    /// The name of the area it left.
    pub from: Names,
    /// The name of the area it came to.
    pub to: Names,
}

/// One field that changed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct HistoryChange {
    /// The field.
    pub field: String,
    /// What its author saw; null for nothing.
    #[ts(type = "unknown")]
    pub from: serde_json::Value,
    /// What it says since then; null for nothing.
    #[ts(type = "unknown")]
    pub to: serde_json::Value,
    /// Whether it decided between values that did not know each other.
    pub settled: bool,
}
