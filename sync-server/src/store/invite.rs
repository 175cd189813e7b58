//! Invites: how a tablet is let in, once.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, OfficerId, StationId};
use ailchin_core::sync::{EnrolRequest, Enrolled};
use ailchin_core::time::Instant;
use ailchin_core::world::World;

use super::accounts::require_officer;
use super::error::Fault;
use super::sql::{Tx, cells};
use super::{Store, StoreError, accounts, device, station, token};

struct InviteRow {
    officer: OfficerId,
    expires_at: Instant,
    device: Option<DeviceId>,
}

impl Store {
    /// Makes an invite for a tablet of `officer`, good for `hours`, and returns its token, which is nowhere else.
    ///
    /// # Errors
    /// `not_found` for an officer who is not here.
    pub fn invite(
        &self,
        station: StationId,
        officer: OfficerId,
        hours: u32,
        world: &dyn World,
    ) -> Result<String, StoreError> {
        self.write("making an invite", |tx| {
            station::require(tx, station)?;
            require_officer(tx, station, officer)?;
            let (text, hash) = token::make(station, world);
            let now = world.now();
            tx.execute(
                "INSERT INTO invite (station, token_hash, officer, made_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5)",
                cells![station, hash, officer, now, now.plus_ms(i64::from(hours) * 3_600_000)],
            )?;
            Ok(text)
        })
    }

    /// Lets a tablet in. The same token, name and key again get the same answer, also after the invite expired.
    ///
    /// # Errors
    /// `invite_unreadable`, `invite_used`, `invite_expired`; `already_enrolled` if the device is known by another invite;
    /// `device_revoked`.
    pub fn enrol(&self, request: &EnrolRequest, world: &dyn World) -> Result<Enrolled, StoreError> {
        let (station, hash) = token::read(&request.token).ok_or(StoreError::Refused(Code::InviteUnreadable))?;
        self.read("finding a station", |tx| require_station(tx, station))?;
        let console = self.console(station, world);
        self.write("enrolling a tablet", |tx| {
            require_station(tx, station)?;
            let invite = find(tx, station, hash)?.ok_or(Code::InviteUnreadable)?;
            match invite.device {
                Some(device) => same_tablet_again(tx, station, device, request)?,
                None => let_in(tx, console, (station, hash), &invite, request, world)?,
            }
            answer(tx, station, invite.officer)
        })
    }
}

fn same_tablet_again(tx: &Tx<'_>, station: StationId, used_by: DeviceId, request: &EnrolRequest) -> Result<(), Fault> {
    if used_by != request.device {
        return Err(Fault::Refused(Code::InviteUsed));
    }
    let row = device::require(tx, station, used_by)?;
    if row.key == request.key { Ok(()) } else { Err(Fault::Refused(Code::InviteUsed)) }
}

fn let_in(
    tx: &Tx<'_>,
    console: DeviceId,
    (station, hash): (StationId, Hash),
    invite: &InviteRow,
    request: &EnrolRequest,
    world: &dyn World,
) -> Result<(), Fault> {
    let now = world.now();
    if invite.expires_at <= now {
        return Err(Fault::Refused(Code::InviteExpired));
    }
    if tx.exists("SELECT 1 FROM device WHERE device = $1", cells![request.device])? {
        return Err(Fault::Refused(Code::AlreadyEnrolled));
    }
    device::insert(tx, station, request.device, Some(invite.officer), &request.key, None, now)?;
    let row = device::require(tx, station, request.device)?;
    device::note(tx, console, station, &row, false, world)?;
    tx.execute(
        "UPDATE invite SET device = $1 WHERE station = $2 AND token_hash = $3",
        cells![request.device, station, hash],
    )?;
    Ok(())
}

fn answer(tx: &Tx<'_>, station: StationId, officer: OfficerId) -> Result<Enrolled, Fault> {
    let station = station::require(tx, station)?;
    let officer = require_officer(tx, station.id, officer)?;
    Ok(Enrolled {
        station: station.id,
        root: station.root,
        station_key: station.signing_key.key().verifying_key(),
        scopes: accounts::scopes(tx, station.id, station.root, officer.id)?,
        station_name: station.name,
        officer: officer.id,
        officer_name: officer.name,
    })
}

/// A token may name any station.
fn require_station(tx: &Tx<'_>, station: StationId) -> Result<(), Fault> {
    match station::require(tx, station) {
        Err(Fault::Refused(Code::NotFound)) => Err(Fault::Refused(Code::InviteUnreadable)),
        found => found.map(|_| ()),
    }
}

fn find(tx: &Tx<'_>, station: StationId, hash: Hash) -> Result<Option<InviteRow>, Fault> {
    tx.optional("SELECT * FROM invite WHERE station = $1 AND token_hash = $2", cells![station, hash], |row| {
        Ok(InviteRow { officer: row.get("officer")?, expires_at: row.get("expires_at")?, device: row.get("device")? })
    })
}
