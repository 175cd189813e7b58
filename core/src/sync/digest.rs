//! Count and digest of a set of revisions, kept incrementally.
//!
//! The digest is the sum modulo 2²⁵⁶ of the hashes of the bodies: order does not matter, adding and taking away one revision
//! is one addition, and digests of disjoint sets add up. Equal counts and digests mean equal sets among honest parties; what
//! a dishonest one could do is the checkpoints' affair.

use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::ids::AreaId;

/// Count and digest of a set of revisions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Digest {
    /// How many revisions.
    pub count: u64,
    /// The sum of their body hashes.
    #[serde(rename = "digest")]
    sum: Sum,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Sum(Hash);

impl Default for Sum {
    fn default() -> Self {
        Self(Hash::from_bytes([0; 32]))
    }
}

/// Count and digest of one area.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScopeDigest {
    /// The area.
    pub area: AreaId,
    /// What is held of it.
    #[serde(flatten)]
    pub digest: Digest,
}

impl Digest {
    /// Wraps a count and a sum that were kept.
    #[must_use]
    pub const fn from_parts(count: u64, sum: Hash) -> Self {
        Self { count, sum: Sum(sum) }
    }

    /// The sum, as a hash-sized value.
    #[must_use]
    pub const fn sum(&self) -> Hash {
        self.sum.0
    }

    /// Adds one revision.
    pub fn add(&mut self, body_hash: Hash) {
        self.count = self.count.wrapping_add(1);
        self.sum = Sum(plus(self.sum.0, body_hash));
    }

    /// Takes away one revision that was added.
    pub fn remove(&mut self, body_hash: Hash) {
        self.count = self.count.wrapping_sub(1);
        self.sum = Sum(minus(self.sum.0, body_hash));
    }

    /// Takes away a set that was added.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self { count: self.count.wrapping_sub(other.count), sum: Sum(minus(self.sum.0, other.sum.0)) }
    }

    /// Adds a disjoint set.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { count: self.count.wrapping_add(other.count), sum: Sum(plus(self.sum.0, other.sum.0)) }
    }
}

fn plus(a: Hash, b: Hash) -> Hash {
    let mut sum = [0; 32];
    let mut carry = 0;
    for i in (0..32).rev() {
        let total = u16::from(a.as_bytes()[i]) + u16::from(b.as_bytes()[i]) + carry;
        sum[i] = total.to_be_bytes()[1];
        carry = total >> 8;
    }
    Hash::from_bytes(sum)
}

fn minus(a: Hash, b: Hash) -> Hash {
    let mut difference = [0; 32];
    let mut borrow = 0;
    for i in (0..32).rev() {
        let rest = 256 + u16::from(a.as_bytes()[i]) - u16::from(b.as_bytes()[i]) - borrow;
        difference[i] = rest.to_be_bytes()[1];
        borrow = u16::from(rest < 256);
    }
    Hash::from_bytes(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_does_not_depend_on_the_order_or_on_the_pieces() {
        let hashes: Vec<Hash> = (0..50_u8).map(|i| Hash::of(&[i])).collect();
        let mut forward = Digest::default();
        hashes.iter().for_each(|hash| forward.add(*hash));
        let (mut some, mut rest) = (Digest::default(), Digest::default());
        hashes
            .iter()
            .rev()
            .enumerate()
            .for_each(|(i, hash)| if i % 3 == 0 { some.add(*hash) } else { rest.add(*hash) });
        assert_eq!(forward, rest.with(some));
        assert_ne!(forward, some);
        assert_eq!(forward.without(some), rest);
        forward.remove(hashes[3]);
        forward.add(hashes[3]);
        assert_eq!(forward, rest.with(some));
    }

    #[test]
    fn a_carry_runs_through_all_bytes() {
        let mut digest = Digest::from_parts(1, Hash::from_bytes([0xff; 32]));
        let mut one = [0; 32];
        one[31] = 1;
        digest.add(Hash::from_bytes(one));
        assert_eq!(digest, Digest::from_parts(2, Hash::from_bytes([0; 32])));
    }
}
