//! A finished form on paper, as a file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::RecordId;

/// Which paper of a finished form the window shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Paper {
    /// What the household keeps.
    Slip,
    /// The whole form.
    Form,
}

/// The size of a page and of its empty edges, in millimetres.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PageSize {
    /// From edge to edge, 40 to 420.
    pub width_mm: f64,
    /// From edge to edge, 40 to 3000.
    pub height_mm: f64,
    /// Empty above and below, 0 to 40.
    pub margin_block_mm: f64,
    /// Empty on both sides, 0 to 40.
    pub margin_inline_mm: f64,
}

impl PageSize {
    /// Whether there is such paper.
    #[must_use]
    pub fn is_paper(&self) -> bool {
        (40.0..=420.0).contains(&self.width_mm)
            && (40.0..=3000.0).contains(&self.height_mm)
            && (0.0..=40.0).contains(&self.margin_block_mm)
            && (0.0..=40.0).contains(&self.margin_inline_mm)
            && 2.0 * self.margin_inline_mm < self.width_mm
            && 2.0 * self.margin_block_mm < self.height_mm
    }
}

/// What the window shows of a finished form shall be written into a PDF file.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct PrintFile {
    /// The finished form.
    pub id: RecordId,
    /// What is shown of it.
    pub paper: Paper,
    /// On which paper.
    pub page: PageSize,
    /// A folder that is there; `exports` in the tablet's own folder if not given.
    #[ts(optional)]
    pub folder: Option<String>,
}

/// A PDF file that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Printed {
    /// Where.
    pub path: String,
    /// How large it is.
    #[ts(type = "number")]
    pub size_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::PageSize;

    fn page(width_mm: f64, height_mm: f64, margin_block_mm: f64, margin_inline_mm: f64) -> PageSize {
        PageSize { width_mm, height_mm, margin_block_mm, margin_inline_mm }
    }

    #[test]
    fn sheets_and_rolls_are_paper() {
        assert!(page(210.0, 297.0, 12.0, 14.0).is_paper());
        assert!(page(80.0, 3000.0, 0.0, 0.0).is_paper());
    }

    #[test]
    fn nothing_is_paper_that_no_printer_takes() {
        for wrong in [
            page(0.0, 297.0, 0.0, 0.0),
            page(210.0, 3001.0, 0.0, 0.0),
            page(f64::NAN, 297.0, 0.0, 0.0),
            page(210.0, f64::INFINITY, 0.0, 0.0),
            page(60.0, 100.0, 0.0, 30.0),
            page(210.0, 297.0, -1.0, 0.0),
        ] {
            assert!(!wrong.is_paper(), "{wrong:?}");
        }
    }
}
