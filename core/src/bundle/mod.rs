//! Bundles: what a tablet and its station say to each other without a network, in files that anybody may carry.
//!
//! A tablet's *export* holds what the station does not have: pushes as they would go over the network, then signatures and
//! photos. The station's *answer* holds the verdicts, what is new for the tablet, and the receipt. Each is split into *parts*,
//! files that can be taken by themselves:
//!
//! ```text
//! part     = age(recipient; frame … frame)
//! frame    = kind(1 byte) length(u32, big endian) bytes
//! first    = 'H', the head as JSON: whose, of which bundle, which part of how many
//! last     = 'S', Ed25519("ailchin bundle" or "ailchin answer" 00 BLAKE3(all bytes before this frame))
//! ```
//!
//! Whoever carries a part can neither read it (it is sealed with age to the station, or to the tablet) nor change it (the
//! device, or the station, has signed what is inside). Nothing of a part counts before it was verified to its end. Kinds of
//! frames that a reader does not know are passed over.

mod frame;
mod part;
mod plan;
mod sealing;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::error::Code;

pub use frame::{Aside, Ask, Content, Frame, Head, LeftDraft, Reply};
pub use part::{BundleUnreadable, Frames, PartWriter, head, open};
pub use plan::{PartName, Parts, part_name};
pub use sealing::SealingKey;

/// The format this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// What the names of parts end with.
pub const EXTENSION: &str = "ailchin";

/// What the names of files end with that hold the station's acknowledgement of what a tablet handed over that was shut out.
pub const ACKNOWLEDGED: &str = "-acknowledged.json";

/// About so large a part is made if nothing else is said.
pub const PART_BYTES: u64 = 64 * 1024 * 1024;

/// About so large a part is made for another tablet to carry, and …
pub const CARRIED_PART_BYTES: u64 = 4 * 1024 * 1024;

/// … so large a one is taken over a network.
pub const MAX_CARRIED_BYTES: u64 = 16 * 1024 * 1024;

/// About so large a part is made by a tablet that was shut out: one that does not arrive whole is sent again.
pub const LAST_PART_BYTES: u64 = 1024 * 1024;

/// The header in which the station says what an answer's file is called.
pub const NAME_HEADER: &str = "ailchin-part";

/// What became of a part that a tablet carried for another: `POST /v1/bundles`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Carried {
    /// Why it was not taken. It need not be carried any longer, unless this is `bundle_incomplete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Code>,
}

/// The largest part that is read.
pub const MAX_PART_BYTES: u64 = 96 * 1024 * 1024;
