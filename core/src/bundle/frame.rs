//! What stands in a part: its head, and the frames after it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BundleUnreadable;
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, BundleId, DeviceId, DraftId, EpochId, RecordId, StationId};
use crate::sync::{PushItem, Receipt};
use crate::time::Instant;

/// The kinds of frames.
pub(super) mod kind {
    pub(in crate::bundle) const HEAD: u8 = b'H';
    pub(in crate::bundle) const PUSH: u8 = b'P';
    pub(in crate::bundle) const BLOB: u8 = b'B';
    pub(in crate::bundle) const VERDICTS: u8 = b'V';
    pub(in crate::bundle) const PAGE: u8 = b'L';
    pub(in crate::bundle) const RECEIPT: u8 = b'R';
    pub(in crate::bundle) const REFUSED: u8 = b'X';
    pub(in crate::bundle) const DRAFT: u8 = b'D';
    pub(in crate::bundle) const SIGNATURE: u8 = b'S';
}

/// The head of a part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// [`super::FORMAT`].
    pub format: u32,
    /// The station.
    pub station: StationId,
    /// The tablet.
    pub device: DeviceId,
    /// The bundle; an answer has the name of the export it answers.
    pub bundle: BundleId,
    /// Which part this is, from 1 on …
    pub part: u32,
    /// … of so many.
    pub parts: u32,
    /// When it was made, by the clock of whoever made it.
    pub at_ms: Instant,
    /// Whether a tablet says it, or the station.
    #[serde(flatten)]
    pub content: Content,
}

/// Who says it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A tablet: its export.
    Ask(Ask),
    /// The station: its answer.
    Reply(Reply),
}

/// What a tablet wants to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// The life of the station's store as the tablet knows it; `None` before its first sync.
    pub epoch: Option<EpochId>,
    /// The position up to which the tablet has the feed.
    pub position: u64,
    /// The first place of its log for which it has no verdict.
    pub first: u64,
    /// To whom the answer is to be sealed, `age1…`.
    pub recipient: String,
    /// Blobs of own revisions that no receipt has stated yet, at most [`MAX_BLOBS_ASKED`](crate::sync::MAX_BLOBS_ASKED).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Hash>,
}

/// What the station says besides the frames of an answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The life of the station's store.
    pub epoch: EpochId,
    /// The answer has the verdicts on the device's log up to and including this place.
    pub seq: u64,
    /// The areas whose revisions the tablet holds from now on.
    pub scopes: Vec<AreaId>,
}

/// What stands in a part.
#[derive(Clone, PartialEq, Debug)]
pub enum Frame {
    /// A batch, packed, as `POST /v1/sync/push` takes it.
    Push(Vec<u8>),
    /// A signature or photo.
    Blob {
        /// Its hash.
        hash: Hash,
        /// Its media type.
        media_type: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// What became of places of the device's log.
    Verdicts(Vec<PushItem>),
    /// A page of the feed, packed, as `GET /v1/sync/pull` answers it.
    Page {
        /// It begins after this position.
        after: u64,
        /// The page.
        packed: Vec<u8>,
    },
    /// The station's statement.
    Receipt(Receipt),
    /// An own revision that the station refused and nobody decided about: from a tablet that was shut out.
    Refused(Aside),
    /// A form that was not finished: from a tablet that was shut out. Its files follow as blobs.
    Draft(LeftDraft),
}

/// A refused revision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Aside {
    /// Its place in the device's log.
    pub seq: u64,
    /// Why it was refused.
    pub code: Code,
    /// Its body, byte for byte.
    pub body: String,
}

/// A form that was not finished.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LeftDraft {
    /// The draft.
    pub id: DraftId,
    /// The household behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<RecordId>,
    /// The form.
    pub form: String,
    /// When it was begun.
    pub begun_ms: Instant,
    /// The answers so far, as an ODK submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<String>,
    /// The files attached to it: name and hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<(String, Hash)>,
}

#[derive(Serialize, Deserialize)]
struct BlobLine {
    hash: Hash,
    media_type: String,
}

#[derive(Serialize, Deserialize)]
struct PageLine {
    after: u64,
}

impl Frame {
    /// About so many bytes it takes in a part.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let inside = match self {
            Self::Push(packed) | Self::Page { packed, .. } => packed.len(),
            Self::Blob { bytes, .. } => bytes.len() + BLOB_LINE_BYTES,
            Self::Verdicts(items) => items.len() * 40,
            Self::Receipt(receipt) => receipt.body.len(),
            Self::Refused(aside) => aside.body.len(),
            Self::Draft(draft) => draft.submission.as_ref().map_or(0, String::len) + draft.files.len() * 128,
        };
        inside as u64
    }

    /// Its kind, and its bytes in two pieces: a line of JSON, or nothing, and what follows it.
    pub(super) fn pieces(&self) -> Result<(u8, Vec<u8>, &[u8]), BundleUnreadable> {
        Ok(match self {
            Self::Push(packed) => (kind::PUSH, Vec::new(), packed),
            Self::Blob { hash, media_type, bytes } => {
                (kind::BLOB, line(&BlobLine { hash: *hash, media_type: media_type.clone() })?, bytes)
            }
            Self::Verdicts(items) => (kind::VERDICTS, json(items)?, &[]),
            Self::Page { after, packed } => (kind::PAGE, line(&PageLine { after: *after })?, packed),
            Self::Receipt(receipt) => (kind::RECEIPT, json(receipt)?, &[]),
            Self::Refused(aside) => (kind::REFUSED, json(aside)?, &[]),
            Self::Draft(draft) => (kind::DRAFT, json(draft)?, &[]),
        })
    }

    /// Reads a frame; `None` for a kind of a newer program.
    pub(super) fn read(kind: u8, bytes: Vec<u8>) -> Result<Option<Self>, BundleUnreadable> {
        Ok(Some(match kind {
            kind::PUSH => Self::Push(bytes),
            kind::BLOB => {
                let (BlobLine { hash, media_type }, bytes) = split(bytes)?;
                Self::Blob { hash, media_type, bytes }
            }
            kind::VERDICTS => Self::Verdicts(from_json(&bytes)?),
            kind::PAGE => {
                let (PageLine { after }, packed) = split(bytes)?;
                Self::Page { after, packed }
            }
            kind::RECEIPT => Self::Receipt(from_json(&bytes)?),
            kind::REFUSED => Self::Refused(from_json(&bytes)?),
            kind::DRAFT => Self::Draft(from_json(&bytes)?),
            kind::HEAD | kind::SIGNATURE => return Err(BundleUnreadable::Shape),
            _ => return Ok(None),
        }))
    }
}

/// What the line before a blob takes.
pub(super) const BLOB_LINE_BYTES: usize = 128;

pub(super) fn json<T: Serialize>(message: &T) -> Result<Vec<u8>, BundleUnreadable> {
    serde_json::to_vec(message).map_err(BundleUnreadable::Json)
}

pub(super) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BundleUnreadable> {
    serde_json::from_slice(bytes).map_err(BundleUnreadable::Json)
}

fn line<T: Serialize>(message: &T) -> Result<Vec<u8>, BundleUnreadable> {
    let mut line = json(message)?;
    line.push(b'\n');
    Ok(line)
}

/// A line of JSON and the bytes after it.
fn split<T: DeserializeOwned>(mut bytes: Vec<u8>) -> Result<(T, Vec<u8>), BundleUnreadable> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(BundleUnreadable::Shape)?;
    let message = from_json(&bytes[..end])?;
    bytes.drain(..=end);
    Ok((message, bytes))
}
