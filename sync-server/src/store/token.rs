//! Secrets that a station gives out: invites and sessions. A token names its station; the store keeps only its hash.

use ailchin_core::hash::Hash;
use ailchin_core::ids::StationId;
use ailchin_core::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const STATION_BYTES: usize = 16;
const SECRET_BYTES: usize = 20;

/// A new token of `station`.
pub(super) fn make(station: StationId, world: &dyn World) -> (String, Hash) {
    let mut bytes = [0; STATION_BYTES + SECRET_BYTES];
    let (name, secret) = bytes.split_at_mut(STATION_BYTES);
    name.copy_from_slice(station.as_bytes());
    world.fill_random(secret);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    let hash = Hash::of(text.as_bytes());
    (text, hash)
}

/// Whose token it is, and its hash; `None` if it is not a token.
pub(super) fn read(text: &str) -> Option<(StationId, Hash)> {
    if text.len() > 100 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let bytes: [u8; STATION_BYTES + SECRET_BYTES] = bytes.try_into().ok()?;
    let name = bytes.first_chunk::<STATION_BYTES>()?;
    Some((StationId::from_bytes(*name), Hash::of(text.as_bytes())))
}
