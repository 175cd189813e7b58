//! Console passwords: Argon2id, never on the async threads, few at a time.

use ailchin_core::world::World;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// The shortest password, in characters.
pub const MIN_CHARACTERS: usize = 10;

/// The longest password, in bytes.
const MAX_BYTES: usize = 200;

/// Argon2id with the default work factor over a salt and output of zeros: nobody's password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why there is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short, too long, or one character repeated.
    #[error(
        "a password has at least {MIN_CHARACTERS} characters, at most {MAX_BYTES} bytes, and is not one character repeated"
    )]
    Weak,
    /// Argon2 failed inside.
    #[error("hashing a password")]
    Hashing(argon2::password_hash::Error),
}

/// The hash of a password under a fresh salt, as a PHC string.
///
/// # Errors
/// [`PasswordError`].
pub fn hash(password: &str, world: &dyn World) -> Result<String, PasswordError> {
    let first = password.chars().next();
    let weak = password.chars().count() < MIN_CHARACTERS
        || password.len() > MAX_BYTES
        || password.chars().all(|c| Some(c) == first);
    if weak {
        return Err(PasswordError::Weak);
    }
    let mut salt = [0; 16];
    world.fill_random(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(PasswordError::Hashing)?;
    Ok(hash.to_string())
}

/// Whether it is the password of the account. Takes the same time when there is no account.
#[must_use]
pub fn is_right(password: &str, hash: Option<&str>) -> bool {
    if password.len() > MAX_BYTES {
        return false;
    }
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let fits = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    fits && hash.is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use ailchin_core::time::Instant;
    use ailchin_core::world::Seeded;

    use super::*;

    #[test]
    fn only_the_right_password_of_an_account_opens() {
        let world = Seeded::new(1, Instant::from_ms(0));
        let hashed = hash("grass and wind", &world).unwrap();
        assert!(is_right("grass and wind", Some(&hashed)));
        assert!(!is_right("grass and winds", Some(&hashed)));
        assert!(!is_right("grass and wind", None));
        assert_ne!(hashed, hash("grass and wind", &world).unwrap());
    }

    #[test]
    fn the_stand_in_for_an_unknown_account_costs_the_same_work() {
        let world = Seeded::new(1, Instant::from_ms(0));
        let hashed = hash("grass and wind", &world).unwrap();
        let (ours, nobodys) = (PasswordHash::new(&hashed).unwrap(), PasswordHash::new(NOBODY).unwrap());
        assert_eq!((ours.algorithm, ours.version, ours.params), (nobodys.algorithm, nobodys.version, nobodys.params));
        assert_eq!(ours.hash.map(|output| output.len()), nobodys.hash.map(|output| output.len()));
    }

    #[test]
    fn a_weak_password_is_refused() {
        let world = Seeded::new(1, Instant::from_ms(0));
        for weak in ["", "short", "aaaaaaaaaaaaaaaa"] {
            assert_eq!(hash(weak, &world), Err(PasswordError::Weak));
        }
    }
}
