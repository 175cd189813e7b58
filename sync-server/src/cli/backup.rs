//! `backup`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ailchin_core::time::Instant;
use clap::Args;
use serde_json::json;

use super::{CliError, Desk, output};
use crate::blobs::Place;
use crate::server::ServeError;

/// Copy the store and the blobs into a folder, while the server runs
///
/// Each copy of the store is one file with the time in its name. Copies older than their term are removed, so that what was erased
/// is gone from them too when the term is over; photos and signatures that were erased leave the folder with the next backup. To put
/// a copy back: stop the server, replace `station.db` in the data folder by it and `blobs` by the folder's, start the server. The
/// tablets then give back what was written since, and tell what was erased.
#[derive(Args, Debug)]
pub(super) struct Backup {
    /// The folder; best on another disk
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// For how many days copies of the store are kept
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=365))]
    keep_days: u16,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub(super) fn backup(desk: &Desk, backup: &Backup) -> Result<(), CliError> {
    let store = desk.store()?;
    let file = |doing| move |source| CliError::File { doing, source };
    fs::create_dir_all(&backup.to).map_err(file("making the folder of backups"))?;
    let now = desk.world.now();
    let copy = backup.to.join(name_at(now));
    let made = store.back_up(&copy).map_err(CliError::store("copying the store"))?;
    if !made {
        return Err(CliError::NotAFile);
    }
    let oldest = name_at(now.plus_ms(-i64::from(backup.keep_days) * DAY_MS));
    let removed = remove_older(&backup.to, &oldest).map_err(file("removing copies whose term is over"))?;
    let place = desk.config.blobs_place().map_err(|source| CliError::Serve(ServeError::Blobs(source)))?;
    let blobs = match place {
        Place::Folder(blobs) => {
            Some(mirror(&blobs, &backup.to.join("blobs")).map_err(file("copying photos and signatures"))?)
        }
        Place::Bucket(_) => None,
    };
    let json = json!({ "copy": copy, "copies_removed": removed, "blobs_copied": blobs });
    let photos = blobs.map_or_else(
        || "photos and signatures lie in a bucket, which this does not copy".to_owned(),
        |copied| format!("{copied} photos and signatures are new in it"),
    );
    output::answer(desk, &json, &format!("{}; {removed} older copies were removed; {photos}", copy.display()));
    Ok(())
}

/// Sorts by time.
fn name_at(at: Instant) -> String {
    format!("station-{}.db", at.to_iso().replace(':', "-"))
}

fn remove_older(folder: &Path, oldest: &str) -> io::Result<u32> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("station-") && name.ends_with(".db") && name.as_str() < oldest {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Brings a folder of blobs up to another one: what is new is copied whole or not at all, what is gone there goes.
fn mirror(from: &Path, to: &Path) -> io::Result<u64> {
    let (there, here) = (names(from)?, names(to)?);
    let mut copied = 0;
    for name in there.difference(&here) {
        let target = to.join(name);
        let unfinished = target.with_extension("part");
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        match fs::copy(from.join(name), &unfinished) {
            Ok(_) => {}
            // It was erased meanwhile.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
            Err(cause) => return Err(cause),
        }
        fs::File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, &target)?;
        copied += 1;
    }
    for name in here.difference(&there) {
        fs::remove_file(to.join(name))?;
    }
    Ok(copied)
}

/// The blobs in a folder, as `<first two digits>/<hash>`.
fn names(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut names = BTreeSet::new();
    if !folder.exists() {
        return Ok(names);
    }
    for shelf in fs::read_dir(folder)? {
        let shelf = shelf?;
        if shelf.file_name().len() != 2 || !shelf.file_type()?.is_dir() {
            continue;
        }
        for blob in fs::read_dir(shelf.path())? {
            let blob = blob?.file_name();
            if blob.len() == 64 {
                names.insert(PathBuf::from(shelf.file_name()).join(blob));
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn copies_go_when_their_term_is_over_and_names_sort_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let day = |n: i64| Instant::from_ms(1_780_272_000_000 + n * DAY_MS);
        for n in 0..5 {
            fs::write(folder.path().join(name_at(day(n))), b"x").unwrap();
        }
        fs::write(folder.path().join("notes.txt"), b"kept").unwrap();
        assert_eq!(remove_older(folder.path(), &name_at(day(3))).unwrap(), 3);
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().to_string_lossy().into_owned();
        let mut left: Vec<String> = fs::read_dir(folder.path()).unwrap().map(name).collect();
        left.sort();
        assert_eq!(left, ["notes.txt".to_owned(), name_at(day(3)), name_at(day(4))]);
    }

    #[test]
    fn a_mirror_takes_what_is_new_and_lets_go_of_what_is_gone() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let blob = |digit: char| format!("{digit}{digit}/{}", digit.to_string().repeat(64));
        for digit in ['a', 'b'] {
            fs::create_dir_all(from.path().join(blob(digit)).parent().unwrap()).unwrap();
            fs::write(from.path().join(blob(digit)), digit.to_string()).unwrap();
        }
        fs::create_dir_all(from.path().join("uploads/x")).unwrap();
        assert_eq!(mirror(from.path(), to.path()).unwrap(), 2);
        assert_eq!(mirror(from.path(), to.path()).unwrap(), 0);
        fs::remove_file(from.path().join(blob('a'))).unwrap();
        assert_eq!(mirror(from.path(), to.path()).unwrap(), 0);
        assert!(!to.path().join(blob('a')).exists() && !to.path().join("uploads").exists());
        assert_eq!(fs::read(to.path().join(blob('b'))).unwrap(), b"b");
    }
}
