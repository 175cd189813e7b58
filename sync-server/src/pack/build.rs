//! From the spreadsheets of a pack to its files: pyxform makes the forms, ODK Validate looks at them, this program reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ailchin_core::pack::{Pack, PackError, PackFiles};

use super::{Gravity, PackUnreadable, Remark, check};

/// What runs pyxform; the same that makes the forms of the built-in pack.
const SCRIPT: &str = include_str!("../../../scripts/forms/build");

/// The script's word for: built, but ODK Validate was not run.
const WITHOUT_JAVA: i32 = 3;

/// A pack that was built.
#[derive(Debug)]
pub struct Built {
    /// The pack.
    pub pack: Pack,
    /// What was said about its spreadsheets, nothing of it a fault.
    pub remarks: Vec<Remark>,
    /// Whether ODK Validate looked at its forms; it needs Java.
    pub validated: bool,
}

/// Why a pack could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder or a spreadsheet cannot be read.
    #[error("checking the pack")]
    Unreadable(#[source] PackUnreadable),
    /// Its spreadsheets have faults.
    #[error("{} faults: the pack cannot be used", .0.iter().filter(|remark| remark.gravity == Gravity::Refused).count())]
    NotSound(Vec<Remark>),
    /// There is no Python, or it is not where it was said to be.
    #[error("没有找到 Python（{}）：请安装 Python 3，或用 --python 指定。Python was not found ({}): install Python 3 or say where with --python", .0.display(), .0.display())]
    NoPython(PathBuf, #[source] std::io::Error),
    /// pyxform is not installed there.
    #[error("缺少 pyxform 4.5.0：请运行 {} -m pip install pyxform==4.5.0 openpyxl==3.1.5。pyxform 4.5.0 is missing: run that command", .0.display())]
    NoPyxform(PathBuf),
    /// pyxform or ODK Validate refused a form; what they said.
    #[error("{0}")]
    Refused(String),
    /// A file of the pack cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// This program cannot read what was built.
    #[error("reading the pack that was built")]
    Pack(#[source] PackError),
}

/// Checks the spreadsheets of a pack, makes its forms beside them, has them validated, and reads the whole.
///
/// # Errors
/// [`BuildError`]. Nothing is written if the spreadsheets have faults.
pub fn build(folder: &Path, python: &Path) -> Result<Built, BuildError> {
    let remarks = check(folder).map_err(BuildError::Unreadable)?;
    if remarks.iter().any(|remark| remark.gravity == Gravity::Refused) {
        return Err(BuildError::NotSound(remarks));
    }
    let validated = make_forms(folder, python)?;
    let pack = Pack::read(files(folder)?).map_err(BuildError::Pack)?;
    Ok(Built { pack, remarks, validated })
}

/// Whether ODK Validate was run.
fn make_forms(folder: &Path, python: &Path) -> Result<bool, BuildError> {
    let run = |arguments: &[&std::ffi::OsStr]| {
        let ran = Command::new(python).args(arguments).output();
        ran.map_err(|source| BuildError::NoPython(python.to_owned(), source))
    };
    let known = run(&["-c".as_ref(), "import pyxform, openpyxl".as_ref()])?;
    if !known.status.success() {
        return Err(BuildError::NoPyxform(python.to_owned()));
    }
    let Output { status, stderr, .. } =
        run(&["-c".as_ref(), SCRIPT.as_ref(), "--pack".as_ref(), folder.as_os_str(), "--validate".as_ref()])?;
    match status.code() {
        Some(0) => Ok(true),
        Some(WITHOUT_JAVA) => Ok(false),
        _ => Err(BuildError::Refused(String::from_utf8_lossy(&stderr).trim().to_owned())),
    }
}

/// The files of a pack's folder: its manifest, its forms, what they show and choose from.
fn files(folder: &Path) -> Result<PackFiles, BuildError> {
    let mut files = BTreeMap::new();
    let mut take = |name: String, path: PathBuf| {
        let bytes = std::fs::read(&path).map_err(|source| BuildError::File { path, source })?;
        files.insert(name, bytes);
        Ok::<_, BuildError>(())
    };
    take("pack.json".to_owned(), folder.join("pack.json"))?;
    for (sub, wanted) in [("forms", Some("xml")), ("media", None)] {
        let path = folder.join(sub);
        if sub == "media" && !path.exists() {
            continue;
        }
        let unread = |source| BuildError::File { path: path.clone(), source };
        for entry in std::fs::read_dir(&path).map_err(unread)? {
            let file = entry.map_err(unread)?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if wanted.is_none_or(|ending| file.extension().is_some_and(|found| found == ending))
                && !name.starts_with('.')
            {
                take(format!("{sub}/{name}"), file)?;
            }
        }
    }
    PackFiles::new(files).map_err(BuildError::Pack)
}
