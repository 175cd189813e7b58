//! The wrapped keys of a tablet: who may open the replica, and how a PIN does it.
//!
//! ```text
//! wrapping key = BLAKE3-keyed(device secret, "ailchin wrap" 00 Argon2id(PIN, salt; 64 MiB, 3 passes, 1 lane))
//! box          = XChaCha20-Poly1305(wrapping key, nonce, file key ‖ device signing key)
//! ```
//! The PIN alone does not open a copied vault, nor does the device's secret alone. The count of wrong PINs is written
//! before a PIN is tried, so that pulling the battery does not reset it.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::SigningKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::services::SecretStore;
use super::{DeviceError, files};
use crate::error::Code;
use crate::ids::{DeviceId, OfficerId, StationId};
use crate::record::Names;
use crate::replica::FileKey;
use crate::time::Instant;
use crate::view::OfficerLine;
use crate::world::World;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// So many wrong PINs are free; then the wait doubles from half a minute to an hour.
const FREE_TRIES: u32 = 3;
const FIRST_WAIT_MS: i64 = 30_000;
const LONGEST_WAIT_MS: i64 = 3_600_000;

/// The vault's file: nothing in it is a secret by itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Vault {
    /// The tablet.
    pub device: DeviceId,
    /// The station.
    pub station: StationId,
    /// Its name.
    pub station_name: Names,
    /// Who may open it.
    entries: Vec<VaultEntry>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct VaultEntry {
    officer: OfficerId,
    name: Names,
    salt: String,
    nonce: String,
    wrapped: String,
    #[serde(default)]
    wrong_pins: u32,
    #[serde(default)]
    last_try_ms: Option<Instant>,
}

/// What a PIN opens.
#[derive(Debug)]
pub struct Keys {
    /// Opens the replica.
    pub file: FileKey,
    /// Signs checkpoints and logins.
    pub signing: SigningKey,
}

/// Checks that a PIN is worth the name.
///
/// # Errors
/// [`Code::PinTooWeak`] unless it has 6 to 12 digits that are neither all the same nor a run up or down.
pub fn check_pin(pin: &SecretString) -> Result<(), DeviceError> {
    let digits = pin.expose_secret().as_bytes();
    let step = |by: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == by);
    let strong =
        (6..=12).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) && ![0, 1, -1].into_iter().any(step);
    if strong { Ok(()) } else { Err(DeviceError::Refused(Code::PinTooWeak)) }
}

impl Vault {
    /// A vault that one officer's PIN opens.
    ///
    /// # Errors
    /// If the key cannot be derived or the secret not kept.
    pub fn lock_in(
        world: &dyn World,
        secrets: &dyn SecretStore,
        identity: (DeviceId, StationId, Names),
        officer: OfficerLine,
        pin: &SecretString,
        keys: &Keys,
    ) -> Result<Self, DeviceError> {
        let secret = match secrets.load()? {
            Some(secret) => secret,
            None => {
                let mut secret = [0; 32];
                world.fill_random(&mut secret);
                secrets.save(&secret)?;
                secret
            }
        };
        let (mut salt, mut nonce) = ([0; 16], [0; 24]);
        world.fill_random(&mut salt);
        world.fill_random(&mut nonce);
        let mut plain = keys.file.expose().to_vec();
        plain.extend_from_slice(keys.signing.as_bytes());
        let wrapped = cipher(&secret, pin, &salt)?
            .encrypt(&XNonce::from(nonce), plain.as_slice())
            .map_err(|_| DeviceError::Refused(Code::FileFailed))?;
        plain.fill(0);
        let hex = crate::sync::to_hex;
        let entry = VaultEntry {
            officer: officer.id,
            name: officer.name,
            salt: hex(&salt),
            nonce: hex(&nonce),
            wrapped: hex(&wrapped),
            wrong_pins: 0,
            last_try_ms: None,
        };
        let (device, station, station_name) = identity;
        Ok(Self { device, station, station_name, entries: vec![entry] })
    }

    /// Reads the vault's file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(path: &Path) -> Result<Option<Self>, DeviceError> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(DeviceError::VaultUnreadable),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DeviceError::File { doing: "reading the vault", source }),
        }
    }

    /// Writes the vault's file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), DeviceError> {
        let json = serde_json::to_vec_pretty(self).map_err(DeviceError::VaultUnreadable)?;
        files::write_whole(path, &json).map_err(DeviceError::file("writing the vault"))
    }

    /// Who may open it.
    #[must_use]
    pub fn officers(&self) -> Vec<OfficerLine> {
        self.entries.iter().map(|entry| OfficerLine { id: entry.officer, name: entry.name.clone() }).collect()
    }

    /// Milliseconds until any PIN is taken.
    #[must_use]
    pub fn wait_ms(&self, now: Instant) -> i64 {
        self.entries.iter().map(|entry| entry.wait_ms(now)).max().unwrap_or(0)
    }

    /// Tries a PIN. The try is written to `path` before and its success after it.
    ///
    /// # Errors
    /// [`DeviceError::PinDelayed`] without trying, [`DeviceError::WrongPin`] after trying.
    pub fn open(
        &mut self,
        path: &Path,
        secrets: &dyn SecretStore,
        officer: OfficerId,
        pin: &SecretString,
        now: Instant,
    ) -> Result<Keys, DeviceError> {
        let wait_ms = self.wait_ms(now);
        if wait_ms > 0 {
            return Err(DeviceError::PinDelayed { wait_ms });
        }
        let index = self.entries.iter().position(|entry| entry.officer == officer);
        let index = index.ok_or(DeviceError::Refused(Code::NotFound))?;
        self.entries[index].wrong_pins = self.entries[index].wrong_pins.saturating_add(1);
        self.entries[index].last_try_ms = Some(now);
        self.save(path)?;
        let secret = secrets.load()?.ok_or(DeviceError::Refused(Code::FileFailed))?;
        let entry = &mut self.entries[index];
        let Some(keys) = entry.unwrap(&secret, pin)? else {
            return Err(DeviceError::WrongPin { wait_ms: entry.wait_ms(now) });
        };
        entry.wrong_pins = 0;
        entry.last_try_ms = None;
        self.save(path)?;
        Ok(keys)
    }
}

