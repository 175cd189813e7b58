//! The page of bundles: what goes into files, what came of it, where files can be written.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Waiting;
use crate::ids::BundleId;
use crate::time::Instant;

/// The page of bundles.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BundleStatus {
    /// Whether the tablet knows to whom its bundles are sealed.
    pub ready: bool,
    /// What a bundle would hold.
    pub waiting: Waiting,
    /// Whether the receipt still covers everything on this tablet.
    pub covered: bool,
    /// The bundles that were written, the newest first, at most twenty.
    pub exports: Vec<BundleLine>,
    /// Where files can be written and read.
    pub shelves: Vec<Shelf>,
}

/// A folder for files that are carried.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Shelf {
    /// The folder.
    pub path: String,
    /// The name of the stick; empty for the tablet's own folder.
    pub name: String,
    /// Whether answers for this tablet lie there.
    pub answers: bool,
}

/// A bundle that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BundleLine {
    /// The bundle.
    pub id: BundleId,
    /// When it was written.
    pub at: Instant,
    /// Files.
    pub parts: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// Changes that waited for the station.
    pub revisions: u64,
    /// Photos and signatures that waited for the station.
    pub blobs: u64,
    /// When the station's receipt for it was taken in.
    pub answered_at: Option<Instant>,
}

/// Where a bundle shall be written.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BundleExport {
    /// A folder that is there; `exports` in the tablet's own folder if not given.
    #[ts(optional)]
    pub folder: Option<String>,
    /// Files of about so many bytes; 64 MiB if not given.
    #[ts(optional)]
    pub part_bytes: Option<u64>,
}

/// A bundle that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BundleExported {
    /// What is in it.
    pub bundle: BundleLine,
    /// Where it was written.
    pub folder: String,
    /// Its files.
    pub files: Vec<String>,
}

/// Where answers are to be read.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BundleImport {
    /// Files, or folders of files.
    pub paths: Vec<String>,
}

/// What the station's answer brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AnswerTaken {
    /// Files read.
    pub parts: u32,
    /// Changes of others that are new here.
    pub pulled: u64,
    /// Whether a receipt came that is newer than the one there was.
    pub receipt: bool,
    /// Whether the receipt covers everything on this tablet.
    pub covered: bool,
}
