//! Changes that the station did not take, and what an officer does about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{AreaLine, FieldInput, Names, RecordTitle};
use crate::error::Code;
use crate::ids::{AreaId, RecordId, RevisionId};
use crate::time::Instant;

/// The changes that the station refused and nobody has answered yet.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RefusedList {
    /// The changes, the oldest first; at most 200.
    pub lines: Vec<RefusedLine>,
    /// Such changes in all.
    pub total: u32,
    /// The changes that the officer has discarded, the latest first; at most 50.
    pub discarded: Vec<RefusedLine>,
    /// The areas that this tablet holds, to correct a change's area.
    pub areas: Vec<AreaLine>,
    /// Names of the records that values point to.
    pub links: BTreeMap<RecordId, Names>,
}

/// A change that the station refused.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RefusedLine {
    /// The revision.
    pub revision: RevisionId,
    /// Which record it changes.
    pub title: RecordTitle,
    /// Why it was refused.
    pub code: Code,
    /// When it was saved.
    pub at: Instant,
    /// Who saved it.
    pub officer_name: Names,
    /// The area it names.
    pub area: AreaId,
    /// Whether this tablet holds that area now.
    pub in_scope: bool,
    /// Whether the same again may be taken, because what was wrong is no longer so.
    pub may_go_now: bool,
    /// Whether the record began with it.
    pub first: bool,
    /// What was in it.
    pub fields: Vec<RefusedField>,
}

/// One field of a refused change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RefusedField {
    /// The field's name.
    pub field: String,
    /// What the change says; null for "removed".
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// What may be typed instead.
    pub input: FieldInput,
    /// Whether a later change of this tablet has replaced it already.
    pub replaced: bool,
}

/// Names one revision.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RevisionRef {
    /// The revision.
    pub revision: RevisionId,
}

/// Says a refused change anew.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Correct {
    /// The refused revision.
    pub revision: RevisionId,
    /// The area it shall belong to; the same as before if not given.
    #[ts(optional)]
    pub area: Option<AreaId>,
    /// Values to say instead, by field name; the others stay as they were.
    #[ts(type = "Record<string, unknown>")]
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// How often something was said anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TriedAgain {
    /// Changes saved anew.
    pub saved: u32,
}

/// Where a copy of refused changes shall be written.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ExportTo {
    /// A folder that is there; `exports` in the tablet's own folder if not given.
    #[ts(optional)]
    pub folder: Option<String>,
}

/// A file that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Exported {
    /// Where.
    pub path: String,
    /// Changes in it.
    pub count: u32,
}
