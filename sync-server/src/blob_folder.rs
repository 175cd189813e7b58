//! Where the bytes of blobs lie: `<folder>/<first two digits>/<hash>`. A file of that name is whole and verified.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use ailchin_core::hash::Hash;

/// A folder of blobs.
#[derive(Debug)]
pub struct BlobFolder {
    root: PathBuf,
}

impl BlobFolder {
    /// The folder at `root`, made when the first blob comes.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a blob lies.
    #[must_use]
    pub fn path(&self, hash: Hash) -> PathBuf {
        let name = hash.to_string();
        self.root.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// Keeps bytes durably; kept twice is kept once. The caller has verified the hash.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, hash: Hash, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(hash);
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let mut file = Unfinished::beside(folder)?;
        file.write_all(bytes)?;
        file.become_file(&path)?;
        // The name is durable only when the folder is.
        File::open(folder)?.sync_all()
    }
}

/// A file that vanishes unless it becomes one.
struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    fn beside(folder: &std::path::Path) -> io::Result<Self> {
        for attempt in 0..1_000_u32 {
            let path = folder.join(format!(".new-{}-{attempt}", std::process::id()));
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(cause),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }

    fn become_file(self, path: &std::path::Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `become_file` there is nothing of this name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_kept_twice_is_there_once_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobFolder::new(folder.path().join("blobs"));
        let hash = Hash::of(b"a picture");
        blobs.keep(hash, b"a picture").unwrap();
        blobs.keep(hash, b"a picture").unwrap();
        assert_eq!(fs::read(blobs.path(hash)).unwrap(), b"a picture");
        assert_eq!(fs::read_dir(blobs.path(hash).parent().unwrap()).unwrap().count(), 1);
    }
}
