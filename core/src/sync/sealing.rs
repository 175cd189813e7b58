//! To whom a tablet seals its bundles: an [age](https://age-encryption.org/v1) recipient that the station states under its key,
//! so that nobody in between can put another one in its place.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::ids::StationId;

/// The station's statement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sealing {
    /// The recipient, `age1…`.
    pub recipient: String,
    /// The station's Ed25519 signature over `"ailchin sealing" 00 station recipient`.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// The statement is not the station's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the station has not stated to whom bundles are sealed")]
pub struct SealingWrong;

impl Sealing {
    /// Signs a statement.
    #[must_use]
    pub fn sign(key: &SigningKey, station: StationId, recipient: String) -> Self {
        let signature = key.sign(&message(station, &recipient));
        Self { recipient, signature }
    }

    /// Checks the signature; the recipient.
    ///
    /// # Errors
    /// [`SealingWrong`] if the signature is not `key`'s, or about another station.
    pub fn read(&self, key: &VerifyingKey, station: StationId) -> Result<&str, SealingWrong> {
        key.verify_strict(&message(station, &self.recipient), &self.signature).map_err(|_| SealingWrong)?;
        Ok(&self.recipient)
    }
}

fn message(station: StationId, recipient: &str) -> Vec<u8> {
    let mut message = b"ailchin sealing\0".to_vec();
    message.extend_from_slice(station.as_bytes());
    message.extend_from_slice(recipient.as_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipient_station_or_key_is_refused() {
        let (key, station) = (SigningKey::from_bytes(&[1; 32]), StationId::from_bytes([2; 16]));
        let sealing = Sealing::sign(&key, station, "age1abc".to_owned());
        assert_eq!(sealing.read(&key.verifying_key(), station), Ok("age1abc"));
        let other = Sealing { recipient: "age1abd".to_owned(), ..sealing.clone() };
        assert_eq!(other.read(&key.verifying_key(), station), Err(SealingWrong));
        assert_eq!(sealing.read(&key.verifying_key(), StationId::from_bytes([3; 16])), Err(SealingWrong));
        assert_eq!(sealing.read(&SigningKey::from_bytes(&[4; 32]).verifying_key(), station), Err(SealingWrong));
    }
}
