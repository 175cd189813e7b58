//! Sessions: how a device proves its key and is known for a while afterwards.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, OfficerId, StationId};
use ailchin_core::sync::{Challenge, LoginProof, LoginRequest, Session, login_message};
use ailchin_core::time::Instant;
use ailchin_core::world::World;

use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, bundle, device, token};

/// How long a challenge is good.
const CHALLENGE_MS: i64 = 60_000;

/// Challenges a device may have open at a time.
const OPEN_CHALLENGES: u32 = 8;

/// A contact is noted again only after this time, so that asking stays reading.
const SEEN_AGAIN_MS: i64 = 60_000;

/// Who a token belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// The station.
    pub station: StationId,
    /// The tablet; `None` for a console session.
    pub device: Option<DeviceId>,
    /// The officer of a console session.
    pub officer: Option<OfficerId>,
    /// The tablet's last contact is long enough ago to be noted again.
    pub note_contact: bool,
}

impl Store {
    /// Gives a device something to sign.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`.
    pub fn challenge(&self, request: &LoginRequest, world: &dyn World) -> Result<Challenge, StoreError> {
        self.write("making a challenge", |tx| {
            let station = device::station_of(tx, request.device)?;
            device::require(tx, station, request.device)?;
            let mut bytes = [0; 32];
            world.fill_random(&mut bytes);
            let challenge = Hash::from_bytes(bytes);
            let now = world.now();
            forget_old_challenges(tx, station, request.device, now)?;
            tx.execute(
                "INSERT INTO challenge (station, device, challenge, expires_at) VALUES ($1, $2, $3, $4)",
                cells![station, request.device, challenge, now.plus_ms(CHALLENGE_MS)],
            )?;
            Ok(Challenge { challenge })
        })
    }

    /// Opens a session for a device that signed its challenge.
    ///
    /// # Errors
    /// `not_logged_in` for a challenge that is unknown, used or expired; `device_unknown` for a wrong signature;
    /// `device_revoked`.
    pub fn prove(&self, proof: &LoginProof, hours: u32, world: &dyn World) -> Result<Session, StoreError> {
        self.write("opening a session", |tx| {
            let station = device::station_of(tx, proof.device)?;
            let row = device::require(tx, station, proof.device)?;
            let now = world.now();
            let used = tx.execute(
                "DELETE FROM challenge WHERE station = $1 AND device = $2 AND challenge = $3 AND expires_at > $4",
                cells![station, proof.device, proof.challenge, now],
            )?;
            if used != 1 {
                return Err(Fault::Refused(Code::NotLoggedIn));
            }
            row.key
                .verify_strict(&login_message(proof.device, proof.challenge), &proof.signature)
                .map_err(|_| Code::DeviceUnknown)?;
            let token = open(tx, station, Some(proof.device), None, hours, world)?;
            let scopes = device::scopes(tx, station, &row)?.unwrap_or_default();
            let sealing = Some(bundle::sealing(tx, station)?);
            Ok(Session { token, expires_in_s: hours.saturating_mul(3_600), scopes, sealing })
        })
    }

    /// Opens a console session for an officer whose password was right.
    ///
    /// # Errors
    /// What the database says.
    pub fn open_console(
        &self,
        station: StationId,
        officer: OfficerId,
        hours: u32,
        world: &dyn World,
    ) -> Result<String, StoreError> {
        self.write("opening a console session", |tx| open(tx, station, None, Some(officer), hours, world))
    }

    /// Who a token belongs to.
    ///
    /// # Errors
    /// `not_logged_in` for a token that is unknown or expired, `device_revoked`.
    pub fn access(&self, text: &str, now: Instant) -> Result<Access, StoreError> {
        self.read("reading a session", |tx| {
            let (station, hash) = token::read(text).ok_or(Code::NotLoggedIn)?;
            let found = tx.optional(
                "SELECT device, officer, expires_at FROM session WHERE station = $1 AND token_hash = $2",
                cells![station, hash],
                |row| Ok((row.get("device")?, row.get("officer")?, row.get("expires_at")?)),
            )?;
            let (device, officer, expires_at): (Option<DeviceId>, _, Instant) = found.ok_or(Code::NotLoggedIn)?;
            if expires_at <= now {
                return Err(Fault::Refused(Code::NotLoggedIn));
            }
            let note_contact = match device {
                Some(device) => now.since(device::require(tx, station, device)?.last_seen) >= SEEN_AGAIN_MS,
                None => false,
            };
            Ok(Access { station, device, officer, note_contact })
        })
    }
}

fn open(
    tx: &Tx<'_>,
    station: StationId,
    device: Option<DeviceId>,
    officer: Option<OfficerId>,
    hours: u32,
    world: &dyn World,
) -> Result<String, Fault> {
    let now = world.now();
    tx.execute("DELETE FROM session WHERE station = $1 AND expires_at <= $2", cells![station, now])?;
    let (text, hash) = token::make(station, world);
    tx.execute(
        "INSERT INTO session (station, token_hash, device, officer, expires_at) VALUES ($1, $2, $3, $4, $5)",
        cells![station, hash, device, officer, now.plus_ms(i64::from(hours) * 3_600_000)],
    )?;
    Ok(text)
}

fn forget_old_challenges(tx: &Tx<'_>, station: StationId, device: DeviceId, now: Instant) -> Result<(), Fault> {
    tx.execute("DELETE FROM challenge WHERE station = $1 AND expires_at <= $2", cells![station, now])?;
    tx.execute(
        "DELETE FROM challenge WHERE station = $1 AND device = $2 AND challenge NOT IN (
             SELECT challenge FROM challenge WHERE station = $1 AND device = $2 ORDER BY expires_at DESC LIMIT $3)",
        cells![station, device, OPEN_CHALLENGES - 1],
    )?;
    Ok(())
}
