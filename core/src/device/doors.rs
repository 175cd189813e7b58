//! The station as a sync sees it: over HTTP ([`super::Transport`]), or in the same process (the simulation).

use ed25519_dalek::SigningKey;

use super::{DeviceError, Upload};
use crate::hash::Hash;
use crate::ids::DeviceId;
use crate::replica::WaitingBlob;
use crate::sync::{
    FetchRequest, GiveAnswer, IdentityRequest, PlacesAnswer, PlacesRequest, PushAnswer, RangesAnswer, RangesRequest,
    Receipt, ReceiptRequest, Session, StateAnswer, StateQuery,
};

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
    /// Asks for the chain hashes at places of the own log.
    fn places(&self, request: &PlacesRequest) -> Result<PlacesAnswer, DeviceError>;
    /// Goes on under another name, with the same key.
    fn take_name(&self, request: IdentityRequest) -> Result<(), DeviceError>;
    /// Shows a receipt that the station signed: one that it does not know any more makes it begin a new life.
    fn show_receipt(&self, receipt: &Receipt) -> Result<(), DeviceError>;
    /// Asks what the station holds of some ranges.
    fn ranges(&self, request: &RangesRequest) -> Result<RangesAnswer, DeviceError>;
    /// Fetches revisions, packed as a pull.
    fn fetch(&self, request: &FetchRequest) -> Result<Vec<u8>, DeviceError>;
    /// Gives revisions of others, packed, with what proves them.
    fn give(&self, batch: Vec<u8>) -> Result<GiveAnswer, DeviceError>;
    /// Shows who this device is to a station that has lost its enrolment: the station's own record of it, packed as a gift.
    fn show_enrolment(&self, batch: Vec<u8>) -> Result<(), DeviceError>;
    /// Fetches the bytes of a published pack.
    fn pack(&self, hash: Hash) -> Result<Vec<u8>, DeviceError>;
    /// Begins to bring a blob, with all of its bytes or none, or finds what was begun before; the station may have it whole.
    fn begin_blob(&self, blob: &WaitingBlob, whole: Option<&[u8]>) -> Result<Upload, DeviceError>;
    /// Asks how far a blob came; `None` if the station knows nothing of it, or nothing any more.
    fn blob_at(&self, address: &str) -> Result<Option<Upload>, DeviceError>;
    /// Sends the bytes that follow; so many are there now. The station may have kept a part of them if it fails.
    fn send_part(&self, upload: &Upload, bytes: &[u8]) -> Result<u64, DeviceError>;
}
