//! The messages on the wire, and the zstd NDJSON batches that carry revisions.
//!
//! Members a reader does not know are ignored, so that a newer program may add some.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Apart, Digest, ScopeDigest, Sealing};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId, OfficerId, StationId};
use crate::record::{Checkpoint, Entry, EntryUnreadable, Names};
use crate::time::Instant;

/// The most revisions in one push, and lines in one pull ten times that.
pub const MAX_BATCH_ENTRIES: usize = 1_000;

/// The most bytes of one push or pull before compression.
pub const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The longest line a reader takes: a body and its envelope.
const MAX_LINE_BYTES: u64 = crate::record::MAX_BODY_BYTES as u64 + 1_024;

/// The most bytes a batch may unpack to.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// The body of every answer that is not 2xx.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What happened.
    pub code: Code,
    /// For `digest_mismatch`: what the station holds instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<ScopeDigest>,
    /// For `protocol_unknown`: what each side speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocols: Option<Apart>,
}

impl From<Code> for ErrorBody {
    fn from(code: Code) -> Self {
        Self { code, scopes: Vec::new(), protocols: None }
    }
}

/// `POST /v1/enrol`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The invite's token.
    pub token: String,
    /// The name the tablet gave itself.
    pub device: DeviceId,
    /// The tablet's public key.
    #[serde(with = "super::key_hex")]
    pub key: VerifyingKey,
}

/// The answer to an enrolment. The same token and key again get the same answer, so a lost answer does no harm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Enrolled {
    /// The station.
    pub station: StationId,
    /// Its name.
    pub station_name: Names,
    /// The area of the whole station; every tablet holds its scope.
    pub root: AreaId,
    /// The key that signs receipts.
    #[serde(with = "super::key_hex")]
    pub station_key: VerifyingKey,
    /// The invited officer.
    pub officer: OfficerId,
    /// The officer's name.
    pub officer_name: Names,
    /// The areas whose revisions the tablet will hold, the root among them.
    pub scopes: Vec<AreaId>,
}

/// `POST /v1/login`: asks for a challenge.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Who asks.
    pub device: DeviceId,
}

/// What the device is to sign; good once and for a minute.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// Random.
    pub challenge: Hash,
}

/// `POST /v1/login/proof`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LoginProof {
    /// Who asks.
    pub device: DeviceId,
    /// The challenge.
    pub challenge: Hash,
    /// The device's signature over [`login_message`].
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// What a device signs to log in.
#[must_use]
pub fn login_message(device: DeviceId, challenge: Hash) -> Vec<u8> {
    let mut message = b"ailchin login\0".to_vec();
    message.extend_from_slice(device.as_bytes());
    message.extend_from_slice(challenge.as_bytes());
    message
}

/// Access for a while: `Authorization: Bearer <token>`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The token.
    pub token: String,
    /// Seconds for which it is good.
    pub expires_in_s: u32,
    /// The areas whose revisions the tablet holds from now on.
    pub scopes: Vec<AreaId>,
    /// To whom the tablet seals its bundles; `None` from a station that takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing: Option<Sealing>,
}

/// `GET /v1/sync/state?after=`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateQuery {
    /// The position up to which the tablet has the feed.
    pub after: u64,
}

/// What the station has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateAnswer {
    /// The life of the station's store.
    pub epoch: EpochId,
    /// The station's clock.
    pub at_ms: Instant,
    /// The device's log is held up to and including this place.
    pub seq: u64,
    /// The greatest position in the device's scopes.
    pub position: u64,
    /// Count and digest over all of the device's scopes, as of the position asked after.
    #[serde(flatten)]
    pub held: Digest,
}

/// The first line of `POST /v1/sync/push`; the others are bodies, byte for byte, of the places `from`, `from + 1` …
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushHeader {
    /// The life of the station's store as the tablet knows it.
    pub epoch: EpochId,
    /// The place of the first body.
    pub from: u64,
    /// Covers the last body.
    pub checkpoint: Checkpoint,
}

/// The answer to a push.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushAnswer {
    /// The device's log is held up to and including this place.
    pub seq: u64,
    /// One for each body.
    pub items: Vec<PushItem>,
}

/// What became of one body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushItem {
    /// Its place in the device's log.
    pub seq: u64,
    /// What became of it.
    #[serde(flatten, deserialize_with = "verdict")]
    pub verdict: Verdict,
}

/// What became of one body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Stored at this position just now.
    Stored(u64),
    /// Stored at this position before.
    Duplicate(u64),
    /// Not stored; its place in the log is taken all the same.
    Refused(Code),
}

/// A verdict of a newer program is none of acceptance: the revision is set aside with a reason that is not known here, to be
/// sent again, and holds up nothing.
fn verdict<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Verdict, D::Error> {
    let said = serde_json::Map::deserialize(deserializer)?;
    let known = ["stored", "duplicate", "refused"].into_iter().find_map(|name| Some((name, said.get(name)?.clone())));
    let Some((name, value)) = known else { return Ok(Verdict::Refused(Code::Unknown)) };
    serde_json::from_value(serde_json::json!({ name: value })).map_err(serde::de::Error::custom)
}

