//! Files that an officer asks for: readable by anybody who gets them, so written only on request.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{DeviceError, Tablet};
use crate::error::Code;
use crate::view::Exported;

/// How many files of one minute may stand beside each other.
const MAX_OF_A_MINUTE: u32 = 100;

impl Tablet {
    /// Writes what the station refused into a new file, in a folder that is there or in `exports` beside the tablet's files.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a folder that is not there, [`Code::FileFailed`], [`Code::DiskFull`].
    pub fn export_refused(&self, folder: Option<&str>) -> Result<Exported, DeviceError> {
        let folder = match folder {
            Some(folder) if Path::new(folder).is_dir() => PathBuf::from(folder),
            Some(_) => return Err(DeviceError::Refused(Code::NotFound)),
            None => {
                let own = self.folder().join("exports");
                std::fs::create_dir_all(&own).map_err(DeviceError::file("making the folder for exports"))?;
                own
            }
        };
        self.with(|replica, author, world| {
            let (path, mut file) = new_file(&folder, &world.now().to_iso())?;
            let count = replica.export_refused(author.device, &mut file)?;
            file.flush().and_then(|()| file.sync_all()).map_err(DeviceError::file("writing an export"))?;
            Ok(Exported { path: path.to_string_lossy().into_owned(), count })
        })
    }
}

/// A file that was not there before, named by the minute.
fn new_file(folder: &Path, now: &str) -> Result<(PathBuf, std::fs::File), DeviceError> {
    let minute: String = now.chars().take(16).filter(char::is_ascii_digit).collect();
    for n in 1..MAX_OF_A_MINUTE {
        let path = folder.join(format!("refused-{minute}-{n}.ndjson"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(DeviceError::file("making a file for an export")(cause)),
        }
    }
    Err(DeviceError::Refused(Code::FileFailed))
}
