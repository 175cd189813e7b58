//! A station's own packs: whether the spreadsheets of their forms can become forms that may be used.
//!
//! | file | what |
//! |---|---|
//! | `sheet` | a spreadsheet: columns by heading, cells by their names |
//! | `build` | from the folder to the pack: forms made, validated, read |
//! | `check` | what is looked at in a form |
//! | `forbidden` | what a form must never ask |
//! | `remark` | what is said about a cell, in two languages |

mod build;
mod check;
mod forbidden;
mod remark;
mod sheet;

use std::path::{Path, PathBuf};

pub use build::{BuildError, Built, build};
pub use remark::{Gravity, Remark};
pub use sheet::SheetError;

/// Why a pack's folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PackUnreadable {
    /// The folder failed.
    #[error("reading the folder of the forms")]
    Folder(#[source] std::io::Error),
    /// A spreadsheet failed.
    #[error("reading {}", path.display())]
    Sheet {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: SheetError,
    },
}

/// Checks the spreadsheets in `forms/` of a pack: what is wrong in which cell, in the order of files and sheets.
///
/// # Errors
/// [`PackUnreadable`] if the folder or a spreadsheet cannot be read.
pub fn check(pack: &Path) -> Result<Vec<Remark>, PackUnreadable> {
    let folder = pack.join("forms");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(PackUnreadable::Folder)? {
        let path = entry.map_err(PackUnreadable::Folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A spreadsheet program's own note that the file is open.
        if path.extension().is_some_and(|extension| extension == "xlsx") && !name.starts_with("~$") {
            files.push(path);
        }
    }
    files.sort();
    let mut remarks = Vec::new();
    for path in files {
        let book = sheet::Book::open(&path).map_err(|source| PackUnreadable::Sheet { path: path.clone(), source })?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        remarks.extend(check::form(&file, &book));
    }
    Ok(remarks)
}
