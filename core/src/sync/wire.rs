//! The messages on the wire, and the zstd NDJSON batches that carry revisions.
//!
//! Members a reader does not know are ignored, so that a newer program may add some.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Apart, Digest, ScopeDigest, Sealing};
use crate::error::Code;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, EpochId, OfficerId, ReceiptId, RecordId, StationId};
use crate::record::{Checkpoint, Entry, EntryUnreadable, Names, Stretch};
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

/// `GET /v1/sync/state?after=&receipt=`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateQuery {
    /// The position up to which the tablet has the feed.
    pub after: u64,
    /// The newest receipt of this life that the tablet keeps: a station that does not know it has lost something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptId>,
}

impl StateQuery {
    /// Of somebody who has the feed up to a position, and no receipt.
    #[must_use]
    pub const fn after(position: u64) -> Self {
        Self { after: position, receipt: None }
    }
}

/// What the station has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateAnswer {
    /// The life of the station's store.
    pub epoch: EpochId,
    /// The station's clock.
    pub at_ms: Instant,
    /// The device's log is held up to and including this place …
    pub seq: u64,
    /// … where this is the chain hash. Another one there means that the log went two ways.
    pub chain: Hash,
    /// The greatest position in the device's scopes.
    pub position: u64,
    /// The station signed the receipt that was asked about, and does not know it: it was put back to an older copy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rolled_back: bool,
    /// The pack that forms are begun with from now on; none if the station published none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<PackNotice>,
    /// Count and digest over all of the device's scopes, as of the position asked after.
    #[serde(flatten)]
    pub held: Digest,
}

/// A published pack; `GET /v1/packs/{hash}` gives its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PackNotice {
    /// Says its whole content.
    pub hash: Hash,
    /// How many bytes travel.
    pub size_bytes: u64,
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
    /// The area it is filed in, if that is not its own: its record, or its record's household, was moved meanwhile.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub filed: Option<AreaId>,
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

/// One line of a pull or a fetch. A reader passes over a line of which it knows nothing.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Line<'a> {
    /// The position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// A body, byte for byte.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<&'a RawValue>,
    /// The area the revision is filed in, if that is not its own.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub filed: Option<AreaId>,
    /// This record left an area …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out: Option<RecordId>,
    /// … namely this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<AreaId>,
    /// How revisions of this batch can be proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// A [`Stretch`] on its way. Hashes of bodies in the same batch are left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Proof {
    /// Whose log.
    pub device: DeviceId,
    /// The place of the first entry.
    pub from: u64,
    /// The chain hash before it.
    pub previous: Hash,
    /// The body hashes from there on; `null`: the body is in this batch.
    pub hashes: Vec<Option<Hash>>,
    /// The chain hash of the last one …
    pub hash: Hash,
    /// … signed by the device.
    #[serde(with = "super::signature_hex")]
    pub signature: Signature,
}

/// The most places of one [`Proof`].
pub const MAX_PROOF_PLACES: usize = 4_000;

impl Proof {
    /// Of a stretch whose bodies at these places travel along.
    #[must_use]
    pub fn of(stretch: &Stretch, travels: impl Fn(u64) -> bool) -> Self {
        let hashes = (stretch.from..).zip(&stretch.hashes);
        let checkpoint = &stretch.checkpoint;
        Self {
            device: checkpoint.device,
            from: stretch.from,
            previous: stretch.previous,
            hashes: hashes.map(|(seq, hash)| (!travels(seq)).then_some(*hash)).collect(),
            hash: checkpoint.hash,
            signature: checkpoint.signature,
        }
    }

    /// The places whose bodies travel along.
    pub fn travelling(&self) -> impl Iterator<Item = u64> + '_ {
        (self.from..).zip(&self.hashes).filter(|(_, hash)| hash.is_none()).map(|(seq, _)| seq)
    }

    /// The stretch, with the hashes of the bodies that travelled along; `None` if one of them did not.
    pub fn stretch(&self, body: impl Fn(u64) -> Option<Hash>) -> Option<Stretch> {
        let hashes = (self.from..).zip(&self.hashes).map(|(seq, hash)| hash.or_else(|| body(seq)));
        let hashes: Vec<Hash> = hashes.collect::<Option<_>>()?;
        let seq = self.from.checked_add(hashes.len() as u64)?.checked_sub(1)?;
        let checkpoint = Checkpoint { device: self.device, seq, hash: self.hash, signature: self.signature };
        Some(Stretch { from: self.from, previous: self.previous, hashes, checkpoint })
    }
}

/// A place in the log of a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LogPlace {
    /// Whose log.
    pub device: DeviceId,
    /// The place.
    pub seq: u64,
}

/// The most places in one fetch.
pub const MAX_FETCHED: usize = 500;

