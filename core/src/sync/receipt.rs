//! The receipt: the station's signed statement of what it holds. Only a receipt makes something "synced".
//!
//! The station signs the exact bytes of the body; the tablet keeps them as they came.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{Digest, ScopeDigest};
use crate::hash::Hash;
use crate::ids::{DeviceId, EpochId, ReceiptId, StationId};
use crate::time::Instant;

/// A signed receipt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The JSON of a [`ReceiptBody`], byte for byte as it was signed.
    pub body: String,
    /// The station's Ed25519 signature over `"ailchin receipt" 00 body`.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// What the station states.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptBody {
    /// The receipt's name.
    pub id: ReceiptId,
    /// Who states it.
    pub station: StationId,
    /// To whom.
    pub device: DeviceId,
    /// The life of the station's store.
    pub epoch: EpochId,
    /// The station's clock.
    pub at_ms: Instant,
    /// The position in the feed as of which it is stated.
    pub position: u64,
    /// The device's log is held up to and including this place …
    pub own_seq: u64,
    /// … of which so many are stored …
    pub own_stored: u64,
    /// … and so many were refused.
    pub own_refused: u64,
    /// Blobs named by the device's stored revisions.
    pub blobs_named: u64,
    /// Of these, the station has verified bytes for so many …
    pub blobs_stored: u64,
    /// … with this sum over their hashes; `None` from a station that does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobs_digest: Option<Hash>,
    /// The others, as far as there are not more than [`MAX_BLOBS_MISSING`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs_missing: Vec<Hash>,
    /// Of the blobs that the tablet asked about, those that the station has verified bytes for …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs_asked_stored: Vec<Hash>,
    /// … and those that only erased revisions named: their bytes are wanted nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs_asked_erased: Vec<Hash>,
    /// What the station holds of each of the device's scopes.
    pub scopes: Vec<ScopeDigest>,
}

/// The most blobs that a receipt says are missing.
pub const MAX_BLOBS_MISSING: usize = 1_000;

/// The most blobs that a tablet asks about at once; the station answers about no more.
pub const MAX_BLOBS_ASKED: usize = 500;

impl ReceiptBody {
    /// Whether these are the blobs that the tablet's own revisions name: what the station has and what it lacks make up all.
    #[must_use]
    pub fn agrees_on_blobs(&self, named: Digest) -> bool {
        let Some(sum) = self.blobs_digest else { return false };
        let mut all = Digest::from_parts(self.blobs_stored, sum);
        self.blobs_missing.iter().for_each(|hash| all.add(*hash));
        all == named && all.count == self.blobs_named
    }
}

/// The receipt is not the station's, or says something unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the receipt is not signed by the station")]
pub struct ReceiptWrong;

impl Receipt {
    /// Signs a statement.
    ///
    /// # Errors
    /// Only if the body cannot be written as JSON.
    pub fn sign(key: &SigningKey, body: &ReceiptBody) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(body)?;
        let signature = key.sign(&Self::message(&body));
        Ok(Self { body, signature })
    }

    /// Checks the signature and reads the statement.
    ///
    /// # Errors
    /// [`ReceiptWrong`] if the signature is not `key`'s or the body is not a statement.
    pub fn read(&self, key: &VerifyingKey) -> Result<ReceiptBody, ReceiptWrong> {
        key.verify_strict(&Self::message(&self.body), &self.signature).map_err(|_| ReceiptWrong)?;
        serde_json::from_str(&self.body).map_err(|_| ReceiptWrong)
    }

    /// The blobs that it says are missing, whoever signed it.
    ///
    /// # Errors
    /// [`ReceiptWrong`] if the body is not a statement.
    pub fn blobs_missing(&self) -> Result<Vec<Hash>, ReceiptWrong> {
        let body: ReceiptBody = serde_json::from_str(&self.body).map_err(|_| ReceiptWrong)?;
        Ok(body.blobs_missing)
    }

    fn message(body: &str) -> Vec<u8> {
        let mut message = b"ailchin receipt\0".to_vec();
        message.extend_from_slice(body.as_bytes());
        message
    }
}
