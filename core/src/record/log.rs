//! A device's log: entries chained by hash, and checkpoints that sign the chain's head.
//!
//! ```text
//! body hash  = BLAKE3(body bytes)
//! genesis    = BLAKE3("ailchin log" 00 device)
//! chain hash = BLAKE3("ailchin entry" 00 device seq(u64 BE) previous-chain-hash body-hash)
//! signed     = "ailchin checkpoint" 00 device seq(u64 BE) chain-hash
//! ```
//! The chain needs only the hash of a body, so an erased body does not break it.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Revision, erase};
use crate::hash::Hash;
use crate::ids::DeviceId;

/// The hash before a device's first entry.
#[must_use]
pub fn genesis(device: DeviceId) -> Hash {
    Hash::of_parts("ailchin log", &[device.as_bytes()])
}

/// The chain hash of the entry at `seq`, from the chain hash before it and the hash of its body.
#[must_use]
pub fn chain(device: DeviceId, seq: u64, previous: Hash, body: Hash) -> Hash {
    Hash::of_parts("ailchin entry", &[device.as_bytes(), &seq.to_be_bytes(), previous.as_bytes(), body.as_bytes()])
}

/// A revision with the exact bytes it was written as.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// What the body says.
    pub revision: Revision,
    /// The body, byte for byte as its author wrote it.
    pub body: String,
    /// The hash of the body.
    pub body_hash: Hash,
}

/// A body that is not a revision.
#[derive(Debug, thiserror::Error)]
pub enum EntryUnreadable {
    /// It is not the JSON of one.
    #[error("reading a revision's body")]
    Json(#[from] serde_json::Error),
    /// It says that it was erased, and says more.
    #[error("a body calls itself erased and is not")]
    NotErased,
}

impl Entry {
    /// Writes a revision down.
    ///
    /// # Errors
    /// [`EntryUnreadable`] if a field holds what JSON cannot say.
    pub fn write(revision: Revision) -> Result<Self, EntryUnreadable> {
        let body = serde_json::to_string(&revision)?;
        let body_hash = Hash::of(body.as_bytes());
        Ok(Self { revision, body, body_hash })
    }

    /// Reads a body, keeping its bytes.
    ///
    /// # Errors
    /// [`EntryUnreadable`] if it is not a revision.
    pub fn read(body: String) -> Result<Self, EntryUnreadable> {
        let revision: Revision = serde_json::from_str(&body)?;
        let body_hash = match revision.erased {
            None => Hash::of(body.as_bytes()),
            Some(hash) => erase::read_tombstone(body.as_bytes()).map(|_| hash).ok_or(EntryUnreadable::NotErased)?,
        };
        Ok(Self { revision, body, body_hash })
    }

    /// The chain hash of this entry after `previous`.
    #[must_use]
    pub fn chain_after(&self, previous: Hash) -> Hash {
        chain(self.revision.device, self.revision.seq, previous, self.body_hash)
    }
}

/// A device's signature over its log up to and including `seq`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose log.
    pub device: DeviceId,
    /// The last entry it covers.
    pub seq: u64,
    /// That entry's chain hash.
    pub hash: Hash,
    /// Ed25519, 128 hexadecimal digits.
    #[serde(with = "crate::sync::signature_hex")]
    pub signature: Signature,
}

/// A stretch of a device's log that a checkpoint covers: whoever has it can prove each of its entries to anybody who knows
/// the device's key, also without the bodies of the others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// The place of the first entry.
    pub from: u64,
    /// The chain hash before it.
    pub previous: Hash,
    /// The body hashes, one for each place.
    pub hashes: Vec<Hash>,
    /// Signs the end.
    pub checkpoint: Checkpoint,
}

impl Stretch {
    /// The place of the last entry.
    #[must_use]
    pub const fn to(&self) -> u64 {
        self.checkpoint.seq
    }

    /// The body hash at a place; `None` outside of the stretch.
    #[must_use]
    pub fn hash_at(&self, seq: u64) -> Option<Hash> {
        let index = usize::try_from(seq.checked_sub(self.from)?).ok()?;
        self.hashes.get(index).copied()
    }

    /// The places with their body hashes and chain hashes.
    pub fn links(&self) -> impl Iterator<Item = (u64, Hash, Hash)> + '_ {
        let device = self.checkpoint.device;
        (self.from..).zip(&self.hashes).scan(self.previous, move |link, (seq, body)| {
            *link = chain(device, seq, *link, *body);
            Some((seq, *body, *link))
        })
    }

    /// Checks that the hashes lead to the checkpoint and that the device signed it.
    ///
    /// # Errors
    /// [`CheckpointWrong`] if not.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), CheckpointWrong> {
        let last = self.links().last();
        let leads_there = last.is_some_and(|(seq, _, link)| seq == self.to() && link == self.checkpoint.hash);
        if leads_there && self.from > 0 { self.checkpoint.verify(key) } else { Err(CheckpointWrong) }
    }
}

/// The signature does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is not signed by its device")]
pub struct CheckpointWrong;

impl Checkpoint {
    /// Signs the head of a log.
    #[must_use]
    pub fn sign(key: &SigningKey, device: DeviceId, seq: u64, hash: Hash) -> Self {
        let signature = key.sign(&Self::message(device, seq, hash));
        Self { device, seq, hash, signature }
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`CheckpointWrong`] if it is not `key`'s.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), CheckpointWrong> {
        key.verify_strict(&Self::message(self.device, self.seq, self.hash), &self.signature)
            .map_err(|_| CheckpointWrong)
    }

    fn message(device: DeviceId, seq: u64, hash: Hash) -> Vec<u8> {
        let mut message = b"ailchin checkpoint\0".to_vec();
        message.extend_from_slice(device.as_bytes());
        message.extend_from_slice(&seq.to_be_bytes());
        message.extend_from_slice(hash.as_bytes());
        message
    }
}