/// One line of `GET /v1/sync/pull?after=`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line<'a> {
    /// The position.
    pub at: u64,
    /// The body, byte for byte.
    #[serde(borrow)]
    pub rev: &'a RawValue,
}

/// The last line of a pull. Without it the answer was cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PullEnd {
    /// Ask after this position next.
    pub end: u64,
    /// Whether there is more now.
    pub more: bool,
    /// Revisions still to come after this answer.
    #[serde(default)]
    pub left: u64,
}

/// A pull, read.
#[derive(Clone, PartialEq, Debug)]
pub struct Pulled {
    /// Positions and entries.
    pub entries: Vec<(u64, Entry)>,
    /// How it goes on.
    pub end: PullEnd,
}

/// `POST /v1/sync/receipt`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptRequest {
    /// The life of the station's store as the tablet knows it.
    pub epoch: EpochId,
    /// As of this position …
    pub position: u64,
    /// … the tablet holds this.
    pub scopes: Vec<ScopeDigest>,
}

/// Bytes that are not a batch.
#[derive(Debug, thiserror::Error)]
pub enum WireUnreadable {
    /// Not zstd, or cut.
    #[error("unpacking a batch")]
    Packing(#[source] std::io::Error),
    /// A line is not what it should be.
    #[error("reading line {line} of a batch")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A body is not a revision.
    #[error("reading a revision of a batch")]
    Entry(#[source] EntryUnreadable),
    /// The last line is missing.
    #[error("a batch ends early")]
    Cut,
    /// More or longer lines than are taken.
    #[error("a batch is too large")]
    TooLarge,
}

/// Packs lines: each is written as it is, followed by a line feed.
///
/// # Errors
/// Only if packing fails inside.
pub fn write_batch<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, WireUnreadable> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).map_err(WireUnreadable::Packing)?;
    for line in lines {
        encoder.write_all(line.as_bytes()).map_err(WireUnreadable::Packing)?;
        encoder.write_all(b"\n").map_err(WireUnreadable::Packing)?;
    }
    encoder.finish().map_err(WireUnreadable::Packing)
}

/// A message as one line.
///
/// # Errors
/// If it holds what JSON cannot say.
pub fn write_line<T: Serialize>(message: &T) -> Result<String, WireUnreadable> {
    serde_json::to_string(message).map_err(|source| WireUnreadable::Line { line: 1, source })
}

/// Unpacks lines. At most ten times [`MAX_BATCH_ENTRIES`] lines, of at most the largest body each, 64 MiB in all.
///
/// # Errors
/// [`WireUnreadable`] if the bytes are not zstd, are cut, or exceed the caps.
pub fn read_lines(packed: &[u8]) -> Result<Vec<String>, WireUnreadable> {
    let decoder = zstd::Decoder::new(packed).map_err(WireUnreadable::Packing)?;
    let mut reader = BufReader::new(decoder.take(MAX_UNPACKED_BYTES));
    let mut lines = Vec::new();
    loop {
        let mut line = Vec::new();
        let got =
            (&mut reader).take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut line).map_err(WireUnreadable::Packing)?;
        if got == 0 {
            return Ok(lines);
        }
        if line.pop() != Some(b'\n') {
            return Err(if got as u64 > MAX_LINE_BYTES { WireUnreadable::TooLarge } else { WireUnreadable::Cut });
        }
        if lines.len() > 10 * MAX_BATCH_ENTRIES {
            return Err(WireUnreadable::TooLarge);
        }
        lines.push(String::from_utf8(line).map_err(|_| WireUnreadable::Cut)?);
    }
}

/// Unpacks a pull.
///
/// # Errors
/// [`WireUnreadable`]; [`WireUnreadable::Cut`] if its last line is missing.
pub fn read_batch(packed: &[u8]) -> Result<Pulled, WireUnreadable> {
    let mut lines = read_lines(packed)?;
    let last = lines.pop().ok_or(WireUnreadable::Cut)?;
    let end = read_line(&last, lines.len() + 1).map_err(|_| WireUnreadable::Cut)?;
    let entries = lines
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let line: Line<'_> =
                serde_json::from_str(text).map_err(|source| WireUnreadable::Line { line: index + 1, source })?;
            let entry = Entry::read(line.rev.get().to_owned()).map_err(WireUnreadable::Entry)?;
            Ok((line.at, entry))
        })
        .collect::<Result<_, _>>()?;
    Ok(Pulled { entries, end })
}

fn read_line<T: DeserializeOwned>(text: &str, line: usize) -> Result<T, WireUnreadable> {
    serde_json::from_str(text).map_err(|source| WireUnreadable::Line { line, source })
}
