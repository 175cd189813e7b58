//! Devices: whose log they write, how far the station holds it, and whether they are still let in.

use ailchin_core::error::Code;
use ailchin_core::hash::Hash;
use ailchin_core::ids::{AreaId, DeviceId, OfficerId, RecordId, StationId};
use ailchin_core::record::{Device, Kind, Revision, genesis};
use ailchin_core::time::Instant;
use ailchin_core::world::World;
use ed25519_dalek::VerifyingKey;

use super::error::Fault;
use super::sql::{Row, Tx, cells};
use super::station::{ConsoleChange, StationRow};
use super::{Store, StoreError, accounts, admission, station};

/// A device.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Its identifier.
    pub id: DeviceId,
    /// Whose it is; `None` for the console.
    pub officer: Option<OfficerId>,
    /// Its public key.
    pub key: VerifyingKey,
    /// Its log is held up to and including this place …
    pub seq: u64,
    /// … whose chain hash this is …
    pub chain: Hash,
    /// … and of which so many places were refused.
    pub refused: u64,
    /// When it was let in.
    pub enrolled_at: Instant,
    /// When it last pushed, pulled or asked.
    pub last_seen: Instant,
    /// When it was shut out.
    pub revoked_at: Option<Instant>,
}

impl Store {
    /// All devices of a station, by officer.
    ///
    /// # Errors
    /// What the database says.
    pub fn devices(&self, station: StationId) -> Result<Vec<DeviceRow>, StoreError> {
        self.read("listing devices", |tx| list(tx, station))
    }

    /// Shuts a device out: its sessions end, its next contact is answered with `device_revoked`.
    ///
    /// # Errors
    /// `not_found` for a device that is not here.
    pub fn revoke(&self, station: StationId, device: DeviceId, world: &dyn World) -> Result<(), StoreError> {
        let console = self.console(station, world);
        self.write("revoking a device", |tx| {
            station::require(tx, station)?;
            let row = find(tx, station, device)?.ok_or(Code::NotFound)?;
            if row.revoked_at.is_some() {
                return Ok(());
            }
            tx.execute(
                "UPDATE device SET revoked_at = $1 WHERE station = $2 AND device = $3",
                cells![world.now(), station, device],
            )?;
            note(tx, console, station, &row, true, world)
        })
    }

    /// Lets a device, whose log went two ways, go on under another name with the same key.
    ///
    /// # Errors
    /// `already_enrolled` if the name is taken; `device_unknown`, `device_revoked`.
    pub fn take_name(
        &self,
        station: StationId,
        device: DeviceId,
        name: DeviceId,
        world: &dyn World,
    ) -> Result<(), StoreError> {
        let console = self.console(station, world);
        self.write("giving a device another name", |tx| {
            station::require(tx, station)?;
            let before = require(tx, station, device)?;
            let taken = tx.optional("SELECT was FROM device WHERE device = $1", cells![name], |row| {
                row.get::<Option<DeviceId>>("was")
            })?;
            match taken {
                Some(was) if was == Some(device) => return Ok(()),
                Some(_) => return Err(Code::AlreadyEnrolled.into()),
                None => {}
            }
            insert(tx, station, name, before.officer, &before.key, Some(device), world.now())?;
            let row = find(tx, station, name)?.ok_or(Fault::Unreadable)?;
            note(tx, console, station, &row, false, world)
        })
    }

    /// Notes that a device was in contact.
    ///
    /// # Errors
    /// What the database says.
    pub fn seen(&self, station: StationId, device: DeviceId, at: Instant) -> Result<(), StoreError> {
        self.write("noting a contact", |tx| {
            tx.execute(
                "UPDATE device SET last_seen = CASE WHEN last_seen < $1 THEN $1 ELSE last_seen END
                 WHERE station = $2 AND device = $3",
                cells![at, station, device],
            )
            .map(|_| ())
        })
    }
}

pub(super) fn list(tx: &Tx<'_>, station: StationId) -> Result<Vec<DeviceRow>, Fault> {
    tx.all(
        "SELECT * FROM device WHERE station = $1 ORDER BY officer NULLS FIRST, enrolled_at, device",
        cells![station],
        from_row,
    )
}