impl VaultEntry {
    fn wait_ms(&self, now: Instant) -> i64 {
        let Some(last) = self.last_try_ms else { return 0 };
        let Some(doublings) = self.wrong_pins.checked_sub(FREE_TRIES) else { return 0 };
        let whole = FIRST_WAIT_MS.checked_shl(doublings.min(30)).unwrap_or(LONGEST_WAIT_MS).min(LONGEST_WAIT_MS);
        // A clock set back makes the wait longer, never shorter than what is left of it.
        (whole - now.since(last).max(0)).max(0)
    }

    fn unwrap(&self, secret: &[u8; 32], pin: &SecretString) -> Result<Option<Keys>, DeviceError> {
        let bytes = |hex: &str| crate::sync::from_hex(hex).ok_or(DeviceError::Refused(Code::FileFailed));
        let salt = bytes(&self.salt)?;
        let nonce = <[u8; 24]>::try_from(bytes(&self.nonce)?).map_err(|_| DeviceError::Refused(Code::FileFailed))?;
        let opened = cipher(secret, pin, &salt)?.decrypt(&XNonce::from(nonce), bytes(&self.wrapped)?.as_slice());
        let Ok(mut plain) = opened else { return Ok(None) };
        let (keys, rest) = plain.as_chunks::<32>();
        let (&[file, signing], []) = (keys, rest) else { return Err(DeviceError::Refused(Code::FileFailed)) };
        plain.fill(0);
        Ok(Some(Keys { file: FileKey::new(file), signing: SigningKey::from_bytes(&signing) }))
    }
}

fn cipher(secret: &[u8; 32], pin: &SecretString, salt: &[u8]) -> Result<XChaCha20Poly1305, DeviceError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(DeviceError::Derivation)?;
    let mut derived = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.expose_secret().as_bytes(), salt, &mut derived)
        .map_err(DeviceError::Derivation)?;
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(b"ailchin wrap\0");
    hasher.update(&derived);
    Ok(XChaCha20Poly1305::new(hasher.finalize().as_bytes().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::services::SecretInMemory;
    use crate::world::Seeded;

    fn vault(world: &Seeded, secrets: &SecretInMemory, pin: &str) -> (Vault, OfficerId) {
        let officer = OfficerLine { id: OfficerId::new(world), name: Names::default() };
        let identity = (DeviceId::new(world), StationId::new(world), Names::default());
        let keys = Keys { file: FileKey::new([5; 32]), signing: SigningKey::from_bytes(&[6; 32]) };
        let id = officer.id;
        (Vault::lock_in(world, secrets, identity, officer, &pin.into(), &keys).unwrap(), id)
    }

    #[test]
    fn the_right_pin_opens_and_a_wrong_one_does_not() {
        let (world, secrets) = (Seeded::new(1, Instant::from_ms(1_000_000)), SecretInMemory::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.json");
        let (mut vault, officer) = vault(&world, &secrets, "274951");
        let wrong = vault.open(&path, &secrets, officer, &"111222".into(), world.now()).unwrap_err();
        assert!(matches!(wrong, DeviceError::WrongPin { wait_ms: 0 }));
        let keys = vault.open(&path, &secrets, officer, &"274951".into(), world.now()).unwrap();
        assert_eq!(keys.file.expose(), &[5; 32]);
        assert_eq!(keys.signing.as_bytes(), &[6; 32]);
    }

    #[test]
    fn wrong_pins_delay_even_over_a_restart_and_a_clock_set_back() {
        let (world, secrets) = (Seeded::new(2, Instant::from_ms(1_000_000)), SecretInMemory::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.json");
        let (mut vault, officer) = vault(&world, &secrets, "274951");
        for _ in 0..3 {
            vault.open(&path, &secrets, officer, &"111222".into(), world.now()).unwrap_err();
        }
        let mut vault = Vault::load(&path).unwrap().unwrap();
        world.advance_ms(-500_000);
        let delayed = vault.open(&path, &secrets, officer, &"274951".into(), world.now()).unwrap_err();
        assert!(matches!(delayed, DeviceError::PinDelayed { wait_ms: 30_000 }));
        world.advance_ms(530_000);
        vault.open(&path, &secrets, officer, &"274951".into(), world.now()).unwrap();
        assert_eq!(vault.wait_ms(world.now()), 0);
    }

    #[test]
    fn a_copied_vault_does_not_open_without_the_devices_secret() {
        let (world, secrets) = (Seeded::new(3, Instant::from_ms(1_000_000)), SecretInMemory::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.json");
        let (mut vault, officer) = vault(&world, &secrets, "274951");
        let other = SecretInMemory::default();
        other.save(&[9; 32]).unwrap();
        let refused = vault.open(&path, &other, officer, &"274951".into(), world.now()).unwrap_err();
        assert!(matches!(refused, DeviceError::WrongPin { .. }));
    }

    #[test]
    fn weak_pins_are_refused() {
        for weak in ["", "12345", "123456", "654321", "777777", "1234567890123", "12345a"] {
            assert_eq!(check_pin(&weak.into()).unwrap_err().code(), Code::PinTooWeak, "{weak}");
        }
        check_pin(&"274951".into()).unwrap();
    }
}
