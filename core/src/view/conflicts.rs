//! Values that did not know each other.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Names;
use crate::ids::RevisionId;
use crate::time::Instant;

/// A field for which values did not know each other.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictView {
    /// The field's name.
    pub field: String,
    /// The values, the one shown first.
    pub values: Vec<ConflictValue>,
}

/// One of several values of a field.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictValue {
    /// The value; null for "removed".
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// The revision that wrote it.
    pub revision: RevisionId,
    /// Who wrote it.
    pub officer_name: Names,
    /// When, by the clock of the tablet it was written on.
    pub at: Instant,
    /// Whether it was written on this tablet.
    pub mine: bool,
}
