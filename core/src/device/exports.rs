//! Files that an officer asks for: readable by anybody who gets them, so written only on request.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{DeviceError, Tablet};
use crate::error::Code;
use crate::view::{Exported, Paper, PrintFile, Printed};

/// How many files of one minute may stand beside each other.
const MAX_OF_A_MINUTE: u32 = 100;

impl Tablet {
    /// Writes what the station refused into a new file, in a folder that is there or in `exports` beside the tablet's files.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a folder that is not there, [`Code::FileFailed`], [`Code::DiskFull`].
    pub fn export_refused(&self, folder: Option<&str>) -> Result<Exported, DeviceError> {
        let folder = self.export_folder(folder)?;
        self.with(|replica, author, world| {
            let (path, mut file) = new_file(&folder, "refused", "ndjson", &world.now().to_iso())?;
            let count = replica.export_refused(author.device, &mut file)?;
            file.flush().and_then(|()| file.sync_all()).map_err(DeviceError::file("writing an export"))?;
            Ok(Exported { path: path.to_string_lossy().into_owned(), count })
        })
    }

    /// Writes the window's page, which shows a finished form as paper, into a new PDF file. Its name tells nothing of the
    /// household. A file that could not be finished is not left behind.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a form or a folder that is not there, [`Code::FieldWrong`] for a page that is no paper,
    /// [`Code::NoPrinter`], [`Code::FileFailed`], [`Code::DiskFull`].
    pub fn print_file(&self, asked: &PrintFile) -> Result<Printed, DeviceError> {
        if !asked.page.is_paper() {
            return Err(DeviceError::Field("page".to_owned()));
        }
        let folder = self.export_folder(asked.folder.as_deref())?;
        let (path, file) = self.with(|replica, author, world| {
            replica.visit(asked.id, author.officer)?;
            let name = match asked.paper {
                Paper::Slip => "slip",
                Paper::Form => "form",
            };
            new_file(&folder, name, "pdf", &world.now().to_iso())
        })?;
        drop(file);
        let doing = "writing a printed page";
        let written = self.services.printer.to_pdf(&path, &asked.page).and_then(|()| {
            let file = File::open(&path).map_err(DeviceError::file(doing))?;
            file.sync_all().map_err(DeviceError::file(doing))?;
            file.metadata().map_err(DeviceError::file(doing))
        });
        match written {
            Ok(metadata) if metadata.len() > 0 => {
                Ok(Printed { path: path.to_string_lossy().into_owned(), size_bytes: metadata.len() })
            }
            refused => {
                // It held nothing but an unfinished page; the cause below is what matters.
                let _ = std::fs::remove_file(&path);
                Err(refused.err().unwrap_or(DeviceError::Refused(Code::FileFailed)))
            }
        }
    }

    /// The folder that an officer names, if it is there; else that for files beside the tablet's own.
    ///
    /// # Errors
    /// [`Code::NotFound`], [`Code::FileFailed`].
    pub(super) fn export_folder(&self, wanted: Option<&str>) -> Result<PathBuf, DeviceError> {
        match wanted {
            Some(folder) if Path::new(folder).is_dir() => Ok(PathBuf::from(folder)),
            Some(_) => Err(DeviceError::Refused(Code::NotFound)),
            None => self.exports(),
        }
    }

    /// The folder for files beside the tablet's own.
    pub(super) fn exports(&self) -> Result<PathBuf, DeviceError> {
        let own = self.folder().join("exports");
        std::fs::create_dir_all(&own).map_err(DeviceError::file("making the folder for exports"))?;
        Ok(own)
    }
}

/// A file that was not there before, named by the minute.
fn new_file(folder: &Path, name: &str, extension: &str, now: &str) -> Result<(PathBuf, File), DeviceError> {
    let minute: String = now.chars().take(16).filter(char::is_ascii_digit).collect();
    for n in 1..MAX_OF_A_MINUTE {
        let path = folder.join(format!("{name}-{minute}-{n}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(DeviceError::file("making a file for an export")(cause)),
        }
    }
    Err(DeviceError::Refused(Code::FileFailed))
}
