//! What is said about a cell.

use serde::Serialize;

/// Whether a form can be used all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// It cannot.
    Refused,
    /// It can, but somebody should look.
    Warning,
}

/// What is said about a cell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Remark {
    /// Whether the form can be used all the same.
    pub gravity: Gravity,
    /// The spreadsheet.
    pub file: String,
    /// Its sheet.
    pub sheet: String,
    /// The cell, `C7`; a whole sheet's is `A1`.
    pub cell: String,
    /// What is wrong, in Chinese …
    pub zh: String,
    /// … and in English.
    pub en: String,
}
