//! Invites: how a tablet is let in, once.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{DeviceId, OfficerId, StationId};
use ailchin_core::record::genesis;
use ailchin_core::sync::{EnrolRequest, Enrolled};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use super::accounts::require_officer;
use super::cells::{HashCell, instant};
use super::error::Fault;
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
            require_officer(tx, station, officer)?;
            let (text, hash) = token::make(station, world);
            let now = world.now();
            tx.execute(
                "INSERT INTO invite (station, token_hash, officer, made_at, expires_at)
                 VALUES (:station, :hash, :officer, :now, :expires)",
                named_params! {
                    ":station": station, ":hash": HashCell(hash), ":officer": officer, ":now": now.as_ms(),
                    ":expires": now.plus_ms(i64::from(hours) * 3_600_000).as_ms(),
                },
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
        self.write("enrolling a tablet", |tx| {
            let (station, hash) = token::read(&request.token).ok_or(Code::InviteUnreadable)?;
            let invite = find(tx, station, hash)?.ok_or(Code::InviteUnreadable)?;
            match invite.device {
                Some(device) => same_tablet_again(tx, station, device, request)?,
                None => let_in(tx, station, hash, &invite, request, world)?,
            }
            answer(tx, station, invite.officer)
        })
    }
}

fn same_tablet_again(
    connection: &Connection,
    station: StationId,
    used_by: DeviceId,
    request: &EnrolRequest,
) -> Result<(), Fault> {
    if used_by != request.device {
        return Err(Fault::Refused(Code::InviteUsed));
    }
    let row = device::require(connection, station, used_by)?;
    if row.key == request.key { Ok(()) } else { Err(Fault::Refused(Code::InviteUsed)) }
}

fn let_in(
    tx: &Transaction<'_>,
    station: StationId,
    hash: Hash,
    invite: &InviteRow,
    request: &EnrolRequest,
    world: &dyn World,
) -> Result<(), Fault> {
    let now = world.now();
    if invite.expires_at <= now {
        return Err(Fault::Refused(Code::InviteExpired));
    }
    let taken = tx.query_row("SELECT 1 FROM device WHERE device = ?1", [request.device], |_| Ok(())).optional()?;
    if taken.is_some() {
        return Err(Fault::Refused(Code::AlreadyEnrolled));
    }
    device::insert(tx, station, request.device, Some(invite.officer), &request.key, genesis(request.device), now)?;
    tx.execute(
        "UPDATE invite SET device = ?3 WHERE station = ?1 AND token_hash = ?2",
        (station, HashCell(hash), request.device),
    )?;
    Ok(())
}

fn answer(connection: &Connection, station: StationId, officer: OfficerId) -> Result<Enrolled, Fault> {
    let station = station::require(connection, station)?;
    let officer = require_officer(connection, station.id, officer)?;
    Ok(Enrolled {
        station: station.id,
        root: station.root,
        station_key: station.signing_key.key().verifying_key(),
        scopes: accounts::scopes(connection, station.id, station.root, officer.id)?,
        station_name: station.name,
        officer: officer.id,
        officer_name: officer.name,
    })
}

fn find(connection: &Connection, station: StationId, hash: Hash) -> rusqlite::Result<Option<InviteRow>> {
    let mut statement = connection.prepare_cached("SELECT * FROM invite WHERE station = ?1 AND token_hash = ?2")?;
    statement
        .query_row((station, HashCell(hash)), |row| {
            Ok(InviteRow {
                officer: row.get("officer")?,
                expires_at: instant(row, "expires_at")?,
                device: row.get("device")?,
            })
        })
        .optional()
}
