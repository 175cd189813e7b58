//! Erasing a tablet: first what opens its files, then the files. Done again from the beginning it does the rest.
//!
//! What makes the records unreadable is that their key is gone: it is in the vault only, wrapped by the device's secret. A disk
//! may keep the blocks of a removed file for a while; without the key they tell nothing.

use std::path::{Path, PathBuf};

use super::super::DeviceError;
use super::super::services::SecretStore;

/// What the names of the tablet's own files begin with.
const FILES: &[&str] = &["vault.json", "enrolling.json", "replica.db"];

/// The folders beside them. What was carried for other tablets are copies: these tablets still have all of it.
const FOLDERS: &[&str] = &["exports", "outgoing", "incoming", "carried", super::sealing::FOLDER];

/// Erases everything but the marker. `go_on` is asked before each removal.
///
/// Gives back whether all is done.
pub(super) fn erase(
    folder: &Path,
    secrets: &dyn SecretStore,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<bool, DeviceError> {
    if !go_on() {
        return Ok(false);
    }
    secrets.forget()?;
    for path in left(folder)? {
        if !go_on() {
            return Ok(false);
        }
        if path.is_dir() {
            std::fs::remove_dir_all(&path).map_err(DeviceError::file("erasing a folder"))?;
        } else {
            remove(&path)?;
        }
    }
    settle(folder)?;
    Ok(true)
}

/// What is left to be erased: the vault first.
pub(super) fn left(folder: &Path) -> Result<Vec<PathBuf>, DeviceError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DeviceError::file("looking what is to be erased"))? {
        let entry = entry.map_err(DeviceError::file("looking what is to be erased"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let rank = FILES.iter().position(|begins| name.starts_with(begins));
        let rank = rank.or_else(|| FOLDERS.contains(&name.as_str()).then_some(FILES.len()));
        paths.extend(rank.map(|rank| (rank, entry.path())));
    }
    paths.sort();
    Ok(paths.into_iter().map(|(_, path)| path).collect())
}

/// Removes a file; removed twice is removed once.
pub(super) fn remove(path: &Path) -> Result<(), DeviceError> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(DeviceError::file("erasing a file")(cause)),
        _ => path.parent().map_or(Ok(()), settle),
    }
}

/// Removes a folder with all that is in it; removed twice is removed once.
pub(super) fn remove_folder(path: &Path) -> Result<(), DeviceError> {
    match std::fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(DeviceError::file("erasing a folder")(cause)),
        _ => path.parent().map_or(Ok(()), settle),
    }
}

/// What was made or removed in a folder is so after a power cut too.
#[cfg(unix)]
pub(super) fn settle(folder: &Path) -> Result<(), DeviceError> {
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(DeviceError::file("making an erasure durable"))
}

#[cfg(not(unix))]
pub(super) fn settle(_: &Path) -> Result<(), DeviceError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::services::SecretFile;

    #[test]
    fn erasing_that_stops_anywhere_does_the_rest_when_it_is_begun_again_and_the_keys_go_first() {
        let files = ["vault.json", "vault.json.new", "replica.db", "replica.db-wal", "replica.db.schema-1"];
        for stops_after in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            for name in files.iter().chain(&["device-secret", "shut-out.json", "of-somebody-else"]) {
                std::fs::write(at(name), [7; 32]).unwrap();
            }
            std::fs::create_dir(at("exports")).unwrap();
            std::fs::write(at("exports").join("refused.ndjson"), b"{}").unwrap();
            let secrets = SecretFile::at(at("device-secret"));
            let mut left = stops_after;
            let over = erase(folder.path(), &secrets, &mut || {
                left -= 1;
                left >= 0
            });
            let over = over.unwrap();
            if stops_after > 0 {
                assert_eq!(secrets.load().unwrap(), None, "what opens the vault goes first");
            }
            if !at("replica.db").exists() {
                assert!(!at("vault.json").exists());
            }
            assert!(erase(folder.path(), &secrets, &mut || true).unwrap());
            let mut names: Vec<String> = std::fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            assert_eq!(names, ["of-somebody-else", "shut-out.json"]);
            if over {
                assert!(stops_after > 5);
                break;
            }
        }
    }
}