/// The device, whoever's it is, revoked or not.
pub(super) fn find(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<Option<DeviceRow>, Fault> {
    tx.optional("SELECT * FROM device WHERE station = $1 AND device = $2", cells![station, device], from_row)
}

/// The device, if it is still let in.
pub(super) fn require(tx: &Tx<'_>, station: StationId, device: DeviceId) -> Result<DeviceRow, Fault> {
    let row = find(tx, station, device)?.ok_or(Code::DeviceUnknown)?;
    if row.revoked_at.is_some() { Err(Fault::Refused(Code::DeviceRevoked)) } else { Ok(row) }
}

/// The station of a device that says only its own name.
pub(super) fn station_of(tx: &Tx<'_>, device: DeviceId) -> Result<StationId, Fault> {
    let station =
        tx.optional("SELECT station FROM device WHERE device = $1", cells![device], |row| row.get("station"))?;
    station.ok_or(Fault::Refused(Code::DeviceUnknown))
}

/// The areas whose revisions a device holds; `None` for the console, which holds all.
pub(super) fn scopes(tx: &Tx<'_>, station: StationId, device: &DeviceRow) -> Result<Option<Vec<AreaId>>, Fault> {
    let Some(officer) = device.officer else { return Ok(None) };
    let root = station::require(tx, station)?.root;
    Ok(Some(accounts::scopes(tx, station, root, officer)?))
}

/// Adds a device with an empty log; `was` is the name it had.
pub(super) fn insert(
    tx: &Tx<'_>,
    station: StationId,
    device: DeviceId,
    officer: Option<OfficerId>,
    key: &VerifyingKey,
    was: Option<DeviceId>,
    now: Instant,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO device (station, device, officer, key, seq, chain, refused, enrolled_at, last_seen, was)
         VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $6, $7)",
        cells![station, device, officer, key.as_bytes(), genesis(device), now, was],
    )
    .map(|_| ())
}

/// Writes a tablet's record, so that tablets can give it back to a station that lost it.
pub(super) fn note(
    tx: &Tx<'_>,
    console: DeviceId,
    station: StationId,
    row: &DeviceRow,
    revoked: bool,
    world: &dyn World,
) -> Result<(), Fault> {
    let Some(officer) = row.officer else { return Ok(()) };
    let root = station::require(tx, station)?.root;
    let record = RecordId::from_bytes(*row.id.as_bytes());
    let parents =
        tx.all("SELECT id FROM log WHERE station = $1 AND record = $2", cells![station, record], |row| row.get("id"))?;
    let device = Device { key: Hash::from_bytes(row.key.to_bytes()), officer, revoked };
    let change = ConsoleChange { record, kind: Kind::Device, area: root, parents, fields: device.fields() };
    station::author(tx, console, station, &[change], world).map(|_| ())
}

/// Takes back what the station itself wrote about a tablet and lost.
pub(super) fn learn(tx: &Tx<'_>, station: &StationRow, revision: &Revision, now: Instant) -> Result<(), Fault> {
    let by_console = find(tx, station.id, revision.device)?.is_some_and(|author| author.officer.is_none());
    let Some(device) = Device::read(&revision.fields).filter(|_| by_console) else { return Ok(()) };
    let Ok(key) = VerifyingKey::from_bytes(device.key.as_bytes()) else { return Ok(()) };
    let name = DeviceId::from_bytes(*revision.record.as_bytes());
    if !tx.exists("SELECT 1 FROM device WHERE device = $1", cells![name])? {
        insert(tx, station.id, name, Some(device.officer), &key, None, now)?;
    }
    admission::settle(tx, station.id, name, now)
}

pub(super) fn set_head(
    tx: &Tx<'_>,
    station: StationId,
    device: DeviceId,
    seq: u64,
    chain: Hash,
    refused: u64,
    now: Instant,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE device SET seq = $1, chain = $2, refused = $3,
             last_seen = CASE WHEN last_seen < $4 THEN $4 ELSE last_seen END
         WHERE station = $5 AND device = $6",
        cells![seq, chain, refused, now, station, device],
    )
    .map(|_| ())
}

fn from_row(row: &Row<'_>) -> Result<DeviceRow, Fault> {
    let key = VerifyingKey::from_bytes(&row.get("key")?).map_err(|_| Fault::Unreadable)?;
    Ok(DeviceRow {
        id: row.get("device")?,
        officer: row.get("officer")?,
        key,
        seq: row.get("seq")?,
        chain: row.get("chain")?,
        refused: row.get("refused")?,
        enrolled_at: row.get("enrolled_at")?,
        last_seen: row.get("last_seen")?,
        revoked_at: row.get("revoked_at")?,
    })
}
