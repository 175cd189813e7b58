//! What is left of a revision whose content must go.
//!
//! An *erasure* is a revision of kind [`Kind::Erasure`](super::Kind::Erasure) that the station's console writes about a record. Every
//! replica that has it keeps of the record's other revisions a *tombstone* only: record, kind, area, place in the log, time, and
//! the hash of the body that was there, so that chains, digests and checkpoints hold as before.
//!
//! A revision's own name and its parents do not stay. They hold the only random bits of a body: who has a tombstone cannot find
//! a telephone number by trying them all against the hash.

use super::{Entry, Fields, Revision};
use crate::hash::Hash;
use crate::ids::{OfficerId, RevisionId};

/// The field of an erasure that says why.
pub const REASON: &str = "reason";

/// The field of an erasure that lists the hashes of the blobs which the record named: a station that was put back to an older
/// copy may have the bytes and not know of whom.
pub const BLOBS: &str = "blobs";

impl Revision {
    /// Whether only its tombstone is left.
    #[must_use]
    pub const fn is_tombstone(&self) -> bool {
        self.erased.is_some()
    }

    fn tombstone(&self, body: Hash) -> Self {
        let mut name = [0; 16];
        name.copy_from_slice(&body.as_bytes()[..16]);
        Self {
            id: RevisionId::from_bytes(name),
            officer: OfficerId::from_bytes([0; 16]),
            parents: Vec::new(),
            fields: Fields::new(),
            erased: Some(body),
            ..self.clone()
        }
    }
}

impl Entry {
    /// What is left of it: the same wherever it is made. A tombstone stays as it is.
    #[must_use]
    pub fn erase(&self) -> Self {
        let revision = self.revision.tombstone(self.body_hash);
        // Numbers, names and hashes: there is nothing in it that JSON could not say.
        let body = serde_json::to_string(&revision).unwrap_or_default();
        Self { revision, body, body_hash: self.body_hash }
    }
}

/// The hash by which a body is chained and counted: its own or, of a tombstone, that of the body which was there.
#[must_use]
pub fn body_hash(body: &[u8]) -> Hash {
    read_tombstone(body).and_then(|revision| revision.erased).unwrap_or_else(|| Hash::of(body))
}

/// A tombstone, if the bytes are exactly one.
pub(super) fn read_tombstone(body: &[u8]) -> Option<Revision> {
    const LARGEST: usize = 640;
    const MEMBER: &[u8] = b",\"erased\":\"";
    let at = body.len().checked_sub(MEMBER.len() + 64 + 2).filter(|_| body.len() <= LARGEST)?;
    if !body.get(at..)?.starts_with(MEMBER) {
        return None;
    }
    let revision: Revision = serde_json::from_slice(body).ok()?;
    let bare = revision.tombstone(revision.erased?);
    (serde_json::to_string(&bare).ok()?.as_bytes() == body).then_some(revision)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ids::{AreaId, DeviceId, RecordId};
    use crate::record::{Kind, chain, genesis};
    use crate::time::{Hlc, Instant};

    fn entry(phone: &str) -> Entry {
        Entry::write(Revision {
            id: RevisionId::from_bytes([1; 16]),
            record: RecordId::from_bytes([2; 16]),
            kind: Kind::Household,
            area: AreaId::from_bytes([3; 16]),
            device: DeviceId::from_bytes([4; 16]),
            seq: 1,
            officer: OfficerId::from_bytes([5; 16]),
            at_ms: Instant::from_ms(1_000),
            hlc: Hlc::new(1_000, 0),
            parents: vec![RevisionId::from_bytes([6; 16])],
            fields: [("phone".to_owned(), phone.into())].into(),
            erased: None,
        })
        .unwrap()
    }

    #[test]
    fn a_tombstone_keeps_hash_and_chain_and_nothing_that_was_said_or_who_said_it() {
        let entry = entry("100-0123-4567");
        let left = entry.erase();
        assert_eq!(left.body_hash, entry.body_hash);
        let before = genesis(entry.revision.device);
        assert_eq!(left.chain_after(before), chain(entry.revision.device, 1, before, Hash::of(entry.body.as_bytes())));
        for gone in ["4567", "phone", "parents", &entry.revision.id.to_string(), &entry.revision.officer.to_string()] {
            assert!(!left.body.contains(gone), "{gone} is left in {}", left.body);
        }
        assert_eq!((left.revision.record, left.revision.at_ms), (entry.revision.record, entry.revision.at_ms));
    }

    #[test]
    fn a_tombstone_reads_back_and_is_its_own_tombstone() {
        let left = entry("1").erase();
        let read = Entry::read(left.body.clone()).unwrap();
        assert_eq!(read, left);
        assert_eq!(read.erase(), left);
        assert_eq!(body_hash(left.body.as_bytes()), left.body_hash);
    }

    #[test]
    fn a_body_that_only_pretends_to_be_a_tombstone_is_no_revision() {
        let left = entry("1").erase();
        let named = left.body.replace("\"erased\"", "\"fields\":{\"phone\":\"1\"},\"erased\"");
        let signed = left.body.replace("00000000-0000-0000-0000-000000000000", "05050505-0505-0505-0505-050505050505");
        let other = left.body.replace(&left.body_hash.to_string(), &Hash::of(b"another").to_string());
        for pretending in [named, signed, other, format!(" {}", left.body)] {
            assert_eq!(body_hash(pretending.as_bytes()), Hash::of(pretending.as_bytes()), "{pretending}");
            assert!(Entry::read(pretending.clone()).is_err(), "{pretending}");
        }
    }
}
