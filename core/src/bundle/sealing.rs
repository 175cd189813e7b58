//! The key that opens what was sealed to a station or to a tablet: X25519, as age writes it. It has nothing to do with the key
//! that signs.

use age::x25519::Identity;
use bech32::{Bech32, Hrp};
use ed25519_dalek::SigningKey;

use super::BundleUnreadable;
use crate::world::World;

/// What age calls such a key.
const SECRET: Hrp = Hrp::parse_unchecked("age-secret-key-");

/// A secret key. Its bytes are not shown by `Debug` and are wiped when it is dropped.
pub struct SealingKey([u8; 32]);

impl SealingKey {
    /// A new key.
    #[must_use]
    pub fn new(world: &dyn World) -> Self {
        let mut bytes = [0; 32];
        world.fill_random(&mut bytes);
        Self(bytes)
    }

    /// The one that belongs to a signing key: whoever has that from an older copy has this too.
    #[must_use]
    pub fn of(signing: &SigningKey) -> Self {
        Self(blake3::derive_key("ailchin 2026 sealing to a station", signing.as_bytes()))
    }

    /// Wraps key bytes that were kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to keep them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whom to seal to, `age1…`.
    ///
    /// # Errors
    /// Only if age does not take the key.
    pub fn recipient(&self) -> Result<String, BundleUnreadable> {
        Ok(self.identity()?.to_public().to_string())
    }

    pub(super) fn identity(&self) -> Result<Identity, BundleUnreadable> {
        let text = bech32::encode_upper::<Bech32>(SECRET, &self.0).map_err(|_| BundleUnreadable::Key)?;
        text.parse().map_err(|_| BundleUnreadable::Key)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

impl Drop for SealingKey {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_is_the_same_key_and_shows_nothing() {
        let key = SealingKey::from_bytes([7; 32]);
        let again = SealingKey::from_bytes(*key.expose());
        assert_eq!(key.recipient().unwrap(), again.recipient().unwrap());
        assert!(key.recipient().unwrap().starts_with("age1"));
        assert_ne!(key.recipient().unwrap(), SealingKey::from_bytes([8; 32]).recipient().unwrap());
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
    }
}
