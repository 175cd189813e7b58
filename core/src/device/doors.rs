//! The station as a sync sees it: over HTTP ([`super::Transport`]), or in the same process (the simulation).

use ed25519_dalek::SigningKey;

use super::DeviceError;
use crate::ids::DeviceId;
use crate::replica::StoredBlob;
use crate::sync::{PushAnswer, Receipt, ReceiptRequest, Session, StateAnswer, StateQuery};

/// What a tablet asks of its station, each a door of `core/PROTOCOL.md`.
///
/// Every method may fail with the station's code or because the station does not answer; the request may have been carried
/// out then.
#[allow(clippy::missing_errors_doc, reason = "said once above")]
pub trait StationDoors {
    /// The token that the next request will carry.
    fn token(&self) -> Option<&str>;
    /// Logs in with the device's key, and keeps the token.
    fn log_in(&mut self, device: DeviceId, key: &SigningKey) -> Result<Session, DeviceError>;
    /// Asks what the station has.
    fn state(&self, query: StateQuery) -> Result<StateAnswer, DeviceError>;
    /// Sends a packed batch.
    fn push(&self, batch: Vec<u8>) -> Result<PushAnswer, DeviceError>;
    /// Fetches what comes after a position, packed as it came.
    fn pull(&self, after: u64) -> Result<Vec<u8>, DeviceError>;
    /// Compares; `None` if the station holds something else.
    fn receipt(&self, request: &ReceiptRequest) -> Result<Option<Receipt>, DeviceError>;
    /// Brings a blob to the station unless it is there.
    fn send_blob(&self, blob: &StoredBlob) -> Result<(), DeviceError>;
}
