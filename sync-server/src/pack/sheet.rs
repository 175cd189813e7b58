//! A spreadsheet: its columns by heading, its rows as they are numbered in it.

use std::collections::BTreeMap;
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx, XlsxError, open_workbook};

/// A spreadsheet may not be larger.
const MAX_BYTES: u64 = 16 << 20;

/// Why a spreadsheet was not read.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The file failed.
    #[error("the file cannot be read")]
    File(#[source] std::io::Error),
    /// It is larger than is taken.
    #[error("the file has {0} bytes, {MAX_BYTES} are taken")]
    TooLarge(u64),
    /// It is no spreadsheet.
    #[error("the file is no spreadsheet")]
    NoSheet(#[source] XlsxError),
}

/// The sheets of a form.
pub(super) struct Book(BTreeMap<String, Sheet>);

/// One sheet.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// The headings, each with its column from 0 on.
    pub(super) headings: Vec<(String, usize)>,
    /// The rows below the headings, each with its number in the sheet.
    rows: Vec<(usize, Vec<String>)>,
}

/// A row of a sheet.
#[derive(Clone, Copy)]
pub(super) struct Row<'s> {
    sheet: &'s Sheet,
    number: usize,
    cells: &'s [String],
}

impl Book {
    pub(super) fn open(path: &Path) -> Result<Self, SheetError> {
        let size = std::fs::metadata(path).map_err(SheetError::File)?.len();
        if size > MAX_BYTES {
            return Err(SheetError::TooLarge(size));
        }
        let mut workbook: Xlsx<_> = open_workbook(path).map_err(SheetError::NoSheet)?;
        let mut sheets = BTreeMap::new();
        for name in workbook.sheet_names() {
            let range = workbook.worksheet_range(&name).map_err(SheetError::NoSheet)?;
            let (top, left) = range.start().unwrap_or_default();
            let mut sheet = Sheet { name: name.clone(), ..Sheet::default() };
            for (place, row) in range.rows().enumerate() {
                let cells: Vec<String> =
                    std::iter::repeat_n(String::new(), left as usize).chain(row.iter().map(text)).collect();
                let number = top as usize + place + 1;
                if number == 1 {
                    sheet.headings = headings(&cells);
                } else {
                    sheet.rows.push((number, cells));
                }
            }
            sheets.insert(name, sheet);
        }
        Ok(Self(sheets))
    }

    pub(super) fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.0.get(name)
    }
}

fn headings(cells: &[String]) -> Vec<(String, usize)> {
    let named = cells.iter().enumerate().filter(|(_, heading)| !heading.trim().is_empty());
    named.map(|(column, heading)| (heading.trim().to_owned(), column)).collect()
}

/// A cell as the form's author sees it.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        other => other.to_string(),
    }
}

impl Sheet {
    /// The rows in which anything stands.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let filled = self.rows.iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
        filled.map(|(number, cells)| Row { sheet: self, number: *number, cells })
    }

    pub(super) fn column(&self, heading: &str) -> Option<usize> {
        self.headings.iter().find(|(known, _)| known == heading).map(|(_, column)| *column)
    }

    /// `label::中文 (zh-Hans)` → `label`, `中文 (zh-Hans)`; of the columns whose beginning is one of these.
    pub(super) fn translated<'s>(&'s self, bases: &'static [&'static str]) -> Vec<(&'static str, &'s str, usize)> {
        let mut found = Vec::new();
        for (heading, column) in &self.headings {
            let (base, language) = heading.split_once("::").unwrap_or((heading, ""));
            if let Some(base) = bases.iter().find(|known| **known == base.trim()) {
                found.push((*base, language.trim(), *column));
            }
        }
        found
    }
}

impl<'s> Row<'s> {
    pub(super) fn at(self, column: usize) -> &'s str {
        self.cells.get(column).map_or("", String::as_str)
    }

    pub(super) fn text(self, heading: &str) -> &'s str {
        self.sheet.column(heading).map_or("", |column| self.at(column))
    }

    /// The cell's name, as spreadsheet programs call it.
    pub(super) fn cell(self, column: usize) -> String {
        cell(self.number, column)
    }
}

/// `(7, 2)` → `C7`.
pub(super) fn cell(row: usize, column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        #[allow(clippy::cast_possible_truncation, reason = "a remainder of 26")]
        letters.push(char::from(b'A' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    letters.into_iter().rev().chain(row.to_string().chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_called_as_in_a_spreadsheet() {
        assert_eq!(cell(7, 2), "C7");
        assert_eq!((cell(1, 25), cell(1, 26), cell(10, 701)), ("Z1".to_owned(), "AA1".to_owned(), "ZZ10".to_owned()));
    }
}
