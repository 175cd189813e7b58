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

pub use frame::{Ask, Content, Frame, Head, Reply};
pub use part::{BundleUnreadable, Frames, PartWriter, head, open};
pub use plan::{Parts, part_name};
pub use sealing::SealingKey;

/// The format this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// What the names of parts end with.
pub const EXTENSION: &str = "ailchin";

/// About so large a part is made if nothing else is said.
pub const PART_BYTES: u64 = 64 * 1024 * 1024;

/// The largest part that is read.
pub const MAX_PART_BYTES: u64 = 96 * 1024 * 1024;
