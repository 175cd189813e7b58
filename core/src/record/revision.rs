//! One saved change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Kind;
use crate::hash::Hash;
use crate::ids::{AreaId, DeviceId, OfficerId, RecordId, RevisionId};
use crate::time::{Hlc, Instant};

/// Values by field name. In a revision only what changed is named, and `null` removes.
pub type Fields = BTreeMap<String, Value>;

/// The largest body of one revision, in bytes of its JSON.
pub const MAX_BODY_BYTES: usize = 512 * 1024;

/// The most heads one revision may have seen.
pub const MAX_PARENTS: usize = 64;

/// One immutable saved change of one record.
///
/// Its JSON is written once, by the device that made it, and travels and is stored byte for byte: members that a
/// newer program added are kept although this type does not name them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Revision {
    /// Its own name.
    pub id: RevisionId,
    /// What it changes.
    pub record: RecordId,
    /// What kind of record that is.
    pub kind: Kind,
    /// The scope the record belongs to from now on.
    pub area: AreaId,
    /// In whose log it stands.
    pub device: DeviceId,
    /// At which place: 1, 2, 3 … without gaps.
    pub seq: u64,
    /// Who made the change.
    pub officer: OfficerId,
    /// When, by the device's own clock.
    pub at_ms: Instant,
    /// Orders it among changes that did not know each other.
    pub hlc: Hlc,
    /// The heads of the record that the officer saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<RevisionId>,
    /// What changed.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
    /// The hash of the body that was here before the record was erased; then nothing else of it is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Hash>,
}
