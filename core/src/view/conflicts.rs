//! Values that did not know each other, and what an officer decides about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Names;
use crate::ids::{DeviceId, RecordId, RevisionId};
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

/// How a record is announced where it stands among others.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct RecordTitle {
    /// The record.
    pub id: RecordId,
    /// `household`, `person`, `visit`, `task`, `area`, `officer` or a word of a newer program.
    pub kind: String,
    /// Its own name, if it has one.
    pub name: Names,
    /// A task's words.
    pub note: String,
    /// When a visit took place.
    pub at: Option<Instant>,
    /// The household it is or belongs to.
    pub household: Option<RecordId>,
    /// That household's name.
    pub household_name: Names,
    /// Its area's name.
    pub area_name: Names,
}

/// Asks for a page of a list.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PageOf {
    /// Lines to skip.
    pub offset: u32,
    /// Lines wanted, at most 500.
    pub limit: u32,
}

/// The records with undecided fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictList {
    /// Such records in all.
    pub total: u32,
    /// Conflicts decided since the first of this month, by whomever.
    pub decided_this_month: u32,
    /// This page, the record changed last first.
    pub lines: Vec<ConflictLine>,
}

/// A record with undecided fields.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictLine {
    /// Which record.
    pub title: RecordTitle,
    /// The undecided fields; `area` for the record's area.
    pub fields: Vec<String>,
    /// When it was changed last.
    pub last: Instant,
}

/// A record's undecided fields, to be decided.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictPage {
    /// Which record.
    pub title: RecordTitle,
    /// What the officer sees here; goes back with the decision, so that nothing unseen is overwritten.
    pub seen: Vec<RevisionId>,
    /// The undecided fields.
    pub fields: Vec<ConflictField>,
    /// Names of the records that values point to.
    pub links: BTreeMap<RecordId, Names>,
}

/// An undecided field: what was before, and the sides.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictField {
    /// The field's name; `area` for the record's area.
    pub field: String,
    /// What may be typed into it.
    pub input: FieldInput,
    /// The value that all sides had before; `None` if there was none.
    pub base: Option<ConflictValue>,
    /// The different values, the shown one first.
    pub sides: Vec<ConflictSide>,
}

/// One value of an undecided field, and everybody who wrote it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ConflictSide {
    /// The value; null for "removed".
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// Whether one of its writers is this tablet.
    pub mine: bool,
    /// Who wrote it, when and where.
    pub writes: Vec<WriteLine>,
}

/// Who wrote something, when and where.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WriteLine {
    /// The revision.
    pub revision: RevisionId,
    /// Who.
    pub officer_name: Names,
    /// When, by the clock of the tablet it was written on.
    pub at: Instant,
    /// On which device.
    pub device: DeviceId,
    /// Whether that is this tablet.
    pub mine: bool,
}

/// What may be typed into a field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "input", rename_all = "snake_case")]
#[ts(export)]
pub enum FieldInput {
    /// A short text.
    Text,
    /// A text of several lines.
    Lines,
    /// A telephone number.
    Phone,
    /// A day.
    Day,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// One of these words.
    Choice {
        /// The group of texts that say what the words mean.
        of: String,
        /// The words.
        names: Vec<String>,
    },
    /// Any of these words.
    Choices {
        /// The group of texts that say what the words mean.
        of: String,
        /// The words.
        names: Vec<String>,
    },
    /// A place: its name, position and distance.
    Place,
    /// Nothing can be typed; one of the values there are is taken.
    Fixed,
}

/// Decides undecided fields of a record.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Decide {
    /// The record.
    pub id: RecordId,
    /// What the officer saw: [`ConflictPage::seen`].
    pub seen: Vec<RevisionId>,
    /// The value for each decided field; null removes. `area` for the record's area.
    #[ts(type = "Record<string, unknown>")]
    pub fields: BTreeMap<String, serde_json::Value>,
}

/// What a decision made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Decided {
    /// The revision.
    pub revision: RevisionId,
    /// Fields that are still undecided, those that changed meanwhile included.
    pub left: u32,
}
