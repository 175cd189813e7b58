//! Where the tablet stands, and how it is enrolled and unlocked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Names;
use crate::ids::OfficerId;

/// Where the tablet stands between unpacked and in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Phase {
    /// Not enrolled at a station.
    New,
    /// Enrolled; the replica is closed until a PIN opens it.
    Locked,
    /// An officer is at work.
    Open,
    /// The station has shut it out: it hands over what it has and erases itself, or has done so.
    ShutOut,
}

/// What every screen needs to know of the tablet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct TabletState {
    /// Where the tablet stands.
    pub phase: Phase,
    /// The station, once enrolled.
    pub station: Option<Names>,
    /// Who may unlock it.
    pub officers: Vec<OfficerLine>,
    /// Who is at work.
    pub officer: Option<OfficerId>,
    /// Milliseconds until the next PIN is taken; 0 if at once.
    pub pin_wait_ms: i64,
    /// Version of the program.
    pub version: String,
}

/// An officer to choose at the lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct OfficerLine {
    /// The officer.
    pub id: OfficerId,
    /// The officer's name.
    pub name: Names,
}

/// An invite as pasted or typed.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InviteText {
    /// The text of the invite, `ailchin1:…`.
    pub invite: String,
}

/// A picture of an invite's QR code.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Picture {
    /// The picture's bytes (PNG or JPEG, at most 16 MiB), base64.
    pub bytes_base64: String,
}

/// What an invite says before it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct InviteView {
    /// The text of the invite.
    pub invite: String,
    /// The station's address.
    pub address: String,
    /// The certificate's SHA-256 fingerprint, hexadecimal; `None` for plain HTTP on loopback.
    pub fingerprint: Option<String>,
}

/// Enrols this tablet and sets the PIN of the invited officer.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Enrol {
    /// The text of the invite.
    pub invite: String,
    /// The new PIN: 6 to 12 digits.
    pub pin: String,
}

/// Opens the replica.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Unlock {
    /// Whose PIN it is.
    pub officer: OfficerId,
    /// The PIN.
    pub pin: String,
}

/// Where the tablet is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Fix {
    /// Latitude in degrees (WGS-84).
    pub lat: f64,
    /// Longitude in degrees (WGS-84).
    pub lon: f64,
    /// Altitude in metres, if known.
    pub altitude_m: Option<f64>,
    /// Radius in metres within which the device is sure.
    pub accuracy_m: f64,
}
