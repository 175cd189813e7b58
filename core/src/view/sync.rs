//! The Sync screen: progress, what waits, and the receipt.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Difference, Names, Refusal, Waiting};
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, ReceiptId};
use crate::time::Instant;

/// Which part of a sync is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Stage {
    /// Asking what the station has.
    Ask,
    /// Sending changes.
    Push,
    /// Fetching changes.
    Pull,
    /// Sending photos and signatures.
    Blobs,
    /// Comparing counts and digests.
    Compare,
}

/// How far a sync is; totals are known, never estimated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Progress {
    /// The part under way.
    pub stage: Stage,
    /// Revisions (or bytes, for `blobs`) done in this stage.
    pub done: u64,
    /// Revisions (or bytes) of this stage in all; 0 while not yet known.
    pub total: u64,
}

/// The Sync screen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SyncStatus {
    /// The sync under way.
    pub running: Option<Progress>,
    /// What the station does not have yet.
    pub waiting: Waiting,
    /// How far own work got.
    pub standing: Standing,
    /// The last receipt.
    pub receipt: Option<ReceiptView>,
    /// Whether that receipt still covers everything on this tablet.
    pub covered: bool,
    /// The last time that tablet and station were found to differ, until a receipt after the one that settled it.
    pub difference: Option<Difference>,
    /// Why the last sync ended early.
    pub last_error: Option<Refusal>,
    /// When the last sync ended, well or not.
    pub last_tried: Option<Instant>,
    /// Photos that wait for Wi-Fi: the network is a metered one now, and the officer does not want photos to use it.
    pub photos_wait_for_wifi: u32,
    /// Records with an undecided conflict.
    pub conflicts: u32,
    /// How far this clock is ahead of the station's, in ms, at the last sync.
    pub clock_ahead_ms: Option<i64>,
    /// What was erased of the records of this tablet's areas.
    pub erased: Erasures,
    /// Syncing without anybody's hand.
    pub by_itself: SelfSync,
    /// The station's address.
    pub address: String,
    /// This tablet.
    pub device: DeviceId,
}

/// How many records were erased, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Erasures {
    /// Because a person of the household asked for it.
    pub on_request: u64,
    /// Because they were kept as long as their kind is kept.
    pub after_retention: u64,
    /// When the last one was, by the station's clock.
    pub last: Option<Instant>,
}

/// How syncing by itself goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SelfSync {
    /// Whether the officer wants it.
    pub on: bool,
    /// Milliseconds until the station is asked next; `None` if that is not planned, or happens now.
    pub next_in_ms: Option<u64>,
    /// When the station was asked last whether it is there.
    pub last_probe: Option<Probe>,
}

/// The station was asked whether it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Probe {
    /// When, by this clock.
    pub at: Instant,
    /// Whether it answered.
    pub answered: bool,
}

/// The station's signed statement of what it holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptView {
    /// The receipt.
    pub id: ReceiptId,
    /// The station's clock when it was signed.
    pub at: Instant,
    /// Position in the station's feed up to which it holds.
    pub position: u64,
    /// Changes made on this tablet that the station holds.
    pub own_stored: u64,
    /// Changes made on this tablet in all, when it was signed.
    pub own_total: u64,
    /// Photos and signatures of this tablet that the station holds.
    pub blobs_stored: u64,
    /// Photos and signatures of this tablet in all, when it was signed.
    pub blobs_total: u64,
    /// Changes that both hold in this tablet's areas.
    pub count: u64,
    /// Digest over them.
    pub digest: Hash,
    /// The parts, by area.
    pub scopes: Vec<ScopeLine>,
    /// Whether its signature is the station's, checked when it was read for this answer.
    pub genuine: bool,
}

/// How many own changes and photos are so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Tally {
    /// Changes.
    pub revisions: u64,
    /// Photos and signatures.
    pub blobs: u64,
}

/// How far own work got; each step holds no more than the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Standing {
    /// Made on this tablet.
    pub made: Tally,
    /// The station has answered for them, with a position or a refusal.
    pub sent: Tally,
    /// Their positions in the station's feed are known.
    pub stored: Tally,
    /// Covered by a receipt that the station has signed.
    pub verified: Tally,
}

/// A kept receipt in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptLine {
    /// The receipt.
    pub id: ReceiptId,
    /// The station's clock when it was signed.
    pub at: Instant,
    /// Position in the station's feed up to which it holds.
    pub position: u64,
    /// Changes made on this tablet that the station held.
    pub own_stored: u64,
    /// Changes made on this tablet in all, when it was signed.
    pub own_total: u64,
    /// Photos and signatures of this tablet that the station held.
    pub blobs_stored: u64,
    /// Photos and signatures of this tablet in all, when it was signed.
    pub blobs_total: u64,
    /// Changes that both held in this tablet's areas.
    pub count: u64,
    /// Whether its signature is the station's.
    pub genuine: bool,
    /// The difference between tablet and station that it settled.
    pub difference: Option<Difference>,
}

/// Names one receipt.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptRef {
    /// The receipt.
    pub id: ReceiptId,
}

/// A receipt as it was signed, to be shown to whoever doubts it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ReceiptPaper {
    /// What it says.
    pub receipt: ReceiptView,
    /// The statement, byte for byte as it was signed.
    pub text: String,
    /// The Ed25519 signature over `"ailchin receipt" 00 text`, hexadecimal.
    pub signature: String,
    /// The station's public key, hexadecimal.
    pub station_key: String,
}

/// Count and digest of one area.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ScopeLine {
    /// The area.
    pub area: AreaId,
    /// Its name.
    pub name: Names,
    /// Changes in it.
    pub count: u64,
    /// Digest over them.
    pub digest: Hash,
}

/// How this tablet syncs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct SyncSettings {
    /// By itself, whenever the station answers.
    pub by_itself: bool,
    /// Photos wait while the network is a metered one. Text and signatures never wait.
    pub photos_on_wifi_only: bool,
    /// The most KiB in a second; `None` for as many as go.
    pub kib_a_second: Option<u32>,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self { by_itself: true, photos_on_wifi_only: false, kib_a_second: None }
    }
}

/// What photos take on this tablet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Space {
    /// Bytes that may be freed: a receipt states that the station has them.
    pub can_free_bytes: u64,
    /// How many photos and signatures these are.
    pub can_free: u32,
}

/// How much is to be freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FreeSpace {
    /// At least so many bytes, if so many may go.
    pub target_bytes: u64,
}

/// How much was freed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Freed {
    /// So many bytes, for what comes.
    pub bytes: u64,
}
