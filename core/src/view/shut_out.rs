//! The page of a tablet that was shut out: what it hands over, how far that is, that it is erased.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Names, Refusal, Shelf};
use crate::time::Instant;

/// How far a tablet that was shut out is with going.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ShutOutStage {
    /// An officer's PIN is needed to seal its work.
    NeedsPin,
    /// Its work is being sealed.
    Sealing,
    /// Its work is sealed and goes to the station.
    HandingOver,
    /// The station keeps it; the tablet is being erased.
    Erasing,
    /// The tablet is erased.
    Erased,
}

/// The page of a tablet that was shut out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ShutOutStatus {
    /// How far it is.
    pub stage: ShutOutStage,
    /// The station.
    pub station: Names,
    /// Its address; empty once the tablet is erased.
    pub address: String,
    /// When it was shut out, by the station's clock.
    pub revoked_at: Instant,
    /// When it was erased.
    pub erased_at: Option<Instant>,
    /// Changes that are handed over.
    pub revisions: u64,
    /// Changes among or beside them that the station had refused and nobody decided about.
    pub refused: u64,
    /// Forms that were not finished.
    pub drafts: u64,
    /// Photos and signatures.
    pub blobs: u64,
    /// Sealed files.
    pub parts: u64,
    /// Bytes of all of them …
    pub bytes: u64,
    /// … of which the station has so many.
    pub bytes_done: u64,
    /// Whether it is at it now.
    pub running: bool,
    /// Why the last try ended early.
    pub last_error: Option<Refusal>,
    /// When the last try ended.
    pub last_tried: Option<Instant>,
    /// Milliseconds until the next try; `None` if that is not planned, or happens now.
    pub next_in_ms: Option<u64>,
    /// Where the sealed files can be written, and whether the station's acknowledgement lies there.
    pub shelves: Vec<Shelf>,
}