/// `POST /v1/sync/fetch`: these revisions, as far as the device may see them. The answer is a batch as of a pull.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FetchRequest {
    /// At most [`MAX_FETCHED`]; what is beyond the bytes of a batch is left out and to be asked for again.
    pub places: Vec<LogPlace>,
}

/// The first line of `POST /v1/sync/give`. After it for each log a [`Line`] with a proof, and after that the bodies that the
/// proof leaves out, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GiveHeader {
    /// The life of the station's store as the tablet knows it.
    pub epoch: EpochId,
}

/// The answer to a gift: one item for each body, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GiveAnswer {
    /// What became of each.
    pub items: Vec<GiveItem>,
}

/// What became of a revision that was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GiveItem {
    /// In whose log.
    pub device: DeviceId,
    /// Place, verdict, and the area it is filed in.
    #[serde(flatten)]
    pub item: PushItem,
}

/// `POST /v1/sync/places`: the chain hashes at places of the own log, to find where two logs parted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlacesRequest {
    /// At most [`MAX_BATCH_ENTRIES`] places.
    pub places: Vec<u64>,
}

/// The chain hash at each place; `null` where the station has none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlacesAnswer {
    /// In the order of the request.
    pub chains: Vec<Option<Hash>>,
}

/// `POST /v1/identity`: the device, whose log went two ways, goes on under another name with the same key. Asked again with
/// the same name it gets the same answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityRequest {
    /// The new name.
    pub device: DeviceId,
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

/// What a pull or a fetch brings.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrival {
    /// A revision.
    Entry {
        /// Its position.
        at: u64,
        /// The area it is filed in.
        filed: AreaId,
        /// The revision.
        entry: Box<Entry>,
    },
    /// A record left an area.
    Left {
        /// At this position: what is filed there further on came back. `None` from a station that does not say it.
        at: Option<u64>,
        /// The record.
        record: RecordId,
        /// The area.
        area: AreaId,
    },
}

/// A pull, read.
#[derive(Clone, PartialEq, Debug)]
pub struct Pulled {
    /// What came, in the order of positions.
    pub arrivals: Vec<Arrival>,
    /// How its revisions can be proved.
    pub stretches: Vec<Stretch>,
    /// How it goes on.
    pub end: PullEnd,
}

impl Pulled {
    /// A pull of these revisions, each filed in its own area, after which the feed is known up to `end`.
    pub fn of(entries: impl IntoIterator<Item = (u64, Entry)>, end: u64) -> Self {
        let arrivals = entries.into_iter().map(|(at, entry)| {
            let filed = entry.revision.area;
            Arrival::Entry { at, filed, entry: Box::new(entry) }
        });
        Self { arrivals: arrivals.collect(), stretches: Vec::new(), end: PullEnd { end, more: false, left: 0 } }
    }

    /// The revisions that came, with their positions.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Entry { at, entry, .. } => Some((*at, &**entry)),
            Arrival::Left { .. } => None,
        })
    }

    /// The places of the revisions that came.
    pub fn places(&self) -> impl Iterator<Item = LogPlace> + '_ {
        self.entries().map(|(_, entry)| LogPlace { device: entry.revision.device, seq: entry.revision.seq })
    }
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
    /// Blobs of own revisions that no receipt has stated yet, at most [`MAX_BLOBS_ASKED`].
    ///
    /// [`MAX_BLOBS_ASKED`]: super::MAX_BLOBS_ASKED
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Hash>,
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
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
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
        lines.push(std::str::from_utf8(&line).map_err(|_| WireUnreadable::Cut)?.to_owned());
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
    let (mut arrivals, mut proofs, mut hashes) = (Vec::with_capacity(lines.len()), Vec::new(), HashMap::new());
    for (index, text) in lines.iter().enumerate() {
        let line: Line<'_> =
            serde_json::from_str(text).map_err(|source| WireUnreadable::Line { line: index + 1, source })?;
        match line {
            Line { at: Some(at), rev: Some(rev), filed, .. } => {
                let entry = Entry::read(rev.get().to_owned()).map_err(WireUnreadable::Entry)?;
                hashes.insert((entry.revision.device, entry.revision.seq), entry.body_hash);
                let filed = filed.unwrap_or(entry.revision.area);
                arrivals.push(Arrival::Entry { at, filed, entry: Box::new(entry) });
            }
            Line { at, out: Some(record), of: Some(area), .. } => arrivals.push(Arrival::Left { at, record, area }),
            Line { proof: Some(proof), .. } => proofs.push(proof),
            _ => {}
        }
    }
    let stretches = proofs.iter().filter_map(|proof| proof.stretch(|seq| hashes.get(&(proof.device, seq)).copied()));
    Ok(Pulled { stretches: stretches.collect(), arrivals, end })
}

fn read_line<T: DeserializeOwned>(text: &str, line: usize) -> Result<T, WireUnreadable> {
    serde_json::from_str(text).map_err(|source| WireUnreadable::Line { line, source })
}
