//! What comes and goes in files that are carried: a tablet's export is taken in, an answer is made for it.
//!
//! | file | what |
//! |---|---|
//! | `taking` | a part from a tablet: opened, verified, and taken the way of every push and blob |
//! | `last` | what a device that was shut out hands over: kept sealed, acknowledged, taken in or discarded when somebody decides so |
//! | `answering` | the answer: verdicts, what is new, the receipt |
//!
//! The files themselves are `ailchin_core::bundle`'s. A part proves by itself whose it is, so it does not matter who brings it.

mod answering;
mod error;
mod last;
mod taking;

use std::io::Write as _;
use std::path::Path;

use ailchin_core::world::World;

pub use answering::Sealed;
pub use error::BundleError;
pub use last::{KeptBundle, TakenIn};
pub(crate) use last::{Room, missing_of, room};
pub use taking::Taken;

use crate::blobs::Blobs;
use crate::store::Store;

/// What bundles are worked on with.
#[derive(Clone, Copy)]
pub struct Bundles<'a> {
    /// The store.
    pub store: &'a Store,
    /// The blobs.
    pub blobs: &'a Blobs,
    /// Clock and randomness.
    pub world: &'a dyn World,
}

impl std::fmt::Debug for Bundles<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bundles")
    }
}

/// Writes a file whole or not at all: a stick that is pulled out has the old one, or none.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
