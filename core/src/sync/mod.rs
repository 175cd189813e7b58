//! What tablet and station say to each other, and in which order.
//!
//! Pure: [`Conversation`] is a state machine that says what to do next and is told the answer; sockets, clocks and files are
//! `device`'s and the server's. The contract with worked examples is `core/PROTOCOL.md`.

mod blob;
mod conversation;
mod digest;
mod invite;
mod ranges;
mod receipt;
mod schedule;
mod sealing;
mod shut_out;
mod versions;
mod wire;

pub use blob::{MAX_BLOB_BYTES, MEDIA, Media, SMALL_BLOB_BYTES, TUS, UPLOAD_BYTES, UPLOAD_HASH, UPLOAD_MEDIA_TYPE};
pub use conversation::{Conversation, Holdings, Outcome, Step, Told};
pub use digest::{Digest, ScopeDigest};
pub use invite::{Invite, InviteUnreadable};
pub use ranges::{Comparison, Detail, Held, LISTED, MAX_RANGES, Range, RangeHeld, RangesAnswer, RangesRequest, Tally};
pub use receipt::{MAX_BLOBS_ASKED, MAX_BLOBS_MISSING, Receipt, ReceiptBody, ReceiptWrong};
pub use schedule::{Act, Event, Rhythm, Schedule};
pub use sealing::{Sealing, SealingWrong};
pub use shut_out::{
    Acknowledgement, AcknowledgementBody, Admission, AdmissionBody, AdmissionRequest, Has, LastParts, LastPartsAnswer,
    MAX_LAST_PARTS, NotStated, PART_SIGNATURE, Revocation, part_message,
};
pub use versions::{Apart, NoVersions, Older, PROTOCOL_HEADER, PROTOCOLS_HEADER, Versions};
pub use wire::{
    Arrival, Challenge, EnrolRequest, Enrolled, ErrorBody, FetchRequest, GiveAnswer, GiveHeader, GiveItem,
    IdentityRequest, Line, LogPlace, LoginProof, LoginRequest, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_FETCHED,
    MAX_PROOF_PLACES, PackNotice, PlacesAnswer, PlacesRequest, Proof, PullEnd, Pulled, PushAnswer, PushHeader,
    PushItem, ReceiptRequest, Session, StateAnswer, StateQuery, Verdict, WireUnreadable, login_message, read_batch,
    read_lines, write_batch, write_line,
};

/// Ed25519 signatures and keys as hexadecimal digits in JSON.
pub mod signature_hex {
    use ed25519_dalek::Signature;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes 128 hexadecimal digits.
    ///
    /// # Errors
    /// Only the serializer's own.
    pub fn serialize<S: Serializer>(signature: &Signature, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_hex(&signature.to_bytes()))
    }

    /// Reads 128 hexadecimal digits.
    ///
    /// # Errors
    /// Anything else.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = super::from_hex(&text).ok_or_else(|| D::Error::custom("not hexadecimal"))?;
        Signature::from_slice(&bytes).map_err(D::Error::custom)
    }
}

/// An Ed25519 public key as 64 hexadecimal digits in JSON.
pub mod key_hex {
    use ed25519_dalek::VerifyingKey;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes 64 hexadecimal digits.
    ///
    /// # Errors
    /// Only the serializer's own.
    pub fn serialize<S: Serializer>(key: &VerifyingKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::to_hex(key.as_bytes()))
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// Anything else, and bytes that are not a key.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VerifyingKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = super::from_hex(&text).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| D::Error::custom("a key is 64 hexadecimal digits"))?;
        VerifyingKey::from_bytes(&bytes).map_err(D::Error::custom)
    }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Hexadecimal digits as bytes; `None` for anything else.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}
